//! How much work and memory a file can cost the parser, before it is given to it.
//!
//! At a `(` that may open an arrow function, and at a `<` that may open type arguments, the parser tries one
//! meaning and may have to start again with the other. Each attempt can go to the end of the file, and what
//! it built stays in memory: 16 KiB of `a<a<a<` cost 4 GiB. So the product of such places and the length is
//! bounded. Places are counted in comments and strings too, because to tell those apart takes a parser.

/// Bytes the parser may have to read again. In a file of 16 KiB, 128 places to start from.
const BYTES_READ_AGAIN: usize = 2 * 1024 * 1024;

/// After these a `(` opens no call.
const OPERATORS: [&str; 18] = [
    "async",
    "await",
    "case",
    "default",
    "delete",
    "do",
    "else",
    "extends",
    "in",
    "instanceof",
    "new",
    "of",
    "return",
    "satisfies",
    "throw",
    "typeof",
    "void",
    "yield",
];

/// Whether a file stays within bounds whatever its author had in mind.
pub(super) fn is_bounded(text: &str) -> bool {
    let bytes = text.as_bytes();
    let places = (0..bytes.len()).filter(|at| match bytes[*at] {
        b'(' => opens_attempt(bytes, *at),
        b'<' => !matches!(bytes.get(at + 1), Some(b'=' | b'/')),
        _ => false,
    });
    places.count().saturating_mul(bytes.len()) <= BYTES_READ_AGAIN
}

/// Whether the parser may take the parenthesis for the parameters of a function, and notice late that it is none.
fn opens_attempt(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..at].iter().rev().take_while(|byte| is_word(**byte)).count();
    // No operator is longer, and a long name need not be read again for each of its parentheses.
    let word = &bytes[at - before.min(16)..at];
    if before > 0 && !OPERATORS.iter().any(|operator| operator.as_bytes() == word) {
        return false;
    }
    // Names in parentheses are done with at once, unless a `:` may begin the type of a function's result.
    let inside = bytes[at + 1..].iter().take_while(|byte| is_plain(**byte)).take(200).count();
    let mut after = bytes[at + 1 + inside..].iter();
    if after.next() != Some(&b')') {
        return !matches!(bytes.get(at + 1), Some(b'\'' | b'"' | b'0'..=b'9'));
    }
    !matches!(
        after.find(|byte| **byte != b' '),
        None | Some(b'=' | b',' | b';' | b')' | b'.' | b']' | b'}' | b'&' | b'|')
    )
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

fn is_plain(byte: u8) -> bool {
    is_word(byte) || byte.is_ascii_whitespace() || matches!(byte, b',' | b'.' | b'{' | b'}' | b'!' | b'&' | b'|')
}
