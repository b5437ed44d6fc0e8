//! Workspaces and monorepo tools: what the root of a workspace declares, and the packages below it.

use serde_json::Value;
use slipway_proto::plan::Monorepo;

use super::data;
use super::files::{Workspace, beside};
use super::glob::Patterns;
use super::manifest::{Ecosystem, Fact};
use super::members;
use super::package_json::PackageJson;
use super::project::Project;

/// Deeper packages exist, but nobody puts a site there.
const DEPTH: usize = 5;
/// Keeps the plan small; a workspace with more packages than this needs `root_dir` anyway.
const PACKAGES: usize = 200;
/// Ends the search in a tree that has more in it than source code.
const ENTRIES: usize = 50_000;
/// Directories no pattern means: what is installed or built.
const SKIPPED: [&str; 5] = ["node_modules", "target", "dist", "build", "vendor"];

/// Tools that run the tasks of a workspace, with the files that show them, strongest first.
const TOOLS: [(&str, &[&str]); 6] = [
    ("turbo", &["turbo.json", "turbo.jsonc"]),
    ("nx", &["nx.json"]),
    ("rush", &["rush.json"]),
    ("moon", &[".moon/workspace.yml"]),
    ("lerna", &["lerna.json"]),
    ("lage", &["lage.config.js"]),
];

/// What a directory declares about packages below it.
pub(super) struct Declaration {
    pub(super) tool: &'static str,
    pub(super) patterns: Patterns,
}

/// Whether `directory`, with this package.json, is the root of a workspace of Node packages.
pub(super) fn declaration(
    workspace: &Workspace,
    directory: &str,
    package: Option<&PackageJson>,
) -> Option<Declaration> {
    let has = |file: &str| workspace.has_file(&beside(directory, file));
    if has("pnpm-workspace.yaml") {
        let settings = data::yaml(workspace, &beside(directory, "pnpm-workspace.yaml")).unwrap_or_default();
        let patterns = Patterns::new(strings(&settings["packages"]));
        // A file without `packages` holds only settings.
        if !patterns.is_empty() {
            return Some(Declaration { tool: "pnpm", patterns });
        }
    }
    if let Some(list) = package.and_then(PackageJson::workspaces) {
        let tool = match () {
            () if has("yarn.lock") => "yarn",
            () if has("bun.lock") || has("bun.lockb") => "bun",
            () => "npm",
        };
        return Some(Declaration { tool, patterns: Patterns::new(list) });
    }
    if has("lerna.json") {
        let settings = data::json(workspace, &beside(directory, "lerna.json")).unwrap_or_default();
        let patterns = Patterns::new(strings(&settings["packages"]));
        return Some(Declaration {
            tool: "lerna",
            patterns: if patterns.is_empty() { Patterns::new(["packages/*"]) } else { patterns },
        });
    }
    if has("rush.json") {
        let settings = data::json(workspace, &beside(directory, "rush.json")).unwrap_or_default();
        let projects = settings["projects"].as_array().into_iter().flatten();
        let folders = projects.filter_map(|project| project["projectFolder"].as_str());
        return Some(Declaration { tool: "rush", patterns: Patterns::new(folders) });
    }
    // A project of Nx needs no package.json: its project.json says where it is.
    has("nx.json").then(|| Declaration { tool: "nx", patterns: Patterns::new(["apps/**", "packages/**", "libs/**"]) })
}

/// The packages that the workspace's own root declares, if it declares any.
pub(super) fn find(root: &Project<'_>) -> Option<Monorepo> {
    let workspace = root.workspace;
    let declaration = declaration(workspace, &root.directory, root.package());
    let tool = TOOLS.into_iter().find(|(_, files)| files.iter().any(|file| workspace.has_file(&root.file(file))));
    let tool = tool.map(|(tool, _)| tool);
    let in_package = root.package().is_some_and(|package| package.setting("turbo").is_some()).then_some("turbo");
    if let Some(declaration) = declaration {
        let tool = tool.or(in_package).unwrap_or(declaration.tool);
        let mut packages = packages(workspace, &declaration.patterns);
        packages.truncate(PACKAGES);
        return Some(Monorepo { tool: tool.to_owned(), packages });
    }
    if let Some(tool) = tool.or(in_package) {
        return Some(Monorepo { tool: tool.to_owned(), packages: Vec::new() });
    }
    of_other_ecosystems(root)
}

fn of_other_ecosystems(root: &Project<'_>) -> Option<Monorepo> {
    let workspace = root.workspace;
    let states = |ecosystem| root.manifests.of(ecosystem).is_some_and(|manifest| manifest.states(Fact::Workspace));
    let monorepo = |tool: &str, packages| Some(Monorepo { tool: tool.to_owned(), packages });
    if states(Ecosystem::Rust) {
        let cargo = data::toml(workspace, &root.file("Cargo.toml"))?;
        return monorepo("cargo", members::cargo(workspace, &root.directory, &cargo));
    }
    if states(Ecosystem::Go) {
        return monorepo("go", members::go(&workspace.read_text(&root.file("go.work"))?));
    }
    if let Some(pyproject) = data::toml(workspace, &root.file("pyproject.toml"))
        && pyproject["tool"]["uv"]["workspace"].is_object()
    {
        return monorepo("uv", members::uv(workspace, &root.directory, &pyproject));
    }
    if states(Ecosystem::Deno) {
        let deno = ["deno.json", "deno.jsonc"].iter().find_map(|file| data::json(workspace, &root.file(file)))?;
        let members = strings(&deno["workspace"]).map(|path| path.trim_start_matches("./").to_owned());
        return monorepo("deno", members.take(PACKAGES).collect());
    }
    if states(Ecosystem::Jvm) {
        return monorepo("maven", Vec::new());
    }
    None
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// The directories that patterns select and that hold a package, in order.
fn packages(workspace: &Workspace, patterns: &Patterns) -> Vec<String> {
    let mut search = Search { workspace, patterns, entries: 0, packages: Vec::new() };
    search.walk(".", 0);
    search.packages.sort();
    search.packages
}

struct Search<'a> {
    workspace: &'a Workspace,
    patterns: &'a Patterns,
    entries: usize,
    packages: Vec<String>,
}

impl Search<'_> {
    /// Collects the directories below `parent` that a pattern selects and that hold a package.json, or the project.json of Nx.
    fn walk(&mut self, parent: &str, depth: usize) {
        let Ok(entries) = self.workspace.path_of(parent).read_dir() else { return };
        for entry in entries.flatten() {
            self.entries += 1;
            if self.entries > ENTRIES {
                return;
            }
            // Not following symbolic links keeps the walk inside the workspace and finite.
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') || SKIPPED.contains(&name.as_str()) {
                continue;
            }
            let path = beside(parent, &name);
            if self.patterns.select(&path) && self.is_package(&path) {
                self.packages.push(path.clone());
            }
            if depth + 1 < DEPTH && self.patterns.may_select_below(&path) {
                self.walk(&path, depth + 1);
            }
        }
    }

    fn is_package(&self, path: &str) -> bool {
        ["package.json", "project.json"].iter().any(|file| self.workspace.has_file(&beside(path, file)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::scratch::tree;

    #[track_caller]
    fn check(files: &[(&str, &str)], tool: Option<&str>, packages: &[&str]) {
        let directory = tree(files.iter().copied());
        let workspace = Workspace::open(directory.path()).unwrap();
        let found = find(&Project::read(&workspace, ".".to_owned()));
        let expected = tool.map(|tool| Monorepo {
            tool: tool.to_owned(),
            packages: packages.iter().map(|&package| package.to_owned()).collect(),
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn each_way_to_declare_a_workspace_is_known() {
        let package = "{}";
        check(
            &[
                ("pnpm-workspace.yaml", "packages:\n  - 'apps/*' # sites\n  - \"!**/old\"\ncatalog:\n  a: 1\n"),
                ("apps/a/package.json", package),
                ("apps/old/package.json", package),
            ],
            Some("pnpm"),
            &["apps/a"],
        );
        check(
            &[("pnpm-workspace.yaml", "onlyBuiltDependencies:\n  - esbuild\n"), ("package.json", package)],
            None,
            &[],
        );
        check(
            &[("package.json", r#"{"workspaces":{"packages":["*"]}}"#), ("a/package.json", package)],
            Some("npm"),
            &["a"],
        );
        check(
            &[("package.json", r#"{"workspaces":["a"]}"#), ("turbo.json", "{}"), ("a/package.json", package)],
            Some("turbo"),
            &["a"],
        );
        check(&[("nx.json", "{}"), ("apps/web/project.json", "{}")], Some("nx"), &["apps/web"]);
        check(
            &[("lerna.json", r#"{"packages":["modules/*"]}"#), ("modules/a/package.json", package)],
            Some("lerna"),
            &["modules/a"],
        );
        check(
            &[
                ("rush.json", "{ // tools\n \"projects\": [{\"projectFolder\": \"apps/a\"}] }"),
                ("apps/a/package.json", package),
            ],
            Some("rush"),
            &["apps/a"],
        );
        check(&[("package.json", r#"{"turbo":{}}"#)], Some("turbo"), &[]);
        check(
            &[
                ("Cargo.toml", "[workspace]\nmembers = ['crates/*']\n"),
                ("crates/a/Cargo.toml", "[package]\nname='a'\n"),
            ],
            Some("cargo"),
            &["crates/a"],
        );
        check(&[("go.work", "use ./api\n"), ("api/go.mod", "module api\n")], Some("go"), &["api"]);
        check(
            &[("pyproject.toml", "[tool.uv.workspace]\nmembers = ['packages/*']\n"), ("packages/a/pyproject.toml", "")],
            Some("uv"),
            &["packages/a"],
        );
    }
}
