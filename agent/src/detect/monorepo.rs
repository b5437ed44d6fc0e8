//! The packages of a workspace: `workspaces` of package.json, or `packages` of pnpm-workspace.yaml.

use slipway_proto::plan::Monorepo;

use super::DetectError;
use super::files::{Workspace, beside};
use super::glob::Patterns;
use super::package_json::PackageJson;

/// Deeper packages exist, but nobody puts a site there.
const DEPTH: usize = 5;
/// Keeps the plan small; a workspace with more packages than this needs `root_dir` anyway.
const PACKAGES: usize = 200;
/// Ends the search in a tree that has more in it than source code.
const ENTRIES: usize = 50_000;

/// What a directory declares about packages below it.
pub(super) struct Declaration {
    pub(super) tool: &'static str,
    pub(super) patterns: Patterns,
}

/// Whether `directory`, with this package.json, is the root of a workspace.
pub(super) fn declaration(
    workspace: &Workspace,
    directory: &str,
    package: Option<&PackageJson>,
) -> Result<Option<Declaration>, DetectError> {
    if let Some(text) = workspace.read_text(&beside(directory, "pnpm-workspace.yaml"))? {
        let patterns = Patterns::new(yaml_packages(&text));
        // A file without `packages` holds only settings.
        if !patterns.is_empty() {
            return Ok(Some(Declaration { tool: "pnpm", patterns }));
        }
    }
    let Some(list) = package.and_then(PackageJson::workspaces) else { return Ok(None) };
    let has = |file| workspace.has_file(&beside(directory, file));
    let tool = match () {
        () if has("yarn.lock") => "yarn",
        () if has("bun.lock") || has("bun.lockb") => "bun",
        () => "npm",
    };
    Ok(Some(Declaration { tool, patterns: Patterns::new(list) }))
}

/// The packages that the workspace's own root declares, if it declares any.
pub(super) fn find(workspace: &Workspace, package: Option<&PackageJson>) -> Result<Option<Monorepo>, DetectError> {
    let Some(declaration) = declaration(workspace, ".", package)? else { return Ok(None) };
    let mut search = Search { workspace, patterns: &declaration.patterns, entries: 0, packages: Vec::new() };
    search.walk(".", 0);
    let mut packages = search.packages;
    packages.sort();
    packages.truncate(PACKAGES);
    Ok(Some(Monorepo { tool: declaration.tool.to_owned(), packages }))
}

struct Search<'a> {
    workspace: &'a Workspace,
    patterns: &'a Patterns,
    entries: usize,
    packages: Vec<String>,
}

impl Search<'_> {
    /// Collects the directories below `parent` that a pattern selects and that hold a package.json.
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
            if name.starts_with('.') || name == "node_modules" {
                continue;
            }
            let path = beside(parent, &name);
            if self.patterns.select(&path) && self.workspace.has_file(&beside(&path, "package.json")) {
                self.packages.push(path.clone());
            }
            if depth + 1 < DEPTH {
                self.walk(&path, depth + 1);
            }
        }
    }
}

/// The list under `packages:`, in block or flow form. YAML has more ways to write a list; nobody uses them here.
fn yaml_packages(text: &str) -> Vec<&str> {
    let Some((first, rest)) = after_key(text) else { return Vec::new() };
    if let Some(start) = first.trim().strip_prefix('[') {
        let flow = if start.contains(']') { start } else { rest };
        let flow = flow.split(']').next().unwrap_or_default();
        return flow.split([',', '\n']).map(item).filter(|item| !item.is_empty()).collect();
    }
    rest.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map_while(|line| line.strip_prefix('-'))
        .map(item)
        .filter(|item| !item.is_empty())
        .collect()
}

/// The rest of the line of the top-level key `packages`, and the lines below.
fn after_key(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    while !rest.is_empty() {
        let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
        if let Some(first) = line.strip_prefix("packages:") {
            return Some((first, below));
        }
        rest = below;
    }
    None
}

/// An item without its quotes and the comment behind it.
fn item(text: &str) -> &str {
    let text = text.trim();
    let text = if text.starts_with('#') { "" } else { text.split(" #").next().unwrap_or(text) };
    text.trim().trim_matches(['\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pnpm_lists_are_read_in_both_forms() {
        let block = "# comment\npackages:\n  - 'apps/*'  # sites\n\n  - \"packages/*\"\r\n# x\n  - '!**/old'\ncatalog:\n  - no\n";
        assert_eq!(yaml_packages(block), ["apps/*", "packages/*", "!**/old"]);
        assert_eq!(yaml_packages("packages: ['a', \"b/*\"]\n"), ["a", "b/*"]);
        assert_eq!(yaml_packages("packages: [\n  'a',\n  # no\n  b/*, # yes\n]\nx: [c]\n"), ["a", "b/*"]);
        assert_eq!(yaml_packages("packages: # sites\n- a\n"), ["a"]);
        assert_eq!(yaml_packages("packages:\n  - \n"), [""; 0]);
        assert_eq!(yaml_packages("packages:"), [""; 0]);
        assert_eq!(yaml_packages("onlyBuiltDependencies:\n  - esbuild\n"), [""; 0]);
    }
}
