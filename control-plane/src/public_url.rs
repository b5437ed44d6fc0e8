//! Addresses below the one at which people reach us, which may have a path: an installation can share its host.

use url::Url;

/// The address of `path`, which begins with `/`, below `base`.
pub fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", prefix(base)));
    url
}

/// The path of `base` without the `/` at its end; empty when it has none.
pub fn prefix(base: &Url) -> &str {
    base.path().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_the_path_of_the_installation() {
        for (base, expected, path) in [
            ("https://example.com", "https://example.com/login", ""),
            ("https://example.com/", "https://example.com/login", ""),
            ("https://example.com/slipway", "https://example.com/slipway/login", "/slipway"),
            ("https://example.com/tools/slipway/", "https://example.com/tools/slipway/login", "/tools/slipway"),
        ] {
            let base = base.parse().expect("a URL");
            assert_eq!(below(&base, "/login").as_str(), expected);
            assert_eq!(prefix(&base), path);
        }
    }
}
