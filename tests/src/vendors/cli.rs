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

/// Netlify's, for a fake at `url`, in a directory with the files in `dist`.
///
/// # Panics
/// When its settings cannot be written.
pub fn netlify(program: &Path, url: &str, token: &str, site: &str, directory: &Path) -> Command {
    let home = directory.parent().expect("is in one");
    let settings = home.join("netlify");
    std::fs::create_dir_all(&settings).expect("makes it");
    std::fs::write(settings.join("config.json"), r#"{"telemetryDisabled":true}"#).expect("writes");
    let mut command = with_its_node(program);
    command
        .args(["deploy", "--dir", "dist", "--prod", "--no-build", "--json", "--site", site])
        .current_dir(directory)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home)
        .env("NETLIFY_API_URL", url)
        .env("NETLIFY_AUTH_TOKEN", token);
    command
}

/// Cloudflare's, for a fake at `url`, of what lies in `tree`. Without a branch it would look at who runs it, and might
/// deploy elsewhere.
pub fn wrangler(
    program: &Path,
    url: &str,
    token: &str,
    (account, project, branch): (&str, &str, &str),
    tree: &Path,
) -> Command {
    let mut command = with_its_node(program);
    command
        .args(["pages", "deploy"])
        .arg(tree)
        .args(["--project-name", project, "--branch", branch, "--commit-dirty=true"])
        .current_dir(tree.parent().expect("is in one"))
        .env("HOME", tree.parent().expect("is in one"))
        .env("CLOUDFLARE_API_BASE_URL", url)
        .env("CLOUDFLARE_API_TOKEN", token)
        .env("CLOUDFLARE_ACCOUNT_ID", account)
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_HIDE_BANNER", "true");
    command
}

/// A CLI that runs on the Node.js that is installed with it.
fn with_its_node(program: &Path) -> Command {
    let mut path = program.parent().expect("is in one").as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.env("PATH", path).env("CI", "1").env("NO_COLOR", "1");
    command
}

/// Runs a command to its end, without holding up the test's runtime.
///
/// # Panics
/// When it cannot be started.
pub async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().expect("starts")).await.expect("does not panic")
}
