//! The parts of a `package.json` that detection looks at.

use std::path::Path;

use serde_json::{Map, Value};

use super::DetectError;
use super::files::read_text;

/// A parsed `package.json`. Fields of an unexpected type count as absent, as npm treats most of them.
#[derive(Debug, Default)]
pub(crate) struct PackageJson(Map<String, Value>);

impl PackageJson {
    /// Reads `directory/package.json`, if there is one.
    pub(crate) fn read(directory: &Path) -> Result<Option<Self>, DetectError> {
        let path = directory.join("package.json");
        let Some(text) = read_text(&path)? else { return Ok(None) };
        match serde_json::from_str(&text) {
            Ok(Value::Object(fields)) => Ok(Some(Self(fields))),
            Ok(_) => Err(DetectError::Malformed { path, problem: "it is not an object".to_owned() }),
            Err(error) => Err(DetectError::Malformed { path, problem: error.to_string() }),
        }
    }

    /// Where `name` is listed, and with which version: `("devDependencies", "^7.0.0")`.
    pub(crate) fn dependency(&self, name: &str) -> Option<(&'static str, &str)> {
        ["dependencies", "devDependencies", "optionalDependencies"]
            .into_iter()
            .find_map(|section| Some((section, self.0.get(section)?.get(name)?.as_str()?)))
    }

    /// Whether there is anything to install.
    pub(crate) fn has_dependencies(&self) -> bool {
        ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]
            .into_iter()
            .any(|section| self.0.get(section).and_then(Value::as_object).is_some_and(|list| !list.is_empty()))
    }

    /// `scripts.build`
    pub(crate) fn build_script(&self) -> Option<&str> {
        self.0.get("scripts")?.get("build")?.as_str().filter(|script| !script.trim().is_empty())
    }

    /// `packageManager`, for example `pnpm@9.1.0+sha512.…`
    pub(crate) fn package_manager(&self) -> Option<&str> {
        self.0.get("packageManager")?.as_str()
    }

    /// `engines.node`
    pub(crate) fn node_version(&self) -> Option<&str> {
        self.0.get("engines")?.get("node")?.as_str()
    }

    /// The patterns of `workspaces`, in either of its two forms.
    pub(crate) fn workspaces(&self) -> Option<Vec<String>> {
        let workspaces = self.0.get("workspaces")?;
        let patterns = workspaces.as_array().or_else(|| workspaces.get("packages")?.as_array())?;
        Some(patterns.iter().filter_map(|pattern| pattern.as_str().map(str::to_owned)).collect())
    }
}
