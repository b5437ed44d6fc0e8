//! Dart and Flutter: pubspec.yaml.

use super::Manifest;
use crate::detect::data;
use crate::detect::files::{Workspace, beside};

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let file = beside(directory, "pubspec.yaml");
    if !workspace.has_file(&file) {
        return None;
    }
    let mut manifest = Manifest::new(file.clone());
    let pubspec = data::yaml(workspace, &file).unwrap_or_default();
    if let Some(name) = pubspec["name"].as_str() {
        manifest.word("name", name);
    }
    for (section, is_development) in [("dependencies", false), ("dev_dependencies", true)] {
        for (name, value) in pubspec[section].as_object().into_iter().flatten() {
            // `flutter: { sdk: flutter }` is not a package but the whole SDK.
            manifest.depend(name, value.as_str().unwrap_or_default(), section, is_development);
        }
    }
    let entry = workspace.find_file(directory, "bin/*.dart");
    if let Some(entry) = entry {
        manifest.word("main", entry.strip_prefix(&format!("{directory}/")).unwrap_or(&entry).to_owned());
    }
    Some(manifest)
}
