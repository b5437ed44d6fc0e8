//! From the best reading to a plan: commands of the package manager, wanted versions, overrides.

use std::collections::BTreeMap;
use std::path::Path;

use slipway_proto::plan::{Alternative, BuildPlan, Monorepo, ProjectKind, Routing};
use slipway_proto::v1::BuildOverrides;

use super::files::read_text;
use super::output::relative_dir;
use super::package_json::PackageJson;
use super::package_manager::PackageManager;
use super::reading::{Project, Reading, Source};
use super::{DetectError, Detected};
use crate::build::SearchPath;

/// Two lock files side by side: one of them is stale.
const DOUBT: f32 = 0.1;

/// The plan for a project that a rule recognised.
pub(super) fn assemble(
    workspace: &Path,
    project: &Project,
    reading: &Reading,
    overrides: &BuildOverrides,
    monorepo: Option<Monorepo>,
    alternatives: Vec<Alternative>,
    tools: &SearchPath,
) -> Result<Detected, DetectError> {
    let mut plan = BuildPlan {
        framework: reading.slug().to_owned(),
        kind: reading.output.kind,
        package_manager: None,
        root_dir: project.relative.clone(),
        install_command: None,
        build_command: None,
        output_dir: reading.output.dir.clone(),
        start_command: reading.output.start_command.clone(),
        runtime_versions: runtime_versions(workspace, project)?,
        monorepo,
        confidence: reading.confidence,
        evidence: reading.evidence.clone(),
        alternatives,
        routing: reading.output.routing,
    };
    let mut install_dir = project.relative.clone();
    if let (Source::Framework { build_command, .. }, Some(package)) = (&reading.source, &project.package) {
        let manager = PackageManager::find(workspace, &project.relative, tools)?;
        if manager.is_locked() || package.has_dependencies() {
            plan.install_command = Some(manager.install_command());
        }
        plan.build_command = match (package.build_script(), build_command) {
            (Some(_), _) => Some(manager.run_script("build")),
            (None, Some(command)) => Some(manager.run_tool(command)),
            (None, None) => None,
        };
        plan.package_manager = Some(manager.name().to_owned());
        if manager.ambiguous {
            plan.evidence.push("several lock files are there; set packageManager in package.json to decide".to_owned());
            plan.confidence -= DOUBT;
        }
        plan.evidence.extend(manager.evidence);
        install_dir = manager.install_dir;
    }
    let detection = Detected {
        name: reading.name().to_owned(),
        install_dir: install_dir.into(),
        output_candidates: reading.output.candidates.clone(),
        static_hint: reading.output.static_hint.clone(),
        plan,
    };
    apply(overrides, detection)
}

/// The plan for a project that nothing is known about but what the user says.
pub(super) fn custom(
    project: &Project,
    overrides: &BuildOverrides,
    monorepo: Option<Monorepo>,
) -> Result<Detected, DetectError> {
    let plan = BuildPlan {
        framework: "custom".to_owned(),
        kind: ProjectKind::Static,
        package_manager: None,
        root_dir: project.relative.clone(),
        install_command: None,
        build_command: None,
        output_dir: ".".to_owned(),
        start_command: None,
        runtime_versions: BTreeMap::new(),
        monorepo,
        confidence: 1.0,
        evidence: Vec::new(),
        alternatives: Vec::new(),
        routing: Routing::Pages,
    };
    let detection = Detected {
        plan,
        name: "custom project".to_owned(),
        install_dir: project.relative.clone().into(),
        output_candidates: Vec::new(),
        static_hint: None,
    };
    apply(overrides, detection)
}

/// What the user says wins.
fn apply(overrides: &BuildOverrides, mut detection: Detected) -> Result<Detected, DetectError> {
    let plan = &mut detection.plan;
    for (setting, value, command) in [
        ("install_command", &overrides.install_command, &mut plan.install_command),
        ("build_command", &overrides.build_command, &mut plan.build_command),
    ] {
        if value.contains('\0') {
            return Err(DetectError::Override { setting, value: value.clone(), problem: "contains a NUL character" });
        }
        if !value.trim().is_empty() {
            *command = Some(value.clone());
            plan.evidence.push(format!("{setting} is set for this deployment"));
        }
    }
    if !overrides.output_dir.is_empty() {
        let wrong =
            |problem| DetectError::Override { setting: "output_dir", value: overrides.output_dir.clone(), problem };
        plan.output_dir = relative_dir(&overrides.output_dir).map_err(wrong)?;
        plan.evidence.push("output_dir is set for this deployment".to_owned());
        // Who names the output knows that it is made of files.
        plan.kind = ProjectKind::Static;
        plan.start_command = None;
        detection.output_candidates.clear();
    }
    Ok(detection)
}

/// The versions the project asks for, nearest statement first.
fn runtime_versions(workspace: &Path, project: &Project) -> Result<BTreeMap<String, String>, DetectError> {
    let mut versions = BTreeMap::new();
    let Some(package) = &project.package else { return Ok(versions) };
    let mut node = package.node_version().map(str::to_owned);
    let files = [project.path.as_path(), workspace]
        .into_iter()
        .flat_map(|directory| [".nvmrc", ".node-version"].map(|file| directory.join(file)));
    for file in files {
        if node.is_none() {
            node = read_text(&file)?.and_then(|text| text.lines().next().map(|line| line.trim().to_owned()));
        }
    }
    if node.is_none() {
        node = PackageJson::read(workspace)?.and_then(|root| root.node_version().map(str::to_owned));
    }
    if let Some(version) = node.filter(|version| !version.is_empty() && version.len() <= 64) {
        versions.insert("node".to_owned(), version);
    }
    Ok(versions)
}
