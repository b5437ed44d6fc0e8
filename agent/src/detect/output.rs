//! Output directories: written by users and in config files, so checked before they are used.

use slipway_proto::limits::PATH_BYTES;

use super::config_value::ConfigValue;

/// A directory inside the workspace in its plain form: `./dist/` is `dist`, nothing is `.`.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn relative_dir(text: &str) -> Result<String, &'static str> {
    if text.split('/').any(|part| part == "..") {
        return Err("must not contain `..`");
    }
    join(".", text)
}

/// `path` seen from `base`; both relative to the project. May step up, but never out of it.
pub(super) fn join(base: &str, path: &str) -> Result<String, &'static str> {
    if path.starts_with('/') {
        return Err("must be relative");
    }
    if path.len() > PATH_BYTES {
        return Err("is too long");
    }
    if path.chars().any(char::is_control) {
        return Err("contains a control character");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or("leads out of the project")?;
            }
            _ => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The value of an option in a build script: `vite build --outDir site` or `--outDir=site`. What a shell
/// would first have to work out is an expression.
pub(super) fn option_of(script: &str, option: &str) -> Option<ConfigValue> {
    let mut words = script.split_whitespace();
    let value = words.find_map(|word| match word.strip_prefix(option)? {
        "" => Some(None),
        rest => rest.strip_prefix('=').map(Some),
    })?;
    let value = value.or_else(|| words.next())?.trim_end_matches(';');
    if value.starts_with(['-', '&', '|', '>']) {
        return None;
    }
    if value.contains(['$', '`', '*', '(']) {
        return Some(ConfigValue::Expression(Vec::new()));
    }
    Some(ConfigValue::Text(value.trim_matches(['\'', '"']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_stay_inside() {
        assert_eq!(relative_dir("./dist/"), Ok("dist".to_owned()));
        assert_eq!(relative_dir(""), Ok(".".to_owned()));
        assert_eq!(relative_dir("a//b/./c"), Ok("a/b/c".to_owned()));
        assert!(relative_dir("a/../b").is_err());
        assert!(relative_dir(&"a/".repeat(1000)).is_err());
        assert_eq!(join("src", "../dist"), Ok("dist".to_owned()));
        assert!(relative_dir("../dist").is_err());
        assert!(join("a", "../../b").is_err());
        assert!(relative_dir("/etc").is_err());
        assert!(relative_dir("a\nb").is_err());
    }

    #[test]
    fn options_are_read_from_scripts() {
        let text = |text: &str| Some(ConfigValue::Text(text.to_owned()));
        assert_eq!(option_of("tsc && vite build --outDir site", "--outDir"), text("site"));
        assert_eq!(option_of("vite build --outDir='site' --x", "--outDir"), text("site"));
        assert_eq!(option_of("vite build --outDir site; ls", "--outDir"), text("site"));
        assert_eq!(option_of("vite build --outDirectory x", "--outDir"), None);
        assert_eq!(option_of("vite build --outDir", "--outDir"), None);
        assert_eq!(option_of("vite build --outDir && x", "--outDir"), None);
        assert_eq!(option_of("vite build --outDir $OUT", "--outDir"), Some(ConfigValue::Expression(Vec::new())));
    }
}
