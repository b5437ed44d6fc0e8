//! The vendors' detectors: installed with npm beside what was built, asked through the small scripts in
//! `tests/detectors`, their names of frameworks read as ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::corpus::{Answer, Case};
use crate::fixtures::Project;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/detectors");
const MANIFEST: [&str; 3] = ["package.json", "package-lock.json", ".npmrc"];
/// Holds the lock file that was installed, so that a second run installs nothing.
const STAMP: &str = "node_modules/installed-lock.json";
/// Of npm's words, when it fails.
const SHOWN_LINES: usize = 3;

/// A detector to compare with.
#[derive(Debug)]
pub(super) struct Vendor {
    /// On npm.
    pub(super) package: &'static str,
    script: &'static str,
    names: &'static str,
}

pub(super) const VENDORS: [&Vendor; 2] = [
    &Vendor { package: "@netlify/build-info", script: "netlify.js", names: "netlify" },
    &Vendor { package: "@vercel/fs-detectors", script: "vercel.js", names: "vercel" },
];

/// All of them, ready to be asked.
pub(super) struct Vendors {
    directory: PathBuf,
    names: BTreeMap<String, Names>,
}

/// What a vendor's names mean; a name that is not here is the same as ours.
#[derive(Debug, Deserialize)]
struct Names {
    framework: BTreeMap<String, Vec<String>>,
    package_manager: BTreeMap<String, Vec<String>>,
}

impl Vendors {
    /// Installs them into `directory`.
    pub(super) fn install(directory: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(directory)?;
        for file in MANIFEST.into_iter().chain(VENDORS.map(|vendor| vendor.script)) {
            fs::copy(Path::new(SOURCE).join(file), directory.join(file)).context(file)?;
        }
        let lock = fs::read(directory.join("package-lock.json"))?;
        if fs::read(directory.join(STAMP)).ok().as_ref() != Some(&lock) {
            npm_ci(directory)?;
            fs::write(directory.join(STAMP), lock)?;
        }
        let names = fs::read_to_string(Path::new(SOURCE).join("names.json"))?;
        Ok(Self { directory: directory.to_owned(), names: serde_json::from_str(&names).context("names.json")? })
    }

    /// Asks about directories.
    pub(super) fn command<'a>(&self, vendor: &Vendor, directories: impl IntoIterator<Item = &'a Path>) -> Command {
        let mut command = Command::new("node");
        command.arg(self.directory.join(vendor.script)).args(directories);
        command
    }

    /// Its answers for all cases, in their order, in our words; of several the one that is right.
    pub(super) fn ask_all(&self, vendor: &Vendor, cases: &[Case], projects: &[Project]) -> anyhow::Result<Vec<Answer>> {
        let output = self.command(vendor, projects.iter().map(Project::path)).output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{} failed: {errors}", vendor.package);
        let plans = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let plans = plans.map(serde_json::from_slice).collect::<Result<Vec<Value>, _>>()?;
        ensure!(plans.len() == cases.len(), "{} answered {} of {}", vendor.package, plans.len(), cases.len());
        let names = self.names.get(vendor.names).context("every vendor has names")?;
        Ok(cases.iter().zip(&plans).map(|(case, plan)| names.translate(case, plan)).collect())
    }
}

impl Names {
    fn translate(&self, case: &Case, plan: &Value) -> Answer {
        let mut answer = Answer::from_plan(plan);
        let expect = &case.expect;
        let right = |names: &[String], expected: &Option<String>, also_ok: &[String]| {
            let right = names.iter().find(|name| expected.as_ref() == Some(name) || also_ok.contains(name));
            right.or_else(|| names.first()).cloned()
        };
        if let Some(names) = self.framework.get(answer.framework.as_deref().unwrap_or("none")) {
            answer.framework = right(names, &expect.framework, &expect.also_ok);
        }
        if let Some(names) = answer.package_manager.as_ref().and_then(|theirs| self.package_manager.get(theirs)) {
            answer.package_manager = right(names, &expect.package_manager, &expect.package_manager_also_ok);
        }
        answer
    }
}

fn npm_ci(directory: &Path) -> anyhow::Result<()> {
    let output = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(directory)
        .output()
        .context("npm does not start")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    let reason = errors.lines().filter(|line| !line.trim().is_empty()).take(SHOWN_LINES).collect::<Vec<_>>();
    ensure!(output.status.success(), "npm ci: {}", reason.join(" | "));
    Ok(())
}
