//! How a file is described to a browser: its type, how long it may be kept, which part was asked for.

use std::ops::Range;

/// Content type by file name; text is UTF-8.
pub(super) fn content_type(path: &str) -> String {
    let mime = mime_guess::from_path(path).first_or_octet_stream();
    let is_text = mime.type_() == "text"
        || matches!(mime.essence_str(), "application/javascript" | "application/json" | "image/svg+xml")
        || mime.suffix().is_some_and(|suffix| suffix == "json" || suffix == "xml");
    if is_text { format!("{mime}; charset=utf-8") } else { mime.to_string() }
}

/// Files whose name holds a digest of their content never change; all others are asked for again
/// (answered with 304 when they are the same).
pub(super) fn cache_control(path: &str) -> &'static str {
    if has_digest_in_name(path) { "public, max-age=31536000, immutable" } else { "public, max-age=0, must-revalidate" }
}

/// Bundlers put 8 or more characters of base64url or hex before the extension: `index-BxK4q9_a.js`
/// (Vite), `main.3f2a9c81.css`, `_next/static/chunks/4bd1b696-18ecc14b.js`.
fn has_digest_in_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    // Pages are what links point to: their names are chosen by people (`notes-20240101a.html`).
    if matches!(extension, "html" | "htm") {
        return false;
    }
    let Some(start) = stem.rfind(['-', '.']) else { return false };
    // A digest in base64url may itself hold a `-`: then the part before it counts as well.
    let candidates = [&stem[start + 1..], stem[..start].rfind(['-', '.']).map_or("", |dash| &stem[dash + 1..])];
    candidates.into_iter().any(|part| {
        (8..=64).contains(&part.len())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && part.bytes().any(|byte| byte.is_ascii_digit())
            && part.bytes().any(|byte| byte.is_ascii_alphabetic())
            && (part.bytes().any(|byte| byte.is_ascii_uppercase()) || part.bytes().all(|byte| byte.is_ascii_hexdigit()))
    })
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Requested {
    /// Everything: no header, or one we need not honour (RFC 9110, 14.2).
    Whole,
    /// One range of bytes.
    Part(Range<u64>),
    /// A range that lies outside.
    Unsatisfiable,
}

/// Reads a `Range` header for a body of `size_bytes`. Several ranges are answered with the whole.
pub(super) fn requested(header: Option<&str>, size_bytes: u64) -> Requested {
    let Some(spec) = header.and_then(|header| header.strip_prefix("bytes=")) else { return Requested::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Requested::Whole };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let range = match (first.is_empty(), last.is_empty()) {
        (true, true) => return Requested::Whole,
        (true, false) => match number(last) {
            Some(suffix) => size_bytes.saturating_sub(suffix)..size_bytes,
            None => return Requested::Whole,
        },
        (false, true) => match number(first) {
            Some(first) => first..size_bytes,
            None => return Requested::Whole,
        },
        (false, false) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => first..size_bytes.min(last.saturating_add(1)),
            _ => return Requested::Whole,
        },
    };
    if range.is_empty() { Requested::Unsatisfiable } else { Requested::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_range(header: &str, size_bytes: u64, expected: &Requested) {
        assert_eq!(requested(Some(header), size_bytes), *expected, "{header}");
    }

    #[test]
    fn ranges_are_those_of_rfc_9110() {
        assert_eq!(requested(None, 10), Requested::Whole);
        check_range("bytes=0-4", 10, &Requested::Part(0..5));
        check_range("bytes=5-", 10, &Requested::Part(5..10));
        check_range("bytes=-3", 10, &Requested::Part(7..10));
        check_range("bytes=-30", 10, &Requested::Part(0..10));
        check_range("bytes=5-100", 10, &Requested::Part(5..10));
        check_range("bytes=10-", 10, &Requested::Unsatisfiable);
        check_range("bytes=-0", 10, &Requested::Unsatisfiable);
        check_range("bytes=0-0", 0, &Requested::Unsatisfiable);
        check_range("bytes=4-2", 10, &Requested::Whole);
        check_range("bytes=0-1,3-4", 10, &Requested::Whole);
        check_range("items=0-1", 10, &Requested::Whole);
        check_range("bytes=+1-2", 10, &Requested::Whole);
        check_range("bytes=0-18446744073709551615", 10, &Requested::Part(0..10));
    }

    #[track_caller]
    fn check_immutable(path: &str, expected: bool) {
        assert_eq!(has_digest_in_name(path), expected, "{path}");
    }

    #[test]
    fn only_names_with_a_digest_are_immutable() {
        check_immutable("assets/index-BxK4q9_a.js", true);
        check_immutable("assets/index-B-K4q9_a.css", true);
        check_immutable("static/main.3f2a9c81.css", true);
        check_immutable("_next/static/chunks/4bd1b696-18ecc14b.js", true);
        check_immutable("index.html", false);
        check_immutable("jquery-3.7.1.min.js", false);
        check_immutable("my-photograph.jpeg", false);
        check_immutable("blog/release-notes-2024abcd.html", false);
        check_immutable("photo-20240101.jpeg", false);
        check_immutable("some-component.js", false);
    }

    #[test]
    fn text_says_its_encoding() {
        assert_eq!(content_type("a/index.html"), "text/html; charset=utf-8");
        assert_eq!(content_type("logo.svg"), "image/svg+xml; charset=utf-8");
        assert_eq!(content_type("pixel.png"), "image/png");
        assert_eq!(content_type("app.wasm"), "application/wasm");
        assert_eq!(content_type("unknown"), "application/octet-stream");
    }
}
