//! Which line of a command's output goes into the one sentence about its failure. Often the last one
//! is a closing bracket, a row of tildes or a pointer to a log file; so a line that speaks of an
//! error goes before one that does not.

use crate::job::shorten;

/// Longest line quoted in a message.
const QUOTED_BYTES: usize = 300;
/// Beginnings of lines that speak of errors and say nothing.
const EMPTY_WORDS: [&str; 3] = ["npm error A complete log", "npm ERR! A complete log", "npm error Lifecycle script"];

/// The last telling lines of one stream.
#[derive(Debug, Default)]
pub(super) struct Telling {
    error: Vec<u8>,
    any: Vec<u8>,
}

impl Telling {
    /// Takes note of a line.
    pub(super) fn consider(&mut self, line: &[u8]) {
        if !line.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
            return;
        }
        // Colours take room as well.
        let line = &line[..line.len().min(4 * QUOTED_BYTES)];
        if EMPTY_WORDS.iter().any(|words| line.starts_with(words.as_bytes())) {
            return;
        }
        let kept = if speaks_of_an_error(line) { &mut self.error } else { &mut self.any };
        kept.clear();
        kept.extend_from_slice(line);
    }

    /// The most telling line of a command.
    pub(super) fn of(stderr: Self, stdout: Self) -> Option<String> {
        let lines = [stderr.error, stdout.error, stderr.any, stdout.any];
        lines.iter().map(|line| quotable(line)).find(|line| !line.is_empty())
    }
}

fn speaks_of_an_error(line: &[u8]) -> bool {
    const WORD: &[u8] = b"error";
    let is_word = |window: &[u8]| window.eq_ignore_ascii_case(WORD);
    line.windows(WORD.len()).any(is_word) && !line.windows(7).any(|window| window.eq_ignore_ascii_case(b"0 error"))
}

/// A line of output as part of a sentence: no colours, no control characters, not too long.
fn quotable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // "Control Sequence Introducer": everything up to a letter.
            if characters.next() == Some('[') {
                characters.by_ref().find(|c| ('@'..='~').contains(c));
            }
        } else if !character.is_control() {
            plain.push(character);
        }
    }
    shorten(plain.trim().to_owned(), QUOTED_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stderr: &[&str], stdout: &[&str], expected: Option<&str>) {
        let telling = |lines: &[&str]| {
            let mut telling = Telling::default();
            for line in lines {
                telling.consider(line.as_bytes());
            }
            telling
        };
        assert_eq!(Telling::of(telling(stderr), telling(stdout)).as_deref(), expected);
    }

    #[test]
    fn errors_go_before_the_last_line() {
        check(&[], &[], None);
        check(&["one", "two", "", "  }"], &["three"], Some("two"));
        check(&["a.ts:3: error TS2322: no", "", "3 const x", "  ~~~~"], &[], Some("a.ts:3: error TS2322: no"));
        check(&["npm warn old"], &["a.ts(3,7): error TS2322", "Found 1 problem"], Some("a.ts(3,7): error TS2322"));
        check(&["Error: no such file", "npm error A complete log of this run"], &[], Some("Error: no such file"));
        check(&["no space"], &["0 errors, 1 warning"], Some("no space"));
        check(&["fehlgeschlagen: \u{e4}"], &[], Some("fehlgeschlagen: \u{e4}"));
    }

    #[test]
    fn quoted_lines_are_plain() {
        assert_eq!(quotable(b"\x1b[31merror\x1b[0m: no\x07 file\r"), "error: no file");
        assert_eq!(quotable(b"  \xff "), "\u{fffd}");
        assert!(quotable(&[b'x'; 1000]).len() <= QUOTED_BYTES);
    }
}
