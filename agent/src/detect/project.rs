//! One directory that may be a project: its manifests and config files, each read once, and the conditions of
//! rules asked of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::files::{Workspace, beside};
use super::manifest::{Dependency, Ecosystem, Fact, Manifest, Manifests};
use super::package_json::PackageJson;
use super::rules::Condition;
use super::script::ConfigValue;
use super::settings::ConfigFile;

/// Where programs for Node.js begin, when nothing says so (vercel's backends, and what `npm init` and `bun init` write).
const ENTRIES: [&str; 24] = [
    "server.js",
    "server.ts",
    "server.mjs",
    "index.js",
    "index.ts",
    "index.mjs",
    "app.js",
    "app.ts",
    "app.mjs",
    "main.js",
    "main.ts",
    "main.mjs",
    "src/server.js",
    "src/server.ts",
    "src/index.js",
    "src/index.ts",
    "src/index.mjs",
    "src/app.js",
    "src/app.ts",
    "src/main.js",
    "src/main.ts",
    "src/index.tsx",
    "index.tsx",
    "src/server.mjs",
];

/// A directory that may be a project.
pub(super) struct Project<'a> {
    pub(super) workspace: &'a Workspace,
    /// Relative to the workspace, `.` for itself.
    pub(super) directory: String,
    pub(super) manifests: Manifests,
    configs: RefCell<HashMap<String, Option<Rc<ConfigFile>>>>,
}

/// A condition that holds, with the reasons in words.
type Reasons = Option<Vec<String>>;

impl<'a> Project<'a> {
    /// Reads the manifests of a directory.
    pub(super) fn read(workspace: &'a Workspace, directory: String) -> Self {
        let manifests = Manifests::read(workspace, &directory);
        Self { workspace, directory, manifests, configs: RefCell::default() }
    }

    /// How to name a file of the project.
    pub(super) fn file(&self, name: &str) -> String {
        beside(&self.directory, name)
    }

    /// The first file that fits one of the patterns, seen from the workspace.
    pub(super) fn find_file(&self, patterns: &[String]) -> Option<String> {
        patterns.iter().find_map(|pattern| self.workspace.find_file(&self.directory, pattern))
    }

    /// Its package.json.
    pub(super) fn package(&self) -> Option<&PackageJson> {
        self.manifests.package.as_ref()
    }

    /// `scripts.build`
    pub(super) fn build_script(&self) -> Option<&str> {
        self.package().and_then(PackageJson::build_script)
    }

    /// The manifest of an ecosystem.
    pub(super) fn manifest(&self, ecosystem: Option<Ecosystem>) -> Option<&Manifest> {
        self.manifests.of(ecosystem?)
    }

    /// Whether it is imported by others rather than visited.
    pub(super) fn is_library(&self) -> bool {
        self.package().is_some_and(PackageJson::is_imported) && !self.workspace.has_file(&self.file("index.html"))
    }

    /// Where a program for Node.js begins.
    pub(super) fn entry(&self) -> Option<String> {
        let main = self.manifests.of(Ecosystem::Node).and_then(|manifest| manifest.words.get("main"));
        let module = self.package().and_then(|package| package.setting("module")?.as_str()).map(str::to_owned);
        let stated = main.cloned().into_iter().chain(module).map(|path| path.trim_start_matches("./").to_owned());
        let mut entries = stated.chain(ENTRIES.map(str::to_owned));
        entries.find(|path| self.workspace.has_file(&self.file(path)))
    }

    /// A config file, read once.
    pub(super) fn config(&self, file: &str) -> Option<Rc<ConfigFile>> {
        if let Some(known) = self.configs.borrow().get(file) {
            return known.clone();
        }
        let config = ConfigFile::read(self.workspace, file).map(Rc::new);
        self.configs.borrow_mut().insert(file.to_owned(), config.clone());
        config
    }

    /// Why a condition holds; `None` when it does not. `config_file` is that of the framework that asks.
    pub(super) fn holds(
        &self,
        condition: &Condition,
        ecosystem: Option<Ecosystem>,
        config_file: Option<&str>,
    ) -> Reasons {
        let reasons = self.all_hold(condition, ecosystem, config_file);
        match (condition.not, reasons) {
            (false, reasons) => reasons,
            (true, None) => Some(Vec::new()),
            (true, Some(_)) => None,
        }
    }

    fn all_hold(&self, condition: &Condition, ecosystem: Option<Ecosystem>, config_file: Option<&str>) -> Reasons {
        let mut reasons = Vec::new();
        if !condition.dependency.is_empty() {
            reasons.push(listed(condition, self.manifest(ecosystem)?)?);
        }
        if let Some(ecosystem) = condition.manifest {
            let manifest = self.manifests.of(ecosystem)?;
            reasons.push(format!("{} is there", manifest.file));
            // A fact asked for beside a manifest is that manifest's.
            if let Some(fact) = condition.fact {
                reasons.push(stated(fact, manifest)?);
            }
        } else if let Some(fact) = condition.fact {
            reasons.push(stated(fact, self.manifest(ecosystem)?)?);
        }
        if !condition.file.is_empty() {
            reasons.push(self.file_with(&condition.file, &condition.contains)?);
        }
        if let Some(key) = &condition.setting {
            reasons.push(self.setting(key, condition, config_file)?);
        }
        if !condition.imports.is_empty() {
            let config = self.config(config_file?)?;
            let module = condition.imports.iter().find(|module| config.imports(module))?;
            reasons.push(format!("{} imports `{module}`", config.file));
        }
        if condition.without_build && self.build_script().is_some() {
            return None;
        }
        for (name, parts) in [("build", &condition.build_script), ("start", &condition.start_script)] {
            if !parts.is_empty() {
                let script = self.package()?.script(name)?;
                parts.iter().find(|part| script.contains(part.as_str()))?;
                reasons.push(format!("the {name} script of {} is `{script}`", self.file("package.json")));
            }
        }
        if !condition.any_script.is_empty() {
            let scripts = self.package()?.setting("scripts")?.as_object()?;
            let mut texts = scripts.values().filter_map(serde_json::Value::as_str);
            let script = texts.find(|text| condition.any_script.iter().any(|part| text.contains(part.as_str())))?;
            reasons.push(format!("a script of {} is `{script}`", self.file("package.json")));
        }
        Some(reasons)
    }

    fn file_with(&self, patterns: &[String], texts: &[String]) -> Option<String> {
        if texts.is_empty() {
            let file = patterns.iter().find_map(|pattern| self.path(pattern))?;
            return Some(format!("{file} is there"));
        }
        let found = patterns.iter().filter_map(|pattern| self.workspace.find_file(&self.directory, pattern));
        let mut found = found.filter_map(|file| {
            let content = self.workspace.read_text(&file)?;
            let text = texts.iter().find(|text| content.contains(text.as_str()))?;
            Some(format!("{file} contains `{text}`"))
        });
        found.next()
    }

    /// A file, or a directory where a rule means one.
    fn path(&self, pattern: &str) -> Option<String> {
        let path = self.file(pattern);
        let found = self.workspace.find_file(&self.directory, pattern);
        found.or_else(|| (!pattern.contains(['*', '.']) && self.workspace.has_directory(&path)).then_some(path))
    }

    fn setting(&self, key: &str, condition: &Condition, config_file: Option<&str>) -> Option<String> {
        let files = condition.files.iter().map(|file| self.file(file));
        let files: Vec<String> = if condition.files.is_empty() {
            config_file.map(str::to_owned).into_iter().collect()
        } else {
            files.filter(|file| self.workspace.has_file(file)).collect()
        };
        files.iter().find_map(|file| {
            let config = self.config(file)?;
            if let Some(prefix) = &condition.from_module {
                let module = config.module_of(key).filter(|module| module.starts_with(prefix.as_str()))?;
                return Some(format!("`{key}` comes from `{module}` in {file}"));
            }
            let value = config.value(key)?;
            if condition.equals.is_empty() {
                return Some(format!("`{key}` is set in {file}"));
            }
            equal(&value, &condition.equals).map(|how| format!("`{key}` {how} in {file}"))
        })
    }
}

/// The dependency a condition asks for, in words.
fn listed(condition: &Condition, manifest: &Manifest) -> Option<String> {
    let fits = |dependency: &Dependency| {
        condition.development.is_none_or(|wanted| dependency.is_development == wanted)
            && condition
                .major_below
                .is_none_or(|limit| major(&dependency.requirement).is_some_and(|major| major < limit))
    };
    let mut known = condition.dependency.iter().filter_map(|name| Some((name, manifest.dependencies.get(name)?)));
    let (name, dependency) = known.find(|(_, dependency)| fits(dependency))?;
    Some(listing(name, dependency))
}

/// A fact a manifest states, in words.
fn stated(fact: Fact, manifest: &Manifest) -> Option<String> {
    if !manifest.states(fact) {
        return None;
    }
    let file = &manifest.file;
    Some(match fact {
        Fact::Library => format!("{file} describes a package for others"),
        Fact::Startable => format!("{file} says how it is started"),
        Fact::Binary => format!("{file} makes a program"),
        Fact::Workspace => format!("{file} is the root of a workspace"),
    })
}

/// How a value fits one of those wanted. An expression that may be it counts: a build here is one for production,
/// and people write `production ? 'export' : undefined`.
fn equal(value: &ConfigValue, wanted: &[String]) -> Option<String> {
    match value {
        ConfigValue::Text(text) => wanted.contains(text).then(|| format!("is '{text}'")),
        ConfigValue::Bool(flag) => wanted.contains(&flag.to_string()).then(|| format!("is {flag}")),
        ConfigValue::Number(_) => None,
        ConfigValue::Expression(literals) => {
            let literal = literals.iter().find(|literal| wanted.contains(literal))?;
            Some(format!("is an expression that may be '{literal}'"))
        }
    }
}

/// Where a dependency is listed, in words.
pub(super) fn listing(name: &str, dependency: &Dependency) -> String {
    format!("`{name}` is in {}", dependency.listed_in)
}

/// The lowest major version a requirement such as `^5.0.0`, `~> 7.1` or `>=2 <3` allows.
pub(super) fn major(requirement: &str) -> Option<u64> {
    let start = requirement.find(|c: char| c.is_ascii_digit())?;
    let digits = &requirement[start..];
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_are_read_from_requirements() {
        assert_eq!(major("^5.0.0"), Some(5));
        assert_eq!(major("~> 7.1"), Some(7));
        assert_eq!(major(">=2 <3"), Some(2));
        assert_eq!(major("latest"), None);
        assert_eq!(major("npm:nuxt-edge@3.1"), Some(3));
    }
}
