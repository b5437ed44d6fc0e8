//! Lock files: which package manager wrote one, and in which of its versions.

use super::files::{Workspace, beside};

/// A package manager, as far as its commands differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Npm,
    Pnpm,
    YarnClassic,
    YarnBerry,
    Bun,
}

/// A lock file that was found.
#[derive(Debug)]
pub(super) struct LockFile {
    pub(super) kind: Kind,
    pub(super) file: &'static str,
    /// The version of the package manager that fits it, where the file tells.
    pub(super) version: Option<&'static str>,
}

/// The lock files in one directory, at most one per package manager, npm first.
pub(super) fn lock_files(workspace: &Workspace, directory: &str) -> Vec<LockFile> {
    let present = |file: &&'static str| workspace.has_file(&beside(directory, file));
    let head = |file| workspace.read_head(&beside(directory, file));
    let mut found = Vec::new();
    if let Some(file) = ["package-lock.json", "npm-shrinkwrap.json"].into_iter().find(present) {
        found.push(LockFile { kind: Kind::Npm, file, version: None });
    }
    if let Some(file) = ["pnpm-lock.yaml"].into_iter().find(present) {
        found.push(LockFile { kind: Kind::Pnpm, file, version: pnpm_version(&head(file)) });
    }
    if let Some(file) = ["yarn.lock"].into_iter().find(present) {
        // An empty lock file is how a new berry project is told from its parent; its settings give it away.
        let is_berry = head(file).contains("__metadata:") || present(&".yarnrc.yml");
        found.push(LockFile { kind: if is_berry { Kind::YarnBerry } else { Kind::YarnClassic }, file, version: None });
    }
    if let Some(file) = ["bun.lock", "bun.lockb"].into_iter().find(present) {
        found.push(LockFile { kind: Kind::Bun, file, version: None });
    }
    found
}

/// The newest pnpm that reads this lock file version without rewriting it (pnpm.io, "Compatibility").
fn pnpm_version(lock_head: &str) -> Option<&'static str> {
    let line = lock_head.lines().find_map(|line| line.strip_prefix("lockfileVersion:"))?;
    let version = line.trim().trim_matches(['\'', '"']);
    match version.split('.').next()? {
        "5" => Some("7"),
        "6" => Some("8"),
        "9" => Some("10"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_says_which_pnpm_fits() {
        assert_eq!(pnpm_version("lockfileVersion: '9.0'\n\nsettings:\n"), Some("10"));
        assert_eq!(pnpm_version("lockfileVersion: '6.0'\n"), Some("8"));
        assert_eq!(pnpm_version("lockfileVersion: 5.4\n"), Some("7"));
        assert_eq!(pnpm_version("lockfileVersion: 77\n"), None);
        assert_eq!(pnpm_version(""), None);
    }
}
