//! Rust: Cargo.toml of a crate, or of a workspace, which speaks for the member that makes its program.

use serde_json::Value;

use super::{Fact, Manifest};
use crate::detect::data;
use crate::detect::files::{Workspace, beside};
use crate::detect::members;

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let file = beside(directory, "Cargo.toml");
    let cargo = data::manifest_toml(workspace, &file)?;
    let mut manifest = Manifest::new(file);
    if cargo["workspace"].is_object() {
        manifest.facts.insert(Fact::Workspace);
    }
    if cargo["package"].is_object() {
        add_crate(&mut manifest, workspace, directory, &cargo, &cargo);
        return Some(manifest);
    }
    add_member(&mut manifest, workspace, directory, &cargo);
    Some(manifest)
}

/// The member that a workspace without a package of its own is about: among its default members, or else
/// among all of them, the first that makes a program.
fn add_member(manifest: &mut Manifest, workspace: &Workspace, directory: &str, root: &Value) {
    let candidates = members::cargo(workspace, directory, root);
    for member in candidates {
        let Some(cargo) = data::toml(workspace, &beside(&member, "Cargo.toml")) else { continue };
        let mut found = Manifest::new(beside(&member, "Cargo.toml"));
        add_crate(&mut found, workspace, &member, &cargo, root);
        if found.facts.contains(&Fact::Binary) {
            if let Some(name) = found.words.get("name").cloned() {
                found.word("member", name);
            }
            found.facts.insert(Fact::Workspace);
            *manifest = found;
            return;
        }
    }
}

fn add_crate(manifest: &mut Manifest, workspace: &Workspace, directory: &str, cargo: &Value, root: &Value) {
    let has = |name: &str| workspace.has_file(&beside(directory, name));
    let package = &cargo["package"];
    let name = package["name"].as_str().unwrap_or_default();
    if !name.is_empty() {
        manifest.word("name", name);
        manifest.word("library", name.replace('-', "_"));
    }
    if let Some(version) = package["version"].as_str() {
        manifest.word("version", version);
    }
    let bins = cargo["bin"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named_bin = bins.iter().find_map(|bin| bin["name"].as_str());
    let loose_bin = workspace.find_file(directory, "src/bin/*.rs");
    let nested_bin = workspace
        .names(&beside(directory, "src/bin"))
        .into_iter()
        .find(|name| workspace.has_file(&beside(directory, &format!("src/bin/{name}/main.rs"))));
    let has_main = has("src/main.rs");
    if has_main || named_bin.is_some() || loose_bin.is_some() || nested_bin.is_some() {
        manifest.facts.insert(Fact::Binary);
        let loose =
            loose_bin.as_deref().and_then(|path| path.rsplit('/').next()?.strip_suffix(".rs").map(str::to_owned));
        let bin = package["default-run"]
            .as_str()
            .or(named_bin.filter(|_| !has_main || bins.iter().any(|bin| bin["path"] == "src/main.rs")))
            .map(str::to_owned)
            .or_else(|| has_main.then(|| name.to_owned()))
            .or(loose)
            .or(nested_bin);
        if let Some(bin) = bin {
            manifest.word("bin", bin);
        }
    }
    let is_private = package["publish"] == Value::Bool(false)
        || package["publish"].as_array().is_some_and(Vec::is_empty)
        || (package["publish"]["workspace"] == true && root["workspace"]["package"]["publish"] == Value::Bool(false));
    let is_library = has("src/lib.rs") || cargo["lib"].is_object();
    if is_library && !manifest.facts.contains(&Fact::Binary) && !is_private {
        manifest.facts.insert(Fact::Library);
    }
    for (section, is_development) in [("dependencies", false), ("dev-dependencies", true), ("build-dependencies", true)]
    {
        for (name, value) in cargo[section].as_object().into_iter().flatten() {
            // `web = { package = "actix-web" }` renames it; `workspace = true` leaves the rest to the root.
            let inherited = if value["workspace"] == true { &root["workspace"]["dependencies"][name] } else { value };
            let name = inherited["package"].as_str().or(value["package"].as_str()).unwrap_or(name);
            let requirement = inherited.as_str().or(inherited["version"].as_str()).unwrap_or_default();
            manifest.depend(name, requirement, section, is_development);
            for feature in value["features"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                manifest.depend(format!("{name}/{feature}"), requirement, section, is_development);
            }
        }
    }
    for table in cargo["target"].as_object().into_iter().flat_map(|targets| targets.values()) {
        for (name, value) in table["dependencies"].as_object().into_iter().flatten() {
            let name = value["package"].as_str().unwrap_or(name);
            manifest.depend(name, value.as_str().unwrap_or_default(), "target dependencies", false);
        }
    }
}
