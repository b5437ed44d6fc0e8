//! The parts of a `package.json` that detection looks at.

use serde_json::{Map, Value};

use super::DetectError;
use super::files::{Workspace, beside};

/// Where dependencies are listed.
const SECTIONS: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
/// Scripts that run when the project itself is installed.
const INSTALL_SCRIPTS: [&str; 5] = ["preinstall", "install", "postinstall", "prepare", "prepublish"];

/// A parsed `package.json`. Fields of an unexpected type count as absent, as npm treats most of them.
#[derive(Debug, Default)]
pub(super) struct PackageJson(Map<String, Value>);

impl PackageJson {
    /// Reads the package.json of a directory of the workspace, if there is one.
    pub(super) fn read(workspace: &Workspace, directory: &str) -> Result<Option<Self>, DetectError> {
        let file = beside(directory, "package.json");
        let Some(text) = workspace.read_text(&file)? else { return Ok(None) };
        match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(Some(Self(fields))),
            Ok(_) => {
                Err(DetectError::BadManifest { file, problem: "it holds no object, at line 1 column 1".to_owned() })
            }
            Err(error) => Err(DetectError::BadManifest { file, problem: error.to_string() }),
        }
    }

    /// The section that lists `name` for this project's own use.
    pub(super) fn section_of(&self, name: &str) -> Option<&'static str> {
        // A peer dependency is what a library expects of others.
        SECTIONS[..3].iter().copied().find(|section| self.0.get(*section).is_some_and(|list| list.get(name).is_some()))
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

    fn script(&self, name: &str) -> Option<&str> {
        self.0.get("scripts")?.get(name)?.as_str().filter(|script| !script.trim().is_empty())
    }

    /// `packageManager`, for example `pnpm@9.1.0+sha512.…`
    pub(super) fn package_manager(&self) -> Option<&str> {
        self.0.get("packageManager")?.as_str()
    }

    /// `engines.node`
    pub(super) fn node_version(&self) -> Option<&str> {
        self.0.get("engines")?.get("node")?.as_str()
    }

    /// Whether other packages import it: then its build makes a library, and not a site.
    pub(super) fn is_library(&self) -> bool {
        ["main", "module", "exports", "types"].iter().any(|field| self.0.contains_key(*field))
    }

    /// The patterns of `workspaces`, in either of its two forms.
    pub(super) fn workspaces(&self) -> Option<impl Iterator<Item = &str>> {
        let workspaces = self.0.get("workspaces")?;
        let patterns = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array())?;
        Some(patterns.iter().filter_map(Value::as_str))
    }
}
