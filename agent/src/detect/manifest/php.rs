//! PHP: composer.json, or nothing but an index.php.

use serde_json::Value;

use super::{Fact, Manifest};
use crate::detect::data;
use crate::detect::files::{Workspace, beside};

const ENTRIES: [&str; 3] = ["public/index.php", "index.php", "web/index.php"];

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let path = |name: &str| beside(directory, name);
    let entry = ENTRIES.into_iter().find(|name| workspace.has_file(&path(name)));
    let composer = data::json(workspace, &path("composer.json"));
    if composer.is_none() && entry.is_none() {
        return None;
    }
    let file = if composer.is_some() { "composer.json" } else { entry.unwrap_or_default() };
    let mut manifest = Manifest::new(path(file));
    if let Some(composer) = &composer {
        for (section, is_development) in [("require", false), ("require-dev", true)] {
            for (name, version) in composer[section].as_object().into_iter().flatten() {
                manifest.depend(name.to_lowercase(), version.as_str().unwrap_or_default(), section, is_development);
            }
        }
        if composer["type"] == Value::String("library".to_owned()) && entry.is_none() {
            manifest.facts.insert(Fact::Library);
        }
    }
    if let Some(entry) = entry {
        manifest.facts.insert(Fact::Startable);
        manifest.word("document_root", entry.rsplit_once('/').map_or(".", |(folder, _)| folder));
    }
    Some(manifest)
}
