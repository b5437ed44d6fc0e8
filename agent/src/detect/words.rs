//! A project's own text inside our sentences: one line, short, and without control characters, which could
//! otherwise rewrite the terminal of the person who reads it.

/// Long enough for a build script that can still be read.
const CHARACTERS: usize = 200;

/// The beginning of `text`, fit to be shown.
pub(super) fn excerpt(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown = harmless(characters.by_ref().take(CHARACTERS));
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}

/// All of a text, fit to be shown.
pub(super) fn harmless(text: impl Iterator<Item = char>) -> String {
    text.map(|character| if is_harmless(character) { character } else { '\u{fffd}' }).collect()
}

/// Also refuses what turns the direction of writing around.
fn is_harmless(character: char) -> bool {
    !character.is_control() && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a word can be put into a command line as it is: a shell sees nothing in it but a word, and no program an
/// option.
pub(super) fn is_plain_word(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/@+:".contains(c);
    !text.is_empty() && text.len() <= 256 && !text.starts_with('-') && text.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_are_short_and_harmless() {
        assert_eq!(excerpt("vite build"), "vite build");
        assert_eq!(excerpt("a\u{1b}[2Jb\nc\u{202e}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(excerpt(&"ä".repeat(1_000_000)).chars().count(), CHARACTERS + 1);
    }
}
