//! The parts of a `package.json` that detection looks at.

use serde_json::{Map, Value};

use super::data::parse_json;
use super::files::{Workspace, beside};
use super::manifest::{Dependency, Fact, Manifest};
use super::words::is_plain_word;

/// Where dependencies are listed.
const SECTIONS: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// Scripts that run when the project itself is installed.
const INSTALL_SCRIPTS: [&str; 5] = ["preinstall", "install", "postinstall", "prepare", "prepublish"];
/// What only a package for others says. `main` and `module` say nothing: `npm init` and `bun init` write them into
/// everything.
const LIBRARY_FIELDS: [&str; 5] = ["exports", "types", "typings", "files", "bin"];

/// A parsed `package.json`. Fields of an unexpected type count as absent, as npm treats most of them.
#[derive(Debug, Default)]
pub(super) struct PackageJson(Map<String, Value>);

impl PackageJson {
    /// Reads the package.json of a directory of the workspace, if there is one.
    pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Self> {
        let file = beside(directory, "package.json");
        let text = workspace.read_manifest(&file)?;
        match parse_json(&text) {
            Ok(Value::Object(fields)) => Some(Self(fields)),
            Ok(_) => {
                workspace.note_manifest(&file, "is not valid: it holds no object, at line 1 column 1");
                None
            }
            Err(problem) => {
                workspace.note_manifest(&file, &format!("is not valid: {problem}"));
                None
            }
        }
    }

    /// What it says in the terms of every ecosystem.
    pub(super) fn manifest(&self, file: &str) -> Manifest {
        let mut manifest = Manifest { file: file.to_owned(), ..Manifest::default() };
        // A peer dependency is what a library expects of others.
        for section in &SECTIONS[..3] {
            for (name, version) in self.0.get(*section).and_then(Value::as_object).into_iter().flatten() {
                let dependency = Dependency {
                    requirement: version.as_str().unwrap_or_default().to_owned(),
                    listed_in: format!("{section} of {file}"),
                    is_development: *section == "devDependencies",
                };
                manifest.dependencies.entry(name.clone()).or_insert(dependency);
            }
        }
        for (key, value) in
            [("name", self.text("name")), ("main", self.text("main")), ("version", self.text("version"))]
        {
            if let Some(value) = value.filter(|value| is_plain_word(value)) {
                manifest.words.insert(key, value.to_owned());
            }
        }
        if self.is_library() {
            manifest.facts.insert(Fact::Library);
        }
        if self.script("start").is_some() {
            manifest.facts.insert(Fact::Startable);
        }
        if self.workspaces().is_some() {
            manifest.facts.insert(Fact::Workspace);
        }
        manifest
    }

    /// Whether an install has anything to do.
    pub(super) fn needs_install(&self) -> bool {
        let lists_any =
            |section: &&str| self.0.get(*section).and_then(Value::as_object).is_some_and(|list| !list.is_empty());
        SECTIONS.iter().any(lists_any) || INSTALL_SCRIPTS.iter().any(|name| self.script(name).is_some())
    }

    /// `scripts.build`
    pub(super) fn build_script(&self) -> Option<&str> {
        self.script("build")
    }

    /// One of the scripts, unless it is empty.
    pub(super) fn script(&self, name: &str) -> Option<&str> {
        self.0.get("scripts")?.get(name)?.as_str().filter(|script| !script.trim().is_empty())
    }

    /// `packageManager`, for example `pnpm@9.1.0+sha512.…`
    pub(super) fn package_manager(&self) -> Option<&str> {
        self.text("packageManager")
    }

    /// `devEngines.packageManager.name`, the newer way to say the same.
    pub(super) fn development_manager(&self) -> Option<&str> {
        self.0.get("devEngines")?.get("packageManager")?.get("name")?.as_str()
    }

    /// `engines.<name>`
    pub(super) fn engine(&self, name: &str) -> Option<&str> {
        self.0.get("engines")?.get(name)?.as_str()
    }

    /// `volta.node`, or `devEngines.runtime.version`.
    pub(super) fn tool_version(&self) -> Option<&str> {
        let volta = self.0.get("volta").and_then(|volta| volta.get("node")?.as_str());
        volta.or_else(|| self.0.get("devEngines")?.get("runtime")?.get("version")?.as_str())
    }

    /// Any setting, by its dotted key.
    pub(super) fn setting(&self, key: &str) -> Option<&Value> {
        let mut parts = key.split('.');
        let first = self.0.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    /// Whether it is published for others to use: then its build makes a library, and not a site.
    pub(super) fn is_library(&self) -> bool {
        let is_private = self.0.get("private").is_some_and(|private| *private == true || *private == "true");
        let is_named = self.text("name").is_some() && self.text("version").is_some();
        is_named && !is_private && LIBRARY_FIELDS.iter().any(|field| self.0.contains_key(*field))
    }

    /// Whether other packages of its workspace import it.
    pub(super) fn is_imported(&self) -> bool {
        ["main", "module", "exports", "types"].iter().any(|field| self.0.contains_key(*field))
    }

    /// The patterns of `workspaces`, in either of its two forms.
    pub(super) fn workspaces(&self) -> Option<impl Iterator<Item = &str>> {
        let workspaces = self.0.get("workspaces")?;
        let patterns = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array())?;
        Some(patterns.iter().filter_map(Value::as_str))
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.0.get(field)?.as_str().filter(|text| !text.is_empty())
    }
}
