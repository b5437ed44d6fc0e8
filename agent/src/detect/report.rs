//! What `slipway-agent detect` prints: a small table for people, or the plan as JSON for programs.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use slipway_proto::plan::{BuildPlan, Deployable, ProjectKind, Routing, Setting};

use super::words::harmless;
use super::{Detected, Overrides, detect};

/// For a project no rule knows.
const WAY_OUT: &str = "add a manifest with a `build` script, an index.html or a Dockerfile, or say in slipway.toml, \
    table [build], how it is built: build_command, output_dir";
/// Width of the names in the table.
const LABEL: usize = 16;

/// Answers `slipway-agent detect DIRECTORY [--json]`: the plan on stdout, or the reason why there is none on stderr.
pub fn print(directory: &Path, as_json: bool) -> ExitCode {
    let (mut stdout, mut stderr) = (io::stdout().lock(), io::stderr().lock());
    let written = match detect(directory, &Overrides::default()) {
        Ok(detected) if as_json => serde_json::to_string_pretty(&detected.plan)
            .map_err(io::Error::from)
            .and_then(|json| writeln!(stdout, "{json}")),
        Ok(detected) => write!(stdout, "{}", report(&detected)),
        Err(error) => {
            // With nobody left to read it, there is nothing more to do.
            let _ = writeln!(stderr, "slipway-agent: {}", harmless(error.to_string().chars()));
            return ExitCode::FAILURE;
        }
    };
    match written.and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // `… | head` has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr, "slipway-agent: cannot write the plan: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The plan as a table for people.
pub fn report(detected: &Detected) -> String {
    let plan = &detected.plan;
    let mut table = Table::default();
    table.row("framework", &format!("{} ({})", detected.name, plan.framework));
    table.row("kind", kind(plan));
    table.row("deployable as", &plan.deployable.iter().map(|form| form_name(*form)).collect::<Vec<_>>().join(", "));
    table.row("directory", &plan.root_dir);
    table.row("package manager", plan.package_manager.as_deref().unwrap_or("none"));
    table.row("install", &with_source(plan, Setting::InstallCommand, &install(detected)));
    let build = plan.build_command.as_deref().unwrap_or("nothing to build");
    table.row("build", &with_source(plan, Setting::BuildCommand, build));
    if detected.output_candidates.is_empty() {
        table.row("output", &with_source(plan, Setting::OutputDir, &plan.output_dir));
    } else {
        table.row("output", &format!("the first of {}", detected.output_candidates.join(", ")));
    }
    if let Some(command) = &plan.start_command {
        table.row("start", &with_source(plan, Setting::StartCommand, command));
    }
    for (runtime, version) in &plan.runtime_versions {
        table.row(runtime, version);
    }
    if let Some(monorepo) = &plan.monorepo {
        table.rows("workspace", [format!("{}, {} packages", monorepo.tool, monorepo.packages.len())]);
        table.rows("", monorepo.packages.iter().take(10).cloned());
    }
    table.row("confidence", &percent(plan.confidence));
    table.rows("because", plan.evidence.iter().cloned());
    let other = plan
        .alternatives
        .iter()
        .map(|other| format!("{} in {} ({})", other.framework, other.root_dir, percent(other.confidence)));
    table.rows("or else", other);
    table.rows("but", plan.warnings.iter().cloned());
    if plan.kind == ProjectKind::Unknown {
        table.row("to change that", WAY_OUT);
    }
    table.0
}

/// What a project of a kind is, as part of a sentence.
pub(super) fn noun(kind: ProjectKind) -> &'static str {
    match kind {
        ProjectKind::Static => "made of files",
        ProjectKind::SsrServer => "a server that renders pages",
        ProjectKind::BackendService => "a program that serves",
        ProjectKind::Package => "a package for a registry",
        ProjectKind::Container => "an image that a Dockerfile makes",
        ProjectKind::Unknown => "not known",
    }
}

fn form_name(form: Deployable) -> &'static str {
    match form {
        Deployable::Static => "static",
        Deployable::Container => "container",
        Deployable::Package => "package",
        Deployable::Git => "git",
    }
}

/// A value, and the file it came from when it is not the framework's default.
fn with_source(plan: &BuildPlan, setting: Setting, value: &str) -> String {
    match plan.sources.get(&setting).map(String::as_str) {
        None | Some("framework") => value.to_owned(),
        Some("request") => format!("{value} (as asked for)"),
        Some("target") => format!("{value} (from the target)"),
        Some(file) => format!("{value} (from {file})"),
    }
}

#[derive(Default)]
struct Table(String);

impl Table {
    fn row(&mut self, label: &str, value: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{label:LABEL$} {}", harmless(value.chars()));
    }

    /// One label for several values.
    fn rows(&mut self, label: &str, values: impl IntoIterator<Item = String>) {
        for (index, value) in values.into_iter().enumerate() {
            self.row(if index == 0 { label } else { "" }, &value);
        }
    }
}

fn kind(plan: &BuildPlan) -> &'static str {
    match (plan.kind, plan.routing) {
        (ProjectKind::Static, Routing::Pages) => "files, a page for each",
        (ProjectKind::Static, Routing::SinglePage) => "files, one page that routes in the browser",
        (kind, _) => noun(kind),
    }
}

fn install(detected: &Detected) -> String {
    let directory = detected.install_dir.display().to_string();
    match &detected.plan.install_command {
        None => "nothing to install".to_owned(),
        Some(command) if directory == detected.plan.root_dir => command.clone(),
        Some(command) => format!("{command} (in {directory})"),
    }
}

fn percent(confidence: f32) -> String {
    format!("{:.0} %", confidence * 100.0)
}
