//! The members a workspace of another ecosystem than Node lists.

use serde_json::Value;

use super::files::{Workspace, beside};
use super::glob::Patterns;

/// Members looked at.
const MEMBERS: usize = 200;

/// The directories of a Cargo workspace's members, the default ones first.
pub(super) fn cargo(workspace: &Workspace, directory: &str, root: &Value) -> Vec<String> {
    let table = &root["workspace"];
    let excluded: Vec<String> = strings(&table["exclude"]).map(|path| beside(directory, path)).collect();
    let mut members = Vec::new();
    for list in ["default-members", "members"] {
        for pattern in strings(&table[list]) {
            for member in expand(workspace, directory, pattern, "Cargo.toml") {
                if !members.contains(&member) && !excluded.contains(&member) && members.len() < MEMBERS {
                    members.push(member);
                }
            }
        }
    }
    members
}

/// The members of a uv workspace.
pub(super) fn uv(workspace: &Workspace, directory: &str, root: &Value) -> Vec<String> {
    let patterns = strings(&root["tool"]["uv"]["workspace"]["members"]);
    patterns.flat_map(|pattern| expand(workspace, directory, pattern, "pyproject.toml")).take(MEMBERS).collect()
}

/// The modules that a go.work uses, relative to it.
pub(super) fn go(work: &str) -> Vec<String> {
    let mut is_in_block = false;
    let mut modules = Vec::new();
    for line in work.lines() {
        let line = line.split("//").next().unwrap_or_default().trim();
        let module = match line.strip_prefix("use") {
            Some(rest) if rest.trim() == "(" => {
                is_in_block = true;
                continue;
            }
            Some(rest) if rest.starts_with([' ', '\t']) => rest,
            _ if line == ")" => {
                is_in_block = false;
                continue;
            }
            _ if is_in_block => line,
            _ => continue,
        };
        let module = module.trim().trim_matches('"').trim_start_matches("./").trim_end_matches('/');
        let leads_out = module.split('/').any(|part| part == "..") || module.starts_with('/');
        if !module.is_empty() && !leads_out && modules.len() < MEMBERS {
            modules.push(module.to_owned());
        }
    }
    modules
}

/// The directories a pattern such as `crates/*` selects that hold a manifest. Only the last part may have a `*`;
/// deeper patterns are looked for two levels down.
fn expand(workspace: &Workspace, directory: &str, pattern: &str, manifest: &str) -> Vec<String> {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let holds = |path: &String| workspace.has_file(&beside(path, manifest));
    if !pattern.contains('*') {
        return [beside(directory, pattern)].into_iter().filter(holds).collect();
    }
    let patterns = Patterns::new([pattern]);
    let base = pattern.split('/').take_while(|part| !part.contains('*')).collect::<Vec<_>>().join("/");
    let base = if base.is_empty() { ".".to_owned() } else { base };
    let mut found = Vec::new();
    let mut pending = vec![(base, 0)];
    while let Some((folder, depth)) = pending.pop() {
        for name in workspace.names(&beside(directory, &folder)) {
            let relative = beside(&folder, &name);
            if name.starts_with('.') || name == "node_modules" || name == "target" || found.len() >= MEMBERS {
                continue;
            }
            let path = beside(directory, &relative);
            if patterns.select(&relative) && holds(&path) {
                found.push(path);
            } else if depth < 2 && pattern.contains('/') && !workspace.names(&path).is_empty() {
                pending.push((relative, depth + 1));
            }
        }
    }
    found.sort();
    found
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_a_go_workspace_stay_inside() {
        assert_eq!(
            go("go 1.22\n\nuse ./api\nuse (\n\t./shared // lib\n\t\"./x\"\n\t../out\n)\n"),
            ["api", "shared", "x"]
        );
    }
}
