//! Reads `.env` text as people write it: `NAME=value` and `export NAME=value`, comments, values in
//! single, double or back quotes that may go over several lines. `$NAME` in a value stays as it is.
//!
//! A line end of `\r\n` counts as `\n`, also within quotes, as it is an editor's and not the value's.

use secrecy::SecretString;

/// Why a text cannot be read. Says where, never what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum DotenvError {
    #[error("line {line} is no `NAME=value` and no comment")]
    NoAssignment { line: usize },
    #[error("the quote that opens on line {line} is not closed")]
    Unclosed { line: usize },
    #[error("line {line} goes on after the closing quote; only a comment may follow it")]
    AfterQuote { line: usize },
}

/// The variables of a text, in order. One that is set twice has its last value, as in a shell.
pub fn parse(text: &str) -> Result<Vec<(String, SecretString)>, DotenvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut variables: Vec<(String, SecretString)> = Vec::new();
    let mut rest = text.as_str();
    let mut line = 1;
    while !rest.is_empty() {
        let before = rest;
        if let Some((name, value, after)) = assignment(rest, line)? {
            variables.retain(|(known, _)| *known != name);
            variables.push((name, value.into()));
            rest = after;
        } else {
            rest = after_line(rest);
        }
        line += before[..before.len() - rest.len()].matches('\n').count();
    }
    Ok(variables)
}

/// The assignment `text` begins with, and what follows its line. `None` for an empty line or a comment.
fn assignment(text: &str, line: usize) -> Result<Option<(String, String, &str)>, DotenvError> {
    let no_assignment = DotenvError::NoAssignment { line };
    let first = text.split('\n').next().unwrap_or_default().trim();
    if first.is_empty() || first.starts_with('#') {
        return Ok(None);
    }
    let text = text.trim_start_matches([' ', '\t']);
    let text = match text.strip_prefix("export") {
        Some(after) if after.starts_with([' ', '\t']) => after.trim_start_matches([' ', '\t']),
        _ => text,
    };
    let end = text.find(['=', '\n']).filter(|&end| text[end..].starts_with('=')).ok_or(no_assignment)?;
    let name = text[..end].trim_end_matches([' ', '\t']);
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err(no_assignment);
    }
    let value = text[end + 1..].trim_start_matches([' ', '\t']);
    let (value, after) = match value.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => quoted(&value[1..], quote, line)?,
        _ => (unquoted(value.split('\n').next().unwrap_or_default()).to_owned(), after_line(value)),
    };
    Ok(Some((name.to_owned(), value, after)))
}

/// A `#` begins a comment after white space only: colours and anchors of URLs are values.
fn unquoted(line: &str) -> &str {
    let comment =
        line.char_indices().find(|&(at, character)| character == '#' && (at == 0 || line[..at].ends_with([' ', '\t'])));
    line[..comment.map_or(line.len(), |(at, _)| at)].trim()
}

fn quoted(text: &str, quote: char, line: usize) -> Result<(String, &str), DotenvError> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            _ if character == quote => {
                let after = &text[at + 1..];
                let remainder = unquoted(after.split('\n').next().unwrap_or_default());
                let closed_on = line + text[..at].matches('\n').count();
                return if remainder.is_empty() {
                    Ok((value, after_line(after)))
                } else {
                    Err(DotenvError::AfterQuote { line: closed_on })
                };
            }
            '\\' if quote == '"' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => return Err(DotenvError::Unclosed { line }),
            },
            _ => value.push(character),
        }
    }
    Err(DotenvError::Unclosed { line })
}

fn after_line(text: &str) -> &str {
    text.find('\n').map_or("", |end| &text[end + 1..])
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let parsed = parse(text).expect("can be read");
        let parsed: Vec<_> = parsed.iter().map(|(name, value)| (name.as_str(), value.expose_secret())).collect();
        assert_eq!(parsed, expected);
    }

    #[test]
    fn text_is_read_as_people_write_it() {
        check("", &[]);
        check("# only a comment\n\n  \n", &[]);
        check("A=1\nB = two words \nexport C=3", &[("A", "1"), ("B", "two words"), ("C", "3")]);
        check("\u{feff}A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]);
        check("A=\nB=''\nC=\"\"", &[("A", ""), ("B", ""), ("C", "")]);
        check("A=1 # one\nB=#\nC=a#b\nD='#' # d", &[("A", "1"), ("B", ""), ("C", "a#b"), ("D", "#")]);
        check("A=https://x/?a=b&c=d#top", &[("A", "https://x/?a=b&c=d#top")]);
        check(
            "A='it \\n $X'\nB=\"it\\n\\\"$X\\\"\\q\"\nC=`'\"`",
            &[("A", "it \\n $X"), ("B", "it\n\"$X\"\\q"), ("C", "'\"")],
        );
        check("A=\"one\ntwo\r\n  three\"\nB=x", &[("A", "one\ntwo\n  three"), ("B", "x")]);
        check("A=1\nB=2\nA=3", &[("B", "2"), ("A", "3")]);
        check("exported=1\nexport\tX=2", &[("exported", "1"), ("X", "2")]);
        check("A={\"a\": \"b c\"}", &[("A", "{\"a\": \"b c\"}")]);
        check("A-B=1", &[("A-B", "1")]);
    }

    #[test]
    fn errors_name_the_line_and_nothing_of_it() {
        let check = |text: &str, expected: DotenvError| assert_eq!(parse(text).err(), Some(expected), "{text:?}");
        check("A=1\nhunter2", DotenvError::NoAssignment { line: 2 });
        check("A=1\nB C=2", DotenvError::NoAssignment { line: 2 });
        check("=1", DotenvError::NoAssignment { line: 1 });
        check("A=\"1\n2\n3", DotenvError::Unclosed { line: 1 });
        check("\n\nA='1", DotenvError::Unclosed { line: 3 });
        check("A=\"x\\", DotenvError::Unclosed { line: 1 });
        check("A='1\n2' 3", DotenvError::AfterQuote { line: 2 });
        check("A=\"1\n2\"\nB\n", DotenvError::NoAssignment { line: 3 });
    }
}
