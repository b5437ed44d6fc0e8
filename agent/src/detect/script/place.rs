//! Paths in a config file, which mostly start from where the file is.

/// A text, or a place seen from the directory of the config file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    Text(String),
    Bool(bool),
    Number(f64),
    /// `path.resolve(__dirname, 'dist')`
    Place(String),
    /// The config file itself: `import.meta.url`
    ThisFile,
}

impl Known {
    /// How to write it inside a longer text.
    pub(super) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Place(text) => Some(text),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(value) => Some(value.to_string()),
            Self::ThisFile => None,
        }
    }
}

/// `path.join(…)` and, with `is_resolve`, `path.resolve(…)`, where an absolute part starts afresh.
pub(super) fn join(parts: Vec<Known>, is_resolve: bool) -> Option<Known> {
    let mut joined = String::new();
    let mut is_place = is_resolve;
    for (index, part) in parts.into_iter().enumerate() {
        let (text, starts_afresh) = match part {
            Known::Place(text) => (text, is_resolve),
            Known::Text(text) => {
                let is_absolute = is_resolve && text.starts_with('/');
                (text, is_absolute)
            }
            Known::ThisFile => ("config".to_owned(), is_resolve),
            Known::Bool(_) | Known::Number(_) => return None,
        };
        if starts_afresh {
            joined.clear();
        } else if index > 0 && !joined.is_empty() {
            joined.push('/');
        }
        joined.push_str(&text);
    }
    if joined.starts_with('/') {
        is_place = false;
    }
    let text = normal(&joined);
    Some(if is_place { Known::Place(text) } else { Known::Text(text) })
}

/// `new URL('./dist', import.meta.url)`
pub(super) fn url(reference: &Known, base: &Known) -> Option<Known> {
    match (reference, base) {
        (Known::Text(text), Known::ThisFile | Known::Place(_)) if text.contains(':') => None,
        (Known::Text(text), Known::ThisFile) => Some(Known::Place(normal(text))),
        (Known::Text(text), Known::Place(place)) => Some(Known::Place(normal(&format!("{place}/{text}")))),
        _ => None,
    }
}

/// `path.dirname(…)`
pub(super) fn parent(of: Known) -> Option<Known> {
    match of {
        Known::ThisFile => Some(Known::Place(".".to_owned())),
        Known::Place(place) => Some(Known::Place(normal(&format!("{place}/..")))),
        Known::Text(_) | Known::Bool(_) | Known::Number(_) => None,
    }
}

/// Without `.`, and without `..` where something precedes it. Nothing is `.`.
pub(super) fn normal(path: &str) -> String {
    let root = if path.starts_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            ".." if !root.is_empty() => {}
            _ => parts.push(part),
        }
    }
    let joined = format!("{root}{}", parts.join("/"));
    if joined.is_empty() { ".".to_owned() } else { joined }
}
