//! From the best reading to a plan: commands of the package manager, wanted versions, overrides.

use std::collections::BTreeMap;

use slipway_proto::limits::PLAN_BYTES;
use slipway_proto::plan::{Alternative, BuildPlan, Monorepo, ProjectKind, Routing};
use slipway_proto::v1::BuildOverrides;

use super::choose::round;
use super::files::beside;
use super::output::relative_dir;
use super::package_json::PackageJson;
use super::package_manager::PackageManager;
use super::reading::{Project, Reading, Source};
use super::words::excerpt;
use super::{DetectError, Detected};
use crate::build::SearchPath;

/// Two lock files side by side: one of them is stale.
const DOUBT: f32 = 0.1;
/// Nobody writes a longer command into a form; a script is the place for it.
const COMMAND_BYTES: usize = 8 * 1024;

/// The plan for a project: as the best reading has it, or, without one, as the user says.
pub(super) fn assemble(
    project: &Project<'_>,
    reading: Option<Reading>,
    monorepo: Option<Monorepo>,
    alternatives: Vec<Alternative>,
    overrides: &BuildOverrides,
    tools: &SearchPath,
) -> Result<Detected, DetectError> {
    let mut detected = draft(project, reading.as_ref());
    detected.plan.monorepo = monorepo;
    detected.plan.alternatives = alternatives;
    detected.plan.runtime_versions = runtime_versions(project)?;
    let default_build = match reading.map(|reading| reading.source) {
        Some(Source::Framework { build_command, .. }) => Some(build_command),
        // A build of the user's own making needs the project's dependencies as well.
        _ if !overrides.build_command.trim().is_empty() => Some(None),
        _ => None,
    };
    if let (Some(default_build), Some(package)) = (default_build, &project.package) {
        let manager = PackageManager::find(project.workspace, &project.directory, tools)?;
        add_commands(&mut detected, package, manager, default_build.as_deref());
    }
    apply(overrides, &mut detected)?;
    detected.plan.confidence = round(detected.plan.confidence);
    fit(&mut detected.plan);
    Ok(detected)
}

fn draft(project: &Project<'_>, reading: Option<&Reading>) -> Detected {
    let output = reading.map(|reading| &reading.output);
    Detected {
        plan: BuildPlan {
            framework: reading.map_or("custom", Reading::slug).to_owned(),
            kind: output.map_or(ProjectKind::Static, |output| output.kind),
            package_manager: None,
            root_dir: project.directory.clone(),
            install_command: None,
            build_command: None,
            output_dir: output.map_or(".", |output| &output.dir).to_owned(),
            start_command: output.and_then(|output| output.start_command.clone()),
            runtime_versions: BTreeMap::new(),
            monorepo: None,
            confidence: reading.map_or(1.0, |reading| reading.confidence),
            evidence: reading.map(|reading| reading.evidence.clone()).unwrap_or_default(),
            alternatives: Vec::new(),
            routing: output.map_or(Routing::Pages, |output| output.routing),
        },
        name: reading.map_or("project of your own", Reading::name).to_owned(),
        install_dir: project.directory.clone().into(),
        output_candidates: output.map(|output| output.candidates.clone()).unwrap_or_default(),
        static_hint: output.and_then(|output| output.static_hint.clone()),
    }
}

fn add_commands(detected: &mut Detected, package: &PackageJson, manager: PackageManager, default_build: Option<&str>) {
    let plan = &mut detected.plan;
    if manager.needs_install {
        plan.install_command = Some(manager.install_command());
    }
    plan.build_command = match (package.build_script(), default_build) {
        (Some(_), _) => Some(manager.run_script("build")),
        (None, Some(command)) => Some(manager.run_tool(command)),
        (None, None) => None,
    };
    plan.package_manager = Some(manager.name().to_owned());
    plan.evidence.extend(manager.evidence);
    if manager.ambiguous {
        plan.evidence.push("there are several lock files; packageManager in package.json would decide".to_owned());
        plan.confidence -= DOUBT;
    }
    detected.install_dir = manager.install_dir.into();
}

/// What the user says wins.
fn apply(overrides: &BuildOverrides, detected: &mut Detected) -> Result<(), DetectError> {
    let plan = &mut detected.plan;
    for (field, value, command) in [
        ("install_command", &overrides.install_command, &mut plan.install_command),
        ("build_command", &overrides.build_command, &mut plan.build_command),
    ] {
        let wrong = |problem| DetectError::BadOverride { field, value: value.clone(), problem };
        if value.contains('\0') {
            return Err(wrong("contains a NUL character"));
        }
        if value.len() > COMMAND_BYTES {
            return Err(wrong("is longer than 8 KiB; put it into a script of the project"));
        }
        if !value.trim().is_empty() {
            *command = Some(value.clone());
            plan.evidence.push(format!("{field} is set for this deployment"));
        }
    }
    if !overrides.output_dir.is_empty() {
        let wrong =
            |problem| DetectError::BadOverride { field: "output_dir", value: overrides.output_dir.clone(), problem };
        plan.output_dir = relative_dir(&overrides.output_dir).map_err(wrong)?;
        plan.evidence.push("output_dir is set for this deployment".to_owned());
        // Who names the output knows that it is made of files.
        plan.kind = ProjectKind::Static;
        plan.start_command = None;
        detected.output_candidates.clear();
    }
    Ok(())
}

/// The versions the project asks for, nearest statement first.
fn runtime_versions(project: &Project<'_>) -> Result<BTreeMap<String, String>, DetectError> {
    let mut versions = BTreeMap::new();
    let Some(package) = &project.package else { return Ok(versions) };
    let mut node = package.node_version().map(str::to_owned);
    for directory in [project.directory.as_str(), "."] {
        for file in [".nvmrc", ".node-version"] {
            if node.is_none() {
                // A wish that cannot be read is no reason to stop.
                let text = project.workspace.read_text(&beside(directory, file)).ok().flatten();
                node = text.and_then(|text| text.lines().next().map(|line| line.trim().to_owned()));
            }
        }
    }
    if node.is_none() && project.directory != "." {
        node = PackageJson::read(project.workspace, ".")?.and_then(|root| root.node_version().map(str::to_owned));
    }
    if let Some(version) = node.filter(|version| is_version(version)) {
        versions.insert("node".to_owned(), version);
    }
    Ok(versions)
}

/// Such as `>=20 <23`, `v22.1.0` or `lts/iron`.
fn is_version(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " .-+*<>=|^~/".contains(c);
    !text.is_empty() && text.len() <= 64 && text.chars().all(allowed)
}

/// Makes the plan fit into a message: its texts become short, and long lists lose their ends.
fn fit(plan: &mut BuildPlan) {
    for text in &mut plan.evidence {
        *text = excerpt(text);
    }
    let is_too_large = |plan: &BuildPlan| serde_json::to_vec(plan).is_ok_and(|json| json.len() > PLAN_BYTES);
    while is_too_large(plan) {
        let packages = plan.monorepo.as_mut().map(|monorepo| &mut monorepo.packages);
        match packages {
            Some(packages) if !packages.is_empty() => packages.truncate(packages.len() / 2),
            _ if !plan.alternatives.is_empty() => plan.alternatives.truncate(plan.alternatives.len() / 2),
            _ if !plan.evidence.is_empty() => plan.evidence.truncate(plan.evidence.len() / 2),
            _ => return,
        }
    }
}
