//! The framing of git's protocols (gitprotocol-common(5), "pkt-line format"): four hexadecimal digits with the
//! length of the whole line, then its content; `0000` ends a section.

/// Largest line, with its length.
const LARGEST: usize = 65_520;
const LENGTH: usize = 4;
/// Ends a section.
pub(super) const FLUSH: &[u8] = b"0000";

/// Why bytes are no lines.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the git server's answer is damaged")]
pub(super) struct Damaged;

/// One line, framed. Lines of ours are short.
pub(super) fn line(content: &[u8]) -> Vec<u8> {
    let mut line = format!("{:04x}", content.len() + LENGTH).into_bytes();
    line.extend_from_slice(content);
    line
}

/// What stands at the beginning of some bytes.
#[derive(Debug, PartialEq, Eq)]
enum First<'a> {
    Line(&'a [u8]),
    Flush,
}

/// Takes it off `bytes`.
fn take<'a>(bytes: &mut &'a [u8]) -> Result<First<'a>, Damaged> {
    let (digits, rest) = bytes.split_at_checked(LENGTH).ok_or(Damaged)?;
    let digits = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    match digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()).ok_or(Damaged)? {
        0 => {
            *bytes = rest;
            Ok(First::Flush)
        }
        // The delimiters of protocol version 2, which is not spoken here.
        1..LENGTH => Err(Damaged),
        length if length > LARGEST => Err(Damaged),
        length => {
            let (content, rest) = rest.split_at_checked(length - LENGTH).ok_or(Damaged)?;
            *bytes = rest;
            Ok(First::Line(content))
        }
    }
}

/// All lines, without flushes.
pub(super) fn lines(mut bytes: &[u8]) -> Result<Vec<&[u8]>, Damaged> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        if let First::Line(line) = take(&mut bytes)? {
            lines.push(line);
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_as_they_went_in() {
        let mut bytes = line(b"hello");
        bytes.extend_from_slice(FLUSH);
        bytes.extend(line(b""));
        assert_eq!(&bytes[..9], b"0009hello");
        assert_eq!(lines(&bytes), Ok(vec![&b"hello"[..], b""]));
    }

    #[test]
    fn what_is_cut_off_or_no_length_is_noticed() {
        for wrong in [&b"000"[..], b"0009hell", b"0001", b"00zz", b"+009hello", b"fff1", b"<htm"] {
            assert_eq!(take(&mut &wrong[..]), Err(Damaged), "{wrong:?}");
        }
        assert_eq!(lines(b"0009hell"), Err(Damaged));
    }
}
