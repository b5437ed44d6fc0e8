//! One directory seen through the rules: every framework it could be, with the reasons.

use std::path::{Path, PathBuf};

use super::DetectError;
use super::config_value::{self, ConfigValue};
use super::files::read_text;
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
pub(super) struct Project {
    pub(super) path: PathBuf,
    /// Relative to the workspace, `.` for itself.
    pub(super) relative: String,
    pub(super) package: Option<PackageJson>,
}

/// One way to see a project.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) source: Source,
    pub(super) output: Output,
    pub(super) confidence: f32,
    pub(super) evidence: Vec<String>,
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

impl Project {
    pub(super) fn new(workspace: &Path, relative: String, package: Option<PackageJson>) -> Result<Self, DetectError> {
        let path = if relative == "." { workspace.to_owned() } else { workspace.join(&relative) };
        path.read_dir().map_err(|source| DetectError::Unreadable { path: path.clone(), source })?;
        Ok(Self { path, relative, package })
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

    fn read_as(&self, framework: &Framework) -> Result<Option<Reading>, DetectError> {
        let Some(package) = &self.package else { return Ok(None) };
        let mut evidence = Vec::new();
        for name in &framework.dependencies {
            if let Some((section, version)) = package.dependency(name) {
                evidence.push(format!("package.json: {section} has `{name}` {version}"));
            }
        }
        let is_dependency = !evidence.is_empty();
        let config_file = framework.config_files.iter().find(|file| self.path.join(file).is_file());
        if let Some(file) = config_file {
            evidence.push(format!("{file} is there"));
        }
        if let Some(script) = package.build_script() {
            evidence.push(format!("package.json: the build script is `{script}`"));
        }
        let confidence = match (is_dependency, config_file) {
            (true, Some(_)) => CERTAIN,
            (true, None) => LIKELY,
            (false, Some(_)) => POSSIBLE,
            (false, None) if framework.needs_build_script && package.build_script().is_some() => GUESS,
            (false, None) => return Ok(None),
        };
        let config = match config_file {
            Some(file) => read_text(&self.path.join(file))?.map(|text| Config { file, text }),
            None => None,
        };
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
        Ok(Some(Reading { source, output, confidence, evidence }))
    }

    fn holds(&self, condition: &Condition, config: Option<&Config<'_>>, evidence: &mut Vec<String>) -> bool {
        let mut reasons = Vec::new();
        if let Some(key) = &condition.config_key {
            let Some(config) = config else { return false };
            match (config.value(key), condition.equals.as_deref()) {
                (Some(_), None) => reasons.push(format!("{}: `{key}` is set", config.file)),
                (Some(ConfigValue::Text(text)), Some(wanted)) if text == wanted => {
                    reasons.push(format!("{}: `{key}` is '{text}'", config.file));
                }
                // Such as `production ? 'export' : undefined`; a build here is one for production.
                (Some(ConfigValue::Expression(literals)), Some(wanted))
                    if literals.iter().any(|text| text == wanted) =>
                {
                    reasons.push(format!("{}: `{key}` is an expression that may be '{wanted}'", config.file));
                }
                _ => return false,
            }
        }
        if let Some(part) = &condition.build_script_contains {
            let script = self.package.as_ref().and_then(PackageJson::build_script);
            if !script.is_some_and(|script| script.contains(part)) {
                return false;
            }
            reasons.push(format!("package.json: the build script has `{part}`"));
        }
        evidence.extend(reasons);
        true
    }

    /// Moves the output directory to where the project's settings say it is.
    fn locate(&self, output: &mut Output, config: Option<&Config<'_>>, evidence: &mut Vec<String>) {
        let text = |key: &String| match config?.value(key)? {
            ConfigValue::Text(text) => Some(Ok(text)),
            ConfigValue::Expression(_) => Some(Err(format!("{}: `{key}` is an expression", config?.file))),
        };
        let base = match output.base_key.as_ref().and_then(&text) {
            Some(Ok(base)) => base,
            _ => ".".to_owned(),
        };
        let script = self.package.as_ref().and_then(PackageJson::build_script);
        let from_script = output.flag.as_ref().and_then(|flag| Some((flag, option_of(script?, flag)?)));
        let (place, directory) = if let Some((flag, directory)) = from_script {
            (format!("package.json: {flag} of the build script"), directory)
        } else {
            match output.config_keys.iter().find_map(|key| Some((key, text(key)?))) {
                Some((key, Ok(directory))) => {
                    (format!("{}: `{key}`", config.map_or("", |config| config.file)), directory)
                }
                Some((_, Err(problem))) => {
                    evidence.push(format!(
                        "{problem}, so the output is assumed in {}; set output_dir if it is not",
                        output.dir
                    ));
                    (String::new(), output.dir.clone())
                }
                None => (String::new(), output.dir.clone()),
            }
        };
        match join(&base, &directory) {
            Ok(directory) => {
                if !place.is_empty() {
                    evidence.push(format!("{place} is '{directory}'"));
                }
                output.dir = directory;
            }
            Err(problem) => evidence.push(format!("{place} '{directory}' {problem}, so it is not used")),
        }
    }

    fn read_as_site(&self, site: &StaticSite) -> Option<Reading> {
        let directory =
            site.directories.iter().find(|directory| self.path.join(directory).join(&site.index_file).is_file())?;
        let place = if directory == "." { site.index_file.clone() } else { format!("{directory}/{}", site.index_file) };
        let mut evidence = vec![format!("{place} is there")];
        if self.package.is_some() {
            evidence.push("package.json names no known framework and has no build script".to_owned());
        }
        let output = Output::of_files(directory);
        let source = Source::StaticSite { slug: site.slug.clone(), name: site.name.clone() };
        Some(Reading { source, output, confidence: PLAIN, evidence })
    }
}

struct Config<'a> {
    file: &'a str,
    text: String,
}

impl Config<'_> {
    fn value(&self, key: &str) -> Option<ConfigValue> {
        config_value::find(&self.text, key)
    }
}
