//! From the best reading to a plan: commands of the package manager, wanted versions, what people stated.

use std::collections::BTreeMap;

use slipway_proto::limits::PLAN_BYTES;
use slipway_proto::plan::{Alternative, BuildPlan, Deployable, Monorepo, ProjectKind, Routing, Setting};

use super::Detected;
use super::choose::round;
use super::manifest::{Ecosystem, Fact};
use super::orchestrated::build_through_tool;
use super::overrides::{KEYS, Settings};
use super::package_json::PackageJson;
use super::package_manager::Commands;
use super::project::Project;
use super::reading::Reading;
use super::rules::Rules;
use super::toolchain;
use super::versions;
use super::words::excerpt;
use crate::build::SearchPath;

/// Two lock files side by side: one of them is stale.
const DOUBT: f32 = 0.1;
/// How sure one can be when something was broken.
const BROKEN: f32 = 0.3;
/// Source of what the rules say.
const BY_FRAMEWORK: &str = "framework";
/// Back ends whose assets a package.json beside them builds.
const BACK_END: u32 = 890;

/// What a plan is made of.
pub(super) struct Parts<'a> {
    pub(super) project: &'a Project<'a>,
    pub(super) reading: Option<Reading>,
    pub(super) monorepo: Option<Monorepo>,
    pub(super) alternatives: Vec<Alternative>,
    pub(super) settings: &'a Settings,
    pub(super) rules: &'a Rules,
    pub(super) tools: &'a SearchPath,
}

/// The plan for a project: as the best reading has it, or, without one, as the user says.
pub(super) fn assemble(parts: Parts<'_>) -> Detected {
    let project = parts.project;
    let mut detected = draft(&parts);
    let commands = ecosystem(project, parts.reading.as_ref())
        .and_then(|ecosystem| Commands::find(project, ecosystem, parts.rules, parts.tools));
    add_commands(&mut detected, &parts, commands.as_ref());
    add_start(&mut detected, &parts, commands.as_ref());
    apply(&mut detected, parts.settings);
    let plan = &mut detected.plan;
    plan.monorepo = parts.monorepo;
    plan.alternatives = parts.alternatives;
    let wanted = versions::wanted(project);
    plan.warnings.extend(toolchain::missing(&wanted, parts.tools));
    plan.runtime_versions = wanted.into_iter().map(|(runtime, wanted)| (runtime, wanted.version)).collect();
    plan.deployable = deployable(project, plan.kind, plan.framework == "none" && plan.confidence == 0.0);
    let problems = project.workspace.problems();
    detected.broken_manifest = project.workspace.broken_manifest();
    if detected.broken_manifest.is_some() {
        plan.confidence = plan.confidence.min(BROKEN);
    }
    plan.warnings.splice(0..0, problems);
    plan.confidence = round(plan.confidence);
    fit(plan);
    detected
}

fn draft(parts: &Parts<'_>) -> Detected {
    let reading = parts.reading.as_ref();
    let output = reading.map(|reading| &reading.output);
    let is_stated = |setting| parts.settings.get(setting).is_some();
    let is_custom = reading.is_none() && (is_stated(Setting::BuildCommand) || is_stated(Setting::OutputDir));
    let mut sources = BTreeMap::new();
    if let Some(reading) = reading {
        let source = reading.output_source.clone().unwrap_or_else(|| BY_FRAMEWORK.to_owned());
        sources.insert(Setting::OutputDir, source);
    }
    Detected {
        plan: BuildPlan {
            framework: reading.map_or(if is_custom { "custom" } else { "none" }, |reading| &reading.slug).to_owned(),
            kind: match output {
                Some(output) => output.kind,
                None if is_custom => ProjectKind::Static,
                None => ProjectKind::Unknown,
            },
            package_manager: None,
            root_dir: parts.project.directory.clone(),
            install_command: None,
            build_command: None,
            output_dir: output.map_or(".", |output| &output.dir).to_owned(),
            start_command: None,
            runtime_versions: BTreeMap::new(),
            monorepo: None,
            confidence: reading.map_or(if is_custom { 1.0 } else { 0.0 }, |reading| reading.confidence),
            evidence: reading.map(|reading| reading.evidence.clone()).unwrap_or_default(),
            alternatives: Vec::new(),
            routing: output.map_or(Routing::Pages, |output| output.routing),
            deployable: Vec::new(),
            sources,
            warnings: Vec::new(),
        },
        name: match reading {
            Some(reading) => reading.name.clone(),
            None if is_custom => "project of your own".to_owned(),
            None => "nothing Slipway knows".to_owned(),
        },
        install_dir: parts.project.directory.clone().into(),
        output_candidates: output.map(|output| output.candidates.clone()).unwrap_or_default(),
        static_hint: output.and_then(|output| output.static_hint.clone()),
        broken_manifest: None,
    }
}

/// Whose package manager the project uses: the framework's, or else that of the first manifest.
fn ecosystem(project: &Project<'_>, reading: Option<&Reading>) -> Option<Ecosystem> {
    match reading {
        Some(reading) if reading.ecosystem.is_some() => reading.ecosystem,
        _ => project.manifests.ecosystems().next(),
    }
}

fn add_commands(detected: &mut Detected, parts: &Parts<'_>, commands: Option<&Commands>) {
    let (project, reading) = (parts.project, parts.reading.as_ref());
    let find = |ecosystem| Commands::find(project, ecosystem, parts.rules, parts.tools);
    let plan = &mut detected.plan;
    let tool = reading.and_then(|reading| reading.build_command.as_deref());
    let is_of_node = reading.is_some_and(|reading| reading.ecosystem == Some(Ecosystem::Node));
    let needs_build = match reading {
        Some(reading) => !matches!(reading.output.kind, ProjectKind::Container),
        None => parts.settings.get(Setting::BuildCommand).is_some(),
    };
    let mut install = Vec::new();
    let mut build = Vec::new();
    if let Some(commands) = commands {
        plan.package_manager = Some(commands.name.clone());
        // Pages that are published as they are need nothing.
        let is_plain = reading.is_some_and(|reading| reading.ecosystem.is_none() && reading.build_command.is_none());
        if needs_build && !is_plain {
            install.extend(commands.install_command.clone());
        }
        detected.install_dir = commands.install_dir.clone().into();
        for reason in &commands.evidence {
            if !plan.evidence.contains(reason) {
                plan.evidence.push(reason.clone());
            }
        }
        if let Some(doubt) = &commands.doubt {
            plan.warnings.push(doubt.clone());
            plan.confidence -= DOUBT;
        }
    }
    // A back end's package.json builds its pages' scripts and styles.
    let is_back_end = reading.is_some_and(|reading| reading.precedence >= BACK_END && !is_of_node);
    if is_back_end
        && project.build_script().is_some()
        && let Some(assets) = find(Ecosystem::Node)
    {
        install.extend(assets.install_command.clone());
        build.extend(assets.run_script("build"));
    }
    let script = project
        .package()
        .filter(|_| is_of_node && needs_build)
        .and_then(|package| build_script(package, tool, reading.is_some_and(|reading| reading.is_build_decided)));
    let is_of_manager = reading.is_some_and(|reading| reading.ecosystem.is_some());
    match (script, tool, commands) {
        (Some(script), _, Some(commands)) => build.extend(commands.run_script(script)),
        (None, Some(tool), Some(commands)) if is_of_manager => build.push(commands.run_tool(tool)),
        (_, Some(tool), _) => build.push(tool.to_owned()),
        _ => {}
    }
    let source = if script.is_some() { project.file("package.json") } else { BY_FRAMEWORK.to_owned() };
    let joined = |commands: Vec<String>| (!commands.is_empty()).then(|| commands.join(" && "));
    plan.install_command = joined(install);
    plan.build_command = joined(build);
    if plan.install_command.is_some() {
        plan.sources.insert(Setting::InstallCommand, BY_FRAMEWORK.to_owned());
    }
    if plan.build_command.is_some() {
        plan.sources.insert(Setting::BuildCommand, source);
    }
    if is_of_node && let Some(commands) = commands {
        build_through_tool(detected, project, parts.monorepo.as_ref(), commands);
    }
}

/// `build`, or the script that runs the framework's own build: `docs:build`, `generate`.
fn build_script<'a>(package: &'a PackageJson, tool: Option<&str>, is_decided: bool) -> Option<&'a str> {
    let build = package.build_script().map(|text| ("build", text));
    let runs_it =
        |text: &str| tool.is_some_and(|tool| tool.contains(' ') && text.contains(tool)) && !text.contains("--watch");
    if let Some((name, text)) = build
        && (!is_decided || runs_it(text))
    {
        return Some(name);
    }
    let scripts = package.setting("scripts").and_then(serde_json::Value::as_object);
    let mut scripts = scripts.into_iter().flatten().filter_map(|(name, text)| Some((name.as_str(), text.as_str()?)));
    let running = scripts.find(|(name, text)| runs_it(text) && super::words::is_plain_word(name));
    running.or(build).map(|(name, _)| name)
}

/// How the result is started: as a Procfile says, then as package.json does, then as the framework would.
fn add_start(detected: &mut Detected, parts: &Parts<'_>, commands: Option<&Commands>) {
    let (project, plan) = (parts.project, &mut detected.plan);
    if !matches!(plan.kind, ProjectKind::SsrServer | ProjectKind::BackendService) {
        return;
    }
    let reading = parts.reading.as_ref();
    let default = reading.and_then(|reading| reading.output.start_command.clone());
    // Of a framework that belongs to no ecosystem, nothing is started through a package manager.
    let commands = commands.filter(|_| reading.is_some_and(|reading| reading.ecosystem.is_some()));
    let of_procfile = project.workspace.read_text(&project.file("Procfile")).and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("web:").map(str::trim).map(str::to_owned))?;
        (!line.is_empty()).then_some(line)
    });
    let is_of_node = reading.is_some_and(|reading| reading.ecosystem == Some(Ecosystem::Node));
    let start_script = project.package().and_then(|package| package.script("start")).filter(|script| {
        // A development server is no way to serve.
        !script.split_whitespace().any(|word| matches!(word, "dev" | "develop" | "--watch" | "nodemon"))
    });
    let (command, source) = match (of_procfile, start_script, commands) {
        (Some(line), _, _) => (Some(line), project.file("Procfile")),
        (None, Some(_), Some(commands)) if is_of_node => (commands.run_script("start"), project.file("package.json")),
        (None, _, Some(commands)) => (default.map(|command| commands.run_start(&command)), BY_FRAMEWORK.to_owned()),
        (None, _, None) => (default, BY_FRAMEWORK.to_owned()),
    };
    if command.is_some() {
        plan.sources.insert(Setting::StartCommand, source);
    }
    plan.start_command = command;
}

/// What people say wins.
fn apply(detected: &mut Detected, settings: &Settings) {
    let plan = &mut detected.plan;
    for (setting, name) in KEYS {
        let Some(stated) = settings.get(setting) else { continue };
        let value = stated.value.clone();
        match setting {
            Setting::Framework | Setting::RootDir => {}
            Setting::InstallCommand => plan.install_command = Some(value),
            Setting::BuildCommand => plan.build_command = Some(value),
            Setting::StartCommand => plan.start_command = Some(value),
            Setting::OutputDir => {
                plan.output_dir = value;
                // Who names the output knows that it is made of files.
                plan.kind = ProjectKind::Static;
                plan.start_command = None;
                plan.sources.remove(&Setting::StartCommand);
                detected.output_candidates.clear();
            }
        }
        plan.sources.insert(setting, stated.source.clone());
        plan.evidence.push(match stated.source.as_str() {
            "request" => format!("{name} is set for this deployment"),
            "target" => format!("{name} is set for this target"),
            file => format!("{name} is set in {file}"),
        });
    }
}

/// The forms it can leave in, most fitting first.
fn deployable(project: &Project<'_>, kind: ProjectKind, is_nothing: bool) -> Vec<Deployable> {
    use Deployable::{Container, Git, Package, Static};
    let has_dockerfile =
        ["Dockerfile", "Containerfile"].iter().any(|file| project.workspace.has_file(&project.file(file)));
    let mut forms = match kind {
        ProjectKind::Static => vec![Static],
        ProjectKind::SsrServer | ProjectKind::BackendService | ProjectKind::Container => vec![Container],
        ProjectKind::Package => vec![Package],
        ProjectKind::Unknown => Vec::new(),
    };
    if has_dockerfile && !forms.contains(&Container) {
        forms.push(Container);
    }
    let is_package = |ecosystem| project.manifests.of(ecosystem).is_some_and(|manifest| manifest.states(Fact::Library));
    if !forms.contains(&Package) && [Ecosystem::Node, Ecosystem::Python, Ecosystem::Rust].into_iter().any(is_package) {
        forms.push(Package);
    }
    if is_nothing && forms.is_empty() {
        return vec![Git];
    }
    forms.push(Git);
    forms
}

/// Makes the plan fit into a message: its texts become short, and long lists lose their ends.
fn fit(plan: &mut BuildPlan) {
    for text in plan.evidence.iter_mut().chain(&mut plan.warnings) {
        *text = excerpt(text);
    }
    let is_too_large = |plan: &BuildPlan| serde_json::to_vec(plan).is_ok_and(|json| json.len() > PLAN_BYTES);
    while is_too_large(plan) {
        let packages = plan.monorepo.as_mut().map(|monorepo| &mut monorepo.packages);
        match packages {
            Some(packages) if !packages.is_empty() => packages.truncate(packages.len() / 2),
            _ if !plan.alternatives.is_empty() => plan.alternatives.truncate(plan.alternatives.len() / 2),
            _ if !plan.evidence.is_empty() => plan.evidence.truncate(plan.evidence.len() / 2),
            _ if !plan.warnings.is_empty() => plan.warnings.truncate(plan.warnings.len() / 2),
            _ => return,
        }
    }
}
