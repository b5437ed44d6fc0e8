//! Packages whose workspace has a tool that builds them: the tool knows what a package needs built before it.

use serde_json::Value;
use slipway_proto::plan::{Monorepo, Setting};

use super::Detected;
use super::data;
use super::manifest::Ecosystem;
use super::output::relative_dir;
use super::package_manager::Commands;
use super::project::Project;
use super::words::is_plain_word;

/// Lets the tool of the workspace build the package, where it can.
pub(super) fn build_through_tool(
    detected: &mut Detected,
    project: &Project<'_>,
    monorepo: Option<&Monorepo>,
    commands: &Commands,
) {
    if project.directory == "." {
        return;
    }
    match monorepo.map(|monorepo| monorepo.tool.as_str()) {
        Some("nx") => nx(detected, project, commands),
        Some("turbo") => turbo(detected, project, commands),
        _ => {}
    }
}

/// `turbo run build --filter=<package>` builds the packages it depends on first (turborepo.com, "Running tasks").
fn turbo(detected: &mut Detected, project: &Project<'_>, commands: &Commands) {
    let root = Project::read(project.workspace, ".".to_owned());
    let is_installed = root.manifest(Some(Ecosystem::Node)).is_some_and(|root| root.dependencies.contains_key("turbo"));
    // yarn looks for tools in the package alone.
    let finds_it = matches!(commands.name.as_str(), "npm" | "pnpm");
    let name = project.manifest(Some(Ecosystem::Node)).and_then(|manifest| manifest.words.get("name"));
    if let (true, true, Some(name), Some(_)) = (is_installed, finds_it, name, project.build_script()) {
        detected.plan.build_command = Some(commands.run_tool(&format!("turbo run build --filter={name}")));
        detected.plan.sources.insert(Setting::BuildCommand, "turbo.json".to_owned());
        detected.plan.evidence.push(format!("turbo builds `{name}` and what it depends on"));
    }
}

/// A project of Nx that has a build target, and no script of its own. It is built from the top, and writes to where
/// its target says, seen from the top (nx.dev, "Project configuration").
fn nx(detected: &mut Detected, project: &Project<'_>, commands: &Commands) {
    let file = project.file("project.json");
    let Some(settings) = data::json(project.workspace, &file) else { return };
    let build = &settings["targets"]["build"];
    let Some(name) = settings["name"].as_str().filter(|name| is_plain_word(name)) else { return };
    if !build.is_object() || project.build_script().is_some() {
        return;
    }
    let path = &build["options"]["outputPath"];
    let stated = path.as_str().or(path["base"].as_str()).map(str::to_owned);
    let stated = stated.or_else(|| outputs(build, &project.directory)).and_then(|path| relative_dir(&path).ok());
    let plan = &mut detected.plan;
    plan.evidence.push(format!("the build target of `{name}` is in {file}"));
    plan.build_command = Some(commands.run_tool(&format!("nx build {name}")));
    plan.output_dir = stated.unwrap_or_else(|| format!("dist/{}", project.directory));
    ".".clone_into(&mut plan.root_dir);
    plan.sources.insert(Setting::BuildCommand, file.clone());
    plan.sources.insert(Setting::OutputDir, file);
}

/// The first of the target's outputs, with the two words Nx fills in.
fn outputs(build: &Value, directory: &str) -> Option<String> {
    let first = build["outputs"][0].as_str()?;
    let path = first.replace("{workspaceRoot}/", "").replace("{projectRoot}", directory);
    (!path.contains('{')).then_some(path)
}
