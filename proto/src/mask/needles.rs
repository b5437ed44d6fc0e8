//! What to search for: all byte strings that give a secret away.

use std::collections::HashSet;

use super::encodings;
use super::scan::strip_control_sequences;

/// A secret shorter than this cannot be masked: too much else looks like it.
pub const SHORTEST_SECRET: usize = 6;
/// A part or another form of a secret must be longer.
const SHORTEST_DERIVED: usize = 8;
/// Base64 of a shorter secret is too short to be told from other text.
const SHORTEST_FOR_BASE64: usize = 7;
/// Longest needle; a longer form is searched for in pieces, which touch and so become one marker.
pub(super) const LONGEST_NEEDLE: usize = 16 * 1024;
/// Needles of one set, in bytes. What comes last (the rarest forms of the longest values) is left out.
const ALL_NEEDLES: usize = 1024 * 1024;

/// One byte string and the secret it belongs to.
pub(super) struct Needle {
    pub(super) bytes: Vec<u8>,
    pub(super) secret: usize,
}

/// The needles of all `secrets`: first every secret as it is, then its parts, then other forms.
pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<Needle> {
    let mut needles = Collector::default();
    for (secret, value) in secrets.clone().enumerate() {
        for value in spellings(value) {
            needles.add(secret, value, SHORTEST_SECRET);
        }
    }
    for (secret, value) in secrets.clone().enumerate() {
        for part in lines(value).chain(leaves(value).iter().map(Vec::as_slice)) {
            needles.add(secret, part, SHORTEST_DERIVED);
        }
    }
    for (secret, value) in secrets.enumerate() {
        let leaves = leaves(value);
        for value in spellings(value).into_iter().chain(leaves.iter().map(Vec::as_slice)) {
            if value.len() >= SHORTEST_FOR_BASE64 {
                needles.add_all(secret, encodings::all(value));
            }
        }
        for line in lines(value) {
            needles.add_all(secret, encodings::textual(line));
        }
    }
    needles.found
}

#[derive(Default)]
struct Collector {
    found: Vec<Needle>,
    known: HashSet<Vec<u8>>,
    bytes: usize,
}

impl Collector {
    fn add_all(&mut self, secret: usize, forms: Vec<Vec<u8>>) {
        for form in forms {
            self.add(secret, &form, SHORTEST_DERIVED);
        }
    }

    fn add(&mut self, secret: usize, form: &[u8], shortest: usize) {
        // Text is searched twice: as it is with every run of white space as one space, and without
        // white space and colours. Each form must be there for both.
        let plain = strip_control_sequences(form);
        let (raw, plain) = (collapse_white_space(form), collapse_white_space(&plain));
        let dense: Vec<u8> = plain.iter().copied().filter(|byte| *byte != b' ').collect();
        for form in [raw, plain, dense] {
            if form.len() < shortest {
                continue;
            }
            let mut pieces: Vec<&[u8]> = form.chunks(LONGEST_NEEDLE).collect();
            if pieces.last().is_some_and(|last| last.len() < shortest) {
                pieces.pop();
                pieces.push(&form[form.len() - shortest..]);
            }
            for piece in pieces {
                let piece = piece.trim_ascii();
                if piece.len() >= shortest && self.bytes + piece.len() <= ALL_NEEDLES && !self.known.contains(piece) {
                    self.known.insert(piece.to_vec());
                    self.bytes += piece.len();
                    self.found.push(Needle { bytes: piece.to_vec(), secret });
                }
            }
        }
    }
}

/// The value, without white space around it, and without quotes around it.
fn spellings(value: &[u8]) -> Vec<&[u8]> {
    let trimmed = value.trim_ascii();
    let mut spellings = vec![trimmed];
    if value != trimmed {
        spellings.push(value); // in base64 it makes a difference
    }
    for quote in [b'"', b'\''] {
        if let Some(inner) = trimmed.strip_prefix(&[quote]).and_then(|rest| rest.strip_suffix(&[quote])) {
            spellings.push(inner.trim_ascii());
        }
    }
    spellings
}

/// The lines of a value of several, without those that say nothing.
fn lines(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_one = !value.trim_ascii().contains(&b'\n');
    value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(move |line| !is_one && !is_structural(line))
}

fn is_structural(line: &[u8]) -> bool {
    let is_border = line.starts_with(b"-----BEGIN ") || line.starts_with(b"-----END ");
    is_border || line.iter().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()).count() < 4
}

/// The strings inside of a value that is a JSON document, or lines of `NAME=VALUE` or `name: value`.
fn leaves(value: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let trimmed = value.trim_ascii();
    if trimmed.starts_with(b"{") || trimmed.starts_with(b"[") {
        if let Ok(document) = serde_json::from_slice(trimmed) {
            collect_strings(&document, &mut found);
        }
        return found;
    }
    for line in value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        let line = line.strip_prefix(b"export ").unwrap_or(line);
        let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"_.-".contains(byte));
        let Some((name, rest)) = end.map(|end| line.split_at(end)) else { continue };
        let leaf = rest.strip_prefix(b"=").or_else(|| rest.strip_prefix(b": "));
        if let Some(leaf) = leaf.filter(|_| !name.is_empty()) {
            found.extend(spellings(leaf).into_iter().map(<[u8]>::to_vec));
        }
    }
    found.retain(|leaf| leaf.len() >= SHORTEST_DERIVED);
    found
}

fn collect_strings(document: &serde_json::Value, found: &mut Vec<Vec<u8>>) {
    match document {
        serde_json::Value::String(text) if text.len() >= SHORTEST_DERIVED => {
            found.push(text.clone().into_bytes());
            // A key file inside of a JSON document is printed line by line as well.
            found.extend(lines(text.as_bytes()).filter(|line| line.len() >= SHORTEST_DERIVED).map(<[u8]>::to_vec));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect_strings(item, found)),
        serde_json::Value::Object(members) => members.values().for_each(|item| collect_strings(item, found)),
        _ => {}
    }
}

fn collapse_white_space(form: &[u8]) -> Vec<u8> {
    let words = form.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needles(value: &str) -> Vec<String> {
        of([value.as_bytes()].into_iter())
            .iter()
            .map(|needle| String::from_utf8_lossy(&needle.bytes).into_owned())
            .collect()
    }

    #[track_caller]
    fn check(value: &str, present: &[&str], absent: &[&str]) {
        let found = needles(value);
        for needle in present {
            assert!(found.iter().any(|found| found == needle), "{needle:?} is not in {found:#?}");
        }
        for needle in absent {
            assert!(!found.iter().any(|found| found == needle), "{needle:?} is in {found:#?}");
        }
    }

    #[test]
    fn parts_that_say_nothing_are_not_searched_for() {
        let key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nshort\n-----END PRIVATE KEY-----\n";
        check(key, &["MIIEvQIBADANBgkq"], &["short", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"]);
        check(
            "{\n  \"password\": \"hunter2hunter2\",\n  \"id\": \"short\"\n}",
            &["hunter2hunter2"],
            &["{", "}", "short"],
        );
        check("USER=somebody\nexport PASS='pass word'", &["somebody", "pass word"], &["USER"]);
        check("  padded-value\n", &["padded-value"], &[]);
        check("\"quoted-value\"", &["quoted-value", "\"quoted-value\""], &[]);
        assert_eq!(needles("short"), Vec::<String>::new());
        assert_eq!(needles("sixsix"), ["sixsix"], "no derived form of so short a secret is masked");
    }

    #[test]
    fn a_set_is_bounded_and_keeps_the_values_themselves() {
        let large: Vec<Vec<u8>> = (0..4_u8)
            .map(|seed| {
                (0..100_000_u32)
                    .map(|index| b'a' + u8::try_from((index * 7 + index / 26) % 23).unwrap() + seed % 2)
                    .collect()
            })
            .collect();
        let found = of(large.iter().map(Vec::as_slice));
        assert!(found.iter().map(|needle| needle.bytes.len()).sum::<usize>() <= ALL_NEEDLES);
        assert!(found.iter().all(|needle| needle.bytes.len() <= LONGEST_NEEDLE));
        assert!(found.iter().any(|needle| needle.secret == 1 && large[1].ends_with(&needle.bytes)));
    }
}
