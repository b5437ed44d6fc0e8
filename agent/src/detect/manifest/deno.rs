//! Deno: the imports of deno.json, under their own names and those of the packages they stand for.

use serde_json::Value;

use super::{Fact, Manifest};
use crate::detect::data;
use crate::detect::files::{Workspace, beside};

const ENTRIES: [&str; 9] =
    ["main.ts", "main.tsx", "main.js", "main.mjs", "server.ts", "mod.ts", "index.ts", "src/main.ts", "app.ts"];

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let path = |name: &str| beside(directory, name);
    let file = ["deno.json", "deno.jsonc"].into_iter().find(|name| workspace.has_file(&path(name)));
    let has_lock = workspace.has_file(&path("deno.lock"));
    if file.is_none() && !has_lock {
        return None;
    }
    let mut manifest = Manifest::new(path(file.unwrap_or("deno.lock")));
    let deno = file.and_then(|file| data::json(workspace, &path(file))).unwrap_or_default();
    for (name, value) in deno["imports"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        manifest.depend(name, value, "imports", false);
        // `jsr:@fresh/core@^2` is the package `@fresh/core`.
        if let Some(package) = value.split_once(':').map(|(_, package)| package) {
            let end = package.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(package.len(), |(index, _)| index);
            manifest.depend(&package[..end], value, "imports", false);
        }
    }
    for task in ["start", "build"] {
        if let Some(command) = deno["tasks"][task].as_str().or(deno["tasks"][task]["command"].as_str()) {
            let key = if task == "start" { "task_start" } else { "task_build" };
            manifest.word(key, format!("deno-task-{task}"));
            manifest.facts.insert(Fact::Startable);
            // The entry of a start task is its last word.
            let entry = command.split_whitespace().next_back().unwrap_or_default();
            if task == "start" && entry.ends_with("ts") {
                manifest.word("main", entry);
            }
        }
    }
    if let Some(entry) = ENTRIES.into_iter().find(|name| workspace.has_file(&path(name))) {
        manifest.words.entry("main").or_insert_with(|| entry.to_owned());
        manifest.facts.insert(Fact::Startable);
    }
    let is_package = deno["name"].is_string() && deno["version"].is_string() && deno["exports"] != Value::Null;
    if is_package && !manifest.states(Fact::Startable) {
        manifest.facts.insert(Fact::Library);
    }
    if deno["workspace"].is_array() {
        manifest.facts.insert(Fact::Workspace);
    }
    Some(manifest)
}
