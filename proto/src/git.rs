//! An artifact of git objects: one pack, and a small document about it. Both sides agree here on names and bounds;
//! what is in the pack is checked by the control plane alone.

use serde::{Deserialize, Serialize};

use crate::v1::Manifest;

/// The pack, in version 2 of git's format (gitformat-pack(5)).
pub const PACK_FILE: &str = "objects.pack";
/// The [`Export`] as JSON.
pub const EXPORT_FILE: &str = "export.json";
/// Largest [`EXPORT_FILE`].
pub const EXPORT_BYTES: u64 = 4 * 1024;
/// Ends of branches and tags that an agent is told of; with fewer it may pack what the remote has already.
pub const HEADS: usize = 5_000;
/// Digits of an object's name; repositories with SHA-256 are not pushed.
pub const NAME_DIGITS: usize = 40;

/// What is to become of the objects in a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// Name of the commit that the branch is to end with.
    pub commit: String,
    /// Name of the commit that the branch ended with when the pack was made; empty when there was no branch.
    pub base: String,
}

impl Export {
    /// Whether both are names of objects.
    pub fn is_well_formed(&self) -> bool {
        is_name(&self.commit) && (self.base.is_empty() || is_name(&self.base))
    }
}

/// Whether it is the name of an object, written out.
pub fn is_name(text: &str) -> bool {
    text.len() == NAME_DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a manifest lists just the two files of an export.
pub(crate) fn is_export(manifest: &Manifest) -> bool {
    let [document, pack] = manifest.entries.as_slice() else { return false };
    document.path == EXPORT_FILE && document.size_bytes <= EXPORT_BYTES && pack.path == PACK_FILE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_forty_lower_case_digits() {
        let name = "0123456789abcdef0123456789abcdef01234567";
        let export = |commit: &str, base: &str| Export { commit: commit.to_owned(), base: base.to_owned() };
        assert!(export(name, "").is_well_formed() && export(name, name).is_well_formed());
        for wrong in ["", "main", &name[1..], &name.to_uppercase(), "../../../../../../../../../../../../../x"] {
            assert!(!export(wrong, "").is_well_formed(), "{wrong}");
        }
        assert!(!export(name, "main").is_well_formed());
    }
}
