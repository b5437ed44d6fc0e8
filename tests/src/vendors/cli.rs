//! Vendors' own command lines, as `.ci/setup` installs them: what they do with a fake says whether it is a good one.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A program of a vendor's package; `None`, outside of CI, when it is not installed.
///
/// # Panics
/// In CI when it is not installed.
pub fn find(package: &str, program: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/vendor-cli").join(package);
    let path = place.join("node_modules/.bin").join(program);
    if path.exists() {
        return Some(path);
    }
    let reason = format!("{} is not there; `make setup` installs it", path.display());
    eprintln!("SKIPPED: {reason}");
    assert!(std::env::var_os("CI").is_none(), "mandatory in CI: {reason}");
    None
}

/// Vercel's, for a fake at `url`, in a directory with `.vercel/output`.
pub fn vercel(program: &Path, url: &str, token: &str, (team, project): (&str, &str), directory: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--api", url, "deploy", "--prebuilt", "--prod", "--yes"])
        .current_dir(directory)
        .env("HOME", directory.parent().expect("is in one"))
        .env("VERCEL_TOKEN", token)
        .env("VERCEL_ORG_ID", team)
        .env("VERCEL_PROJECT_ID", project)
        .env("VERCEL_TELEMETRY_DISABLED", "1")
        .env("NO_COLOR", "1");
    command
}

/// Runs a command to its end, without holding up the test's runtime.
///
/// # Panics
/// When it cannot be started.
pub async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("starts")).await.expect("does not panic")
}
