//! Finds needles in a stream, byte by byte, so that it makes no difference how the stream is cut.
//!
//! The text is seen in two ways at once. The *strict* view takes every run of white space as one
//! space and all else as it is. The *lenient* view leaves control sequences (colours) out, and white
//! space within what already looks like a needle: a key of several lines, base64 broken at column 76.
//! The lenient view exists only as long as it differs from the strict one, so ordinary text pays for
//! one automaton step per byte.

use std::collections::VecDeque;

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use super::needles::Needle;

/// The lenient view leaves white space out only after this much of a needle.
pub(super) const JOINED_AFTER: u16 = 4;
/// White space and control sequences between two characters of a needle; after more it has ended.
const LONGEST_GAP: u64 = 1024;
/// A needle with all its gaps.
const LONGEST_SPAN: u64 = 64 * 1024;
/// Longest control sequence that is left out.
const LONGEST_SEQUENCE: usize = 64;
/// At the end of the stream the beginning of a needle counts when it has this many bytes
const SHORTEST_RUMP: u16 = 8;
/// and is at least one part in so many of it.
const RUMP_PART: u16 = 2;

/// How far from the start of the automaton its states are laid out for speed.
const DENSE_DEPTH: usize = 3;
const ESCAPE: u8 = 0x1b;

/// All needles of a set, ready to be searched for.
pub(super) struct Automaton {
    nfa: NFA,
    start: StateID,
    /// What is known of each state but the first, in the order of their ids.
    prefixes: Vec<Prefix>,
    /// By state, one bit: whether it stands for [`JOINED_AFTER`] bytes or more.
    is_deep: Vec<u64>,
    beginnings: Beginnings,
    /// By needle.
    secrets: Vec<usize>,
}

/// The beginning of one or more needles, which a state stands for.
#[derive(Clone, Copy)]
struct Prefix {
    state: StateID,
    /// The state of its longest end that is the beginning of a needle too.
    shorter: StateID,
    length: u16,
    /// Of those that begin so, the shortest needle's length and secret.
    shortest_needle: u16,
    secret: u32,
}

impl Automaton {
    /// `None` when there is nothing to search for.
    pub(super) fn new(needles: &[Needle]) -> Option<Self> {
        if needles.is_empty() {
            return None;
        }
        let mut builder = NFA::builder();
        builder.match_kind(MatchKind::Standard).prefilter(false).dense_depth(DENSE_DEPTH);
        // It fails only beyond 2^31 states, and a set has at most 1 MiB of needles.
        let nfa = builder.build(needles.iter().map(|needle| &needle.bytes)).ok()?;
        let start = nfa.start_state(Anchored::No).ok()?;
        let mut prefixes = Vec::new();
        for needle in needles {
            let (mut state, mut shorter) = (start, start);
            let shortest_needle = u16::try_from(needle.bytes.len()).unwrap_or(u16::MAX);
            let secret = u32::try_from(needle.secret).unwrap_or(u32::MAX);
            for (length, &byte) in (1..).zip(&needle.bytes) {
                state = nfa.next_state(Anchored::No, state, byte);
                if length > 1 {
                    shorter = nfa.next_state(Anchored::No, shorter, byte);
                }
                prefixes.push(Prefix { state, shorter, length, shortest_needle, secret });
            }
        }
        prefixes.sort_unstable_by_key(|prefix| (prefix.state, prefix.shortest_needle));
        prefixes.dedup_by_key(|prefix| prefix.state);
        prefixes.shrink_to_fit();
        let last = prefixes.last().map_or(0, |prefix| prefix.state.as_usize());
        let mut is_deep = vec![0; last / 64 + 1];
        for prefix in prefixes.iter().filter(|prefix| prefix.length >= JOINED_AFTER) {
            is_deep[prefix.state.as_usize() / 64] |= 1 << (prefix.state.as_usize() % 64);
        }
        let beginnings = Beginnings::of(needles);
        Some(Self {
            nfa,
            start,
            prefixes,
            is_deep,
            beginnings,
            secrets: needles.iter().map(|needle| needle.secret).collect(),
        })
    }

    fn prefix(&self, state: StateID) -> Option<&Prefix> {
        let index = self.prefixes.binary_search_by_key(&state, |prefix| prefix.state).ok()?;
        Some(&self.prefixes[index])
    }

    /// How much of a needle may be under way.
    fn depth(&self, state: StateID) -> u64 {
        if state == self.start { 0 } else { self.prefix(state).map_or(0, |prefix| prefix.length.into()) }
    }

    fn is_deep(&self, state: StateID) -> bool {
        self.is_deep[state.as_usize() / 64] & 1 << (state.as_usize() % 64) != 0
    }
}

/// Four bytes, as many as [`JOINED_AFTER`], tell nearly always that no needle begins here: a look into
/// a table that fits the fastest cache, instead of steps of the automaton.
struct Beginnings {
    /// One bit for each hash; a few bits too many are set, none too few.
    table: Box<[u64]>,
    /// What of a 32-bit hash is left away.
    shift: u32,
    /// White space within the first bytes of a needle stands for any white space.
    has_early_space: bool,
}

const WINDOW: usize = JOINED_AFTER as usize;
/// Bits of the table for each needle: few others are then taken for one.
const BITS_PER_NEEDLE: usize = 128;
/// The table has from 4 KiB to 512 KiB.
const TABLE_BITS: std::ops::RangeInclusive<u32> = 15..=22;

impl Beginnings {
    fn of(needles: &[Needle]) -> Self {
        let bits = (needles.len() * BITS_PER_NEEDLE).next_power_of_two().ilog2();
        let bits = bits.clamp(*TABLE_BITS.start(), *TABLE_BITS.end());
        let (mut table, shift) = (vec![0; 1 << (bits - 6)].into_boxed_slice(), u32::BITS - bits);
        let mut has_early_space = false;
        for window in needles.iter().filter_map(|needle| needle.bytes.first_chunk::<WINDOW>()) {
            has_early_space |= window.contains(&b' ');
            let hash = hash(*window, shift);
            table[hash / 64] |= 1 << (hash % 64);
        }
        Self { table, shift, has_early_space }
    }

    fn may_begin(&self, window: [u8; WINDOW]) -> bool {
        let hash = hash(window, self.shift);
        self.table[hash / 64] & 1 << (hash % 64) != 0
            || self.has_early_space && window.iter().any(u8::is_ascii_whitespace)
    }

    /// How many bytes lie before the first at which a needle may begin. Control sequences are looked
    /// at byte by byte, and so is the end of `bytes`.
    fn before(&self, bytes: &[u8]) -> usize {
        let end = memchr::memchr(ESCAPE, bytes).unwrap_or(bytes.len());
        let mut windows = bytes[..end].windows(WINDOW);
        let candidate = windows.position(|window| window.try_into().is_ok_and(|window| self.may_begin(window)));
        candidate.unwrap_or(end.saturating_sub(WINDOW - 1))
    }
}

fn hash(window: [u8; WINDOW], shift: u32) -> usize {
    (u32::from_le_bytes(window).wrapping_mul(0x9e37_79b1) >> shift) as usize
}

/// A stretch of the stream that must not be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whose needle began first; of several the longest.
    pub(super) lead: usize,
    lead_start: u64,
    lead_end: u64,
    /// All whose needles are in it.
    pub(super) secrets: Vec<usize>,
}

/// The search in one stream.
pub(super) struct Scanner {
    strict: View,
    lenient: Option<View>,
    /// A control sequence that has begun; the lenient view waits for its end.
    sequence: Vec<u8>,
    position: u64,
    /// In order, apart from each other.
    hits: VecDeque<Hit>,
}

/// One way to see the text.
#[derive(Clone)]
struct View {
    state: StateID,
    /// Symbols taken so far.
    symbols: u64,
    /// What was left out within the needle that may be under way.
    gaps: VecDeque<Gap>,
    space: Space,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Space {
    /// The last byte was none.
    None,
    /// It was, and stands for one space.
    Taken,
    /// It was, and was left out.
    LeftOut,
}

/// Bytes that are no symbols, before the symbol with this number.
#[derive(Clone, Copy)]
struct Gap {
    before: u64,
    bytes: u64,
}

impl Scanner {
    pub(super) fn new(automaton: &Automaton) -> Self {
        Self { strict: View::new(automaton), lenient: None, sequence: Vec::new(), position: 0, hits: VecDeque::new() }
    }

    /// Takes the next bytes of the stream.
    pub(super) fn scan(&mut self, automaton: &Automaton, bytes: &[u8]) {
        let begin = self.position;
        let mut at = 0;
        // How many of the last bytes were ordinary, and taken by the automaton one after the other.
        let mut ordinary = 0;
        while at < bytes.len() {
            if self.strict.state == automaton.start && self.lenient.is_none() {
                at += automaton.beginnings.before(&bytes[at..]);
                (self.position, ordinary) = (begin + at as u64, 0);
                if at == bytes.len() {
                    break;
                }
            }
            let byte = bytes[at];
            ordinary += 1;
            if self.lenient.is_some() || byte == ESCAPE {
                self.step_both(automaton, byte);
                ordinary = 0;
            } else if byte.is_ascii_whitespace() {
                self.fork_at_space(automaton);
                self.strict.take_space(automaton);
                ordinary = 0;
            } else {
                self.strict.take(automaton, byte);
            }
            at += 1;
            self.position += 1;
            if automaton.nfa.is_match(self.strict.state) {
                self.strict.report(automaton, self.position, &mut self.hits);
            } else if ordinary >= WINDOW && !automaton.is_deep(self.strict.state) {
                // No needle began before the last three bytes.
                self.strict = View::new(automaton);
                at -= WINDOW - 1;
                self.position = begin + at as u64;
            }
        }
    }

    fn fork_at_space(&mut self, automaton: &Automaton) {
        if self.strict.space == Space::None && automaton.is_deep(self.strict.state) {
            let mut lenient = self.strict.clone();
            lenient.leave_out(automaton, 1);
            lenient.space = Space::LeftOut;
            self.lenient = Some(lenient);
        }
    }

    /// The slow path: while the two views differ.
    fn step_both(&mut self, automaton: &Automaton, byte: u8) {
        let mut lenient = self.lenient.take().unwrap_or_else(|| self.strict.clone());
        if byte.is_ascii_whitespace() {
            self.strict.take_space(automaton);
        } else {
            self.strict.take(automaton, byte);
        }
        if byte == ESCAPE || !self.sequence.is_empty() {
            self.step_sequence(automaton, &mut lenient, byte);
        } else {
            lenient.take_leniently(automaton, byte, self.position + 1, &mut self.hits);
        }
        let has_converged = self.sequence.is_empty()
            && lenient.state == self.strict.state
            && lenient.space == self.strict.space
            && lenient.is_without_gaps(automaton)
            && self.strict.is_without_gaps(automaton);
        self.lenient = (!has_converged).then_some(lenient);
    }

    /// "Control Sequence Introducer", parameters, and a last byte (ECMA-48, 5.4).
    fn step_sequence(&mut self, automaton: &Automaton, lenient: &mut View, byte: u8) {
        let is_part = match self.sequence.len() {
            0 => byte == ESCAPE,
            1 => byte == b'[',
            length => length < LONGEST_SEQUENCE && matches!(byte, 0x20..=0x7e),
        };
        if is_part {
            self.sequence.push(byte);
            if self.sequence.len() > 2 && matches!(byte, 0x40..=0x7e) {
                lenient.leave_out(automaton, self.sequence.len() as u64);
                self.sequence.clear();
            }
            return;
        }
        // It was none after all. What was held back is text; the byte that ended it may begin another.
        let held = std::mem::take(&mut self.sequence);
        let first = self.position - held.len() as u64;
        for (end, &held) in (first + 1..).zip(&held) {
            lenient.take_leniently(automaton, held, end, &mut self.hits);
        }
        if byte == ESCAPE {
            self.sequence.push(byte);
        } else {
            lenient.take_leniently(automaton, byte, self.position + 1, &mut self.hits);
        }
    }

    /// Bytes seen so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// No hit still to come begins before this position.
    pub(super) fn settled(&self, automaton: &Automaton) -> u64 {
        let strict = self.strict.begun_at(automaton, self.position);
        match &self.lenient {
            None => strict,
            Some(lenient) => strict.min(lenient.begun_at(automaton, self.position - self.sequence.len() as u64)),
        }
    }

    /// The next hit that can grow no more.
    pub(super) fn next_hit(&mut self, settled: u64) -> Option<Hit> {
        self.hits.pop_front_if(|hit| hit.end < settled)
    }

    /// Where the first hit begins that may still grow.
    pub(super) fn growing(&self) -> Option<u64> {
        self.hits.front().map(|hit| hit.start)
    }

    /// The stream has ended: what looks enough like the beginning of a needle counts as one.
    pub(super) fn finish(&mut self, automaton: &Automaton) -> Vec<Hit> {
        let end = self.position;
        self.strict.report_rump(automaton, end, &mut self.hits);
        if let Some(lenient) = self.lenient.take() {
            let held = std::mem::take(&mut self.sequence);
            lenient.report_rump(automaton, end - held.len() as u64, &mut self.hits);
        }
        self.hits.drain(..).collect()
    }
}

impl View {
    fn new(automaton: &Automaton) -> Self {
        Self { state: automaton.start, symbols: 0, gaps: VecDeque::new(), space: Space::None }
    }

    fn take(&mut self, automaton: &Automaton, byte: u8) {
        self.state = automaton.nfa.next_state(Anchored::No, self.state, byte);
        self.symbols += 1;
        self.space = Space::None;
    }

    fn take_space(&mut self, automaton: &Automaton) {
        if self.space == Space::Taken {
            if self.state != automaton.start {
                self.leave_out(automaton, 1);
            }
        } else {
            self.take(automaton, b' ');
            self.space = Space::Taken;
        }
    }

    fn take_leniently(&mut self, automaton: &Automaton, byte: u8, end: u64, hits: &mut VecDeque<Hit>) {
        if !byte.is_ascii_whitespace() {
            self.take(automaton, byte);
            if automaton.nfa.is_match(self.state) {
                self.report(automaton, end, hits);
            }
        } else if self.space == Space::LeftOut || self.space == Space::None && automaton.is_deep(self.state) {
            self.leave_out(automaton, 1);
            self.space = Space::LeftOut;
        } else {
            self.take_space(automaton);
        }
    }

    /// Skips bytes. A needle whose gaps become too large has ended.
    fn leave_out(&mut self, automaton: &Automaton, bytes: u64) {
        let length = automaton.depth(self.state);
        if length == 0 {
            self.gaps.clear();
            return;
        }
        self.forget_old_gaps(length);
        let before = self.symbols + 1;
        let gap = match self.gaps.back_mut() {
            Some(gap) if gap.before == before => {
                gap.bytes += bytes;
                gap.bytes
            }
            _ => {
                self.gaps.push_back(Gap { before, bytes });
                bytes
            }
        };
        let span = length + self.gaps.iter().map(|gap| gap.bytes).sum::<u64>();
        if gap > LONGEST_GAP || span > LONGEST_SPAN {
            self.state = automaton.start;
            self.gaps.clear();
        }
    }

    /// Forgets gaps that lie before the last `length` symbols.
    fn forget_old_gaps(&mut self, length: u64) {
        let first = self.symbols + 1 - length.min(self.symbols);
        while self.gaps.pop_front_if(|gap| gap.before <= first).is_some() {}
    }

    fn is_without_gaps(&mut self, automaton: &Automaton) -> bool {
        if !self.gaps.is_empty() {
            self.forget_old_gaps(automaton.depth(self.state));
        }
        self.gaps.is_empty()
    }

    /// Where in the stream the last `length` symbols begin, when the next byte is at `end`.
    fn start_of(&self, length: u64, end: u64) -> u64 {
        let first = self.symbols + 1 - length.min(self.symbols);
        let gaps = self.gaps.iter().filter(|gap| gap.before > first).map(|gap| gap.bytes).sum::<u64>();
        end.saturating_sub(length + gaps)
    }

    /// Where the needle begins that may be under way.
    fn begun_at(&self, automaton: &Automaton, end: u64) -> u64 {
        self.start_of(automaton.depth(self.state), end)
    }

    #[cold]
    fn report(&self, automaton: &Automaton, end: u64, hits: &mut VecDeque<Hit>) {
        for index in 0..automaton.nfa.match_len(self.state) {
            let needle = automaton.nfa.match_pattern(self.state, index);
            let start = self.start_of(automaton.nfa.pattern_len(needle) as u64, end);
            add(hits, start, end, automaton.secrets[needle.as_usize()]);
        }
    }

    /// The longest end of the text that is the beginning of a needle, and enough of it.
    fn report_rump(&self, automaton: &Automaton, end: u64, hits: &mut VecDeque<Hit>) {
        let mut state = self.state;
        while let Some(prefix) = automaton.prefix(state).filter(|prefix| prefix.length >= SHORTEST_RUMP) {
            if prefix.length >= prefix.shortest_needle.div_ceil(RUMP_PART) {
                // What was left out after the last symbol is not part of it.
                let trailing = self.gaps.back().filter(|gap| gap.before > self.symbols).map_or(0, |gap| gap.bytes);
                let start = self.start_of(prefix.length.into(), end);
                add(hits, start, end - trailing, prefix.secret as usize);
                return;
            }
            state = prefix.shorter;
        }
    }
}

/// Adds a hit and merges it with those it overlaps or touches.
fn add(hits: &mut VecDeque<Hit>, start: u64, end: u64, secret: usize) {
    let mut hit = Hit { start, end, lead: secret, lead_start: start, lead_end: end, secrets: vec![secret] };
    let mut at = hits.len();
    while let Some(before) = at.checked_sub(1).and_then(|index| hits.get(index)) {
        if before.end < hit.start {
            break;
        }
        at -= 1;
        if before.start <= hit.end
            && let Some(before) = hits.remove(at)
        {
            hit.absorb(before);
        }
    }
    hits.insert(at, hit);
}

impl Hit {
    fn absorb(&mut self, other: Self) {
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
        let rank = |hit: &Self| (hit.lead_start, std::cmp::Reverse(hit.lead_end), hit.lead);
        if rank(&other) < rank(self) {
            (self.lead, self.lead_start, self.lead_end) = (other.lead, other.lead_start, other.lead_end);
        }
        for secret in other.secrets {
            if !self.secrets.contains(&secret) {
                self.secrets.push(secret);
            }
        }
    }
}

/// `form` as the lenient view sees it.
pub(super) fn strip_control_sequences(form: &[u8]) -> Vec<u8> {
    let mut stripped = Vec::with_capacity(form.len());
    let mut rest = form;
    while let Some((&byte, after)) = rest.split_first() {
        let parameters = after.strip_prefix(b"[").filter(|_| byte == ESCAPE);
        let length = parameters.and_then(|rest| rest.iter().position(|byte| !matches!(byte, 0x20..=0x3f)));
        match (parameters, length) {
            (Some(parameters), Some(length))
                if length + 3 <= LONGEST_SEQUENCE && matches!(parameters[length], 0x40..=0x7e) =>
            {
                rest = &parameters[length + 1..];
            }
            _ => {
                stripped.push(byte);
                rest = after;
            }
        }
    }
    stripped
}
