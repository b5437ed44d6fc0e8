//! What a vendor takes at most, looked at before anything is sent: one message with all offenders.

use std::fmt::Write;

use super::File;
use crate::providers::ProviderError;

/// Offenders that a message names.
const NAMED: usize = 5;
const MIB: u64 = 1024 * 1024;

/// What a vendor takes at most.
pub(in crate::providers) struct Limits {
    /// As in messages.
    pub(in crate::providers) vendor: &'static str,
    /// Files of one release.
    pub(in crate::providers) files: usize,
    /// Bytes of one file.
    pub(in crate::providers) file_bytes: u64,
    /// Bytes of one release.
    pub(in crate::providers) total_bytes: u64,
    /// Why a file may not be called so, if it may not.
    pub(in crate::providers) forbidden: fn(&str) -> Option<&'static str>,
}

impl Limits {
    /// Checks a tree.
    ///
    /// # Errors
    /// `Rejected` with everything that is wrong.
    pub(in crate::providers) fn check<'a>(
        &self,
        files: impl IntoIterator<Item = &'a File, IntoIter: Clone>,
    ) -> Result<(), ProviderError> {
        let sizes = files.into_iter().map(|file| (file.path.as_str(), file.size_bytes));
        self.problem(sizes).map_or(Ok(()), |problem| Err(ProviderError::Rejected(problem)))
    }

    fn problem<'a>(&self, files: impl Iterator<Item = (&'a str, u64)> + Clone) -> Option<String> {
        let mut problems = Vec::new();
        let count = files.clone().count();
        if count == 0 {
            problems.push("there is no file to publish; check the output directory".to_owned());
        }
        if count > self.files {
            problems.push(format!("there are {count} files and at most {} may be", self.files));
        }
        let total: u64 = files.clone().map(|(_, size)| size).sum();
        if total > self.total_bytes {
            problems.push(format!(
                "all files together have {} and at most {} may be",
                mib(total),
                mib(self.total_bytes)
            ));
        }
        let large = files.clone().filter(|(_, size)| *size > self.file_bytes);
        if let Some(names) = named(large.map(|(path, size)| format!("`{path}` ({})", mib(size)))) {
            problems.push(format!("no file may be larger than {}: {names}", mib(self.file_bytes)));
        }
        let forbidden = files.filter_map(|(path, _)| Some(format!("`{path}` ({})", (self.forbidden)(path)?)));
        if let Some(names) = named(forbidden) {
            problems.push(format!("no file may be called so: {names}"));
        }
        if problems.is_empty() {
            return None;
        }
        Some(format!("{} does not take this, and nothing was sent: {}", self.vendor, problems.join("; ")))
    }
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(MIB))
}

/// The first ones by name, the others by number; `None` of none.
fn named(mut offenders: impl Iterator<Item = String>) -> Option<String> {
    let first: Vec<_> = offenders.by_ref().take(NAMED).collect();
    let mut text = (!first.is_empty()).then(|| first.join(", "))?;
    let more = offenders.count();
    if more > 0 {
        // Never fails for a `String`.
        write!(text, " and {more} more").unwrap_or_default();
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        vendor: "Somebody",
        files: 8,
        file_bytes: 10 * MIB,
        total_bytes: 40 * MIB,
        forbidden: |path| path.contains('#').then_some("has a `#`"),
    };

    #[track_caller]
    fn check(files: &[(&str, u64)], expected: &[&str]) {
        let found = LIMITS.problem(files.iter().copied());
        assert_eq!(found.is_some(), !expected.is_empty(), "{found:?}");
        for part in expected {
            assert!(found.as_ref().is_some_and(|found| found.contains(part)), "{found:?} without {part}");
        }
    }

    #[test]
    fn whatever_is_wrong_is_said_at_once_with_names() {
        check(&[("a", 10 * MIB), ("b", 0)], &[]);
        check(&[], &["no file to publish"]);
        check(
            &[("a", 10 * MIB + 1), ("b#", 3)],
            &["no file may be larger than 10 MiB: `a` (11 MiB)", "`b#` (has a `#`)"],
        );
        let many: Vec<_> = ["0", "1", "2", "3", "4", "5", "6", "7", "8"].map(|name| (name, 11 * MIB)).into();
        check(&many, &["there are 9 files and at most 8", "have 99 MiB", "`4` (11 MiB) and 4 more"]);
    }
}
