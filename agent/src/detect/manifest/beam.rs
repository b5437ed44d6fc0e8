//! Elixir and Gleam: the dependencies of mix.exs by their `{:name, …}`, those of gleam.toml by its tables.

use super::{Fact, Manifest, without_comment};
use crate::detect::data;
use crate::detect::files::{Workspace, beside};

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let mix = beside(directory, "mix.exs");
    if let Some(text) = workspace.read_text(&mix) {
        let mut manifest = Manifest::new(mix);
        for line in text.lines().map(|line| without_comment(line, "#").trim()) {
            for dependency in line.split("{:").skip(1) {
                let end =
                    dependency.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(dependency.len());
                let requirement = super::quoted(dependency).unwrap_or_default();
                let is_development = dependency.contains("only:") && !dependency.contains(":prod");
                manifest.depend(&dependency[..end], requirement, "", is_development);
            }
            if let Some(app) = line.strip_prefix("app: :") {
                manifest.word("name", app.trim_end_matches(','));
            }
        }
        manifest.facts.insert(Fact::Binary);
        return Some(manifest);
    }
    let gleam = beside(directory, "gleam.toml");
    let tables = data::manifest_toml(workspace, &gleam)?;
    let mut manifest = Manifest::new(gleam);
    if let Some(name) = tables["name"].as_str() {
        manifest.word("name", name);
    }
    for (section, is_development) in [("dependencies", false), ("dev-dependencies", true)] {
        for (name, version) in tables[section].as_object().into_iter().flatten() {
            manifest.depend(name, version.as_str().unwrap_or_default(), section, is_development);
        }
    }
    Some(manifest)
}
