//! Forms of several parts, as they are sent.

use memchr::memmem;

/// One part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) is_file: bool,
    pub(super) kind: String,
    pub(super) content: Vec<u8>,
}

/// The parts of a form with this header; `None` when it is none.
pub(super) fn parse(content_type: &str, body: &[u8]) -> Option<Vec<Part>> {
    let boundary = content_type.strip_prefix("multipart/form-data;")?.trim().strip_prefix("boundary=")?;
    parse_between(boundary.trim_matches('"'), body)
}

/// The same where only the first line says what is between the parts.
pub(super) fn parse_bundle(body: &[u8]) -> Option<Vec<Part>> {
    let line = &body[..memmem::find(body, b"\r\n")?];
    parse_between(std::str::from_utf8(line).ok()?.strip_prefix("--")?, body)
}

fn parse_between(boundary: &str, body: &[u8]) -> Option<Vec<Part>> {
    let between = format!("\r\n--{boundary}");
    let mut rest = body.strip_prefix(&between.as_bytes()[2..])?;
    let mut parts = Vec::new();
    while let Some(inside) = rest.strip_prefix(b"\r\n") {
        let end = memmem::find(inside, between.as_bytes())?;
        parts.push(part(&inside[..end])?);
        rest = &inside[end + between.len()..];
    }
    rest.starts_with(b"--").then_some(parts)
}

fn part(bytes: &[u8]) -> Option<Part> {
    let end = memmem::find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let header = |wanted: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let disposition = header("Content-Disposition")?.strip_prefix("form-data; ")?;
    let value = |wanted: &str| {
        let mut pairs = disposition.split("; ").filter_map(|pair| pair.split_once('='));
        pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value.trim_matches('"').to_owned())
    };
    Some(Part {
        name: value("name")?,
        is_file: value("filename").is_some(),
        kind: header("Content-Type").unwrap_or_default().to_owned(),
        content: bytes[end + 4..].to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_its_parts() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\none\r\n\r\n--x\r\n\
            Content-Disposition: form-data; name=\"b\"; filename=\"b.js\"\r\nContent-Type: text/x\r\n\r\n\r\n--x--\r\n";
        let parts = parse("multipart/form-data; boundary=x", body).expect("is a form");
        assert_eq!(parts, parse_bundle(body).expect("is a form"));
        let found: Vec<_> = parts.iter().map(|part| (part.name.as_str(), part.is_file, part.kind.as_str())).collect();
        assert_eq!(found, [("a", false, ""), ("b", true, "text/x")]);
        assert_eq!((&parts[0].content[..], &parts[1].content[..]), (&b"one\r\n"[..], &b""[..]));
        assert_eq!(parse("multipart/form-data; boundary=x", &body[..body.len() - 6]), None, "it has no end");
        assert_eq!(parse("application/json", body), None);
    }
}
