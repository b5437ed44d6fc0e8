//! Which packages a workspace's patterns select: `apps/*`, `packages/**`, `!packages/old`.
//!
//! Matching takes time proportional to pattern × path whatever the pattern, because both are the user's.

/// Longer or more patterns than anybody writes are not looked at.
const PATTERN_BYTES: usize = 256;
const PATTERNS: usize = 100;

/// The patterns of one workspace.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    included: Vec<Vec<String>>,
    excluded: Vec<Vec<String>>,
}

impl Patterns {
    pub(super) fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Self {
        let mut parsed = Self::default();
        for pattern in patterns.into_iter().filter(|pattern| pattern.len() <= PATTERN_BYTES).take(PATTERNS) {
            let (list, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (&mut parsed.excluded, pattern),
                None => (&mut parsed.included, pattern),
            };
            list.push(parts(pattern).map(str::to_owned).collect());
        }
        parsed
    }

    /// Whether there is nothing to select.
    pub(super) fn is_empty(&self) -> bool {
        self.included.is_empty()
    }

    /// Whether `path`, relative to the workspace, is selected.
    pub(super) fn select(&self, path: &str) -> bool {
        let path: Vec<&str> = parts(path).collect();
        let selects =
            |pattern: &Vec<String>| matches(pattern, &path, |part| part == "**", |part, name| is_name(part, name));
        self.included.iter().any(selects) && !self.excluded.iter().any(selects)
    }
    /// Whether anything below `path` could be selected: a walk need not look into other directories.
    pub(super) fn may_select_below(&self, path: &str) -> bool {
        let path: Vec<&str> = parts(path).collect();
        let could_lead_there = |pattern: &Vec<String>| {
            let fits =
                pattern.iter().zip(&path).take_while(|(part, _)| *part != "**").all(|(part, name)| is_name(part, name));
            fits && (pattern.len() > path.len() || pattern.iter().any(|part| part == "**"))
        };
        self.included.iter().any(could_lead_there)
    }
}

/// Without `./` in front and `/` at the end.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !matches!(*part, "" | "."))
}

pub(super) fn is_name(pattern: &str, name: &str) -> bool {
    matches(pattern.as_bytes(), name.as_bytes(), |byte| *byte == b'*', |byte, other| byte == other)
}

/// Greedy matching: when something does not fit, only the last star takes one more.
fn matches<P, T>(pattern: &[P], text: &[T], is_star: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut in_pattern, mut in_text) = (0, 0);
    let mut after_star = None;
    while in_text < text.len() {
        match pattern.get(in_pattern) {
            Some(part) if is_star(part) => {
                in_pattern += 1;
                after_star = Some((in_pattern, in_text));
            }
            Some(part) if fits(part, &text[in_text]) => {
                in_pattern += 1;
                in_text += 1;
            }
            _ => {
                let Some((restart, taken)) = after_star else { return false };
                in_pattern = restart;
                in_text = taken + 1;
                after_star = Some((restart, in_text));
            }
        }
    }
    pattern[in_pattern..].iter().all(is_star)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        assert_eq!(Patterns::new(patterns.iter().copied()).select(path), expected, "{path} in {patterns:?}");
    }

    #[test]
    fn patterns_select_packages() {
        check(&["apps/*"], "apps/web", true);
        check(&["./apps/*/"], "apps/web", true);
        check(&["apps/*"], "apps/web/sub", false);
        check(&["apps/*"], "apps", false);
        check(&["packages/**"], "packages/a/b", true);
        check(&["web"], "web", true);
        check(&["pkg-*"], "pkg-site", true);
        check(&["pkg-*"], "site", false);
        check(&["*-a*b"], "x-aab", true);
        check(&["apps/*", "!apps/old"], "apps/old", false);
        check(&["apps/*", "!**/test/**"], "apps/test", false);
        check(&["**"], "anything/at/all", true);
        check(&["**/web"], "a/b/web", true);
        check(&["!apps/old"], "apps/web", false);
    }

    #[test]
    fn walks_are_led_by_patterns() {
        let below = |pattern, path| Patterns::new([pattern]).may_select_below(path);
        assert!(below("apps/*", "apps") && !below("apps/*", "node") && !below("apps/*", "apps/web"));
        assert!(below("packages/**", "packages/a/b") && !below("packages/**", "apps"));
        assert!(below("**", "any") && below("**/web", "a/b") && below("a*/b/c", "ab/b") && !below("web", "web"));
    }

    #[test]
    fn hostile_patterns_take_no_time() {
        let stars = "**/".repeat(80) + "x";
        check(&[&stars], "a/b/c/d/e", false);
        let stars = "*a".repeat(120) + "b";
        check(&[&stars], &"a".repeat(255), false);
        check(&[&"*".repeat(1_000_000)], "a", false);
    }
}
