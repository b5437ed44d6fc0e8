//! `_worker.js`, a file or a folder of modules, as the form that Workers are uploaded with: what `wrangler pages deploy
//! --no-bundle` makes of it (`src/api/pages/create-worker-bundle-contents.ts`). Nothing is compiled here.

use bytes::Bytes;
use serde_json::json;

use crate::providers::ProviderError;
use crate::providers::http::{Multipart, Pieces};
use crate::providers::static_host::{File, Tree};

/// Its name, as a file or as a folder.
const WORKER: &str = "_worker.js";
/// The module that is run, of a folder.
const ENTRY: &str = "index.js";
const MIB: u64 = 1024 * 1024;
/// Of all modules before compression ("Workers – Limits").
const WORKER_BYTES: u64 = 64 * MIB;
/// What modules are, by how their names end; others are none.
const MODULES: [(&str, &str); 7] = [
    (".js", ESM),
    (".mjs", ESM),
    (".wasm", "application/wasm"),
    (".bin", "application/octet-stream"),
    (".txt", "text/plain"),
    (".html", "text/plain"),
    (".sql", "text/plain"),
];
const ESM: &str = "application/javascript+module";

/// The modules of a worker, the one that is run first.
pub(super) struct Worker {
    modules: Vec<Module>,
}

struct Module {
    name: String,
    kind: &'static str,
    content: Pieces,
}

/// What a path is below `_worker.js`; empty for the file itself, nothing for other paths.
pub(super) fn below_worker(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(WORKER)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

impl Worker {
    /// The worker of a tree, when it has one.
    ///
    /// # Errors
    /// `Rejected` when it is too large, or has no module to run.
    pub(super) fn of(tree: &Tree) -> Result<Option<Self>, ProviderError> {
        let parts: Vec<(&File, &str)> =
            tree.files.iter().filter_map(|file| Some((file, below_worker(&file.path)?))).collect();
        if parts.is_empty() {
            return Ok(None);
        }
        if let Some(problem) = problem(parts.iter().map(|(file, name)| (*name, file.size_bytes))) {
            return Err(ProviderError::Rejected(problem));
        }
        let mut modules: Vec<_> = parts
            .into_iter()
            .filter_map(|(file, name)| {
                let name = if name.is_empty() { WORKER } else { name };
                let mut content = Pieces::default();
                content.push_read(file.size_bytes, tree.body(file));
                Some(Module { name: name.to_owned(), kind: kind(name)?, content })
            })
            .collect();
        modules.sort_by_key(|module| !is_entry(&module.name));
        Ok(Some(Self { modules }))
    }

    /// The form, which begins with the line between its parts: whoever reads it finds that there.
    pub(super) fn bundle(&self) -> Pieces {
        let mut form = Multipart::new();
        let entry = self.modules.first().map(|entry| entry.name.as_str());
        form.text("metadata", Bytes::from(json!({ "main_module": entry }).to_string()));
        for module in &self.modules {
            form.file(&module.name, module.kind, module.content.clone());
        }
        form.finish().1
    }
}

fn kind(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(end, _)| name.ends_with(end)).map(|(_, kind)| *kind)
}

fn is_entry(name: &str) -> bool {
    matches!(name, ENTRY | WORKER)
}

/// What is wrong with modules of these names and sizes.
fn problem<'a>(modules: impl Iterator<Item = (&'a str, u64)> + Clone) -> Option<String> {
    let total: u64 = modules.clone().map(|(_, size)| size).sum();
    if total > WORKER_BYTES {
        let (total, most) = (total.div_ceil(MIB), WORKER_BYTES / MIB);
        return Some(format!("`{WORKER}` has {total} MiB, and Cloudflare takes at most {most} MiB; nothing was sent"));
    }
    let has_entry = modules.clone().any(|(name, _)| name.is_empty() || name == ENTRY);
    (!has_entry)
        .then(|| format!("`{WORKER}` is a folder without `{ENTRY}`, so there is nothing to run; nothing was sent"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_a_file_or_a_folder() {
        for (path, expected) in [
            ("_worker.js", Some("")),
            ("_worker.js/index.js", Some("index.js")),
            ("_worker.js/chunks/a.mjs", Some("chunks/a.mjs")),
            ("_worker.js.map", None),
            ("a/_worker.js", None),
        ] {
            assert_eq!(below_worker(path), expected, "{path}");
        }
    }

    #[test]
    fn what_cannot_run_is_told() {
        let problem = |modules: &[(&str, u64)]| problem(modules.iter().copied());
        assert_eq!(problem(&[("", 1)]), None);
        assert_eq!(problem(&[("a.js", 1), ("index.js", 1)]), None);
        assert!(problem(&[("a.js", 1)]).is_some_and(|problem| problem.contains("without `index.js`")));
        assert!(problem(&[("", 65 * MIB)]).is_some_and(|problem| problem.contains("at most 64 MiB")));
    }

    #[test]
    fn modules_are_what_their_names_say() {
        assert_eq!(kind("a/b.mjs"), Some(ESM));
        assert_eq!(kind("a.wasm"), Some("application/wasm"));
        assert_eq!(kind("a.js.map"), None);
    }
}
