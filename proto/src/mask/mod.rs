//! Masking: no secret that is known may be read in what a build prints, whatever way it is printed
//! and however the text is cut into reads, lines and batches.
//!
//! The one pure implementation both programs use. The agent masks the variables of a build before a
//! byte reaches its disk; the control plane searches what arrives for every credential of the owner.
//!
//! Three steps: [`needles`] lists the byte strings that give a secret away (itself, its lines, its
//! base64, …), [`scan`] finds them all in one pass, and [`shapes`] masks what looks like a token or a
//! private key although nobody told us of it.
//!
//! What this cannot do: hide a secret from a build that wants to print it. A build can reverse it.

mod encodings;
mod needles;
mod scan;
mod shapes;
#[cfg(test)]
mod tests;

pub use needles::SHORTEST_SECRET;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use scan::{Automaton, Hit, Scanner};
use shapes::ShapeMasker;

/// Values that are often set and never secret. Without this, every `production` in a log were masked.
const ORDINARY: [&str; 12] = [
    "production",
    "development",
    "preview",
    "staging",
    "testing",
    "localhost",
    "verbose",
    "enabled",
    "disabled",
    "default",
    "0.0.0.0",
    "127.0.0.1",
];
/// For a secret whose own name would give it away.
const NAMELESS: &str = "***";

/// A value to be masked, under a name that may be shown.
#[derive(Clone, Copy)]
pub struct Secret<'a> {
    /// Shown in its place.
    pub name: &'a str,
    /// What must not be shown.
    pub value: &'a [u8],
}

/// Whether masking can hide `value`: it is long enough, and no word that logs are full of.
pub fn is_maskable(value: &[u8]) -> bool {
    let characters = value.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
    characters >= SHORTEST_SECRET && !ORDINARY.iter().any(|word| word.as_bytes() == value.trim_ascii())
}

/// All secrets of one build or one owner, ready to be searched for. Costs some milliseconds to make
/// and is shared by the streams. Has no `Debug`: it holds the secrets.
#[derive(Default)]
pub struct MaskSet {
    automaton: Option<Automaton>,
    names: Vec<String>,
    markers: Vec<String>,
}

impl MaskSet {
    /// Takes what [`is_maskable`] of `secrets`.
    pub fn new<'a>(secrets: impl IntoIterator<Item = Secret<'a>>) -> Self {
        let secrets: Vec<_> = secrets.into_iter().filter(|secret| is_maskable(secret.value)).collect();
        let needles = needles::of(secrets.iter().map(|secret| secret.value));
        let mut set = Self {
            automaton: Automaton::new(&needles),
            names: secrets.iter().map(|secret| secret.name.to_owned()).collect(),
            markers: Vec::new(),
        };
        for name in &set.names {
            let shown = marker(name);
            let is_telling = !set.find(shown.as_bytes()).is_empty();
            set.markers.push(if is_telling { NAMELESS.to_owned() } else { shown });
        }
        set
    }

    /// Whether there is nothing to search for but shapes.
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// A text of its own, masked: an error message, a provider's answer.
    pub fn mask_text(self: &Arc<Self>, text: &str) -> String {
        let mut masker = Masker::new(self.clone());
        let mut shown = Vec::with_capacity(text.len());
        masker.mask(text.as_bytes(), &mut shown);
        masker.finish(&mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Where in `text` whole secrets are, and which: for whoever must raise an alarm. One that only
    /// begins there is none; the text that follows shows what it is.
    pub fn find(&self, text: &[u8]) -> Vec<Found<'_>> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        let mut scanner = Scanner::new(automaton);
        scanner.scan(automaton, text);
        let hits = std::iter::from_fn(|| scanner.next_hit(u64::MAX));
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(text.len());
        hits.map(|hit| Found {
            range: place(hit.start)..place(hit.end),
            marker: self.markers.get(hit.lead).map_or(NAMELESS, String::as_str),
            names: hit.secrets.iter().map(|&secret| self.names[secret].as_str()).collect(),
        })
        .collect()
    }
}

/// A place where secrets are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a> {
    /// In the text.
    pub range: Range<usize>,
    /// What is to be shown instead.
    pub marker: &'a str,
    /// Whose values are there.
    pub names: Vec<&'a str>,
}

fn marker(name: &str) -> String {
    format!("[masked:{name}]")
}

/// Masks one stream. What it holds back between two calls is at most the beginning of a secret.
pub struct Masker {
    set: Arc<MaskSet>,
    scanner: Option<Scanner>,
    /// Bytes not given out, and the position of the first.
    held: Vec<u8>,
    held_from: u64,
    /// After the first step, before the second.
    between: Vec<u8>,
    shapes: ShapeMasker,
    /// By secret.
    counts: Vec<u64>,
}

impl Masker {
    /// A masker at the beginning of a stream.
    pub fn new(set: Arc<MaskSet>) -> Self {
        let scanner = set.automaton.as_ref().map(Scanner::new);
        let counts = vec![0; set.names.len()];
        let shapes = ShapeMasker::default();
        Self { set, scanner, held: Vec::new(), held_from: 0, between: Vec::new(), shapes, counts }
    }

    /// Takes the next bytes, and appends to `out` what of the stream may be shown.
    pub fn mask(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let (Some(automaton), Some(scanner)) = (&self.set.automaton, &mut self.scanner) else {
            return self.shapes.mask(bytes, out);
        };
        scanner.scan(automaton, bytes);
        self.held.extend_from_slice(bytes);
        let settled = scanner.settled(automaton);
        let hits: Vec<Hit> = std::iter::from_fn(|| scanner.next_hit(settled)).collect();
        let safe = scanner.growing().map_or(settled, |start| start.min(settled));
        self.give_out(&hits, safe);
        self.shapes.mask(&self.between, out);
        self.between.clear();
    }

    /// The stream has ended: gives out the rest.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let (Some(automaton), Some(scanner)) = (&self.set.automaton, &mut self.scanner) {
            let (hits, end) = (scanner.finish(automaton), scanner.position());
            self.give_out(&hits, end);
        }
        self.shapes.mask(&self.between, out);
        (self.held, self.between) = (Vec::new(), Vec::new());
        self.shapes.finish(out);
    }

    /// Moves what is held, up to a position, to `between`, with a marker for each hit.
    fn give_out(&mut self, hits: &[Hit], end: u64) {
        let place = |position: u64| usize::try_from(position.saturating_sub(self.held_from)).unwrap_or(usize::MAX);
        let mut given = 0;
        for hit in hits {
            self.between.extend_from_slice(&self.held[given..place(hit.start)]);
            self.between.extend_from_slice(self.set.markers[hit.lead].as_bytes());
            given = place(hit.end);
            hit.secrets.iter().for_each(|&secret| self.counts[secret] += 1);
        }
        let end_in_held = place(end);
        self.between.extend_from_slice(&self.held[given..end_in_held]);
        self.held.drain(..end_in_held);
        self.held_from = end;
    }

    /// How many markers hide each secret, and each kind of token nobody told us of.
    pub fn counts(&self) -> BTreeMap<&str, u64> {
        let secrets = self.set.names.iter().map(String::as_str).zip(self.counts.iter().copied());
        let mut counts: BTreeMap<&str, u64> = secrets.filter(|(_, count)| *count > 0).collect();
        for (kind, count) in self.shapes.counts() {
            counts.insert(kind, count);
        }
        counts
    }
}
