//! Searching for secrets where none may be. Every control plane and every agent of the suite is
//! searched when its test is over; `tests/e2e/canary.rs` looks closer.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use memchr::memmem::Finder;
use slipway_proto::mask::{MaskSet, Secret};

/// A credential that every control plane of the suite keeps, and that no test may find anywhere.
pub const SUITE_CREDENTIAL: &str = "suite-canary/9c41+Zk7 \"x<y";
/// Beyond that only the forms written out here are searched for: a masker built for debugging is slow.
const SEARCHED_CLOSELY: usize = 256 * 1024;

/// What is searched for: each secret as it is, and in all its other forms.
pub struct Canaries {
    finders: Vec<Finder<'static>>,
    forms: MaskSet,
}

impl Canaries {
    /// For these secrets.
    pub fn new(secrets: &[&[u8]]) -> Self {
        let forms = MaskSet::new(secrets.iter().map(|value| Secret { name: "canary", value }));
        // Written out, so that the search does not lean on the masker alone.
        let written: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| written_out(secret)).collect();
        Self { finders: written.iter().map(|form| Finder::new(form).into_owned()).collect(), forms }
    }

    /// Whether one of them is there, in whatever form.
    pub fn are_in(&self, haystack: &[u8]) -> bool {
        self.are_plainly_in(haystack) || !self.forms.find(haystack).is_empty()
    }

    /// The same for what may be large.
    fn are_somewhere_in(&self, haystack: &[u8]) -> bool {
        if haystack.len() <= SEARCHED_CLOSELY { self.are_in(haystack) } else { self.are_plainly_in(haystack) }
    }

    fn are_plainly_in(&self, haystack: &[u8]) -> bool {
        self.finders.iter().any(|finder| finder.find(haystack).is_some())
    }

    /// The files under `dir` that hold one.
    pub fn on_disk(&self, dir: &Path) -> Vec<String> {
        let mut found = Vec::new();
        // What is gone meanwhile, or was never made, holds nothing.
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                found.extend(self.on_disk(&entry.path()));
            } else if kind.is_file() && self.are_somewhere_in(&std::fs::read(entry.path()).unwrap_or_default()) {
                found.push(entry.path().display().to_string());
            }
        }
        found
    }

    /// Whether a process has one in its memory or its environment. Nothing is found where we may not look.
    pub fn are_in_process(&self, pid: u32) -> bool {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        self.are_plainly_in(&environment) || self.are_plainly_in(&memory_of(pid).unwrap_or_default())
    }
}

/// As it is; in hex; in base64 of either alphabet at each of the three positions; percent-encoded; in JSON.
fn written_out(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec(), HEXLOWER.encode(secret).into_bytes(), HEXUPPER.encode(secret).into_bytes()];
    for (before, surplus) in [(0, 0), (1, 2), (2, 3)] {
        let shifted = [&vec![b'x'; before][..], secret].concat();
        for alphabet in [BASE64_NOPAD, BASE64URL_NOPAD] {
            let encoded = alphabet.encode(&shifted).into_bytes();
            // The first and last characters depend on what stands beside the secret.
            let end = encoded.len() - usize::from(!shifted.len().is_multiple_of(3));
            forms.push(encoded[surplus..end].to_vec());
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        forms.push(url::form_urlencoded::byte_serialize(secret).collect::<String>().replace('+', "%20").into_bytes());
        forms.push(serde_json::json!(text).to_string().trim_matches('"').as_bytes().to_vec());
    }
    forms
}

/// Whether the bytes are there.
pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

/// All that a process can write to; for root.
pub fn memory_of(pid: u32) -> std::io::Result<Vec<u8>> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut memory = std::fs::File::open(format!("/proc/{pid}/mem"))?;
    let mut all = Vec::new();
    for line in maps.lines().filter(|line| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("rw"))) {
        let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let (start, end) = (u64::from_str_radix(start, 16).expect("hex"), u64::from_str_radix(end, 16).expect("hex"));
        let mut part = vec![0; usize::try_from(end - start).expect("fits")];
        if memory.seek(SeekFrom::Start(start)).is_ok() && memory.read_exact(&mut part).is_ok() {
            all.extend(part);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_whatever_form() {
        let canaries = Canaries::new(&[SUITE_CREDENTIAL.as_bytes()]);
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "d", "de"] {
                let text = format!("{before}{SUITE_CREDENTIAL}{after}");
                for form in [
                    text.clone(),
                    BASE64_NOPAD.encode(text.as_bytes()),
                    BASE64URL_NOPAD.encode(text.as_bytes()),
                    HEXLOWER.encode(text.as_bytes()),
                    serde_json::json!({ "text": text }).to_string(),
                ] {
                    assert!(canaries.are_plainly_in(form.as_bytes()), "{form}");
                }
            }
        }
        assert!(!canaries.are_in(b"nothing of the kind"));
    }
}
