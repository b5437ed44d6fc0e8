//! The shapes in which a secret leaves a program when nobody meant it to: percent-encoded in a URL,
//! escaped in JSON, quoted by a shell trace, in base64 within a header.

use super::scan::JOINED_AFTER;
use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// Every other form of `value` worth searching for, the likeliest first. A form that is the value
/// itself may be among them.
pub(super) fn all(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = base64(value);
    forms.extend(textual(value));
    forms.extend(hex(value));
    if let Ok(text) = std::str::from_utf8(value) {
        forms.push(json(&json(text, JsonStyle::Plain), JsonStyle::Plain).into_bytes());
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
    }
    forms
}

/// The forms that keep most characters as they are; for single lines of a longer value.
pub(super) fn textual(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    if let Ok(text) = std::str::from_utf8(value) {
        forms.extend(JsonStyle::ALL.map(|style| json(text, style).into_bytes()));
    }
    forms.extend(percent(value));
    if let Ok(text) = std::str::from_utf8(value) {
        forms.extend(shell(text).into_iter().chain(html(text)).map(String::into_bytes));
    }
    forms
}

/// What of the base64 of any text that holds `value` depends on `value` alone: for each of the three
/// alignments, without the characters at both ends that mix with the neighbours.
fn base64(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for preceding in 0..3 {
        let shifted = [&[0, 0, 0][..preceding], value].concat();
        let (start, end) = ((8 * preceding).div_ceil(6), 8 * shifted.len() / 6);
        for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
            let form = encoding.encode(&shifted).as_bytes()[start.min(end)..end].to_vec();
            // For when a line ends within the first characters, where the two lines are not yet joined.
            forms.extend(form.get(usize::from(JOINED_AFTER)..).map(<[u8]>::to_vec));
            forms.push(form);
        }
    }
    forms
}

fn hex(value: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    for encoding in [&HEXLOWER, &HEXUPPER] {
        let digits = encoding.encode(value).into_bytes();
        forms.push(digits.chunks(2).collect::<Vec<_>>().join(&b':'));
        forms.insert(0, digits);
    }
    forms
}

/// Percent-encoding: which characters stay differs from one function to the next.
fn percent(value: &[u8]) -> Vec<Vec<u8>> {
    const STAYING: [&[u8]; 4] = [
        b"-_.!~*'()",            // JavaScript's encodeURIComponent
        b"-_.~",                 // RFC 3986: unreserved
        b"*-._",                 // forms (WHATWG URL), where a space becomes a plus
        b"-_.!~*'();/?:@&=+$,#", // JavaScript's encodeURI
    ];
    const FORM: usize = 2;
    let mut forms = Vec::new();
    for (index, staying) in STAYING.iter().enumerate() {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            let mut form = Vec::with_capacity(value.len() * 3);
            for &byte in value {
                if byte.is_ascii_alphanumeric() || staying.contains(&byte) {
                    form.push(byte);
                } else if byte == b' ' && index == FORM {
                    form.push(b'+');
                } else {
                    form.extend([b'%', digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
                }
            }
            forms.push(form);
        }
    }
    forms
}

/// How a serialiser escapes what it need not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum JsonStyle {
    /// Only what must be.
    Plain,
    /// `/` too (PHP).
    Slashes,
    /// `<`, `>` and `&` too (Go).
    ForHtml,
    /// Everything beyond ASCII too (Python).
    Ascii,
    /// Control characters always as `\u00XX`.
    Codes,
}

impl JsonStyle {
    const ALL: [Self; 5] = [Self::Plain, Self::Slashes, Self::ForHtml, Self::Ascii, Self::Codes];
}

fn json(text: &str, style: JsonStyle) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        let short = match character {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            _ => "",
        };
        let is_coded = match character {
            '<' | '>' | '&' => style == JsonStyle::ForHtml,
            _ if character.is_ascii() => character.is_ascii_control(),
            _ => style == JsonStyle::Ascii,
        };
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '/' if style == JsonStyle::Slashes => escaped.push_str("\\/"),
            _ if !short.is_empty() && style != JsonStyle::Codes => escaped.push_str(short),
            _ if is_coded => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(escaped, "\\u{unit:04x}"); // writing to a String cannot fail
                }
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// As a shell quotes it in a trace, and `printf %q`, and Go's `%q`.
fn shell(text: &str) -> [String; 5] {
    let dollar: String = text.chars().map(escape_in_dollar_quotes).collect();
    let backslashed = text.chars().fold(String::with_capacity(2 * text.len()), |mut form, character| {
        if character.is_ascii() && !character.is_ascii_alphanumeric() && !"_-./:=@%+,".contains(character) {
            form.push('\\');
        }
        form.push(character);
        form
    });
    let go = text.chars().map(|c| if c == '\'' { c.to_string() } else { escape_in_dollar_quotes(c) });
    let go = go.map(|part| if part == "\"" { "\\\"".to_owned() } else { part }).collect();
    [text.replace('\'', "'\\''"), text.replace('\'', "'\"'\"'"), dollar, backslashed, go]
}

fn escape_in_dollar_quotes(character: char) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\'' => "\\'".to_owned(),
        _ if character.is_ascii_control() => format!("\\x{:02x}", u32::from(character)),
        _ => character.to_string(),
    }
}

fn html(text: &str) -> [String; 4] {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    [
        text.replace('"', "&quot;").replace('\'', "&#39;"),
        text.replace('"', "&#34;").replace('\'', "&#39;"),
        text.replace('"', "&quot;").replace('\'', "&#x27;"),
        text,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(value: &str, form: &str) {
        let forms = all(value.as_bytes());
        assert!(
            forms.iter().any(|found| found == form.as_bytes()),
            "{form} is not among {:#?}",
            forms.iter().map(|form| String::from_utf8_lossy(form).into_owned()).collect::<Vec<_>>()
        );
    }

    #[test]
    fn the_forms_are_those_of_real_programs() {
        has("p@ss w/ö+rd", "p%40ss%20w%2F%C3%B6%2Brd"); // encodeURIComponent
        has("p@ss w/ö+rd", "p%40ss%20w%2f%c3%b6%2brd");
        has("p@ss w/ö+rd", "p%40ss+w%2F%C3%B6%2Brd"); // URLSearchParams
        has("p@ss w/ö+rd", "p@ss%20w/%C3%B6+rd"); // encodeURI
        has("a\"b\\c/d\ne", r#"a\"b\\c/d\ne"#); // JSON.stringify
        has("a\"b\\c/d\ne", r#"a\"b\\c\/d\ne"#); // PHP
        has("a<b>&c'd", r"a\u003cb\u003e\u0026c'd"); // Go
        has("grün𝄞", r"gr\u00fcn\ud834\udd1e"); // Python
        has("a\nb", r"a\u000ab");
        has("say \"x\"", r#"say \\\"x\\\""#); // twice
        has("it's", r"it'\''s"); // bash -x
        has("it's", r#"it'"'"'s"#); // Python's shlex.quote
        has("a b\nc'd", r"a b\nc\'d"); // $'…'
        has("a b$c", r"a\ b\$c"); // printf %q
        has("<a href='x'>", "&lt;a href=&#39;x&#39;&gt;");
        has("<a href='x'>", "&lt;a href=&#x27;x&#x27;&gt;"); // Python
        has("secret", "736563726574");
        has("sec\u{fc}", "73:65:63:C3:BC");
        has("ab", "a\0b\0");
    }

    #[test]
    fn base64_is_found_at_every_alignment_between_any_neighbours() {
        for length in 7..40 {
            let value: Vec<u8> = (0..length).map(|index: u8| index.wrapping_mul(91) ^ 0xa5).collect();
            let forms = base64(&value);
            assert!(forms.iter().filter(|form| form.len() >= 8).count() >= 6, "{length}");
            for before in 0..6 {
                for after in 0..4 {
                    let text = [&[0xff, 0x3e, 0x00, 0xaa, 0x5b, 0xfb][..before], &value, &[0xfe; 3][..after.min(3)]];
                    let text = text.concat();
                    let found = |encoded: &str| {
                        forms.iter().any(|form| encoded.as_bytes().windows(form.len()).any(|window| window == form))
                    };
                    assert!(found(&data_encoding::BASE64.encode(&text)), "{length} {before} {after}");
                    assert!(found(&BASE64URL_NOPAD.encode(&text)), "{length} {before} {after}");
                }
            }
        }
    }
}
