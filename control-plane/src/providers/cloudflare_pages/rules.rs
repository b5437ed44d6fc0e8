//! `_headers` and `_redirects`: how many rules Cloudflare takes ("Pages – Headers", "Pages – Redirects"). It ignores
//! what is more without a word, so it is said before anything is sent.

const HEADER_RULES: usize = 100;
const HEADER_CHARS: usize = 2_000;
const STATIC_REDIRECTS: usize = 2_000;
const DYNAMIC_REDIRECTS: usize = 100;

/// What is wrong with `_headers`: a line at the margin begins a rule, the indented ones are its headers.
pub(super) fn headers_problem(text: &str) -> Option<String> {
    let lines = || text.lines().filter(|line| !is_empty(line));
    let rules = lines().filter(|line| !line.starts_with([' ', '\t'])).count();
    if rules > HEADER_RULES {
        return Some(format!("`_headers` has {rules} rules and at most {HEADER_RULES} may be"));
    }
    let long = lines().position(|line| line.chars().count() > HEADER_CHARS)?;
    Some(format!("line {} of `_headers` is longer than {HEADER_CHARS} characters", long + 1))
}

/// What is wrong with `_redirects`: each line is a rule.
pub(super) fn redirects_problem(text: &str) -> Option<String> {
    let from = |line: &str| line.split_whitespace().next().unwrap_or_default().to_owned();
    let rules = text.lines().filter(|line| !is_empty(line)).map(from);
    let (dynamic, fixed): (Vec<_>, Vec<_>) = rules.partition(|from| from.contains('*') || from.contains("/:"));
    let over = |kind: &str, found: usize, most: usize| {
        (found > most).then(|| format!("`_redirects` has {found} {kind} rules and at most {most} may be"))
    };
    over("dynamic", dynamic.len(), DYNAMIC_REDIRECTS).or_else(|| over("static", fixed.len(), STATIC_REDIRECTS))
}

fn is_empty(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_counted() {
        let headers = |count: usize| "/a\n  X-A: 1\n# a remark\n\n".repeat(count);
        assert_eq!(headers_problem(&headers(100)), None);
        assert!(headers_problem(&headers(101)).is_some_and(|problem| problem.contains("101 rules")));
        let long = format!("/a\n  X: {}", "x".repeat(2_000));
        assert!(headers_problem(&long).is_some_and(|problem| problem.contains("line 2")));

        let redirects =
            |fixed: usize, dynamic: usize| "/a /b 301\n".repeat(fixed) + &"/a/* /b/:splat\n".repeat(dynamic);
        assert_eq!(redirects_problem(&redirects(2_000, 100)), None);
        assert!(redirects_problem(&redirects(2_001, 0)).is_some_and(|problem| problem.contains("2001 static")));
        assert!(redirects_problem(&redirects(0, 101)).is_some_and(|problem| problem.contains("101 dynamic")));
        assert!(redirects_problem(&"/a/:id /b\n".repeat(101)).is_some_and(|problem| problem.contains("dynamic")));
    }
}
