//! Text from a sandbox, made safe to show. Stored lines stay as they were printed; on the way out
//! only colours (SGR) remain. Titles, hyperlinks, clipboard writes, cursor movements and characters
//! that reorder text are removed: they attack whoever looks at the log.

const ESCAPE: char = '\u{1b}';
const BELL: char = '\u{7}';

/// A line as it may be shown on a terminal that knows colours.
pub fn with_colours(bytes: &[u8]) -> String {
    filter(bytes, true)
}

/// A line without any control sequence.
pub fn plain(bytes: &[u8]) -> String {
    filter(bytes, false)
}

fn filter(bytes: &[u8], keep_colours: bool) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            ESCAPE => {
                let (sequence, after) = split_sequence(rest);
                if keep_colours && is_colour(sequence) {
                    shown.push(ESCAPE);
                    shown.push_str(sequence);
                }
                rest = after;
            }
            '\t' => shown.push(c),
            // Bidirectional overrides and isolates: "Trojan Source", CVE-2021-42574.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    shown
}

/// Splits what follows an escape character into the rest of its sequence and what comes after it
/// (ECMA-48, 5.4 and 5.6). An unfinished sequence takes the rest of the line.
fn split_sequence(text: &str) -> (&str, &str) {
    let end = match text.chars().next() {
        None => 0,
        // CSI: parameters and intermediates, then one final character.
        Some('[') => text[1..].find(|c| matches!(c, '@'..='~')).map_or(text.len(), |end| end + 2),
        // OSC, DCS, SOS, PM, APC: up to BEL or the string terminator.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let bell = text.find(BELL).map(|end| end + BELL.len_utf8());
            let terminator = text.find("\u{1b}\\").map(|end| end + 2);
            bell.into_iter().chain(terminator).min().unwrap_or(text.len())
        }
        Some(c) => c.len_utf8(),
    };
    text.split_at(end)
}

fn is_colour(sequence: &str) -> bool {
    sequence
        .strip_prefix('[')
        .and_then(|sequence| sequence.strip_suffix('m'))
        .is_some_and(|parameters| parameters.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b';' | b':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, coloured: &str, bare: &str) {
        assert_eq!(with_colours(line.as_bytes()), coloured);
        assert_eq!(plain(line.as_bytes()), bare);
    }

    #[test]
    fn only_colours_remain() {
        check("\u{1b}[1;31merror\u{1b}[0m: x", "\u{1b}[1;31merror\u{1b}[0m: x", "error: x");
        check("\u{1b}]0;title\u{7}after", "after", "after");
        check("\u{1b}]8;;https://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link", "link");
        check("\u{1b}]52;c;cm0gLXJmIC8=\u{7}x", "x", "x");
        check("\u{1b}[2J\u{1b}[Hgone", "gone", "gone");
        check("\u{1b}Pq#0\u{1b}\\x\u{9b}31m", "x31m", "x31m");
        check("a\u{202e}b\u{8}c\td\r", "abc\td", "abc\td");
        check("\u{1b}[31", "", "");
        check("end\u{1b}", "end", "end");
        check("ärger → 日本", "ärger → 日本", "ärger → 日本");
        assert_eq!(plain(&[0xff, b'a']), "\u{fffd}a");
    }
}
