//! Go: go.mod, or the modules of a go.work.

use super::{Fact, Manifest, without_comment};
use crate::detect::files::{Workspace, beside};
use crate::detect::glob::is_name;
use crate::detect::members;

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let path = |name: &str| beside(directory, name);
    let (text, work) = (workspace.read_text(&path("go.mod")), workspace.read_text(&path("go.work")));
    let has_main = workspace.has_file(&path("main.go"));
    if text.is_none() && work.is_none() && !has_main {
        return None;
    }
    let name = if text.is_some() {
        "go.mod"
    } else if work.is_some() {
        "go.work"
    } else {
        "main.go"
    };
    let mut manifest = Manifest::new(path(name));
    if let Some(text) = &text {
        add_requirements(&mut manifest, text);
    }
    let mut target =
        main_package(workspace, directory).map(|package| if package == "." { package } else { format!("./{package}") });
    if let Some(work) = &work {
        manifest.facts.insert(Fact::Workspace);
        for module in members::go(work) {
            let member = beside(directory, &module);
            let Some(main) = main_package(workspace, &member) else { continue };
            if target.is_none() {
                target = Some(if main == "." { format!("./{module}") } else { format!("./{module}/{main}") });
                if let Some(text) = workspace.read_text(&beside(&member, "go.mod")) {
                    add_requirements(&mut manifest, &text);
                }
            }
        }
    }
    if let Some(target) = target {
        manifest.facts.insert(Fact::Binary);
        manifest.word("target", target);
    } else if text.is_some() {
        manifest.facts.insert(Fact::Library);
    }
    Some(manifest)
}

/// Where `package main` is: at the top, or in the first directory of `cmd` (railpack's order), or a file other than main.go.
fn main_package(workspace: &Workspace, directory: &str) -> Option<String> {
    if workspace.has_file(&beside(directory, "main.go")) {
        return Some(".".to_owned());
    }
    let commands = workspace.names(&beside(directory, "cmd")).into_iter().map(|name| format!("cmd/{name}"));
    let mut commands = commands.filter(|command| workspace.find_file(&beside(directory, command), "*.go").is_some());
    if let Some(command) = commands.next() {
        return Some(command);
    }
    if workspace.has_file(&beside(directory, "cmd/main.go")) {
        return Some("cmd".to_owned());
    }
    let sources = workspace.names(directory);
    let sources = sources.iter().filter(|name| is_name("*.go", name) && !is_name("*_test.go", name)).take(20);
    let says_main = |name: &String| {
        let head = workspace.read_head(&beside(directory, name));
        head.lines().any(|line| line.trim() == "package main")
    };
    sources.into_iter().any(says_main).then(|| ".".to_owned())
}

fn add_requirements(manifest: &mut Manifest, text: &str) {
    let mut is_in_block = false;
    for line in text.lines() {
        let is_indirect = line.contains("// indirect");
        let line = without_comment(line, "//").trim();
        let requirement = match line.strip_prefix("require") {
            Some(rest) if rest.trim() == "(" => {
                is_in_block = true;
                continue;
            }
            Some(rest) if rest.starts_with([' ', '\t']) => rest.trim(),
            _ if is_in_block && line == ")" => {
                is_in_block = false;
                continue;
            }
            _ if is_in_block => line,
            _ => {
                if let Some(module) = line.strip_prefix("module ") {
                    manifest.word("name", module.trim().rsplit('/').next().unwrap_or_default());
                }
                continue;
            }
        };
        if let Some((name, version)) = requirement.split_once(' ') {
            // What only others need says nothing about this project.
            manifest.depend(without_major(name), version.trim(), "", is_indirect);
        }
    }
}

/// `github.com/labstack/echo/v4` is `github.com/labstack/echo` of another major version.
fn without_major(name: &str) -> &str {
    match name.rsplit_once("/v") {
        Some((module, major)) if !major.is_empty() && major.chars().all(|c| c.is_ascii_digit()) => module,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_from_lines_and_blocks() {
        let mut manifest = Manifest::new("go.mod".to_owned());
        add_requirements(
            &mut manifest,
            "module example.org/shop\n\ngo 1.22\n\nrequire github.com/gin-gonic/gin v1.9.1\nrequire (\n\tgithub.com/labstack/echo/v4 v4.1.0\n\tgolang.org/x/net v0.1.0 // indirect\n)\n",
        );
        assert_eq!(manifest.words["name"], "shop");
        assert!(!manifest.dependencies["github.com/gin-gonic/gin"].is_development);
        assert!(manifest.dependencies.contains_key("github.com/labstack/echo"));
        assert!(manifest.dependencies["golang.org/x/net"].is_development);
    }
}
