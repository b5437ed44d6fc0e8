//! One directory seen through the rules: every framework it could be, with the reasons.

use super::DetectError;
use super::config_value::{self, ConfigValue};
use super::files::{Workspace, beside};
use super::output::{join, option_of};
use super::package_json::PackageJson;
use super::rules::{Condition, Framework, Output, Rules, StaticSite};

/// A dependency and a config file agree.
const CERTAIN: f32 = 0.95;
/// A dependency says so.
const LIKELY: f32 = 0.9;
/// A config file alone: another tool may share it, or the dependency is declared higher up.
const POSSIBLE: f32 = 0.4;
/// A `build` script of unknown make.
const GUESS: f32 = 0.4;
/// Files to publish as they are.
const PLAIN: f32 = 0.8;

/// A directory that may be a site.
pub(super) struct Project<'a> {
    pub(super) workspace: &'a Workspace,
    /// Relative to the workspace, `.` for itself.
    pub(super) directory: String,
    pub(super) package: Option<PackageJson>,
}

/// One way to see a project.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) source: Source,
    pub(super) output: Output,
    pub(super) confidence: f32,
    pub(super) evidence: Vec<String>,
    /// Whether the project does more than depend on the framework: it configures it, or builds with it.
    pub(super) is_used: bool,
}

/// The rule behind a reading.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Framework { slug: String, name: String, build_command: Option<String>, is_fallback: bool },
    StaticSite { slug: String, name: String },
}

impl Reading {
    pub(super) fn slug(&self) -> &str {
        match &self.source {
            Source::Framework { slug, .. } | Source::StaticSite { slug, .. } => slug,
        }
    }

    pub(super) fn name(&self) -> &str {
        match &self.source {
            Source::Framework { name, .. } | Source::StaticSite { name, .. } => name,
        }
    }

    /// Whether this is the mark of a site, and not only a `build` script or a page lying around.
    pub(super) fn is_framework(&self) -> bool {
        matches!(self.source, Source::Framework { is_fallback: false, .. }) && self.confidence > POSSIBLE
    }
}

impl Project<'_> {
    /// How to name a file of the project.
    fn file(&self, name: &str) -> String {
        beside(&self.directory, name)
    }

    fn build_script(&self) -> Option<&str> {
        self.package.as_ref().and_then(PackageJson::build_script)
    }

    /// All readings, best first: what a dependency proves, by precedence; then what remains.
    pub(super) fn readings(&self, rules: &Rules) -> Result<Vec<Reading>, DetectError> {
        let mut readings = Vec::new();
        for framework in &rules.frameworks {
            readings.extend(self.read_as(framework)?);
        }
        // Stable, and the rules are sorted by precedence.
        readings.sort_by_key(|reading| !reading.is_framework());
        readings.extend(rules.static_sites.iter().filter_map(|site| self.read_as_site(site)));
        Ok(readings)
    }

    /// Whether it is imported by others rather than visited.
    pub(super) fn is_library(&self) -> bool {
        self.package.as_ref().is_some_and(PackageJson::is_library) && !self.workspace.has_file(&self.file("index.html"))
    }

    fn read_as(&self, framework: &Framework) -> Result<Option<Reading>, DetectError> {
        let Some(package) = &self.package else { return Ok(None) };
        let mut evidence = Vec::new();
        for name in &framework.dependencies {
            if let Some(section) = package.section_of(name) {
                evidence.push(format!("`{name}` is in {section} of {}", self.file("package.json")));
            }
        }
        let is_dependency = !evidence.is_empty();
        let config_file = framework.config_files.iter().find(|file| self.workspace.has_file(&self.file(file)));
        if let Some(file) = config_file {
            evidence.push(format!("{} is there", self.file(file)));
        }
        let script = package.build_script();
        if let Some(script) = script {
            evidence.push(format!("the build script of {} is `{script}`", self.file("package.json")));
        }
        let confidence = match (is_dependency, config_file) {
            (true, Some(_)) => CERTAIN,
            (true, None) => LIKELY,
            (false, Some(_)) => POSSIBLE,
            (false, None) if framework.needs_build_script && script.is_some() => GUESS,
            (false, None) => return Ok(None),
        };
        let config = match config_file {
            Some(file) => {
                self.workspace.read_text(&self.file(file))?.map(|text| Config { file: self.file(file), text })
            }
            None => None,
        };
        let tool = framework.build_command.as_deref().and_then(|command| command.split(' ').next());
        let builds_with = |tool: &str| script.is_some_and(|script| script.split_whitespace().any(|word| word == tool));
        let is_used = config_file.is_some() || tool.is_some_and(builds_with);
        let variant =
            framework.variants.iter().find(|variant| self.holds(&variant.when, config.as_ref(), &mut evidence));
        let mut output = variant.map_or(&framework.output, |variant| &variant.output).clone();
        self.locate(&mut output, config.as_ref(), &mut evidence);
        let source = Source::Framework {
            slug: framework.slug.clone(),
            name: framework.name.clone(),
            build_command: framework.build_command.clone(),
            is_fallback: framework.needs_build_script,
        };
        Ok(Some(Reading { source, output, confidence, evidence, is_used }))
    }

    fn holds(&self, condition: &Condition, config: Option<&Config>, evidence: &mut Vec<String>) -> bool {
        let mut reasons = Vec::new();
        if let Some(key) = &condition.config_key {
            let Some(config) = config else { return false };
            match (config.value(key), condition.equals.as_deref()) {
                (Some(_), None) => reasons.push(format!("`{key}` is set in {}", config.file)),
                (Some(ConfigValue::Text(text)), Some(wanted)) if text == wanted => {
                    reasons.push(format!("`{key}` is '{text}' in {}", config.file));
                }
                // Such as `production ? 'export' : undefined`; a build here is one for production.
                (Some(ConfigValue::Expression(literals)), Some(wanted))
                    if literals.iter().any(|text| text == wanted) =>
                {
                    reasons.push(format!("`{key}` is an expression that may be '{wanted}' in {}", config.file));
                }
                _ => return false,
            }
        }
        if let Some(part) = &condition.build_script_contains {
            if !self.build_script().is_some_and(|script| script.contains(part)) {
                return false;
            }
            reasons.push(format!("the build script runs `{part}`"));
        }
        evidence.extend(reasons);
        true
    }

    /// Moves the output directory to where the project's settings say it is.
    fn locate(&self, output: &mut Output, config: Option<&Config>, evidence: &mut Vec<String>) {
        let base = match output.base_key.as_ref().and_then(|key| config?.value(key)) {
            Some(ConfigValue::Text(base)) => base,
            _ => ".".to_owned(),
        };
        let stated = self.stated_output(output, config);
        let directory = match &stated {
            Some((_, ConfigValue::Text(directory))) => directory,
            _ => &output.dir,
        };
        match (join(&base, directory), stated.as_ref()) {
            (Ok(moved), Some((place, ConfigValue::Text(directory)))) => {
                evidence.push(format!("{place} is '{directory}'"));
                output.dir = moved;
            }
            (Ok(moved), Some((place, ConfigValue::Expression(_)))) => {
                evidence
                    .push(format!("{place} is an expression, so '{moved}' is a guess; set output_dir if it is wrong"));
                output.dir = moved;
            }
            (Ok(moved), None) => output.dir = moved,
            (Err(problem), stated) => {
                let place = stated.map_or("the root of the build", |(place, _)| place);
                evidence
                    .push(format!("{place} {problem}, so '{}' is a guess; set output_dir if it is wrong", output.dir));
            }
        }
    }

    /// Where the project itself says what the output directory is, and what it says.
    fn stated_output(&self, output: &Output, config: Option<&Config>) -> Option<(String, ConfigValue)> {
        let of_script = output.flags.iter().find_map(|flag| Some((flag, option_of(self.build_script()?, flag)?)));
        if let Some((flag, value)) = of_script {
            return Some((format!("{flag} of the build script"), value));
        }
        let config = config?;
        output.config_keys.iter().find_map(|key| Some((format!("`{key}` in {}", config.file), config.value(key)?)))
    }

    fn read_as_site(&self, site: &StaticSite) -> Option<Reading> {
        let page = |directory: &str| self.file(&beside(directory, &site.index_file));
        let directory = site.directories.iter().find(|directory| self.workspace.has_file(&page(directory)))?;
        let mut evidence = vec![format!("{} is there", page(directory))];
        if self.package.is_some() && self.build_script().is_none() {
            evidence.push(format!("{} has no build script", self.file("package.json")));
        }
        let output = Output::of_files(directory);
        let source = Source::StaticSite { slug: site.slug.clone(), name: site.name.clone() };
        Some(Reading { source, output, confidence: PLAIN, evidence, is_used: true })
    }
}

/// A config file of the project.
struct Config {
    file: String,
    text: String,
}

impl Config {
    fn value(&self, key: &str) -> Option<ConfigValue> {
        config_value::find(&self.text, key)
    }
}
