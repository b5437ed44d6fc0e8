//! A project seen through the rules: every framework it could be, with the reasons, best first.

use std::rc::Rc;

use slipway_proto::plan::ProjectKind;

use super::manifest::{Ecosystem, Fact, Manifest};
use super::output;
use super::package_manager::Commands;
use super::project::{Project, listing};
use super::rules::{Framework, Output, Rules};
use super::script::ConfigValue;
use super::settings::ConfigFile;
use super::words::is_plain_word;

/// A dependency and a config file agree.
const CERTAIN: f32 = 0.95;
/// One thing proves it.
const LIKELY: f32 = 0.9;
/// A config file alone: another tool may share it, or the dependency is declared higher up.
const POSSIBLE: f32 = 0.4;
/// Where a mere suggestion stands among what is proven: before a build script of unknown make.
const SUGGESTED: u32 = 45;
/// Below this, nothing says that a project is *made with* something.
const FALLBACK: u32 = 60;
/// Rules from here on mean the whole of a project, whatever else is in it.
const GENERATOR: u32 = 600;

/// One way to see a project.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) ecosystem: Option<Ecosystem>,
    pub(super) build_command: Option<String>,
    /// Where the settings came from, when it is not the framework's own default.
    pub(super) output_source: Option<String>,
    pub(super) output: Output,
    pub(super) confidence: f32,
    pub(super) evidence: Vec<String>,
    /// Whether the project does more than depend on the framework: it configures it, or builds with it.
    pub(super) is_used: bool,
    pub(super) precedence: u32,
    /// Whether the way to build is what makes the difference: a script that runs it is the one to run.
    pub(super) is_build_decided: bool,
}

impl Reading {
    /// Whether this is the mark of something made to be deployed, and not only a script or a page lying around.
    pub(super) fn is_framework(&self) -> bool {
        self.precedence > FALLBACK && self.output.kind != ProjectKind::Package
    }
}

/// All readings, best first.
pub(super) fn readings(project: &Project<'_>, rules: &Rules, root: Option<&Manifest>) -> Vec<Reading> {
    let read = |framework| Reader { project, rules, root, framework }.read();
    let mut readings: Vec<Reading> = rules.frameworks.iter().filter_map(read).collect();
    readings.sort_by_key(|reading| std::cmp::Reverse(reading.precedence));
    // The same answer twice, for two reasons: the better one says it all.
    let mut seen = Vec::new();
    readings.retain(|reading| {
        let is_new = !seen.contains(&reading.slug);
        seen.push(reading.slug.clone());
        is_new
    });
    readings
}

/// A framework the user has named: read as it is, whatever the rules would think of it.
pub(super) fn named(project: &Project<'_>, rules: &Rules, framework: &Framework) -> Reading {
    let reader = Reader { project, rules, root: None, framework };
    let config = framework_config(project, framework);
    reader.reading(config.as_deref(), 1.0, Vec::new(), framework.precedence)
}

struct Reader<'a> {
    project: &'a Project<'a>,
    rules: &'a Rules,
    /// The manifest at the root of the workspace, which may hold dependencies for its members.
    root: Option<&'a Manifest>,
    framework: &'a Framework,
}

fn framework_config(project: &Project<'_>, framework: &Framework) -> Option<Rc<ConfigFile>> {
    project.find_file(&framework.config_files).and_then(|file| project.config(&file))
}

impl Reader<'_> {
    fn read(&self) -> Option<Reading> {
        let (project, framework) = (self.project, self.framework);
        let config_file = project.find_file(&framework.config_files);
        let mut evidence = Vec::new();
        let is_dependency = self.dependencies(config_file.is_some(), &mut evidence);
        let marker = project.find_file(&framework.markers);
        if let Some(file) = &marker {
            evidence.push(format!("{file} is there"));
        }
        let holds = |condition| project.holds(condition, framework.ecosystem, config_file.as_deref());
        let proof = framework.proofs.iter().find_map(holds);
        let is_proven = is_dependency || marker.is_some() || proof.is_some();
        evidence.extend(proof.into_iter().flatten());
        let suggestion = config_file.as_ref().filter(|_| framework.suggests && self.is_own_config());
        if !is_proven && suggestion.is_none() {
            return None;
        }
        for condition in &framework.requires {
            holds(condition)?;
        }
        if framework.unless.iter().any(|condition| holds(condition).is_some()) {
            return None;
        }
        if let Some(file) = &config_file
            && marker.as_ref() != Some(file)
        {
            evidence.push(format!("{file} is there"));
        }
        if let Some(script) = project.build_script()
            && framework.ecosystem == Some(Ecosystem::Node)
        {
            evidence.push(format!("the build script of {} is `{script}`", project.file("package.json")));
        }
        let confidence = match (is_proven, framework.confidence) {
            (false, _) => POSSIBLE,
            (true, Some(confidence)) => confidence,
            (true, None) if is_dependency && (config_file.is_some() || marker.is_some()) => CERTAIN,
            (true, None) => LIKELY,
        };
        let precedence = if is_proven { framework.precedence } else { SUGGESTED };
        evidence.dedup();
        let config = config_file.and_then(|file| project.config(&file));
        Some(self.reading(config.as_deref(), confidence, evidence, precedence))
    }

    /// Whether a dependency proves the framework. One only developers need proves nothing about a published
    /// library, nor, outside of Node where built sites are made with them, about a program.
    fn dependencies(&self, is_configured: bool, evidence: &mut Vec<String>) -> bool {
        let framework = self.framework;
        let Some(manifest) = self.project.manifest(framework.ecosystem).or(self.root.filter(|_| is_configured)) else {
            return false;
        };
        let is_node = framework.ecosystem == Some(Ecosystem::Node);
        let is_library = manifest.states(Fact::Library);
        let has_page = self.project.workspace.has_file(&self.project.file("index.html"));
        let mut is_proven = false;
        for name in &framework.dependencies {
            let own = manifest.dependencies.get(name);
            // Hoisted dependencies are a member's when it has the config file for them.
            let hoisted = self.root.filter(|_| is_configured).and_then(|root| root.dependencies.get(name));
            let Some(dependency) = own.or(hoisted) else { continue };
            let counts = !dependency.is_development
                || (is_node && !is_library)
                || (is_configured && (framework.precedence >= GENERATOR || has_page));
            if counts {
                evidence.push(listing(name, dependency));
                is_proven = true;
            }
        }
        is_proven
    }

    /// Whether no framework further down in the list has the same config file: shared names suggest only the most general.
    fn is_own_config(&self) -> bool {
        let mine = self.framework;
        let lists_it = |other: &Framework| {
            other.precedence < mine.precedence
                && other.config_files.iter().any(|file| mine.config_files.contains(file))
                && self.project.find_file(&other.config_files).is_some()
        };
        !self.rules.frameworks.iter().any(lists_it)
    }

    fn reading(
        &self,
        config: Option<&ConfigFile>,
        confidence: f32,
        mut evidence: Vec<String>,
        precedence: u32,
    ) -> Reading {
        let (project, framework) = (self.project, self.framework);
        let config_file = config.map(|config| config.file.as_str());
        let variant = framework.variants.iter().find_map(|variant| {
            let reasons = project.holds(&variant.when, framework.ecosystem, config_file)?;
            Some((variant, reasons))
        });
        let (variant, reasons) = variant.unzip();
        for reason in reasons.into_iter().flatten() {
            if !evidence.contains(&reason) {
                evidence.push(reason);
            }
        }
        let mut output = variant.map_or(&framework.output, |variant| &variant.output).clone();
        let template =
            variant.and_then(|variant| variant.build_command.as_ref()).or(framework.build_command.as_ref()).cloned();
        let tool = template.as_deref().map(Commands::tool);
        let builds_with = |tool: &str| {
            project.build_script().is_some_and(|script| script.split_whitespace().any(|word| word == tool))
        };
        let is_used = config.is_some() || tool.is_some_and(builds_with);
        let words = Words { project, ecosystem: framework.ecosystem, config };
        let build_command = template.and_then(|command| words.fill(&command));
        output.start_command = output.start_command.as_deref().and_then(|command| words.fill(command));
        output.dir = words.fill(&output.dir).unwrap_or_else(|| ".".to_owned());
        let output_source = output::locate(project, &mut output, config, &mut evidence);
        if let Some(command) = &mut output.start_command {
            *command = command.replace("{output}", &output.dir);
        }
        Reading {
            slug: framework.slug.clone(),
            name: framework.name.clone(),
            ecosystem: framework.ecosystem,
            build_command,
            output_source,
            output,
            confidence,
            evidence,
            is_used,
            precedence,
            is_build_decided: variant.is_some_and(|variant| variant.build_command.is_some()),
        }
    }
}

/// What `{…}` in a command stands for.
struct Words<'a> {
    project: &'a Project<'a>,
    ecosystem: Option<Ecosystem>,
    config: Option<&'a ConfigFile>,
}

impl Words<'_> {
    /// The command with its words filled in; `None` when one is not known.
    fn fill(&self, template: &str) -> Option<String> {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (key, behind) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(&self.word(key)?);
            rest = behind;
        }
        filled.push_str(rest);
        Some(filled)
    }

    fn word(&self, key: &str) -> Option<String> {
        if let Some(setting) = key.strip_prefix("setting:") {
            return match self.config?.value(setting)? {
                ConfigValue::Text(text) if is_plain_word(&text) => Some(text),
                _ => None,
            };
        }
        match key {
            // Filled in when it is known.
            "output" => Some("{output}".to_owned()),
            "entry" => self.project.entry(),
            "runtime" => {
                let uses_bun = ["bun.lock", "bun.lockb", "bunfig.toml"]
                    .iter()
                    .any(|file| self.project.workspace.has_file(&self.project.file(file)));
                Some(if uses_bun { "bun" } else { "node" }.to_owned())
            }
            _ => {
                let word = self.project.manifest(self.ecosystem).and_then(|manifest| manifest.words.get(key)).cloned();
                let base_name = || self.project.workspace.base_name(&self.project.directory);
                word.or_else(|| (key == "name").then(base_name).flatten()).filter(|word| is_plain_word(word))
            }
        }
    }
}
