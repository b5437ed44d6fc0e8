//! Where the corpus lies: `shared/corpus` beside the repository or beside a directory above it. A
//! checkout that lies elsewhere (a worktree, a clone of a local repository) looks where it came from.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use super::CASES;

const VARIABLE: &str = "SLIPWAY_CORPUS";
const BESIDE: &str = "shared/corpus";

pub(super) fn find() -> anyhow::Result<Option<PathBuf>> {
    if let Some(directory) = std::env::var_os(VARIABLE).map(PathBuf::from) {
        ensure!(directory.join(CASES).is_file(), "{VARIABLE}: {} has no {CASES}", directory.display());
        return Ok(Some(directory));
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository");
    let main_checkout = git(root, &["rev-parse", "--path-format=absolute", "--git-common-dir"]);
    let cloned_from = git(root, &["config", "--get", "remote.origin.url"]);
    let checkouts = [Some(root.to_owned()), main_checkout, cloned_from];
    Ok(checkouts.into_iter().flatten().find_map(|checkout| above(&checkout)))
}

fn above(checkout: &Path) -> Option<PathBuf> {
    checkout.ancestors().skip(1).map(|ancestor| ancestor.join(BESIDE)).find(|place| place.join(CASES).is_file())
}

/// A local path that git names; `None` without git, without a repository, and for anything remote.
fn git(root: &Path, arguments: &[&str]) -> Option<PathBuf> {
    let output = Command::new("git").args(arguments).current_dir(root).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    (output.status.success() && path.is_absolute()).then_some(path)
}
