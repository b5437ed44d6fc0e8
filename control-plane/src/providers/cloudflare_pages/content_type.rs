//! What kind of content a file is, by the extension of its name, as wrangler says it: with the table of `mime` 3 for
//! npm. Of what sites have, that differs from ours only here.

const UNKNOWN: &str = "application/octet-stream";
const DIFFERENT: [(&str, &str); 17] = [
    ("aac", "audio/x-aac"),
    ("cjs", "application/node"),
    ("flac", "audio/x-flac"),
    ("ico", "image/vnd.microsoft.icon"),
    ("js", "application/javascript"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("m4a", "audio/mp4"),
    ("manifest", "text/cache-manifest"),
    ("map", "application/json"),
    ("mdx", "text/mdx"),
    ("otf", "font/otf"),
    ("toml", "application/toml"),
    ("woff", "font/woff"),
    ("xml", "application/xml"),
    ("xsl", "application/xml"),
    ("yaml", "text/yaml"),
    ("yml", "text/yaml"),
];

/// The kind of content of a file with this extension.
pub(super) fn content_type(extension: &str) -> &'static str {
    let different = DIFFERENT.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind);
    different.or_else(|| mime_guess::from_ext(extension).first_raw()).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_of_wrangler() {
        for (extension, expected) in [
            ("html", "text/html"),
            ("css", "text/css"),
            ("js", "application/javascript"),
            ("mjs", "application/javascript"),
            ("ICO", "image/vnd.microsoft.icon"),
            ("svg", "image/svg+xml"),
            ("woff2", "font/woff2"),
            ("webmanifest", "application/manifest+json"),
            ("wasm", "application/wasm"),
            ("", UNKNOWN),
            ("nobody-knows", UNKNOWN),
        ] {
            assert_eq!(content_type(extension), expected, "{extension}");
        }
    }
}
