//! The packages of a workspace: `workspaces` of package.json, or `packages` of pnpm-workspace.yaml.

use std::path::Path;

use slipway_proto::plan::Monorepo;

use super::DetectError;
use super::files::read_text;
use super::package_json::PackageJson;

/// Deeper packages exist, but nobody puts a site there.
const DEPTH: usize = 5;
/// Keeps the plan small; a workspace with more packages than this needs `root_dir` anyway.
const PACKAGES: usize = 200;

/// The packages that the workspace root declares, if it declares any.
pub(super) fn find(root: &Path, package: Option<&PackageJson>) -> Result<Option<Monorepo>, DetectError> {
    let pnpm = read_text(&root.join("pnpm-workspace.yaml"))?.map(|text| yaml_packages(&text));
    let (tool, patterns) = match (pnpm, package.and_then(PackageJson::workspaces)) {
        // A file without `packages` holds only settings.
        (Some(patterns), _) if !patterns.is_empty() => ("pnpm", patterns),
        (_, Some(patterns)) if root.join("yarn.lock").exists() => ("yarn", patterns),
        (_, Some(patterns)) => ("npm", patterns),
        _ => return Ok(None),
    };
    let mut packages = Vec::new();
    walk(root, "", &patterns, 0, &mut packages);
    packages.sort();
    packages.truncate(PACKAGES);
    Ok(Some(Monorepo { tool: tool.to_owned(), packages }))
}

/// Collects the directories below `parent` that a pattern matches and that hold a package.json.
fn walk(root: &Path, parent: &str, patterns: &[String], depth: usize, packages: &mut Vec<String>) {
    let Ok(entries) = root.join(parent).read_dir() else { return };
    for entry in entries.flatten() {
        // Not following symbolic links keeps the walk inside the workspace and finite.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let path = if parent.is_empty() { name } else { format!("{parent}/{name}") };
        if is_member(&path, patterns) && entry.path().join("package.json").is_file() {
            packages.push(path.clone());
        }
        if depth + 1 < DEPTH {
            walk(root, &path, patterns, depth + 1, packages);
        }
    }
}

fn is_member(path: &str, patterns: &[String]) -> bool {
    let matches = |pattern: &str| {
        let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
        matches_parts(&pattern.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>())
    };
    let (excluded, included): (Vec<_>, Vec<_>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
    included.iter().any(|pattern| matches(pattern)) && !excluded.iter().any(|pattern| matches(&pattern[1..]))
}

/// `*` stands for any part or piece of one, `**` for any number of parts.
fn matches_parts(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"**", rest)), _) => (0..=path.len()).any(|skipped| matches_parts(rest, &path[skipped..])),
        (Some((part, rest)), Some((name, below))) => matches_name(part, name) && matches_parts(rest, below),
        _ => false,
    }
}

fn matches_name(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.is_char_boundary(at) && matches_name(after, &rest[at..]))
        }),
    }
}

/// The list under `packages:`, in block or flow form. YAML has more ways to write a list; nobody uses them here.
fn yaml_packages(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let Some(first) = lines.find_map(|line| line.strip_prefix("packages:")) else { return Vec::new() };
    let unquote = |item: &str| {
        let item = item.split(" #").next().unwrap_or(item).trim();
        item.trim_matches(['\'', '"']).to_owned()
    };
    if let Some(flow) = first.trim().strip_prefix('[') {
        return flow.trim_end_matches(']').split(',').map(unquote).filter(|item| !item.is_empty()).collect();
    }
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map_while(|line| line.strip_prefix('-'))
        .map(unquote)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &[&str], path: &str, expected: bool) {
        let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        assert_eq!(is_member(path, &patterns), expected, "{path} in {patterns:?}");
    }

    #[test]
    fn patterns_select_packages() {
        check(&["apps/*"], "apps/web", true);
        check(&["./apps/*/"], "apps/web", true);
        check(&["apps/*"], "apps/web/sub", false);
        check(&["packages/**"], "packages/a/b", true);
        check(&["web"], "web", true);
        check(&["pkg-*"], "pkg-site", true);
        check(&["pkg-*"], "site", false);
        check(&["apps/*", "!apps/old"], "apps/old", false);
        check(&["**"], "anything/at/all", true);
    }

    #[test]
    fn pnpm_lists_are_read_in_both_forms() {
        let block = "# comment\npackages:\n  - 'apps/*'  # sites\n\n  - \"packages/*\"\ncatalog:\n  - no\n";
        assert_eq!(yaml_packages(block), ["apps/*", "packages/*"]);
        assert_eq!(yaml_packages("packages: ['a', \"b/*\"]\n"), ["a", "b/*"]);
        assert_eq!(yaml_packages("onlyBuiltDependencies:\n  - esbuild\n"), [""; 0]);
    }
}
