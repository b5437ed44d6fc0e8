//! The web UI in a real browser: each spec of `control-plane/web/e2e` is one test here, so that they run beside all
//! others. A spec starts programs of its own (`e2e/harness`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use slipway_tests::binaries::directory;

/// From this crate.
const WEB: &str = "../control-plane/web";

fn web() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(WEB)
}

/// Why specs cannot run here, if they cannot.
fn missing() -> Option<String> {
    let chromium = std::env::var("SLIPWAY_CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    if !web().join("node_modules/vitest").is_dir() {
        return Some("the packages of the web UI are not installed; `make ui` does it".to_owned());
    }
    if !Path::new(&chromium).exists() {
        return Some(format!("{chromium} is not there; `make setup` installs it"));
    }
    slipway_web::FILES
        .is_empty()
        .then(|| "these programs were built without the web UI; `make ui` builds it".to_owned())
}

fn run(spec: &str) {
    if let Some(reason) = missing() {
        eprintln!("SKIPPED: {reason}");
        let must_run = ["CI", "SLIPWAY_REQUIRE_BROWSER"].iter().any(|name| std::env::var_os(name).is_some());
        assert!(!must_run, "mandatory here: {reason}");
        return;
    }
    let status = Command::new("node")
        .args(["node_modules/vitest/vitest.mjs", "run", "--config", "e2e/vitest.config.ts", spec])
        .current_dir(web())
        .env("SLIPWAY_BIN_DIR", directory())
        .env("SLIPWAY_REQUIRE_BROWSER", "1")
        .status()
        .expect("node starts");
    assert!(status.success(), "{spec} failed");
}

/// A test for each spec, and one that none is forgotten.
macro_rules! specs {
    ($($test:ident: $spec:literal,)*) => {
        $(
            #[test]
            fn $test() {
                run($spec);
            }
        )*

        const SPECS: &[&str] = &[$($spec),*];
    };
}

specs! {
    appearance: "appearance.spec.ts",
    deploy_button: "deploy-button.spec.ts",
    deploying: "deploying.spec.ts",
    faults: "faults.spec.ts",
    history: "history.spec.ts",
    log_follow: "log/follow.spec.ts",
    log_hostile: "log/hostile.spec.ts",
    log_size: "log/size.spec.ts",
    log_viewer: "log/viewer.spec.ts",
    people: "people.spec.ts",
    serving: "serving.spec.ts",
    states: "states.spec.ts",
    targets: "targets.spec.ts",
}

#[test]
fn every_spec_is_a_test() {
    fn collect(directory: &Path, below: &str, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).expect("is there").flatten() {
            let name = entry.file_name().into_string().expect("is UTF-8");
            if entry.path().is_dir() {
                collect(&entry.path(), &format!("{below}{name}/"), found);
            } else if name.ends_with(".spec.ts") {
                found.insert(format!("{below}{name}"));
            }
        }
    }
    let mut found = BTreeSet::new();
    collect(&web().join("e2e"), "", &mut found);
    assert_eq!(found, SPECS.iter().map(|spec| (*spec).to_owned()).collect(), "write it into `specs!` above");
}
