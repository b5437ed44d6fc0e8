//! Tokens and keys that are known by their look. A prefix that nothing else has, enough characters
//! after it: then it is masked, although nobody told us that it is a secret.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::marker;

/// How much of a token may have to be seen before it is known to be one.
const LONGEST_LOOK: usize = 1024;
/// A private key with its borders.
const LONGEST_KEY: usize = 32 * 1024;
/// Less between the borders is a text about keys.
const SHORTEST_KEY: usize = 32;
/// Name and password in a URL.
const LONGEST_USER: usize = 128;
const LONGEST_PASSWORD: usize = 256;
/// Of the first part of a JSON Web Token: `{"alg":"…"}` in base64.
const SHORTEST_JWT_PART: usize = 8;

#[derive(Clone, Copy)]
struct Shape {
    prefix: &'static str,
    kind: &'static str,
    rule: Rule,
}

#[derive(Clone, Copy)]
enum Rule {
    /// At least so many of these characters follow.
    Token {
        alphabet: Alphabet,
        shortest: usize,
    },
    PrivateKey,
    WebToken,
    UrlPassword,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Alphanumeric,
    /// And `_`, `-`.
    Name,
    /// And `.`, `=`.
    Dotted,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Alphanumeric => byte.is_ascii_alphanumeric(),
            Self::Name => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'='),
        }
    }
}

const fn token(prefix: &'static str, kind: &'static str, alphabet: Alphabet, shortest: usize) -> Shape {
    Shape { prefix, kind, rule: Rule::Token { alphabet, shortest } }
}

/// Prefixes as the vendors document them. No prefix may be part of the beginning of another.
const SHAPES: [Shape; 29] = [
    token("ghp_", "github-token", Alphabet::Alphanumeric, 36),
    token("gho_", "github-token", Alphabet::Alphanumeric, 36),
    token("ghu_", "github-token", Alphabet::Alphanumeric, 36),
    token("ghs_", "github-token", Alphabet::Alphanumeric, 36),
    token("ghr_", "github-token", Alphabet::Alphanumeric, 36),
    token("github_pat_", "github-token", Alphabet::Name, 40),
    token("glpat-", "gitlab-token", Alphabet::Dotted, 20),
    token("gldt-", "gitlab-token", Alphabet::Dotted, 20),
    token("glrt-", "gitlab-token", Alphabet::Dotted, 20),
    token("glcbt-", "gitlab-token", Alphabet::Dotted, 20),
    token("glptt-", "gitlab-token", Alphabet::Dotted, 20),
    token("glft-", "gitlab-token", Alphabet::Dotted, 20),
    token("glimt-", "gitlab-token", Alphabet::Dotted, 20),
    token("glagent-", "gitlab-token", Alphabet::Dotted, 20),
    token("gloas-", "gitlab-token", Alphabet::Dotted, 20),
    token("glsoat-", "gitlab-token", Alphabet::Dotted, 20),
    // npm's own variables (`npm_config_…`) have a `_` long before 36 characters.
    token("npm_", "npm-token", Alphabet::Alphanumeric, 36),
    token("pypi-AgE", "pypi-token", Alphabet::Name, 40),
    token("dckr_pat_", "docker-token", Alphabet::Name, 20),
    token("dckr_oat_", "docker-token", Alphabet::Name, 20),
    token("slip_et1_", "slipway-token", Alphabet::Alphanumeric, 40),
    token("slw_", "slipway-token", Alphabet::Name, 28),
    token("sk_live_", "stripe-key", Alphabet::Alphanumeric, 20),
    token("rk_live_", "stripe-key", Alphabet::Alphanumeric, 20),
    token("xoxb-", "slack-token", Alphabet::Name, 20),
    token("xoxp-", "slack-token", Alphabet::Name, 20),
    Shape { prefix: "-----BEGIN ", kind: "private-key", rule: Rule::PrivateKey },
    Shape { prefix: "eyJ", kind: "web-token", rule: Rule::WebToken },
    Shape { prefix: "://", kind: "url-password", rule: Rule::UrlPassword },
];

static PREFIXES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let builder = &mut AhoCorasick::builder();
    builder.match_kind(MatchKind::LeftmostFirst);
    builder.build(SHAPES.map(|shape| shape.prefix)).expect("a few short prefixes")
});

/// What a look at the text from a prefix on says.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// It is something else.
    No,
    /// That cannot be said before more is seen.
    Unclear,
    /// Hide these bytes, counted from the prefix, and then all that follow of the alphabet.
    Hide { from: usize, to: usize, more: Option<Alphabet> },
}

/// Masks the shapes in one stream.
#[derive(Default)]
pub(super) struct ShapeMasker {
    held: Vec<u8>,
    /// The rest of a token that is masked already.
    hiding: Option<Alphabet>,
    /// By shape.
    counts: Vec<u64>,
}

impl ShapeMasker {
    pub(super) fn mask(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(bytes);
        let done = self.run(out, false);
        self.held.drain(..done);
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.run(out, true);
        self.held = Vec::new();
        self.hiding = None;
    }

    pub(super) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let mut counts = std::collections::BTreeMap::new();
        for (shape, count) in SHAPES.iter().zip(&self.counts).filter(|(_, count)| **count > 0) {
            *counts.entry(shape.kind).or_default() += count;
        }
        counts.into_iter()
    }

    /// Gives out or hides what is clear; answers how much of `held` that was.
    fn run(&mut self, out: &mut Vec<u8>, is_end: bool) -> usize {
        let mut at = 0;
        loop {
            if let Some(alphabet) = self.hiding {
                let rest = &self.held[at..];
                let length = rest.iter().position(|&byte| !alphabet.has(byte));
                at += length.unwrap_or(rest.len());
                if length.is_none() {
                    return at;
                }
                self.hiding = None;
            }
            // From here on `searched` moves ahead of `at`, over prefixes that turned out to be none.
            let mut searched = at;
            loop {
                let rest = &self.held[searched..];
                let Some(found) = PREFIXES.find(rest) else {
                    let end = if is_end { self.held.len() } else { self.held.len() - unfinished_prefix(rest) };
                    out.extend_from_slice(&self.held[at..end]);
                    return end;
                };
                let (index, start) = (found.pattern().as_usize(), searched + found.start());
                match SHAPES[index].judge(&rest[found.start()..], is_end) {
                    Verdict::No => searched = start + 1,
                    Verdict::Unclear => {
                        out.extend_from_slice(&self.held[at..start]);
                        return start;
                    }
                    Verdict::Hide { from, to, more } => {
                        out.extend_from_slice(&self.held[at..start + from]);
                        out.extend_from_slice(marker(SHAPES[index].kind).as_bytes());
                        self.counts.resize(SHAPES.len(), 0);
                        self.counts[index] += 1;
                        (at, self.hiding) = (start + to, more);
                        break;
                    }
                }
            }
        }
    }
}

/// How many bytes at the end of `text` may be the beginning of a prefix.
fn unfinished_prefix(text: &[u8]) -> usize {
    let is_beginning = |end: &[u8]| SHAPES.iter().any(|shape| shape.prefix.as_bytes().starts_with(end));
    let longest = SHAPES.iter().map(|shape| shape.prefix.len() - 1).max().unwrap_or(0);
    (1..=longest.min(text.len())).rev().find(|&length| is_beginning(&text[text.len() - length..])).unwrap_or(0)
}

impl Shape {
    fn judge(&self, text: &[u8], is_end: bool) -> Verdict {
        let open = if is_end { Verdict::No } else { Verdict::Unclear };
        let body = &text[self.prefix.len()..];
        match self.rule {
            Rule::Token { alphabet, shortest } => match run(body, |byte| alphabet.has(byte)) {
                (length, _) if length >= shortest => {
                    Verdict::Hide { from: 0, to: self.prefix.len() + length, more: Some(alphabet) }
                }
                (_, true) => open,
                _ => Verdict::No,
            },
            Rule::WebToken => web_token(body, open),
            Rule::UrlPassword => url_password(body, open),
            Rule::PrivateKey => private_key(text, is_end),
        }
    }
}

/// How many bytes from the start fit, and whether the text ends with them.
fn run(text: &[u8], fits: impl Fn(u8) -> bool) -> (usize, bool) {
    let length = text.iter().position(|&byte| !fits(byte));
    (length.unwrap_or(text.len()), length.is_none())
}

/// `eyJ….eyJ….…`: two parts that are JSON objects in base64 (RFC 7519).
fn web_token(body: &[u8], open: Verdict) -> Verdict {
    const SECOND: &[u8] = b".eyJ";
    let (first, is_open) = run(&body[..body.len().min(LONGEST_LOOK)], |byte| Alphabet::Name.has(byte));
    let after = &body[first..];
    if first < SHORTEST_JWT_PART && !is_open || first == LONGEST_LOOK {
        Verdict::No
    } else if after.len() < SECOND.len() && SECOND.starts_with(after) {
        open
    } else if first >= SHORTEST_JWT_PART && after.starts_with(SECOND) {
        Verdict::Hide { from: 0, to: 3 + first + SECOND.len(), more: Some(Alphabet::Dotted) }
    } else {
        Verdict::No
    }
}

/// `://user:password@`: only the password is hidden.
fn url_password(body: &[u8], open: Verdict) -> Verdict {
    let is_part = |byte: u8| byte.is_ascii_graphic() && !b"/?#@\"'<>\\`".contains(&byte) || !byte.is_ascii();
    let (user, is_open) = run(&body[..body.len().min(LONGEST_USER + 1)], |byte| is_part(byte) && byte != b':');
    if user > LONGEST_USER {
        return Verdict::No;
    }
    if is_open {
        return open;
    }
    let Some(rest) = body[user..].strip_prefix(b":") else { return Verdict::No };
    let (password, is_open) = run(&rest[..rest.len().min(LONGEST_PASSWORD + 1)], is_part);
    let is_hidden = rest[..password].iter().all(|&byte| byte == b'*') || rest.starts_with(b"[masked:");
    if password > LONGEST_PASSWORD {
        Verdict::No
    } else if is_open {
        open
    } else if password > 0 && rest[password] == b'@' && !is_hidden {
        let from = "://".len() + user + 1;
        Verdict::Hide { from, to: from + password, more: None }
    } else {
        Verdict::No
    }
}

/// A key with its borders (RFC 7468), also on one line with `\n` spelt out.
fn private_key(text: &[u8], is_end: bool) -> Verdict {
    const LONGEST_LABEL: usize = 80;
    const END: &[u8] = b"-----END ";
    let open = if is_end { Verdict::No } else { Verdict::Unclear };
    let header = &text[..text.len().min(LONGEST_LABEL)];
    let (label, is_open) = run(&header[5..], |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    let rest = &header[5 + label..];
    if is_open || rest.len() < 5 && b"-----".starts_with(rest) {
        return if header.len() < LONGEST_LABEL { open } else { Verdict::No };
    }
    if !rest.starts_with(b"-----") || !header[5..5 + label].windows(11).any(|words| words == b"PRIVATE KEY") {
        return Verdict::No;
    }
    let start = 5 + label + 5;
    let body = &text[start..text.len().min(LONGEST_KEY)];
    let is_body = |byte: u8| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=\\:,-".contains(&byte);
    let (mut length, is_open) = run(body, is_body);
    if let Some(end) = body[..length].windows(END.len()).position(|window| window == END) {
        let label_end = body[end + END.len()..length].windows(5).position(|window| window == b"-----");
        match label_end {
            Some(label_end) => length = end + END.len() + label_end + 5,
            None if is_open && !is_end && text.len() < LONGEST_KEY => return Verdict::Unclear,
            None => {}
        }
    } else if is_open && !is_end && text.len() < LONGEST_KEY {
        return Verdict::Unclear;
    }
    if length < SHORTEST_KEY { Verdict::No } else { Verdict::Hide { from: 0, to: start + length, more: None } }
}

#[cfg(test)]
pub(super) fn prefixes() -> impl Iterator<Item = &'static str> {
    SHAPES.iter().map(|shape| shape.prefix)
}
