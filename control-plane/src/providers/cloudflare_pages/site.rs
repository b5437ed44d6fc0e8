//! A tree as Pages takes it: assets by the names that Cloudflare gives them, a manifest of which path has which, and
//! beside them the files of the root that say how the site answers. Paths without a file need nothing of us: Pages
//! answers them with `404.html`, or with the one page that routes in the browser when there is none.

use std::collections::HashSet;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};

use super::bucket::Asset;
use super::content_type::content_type;
use super::rules::{headers_problem, redirects_problem};
use super::worker::{Worker, below_worker};
use crate::artifacts::{ArtifactStore, extension};
use crate::providers::ProviderError;
use crate::providers::http::{Multipart, Pieces};
use crate::providers::static_host::{File, Limits, Tree};

const HEADERS: &str = "_headers";
const REDIRECTS: &str = "_redirects";
const ROUTES: &str = "_routes.json";
/// What no release has of a tree, as wrangler leaves it out (`src/pages/validate.ts`).
const LEFT_OUT_AT_ROOT: [&str; 4] = [HEADERS, REDIRECTS, ROUTES, ".wrangler"];
const LEFT_OUT: [&str; 3] = [".DS_Store", "node_modules", ".git"];
const FUNCTIONS: &str = "functions";
const MIB: u64 = 1024 * 1024;
/// Of `_headers`, `_redirects` and `_routes.json`, which are read whole; far above what their rules can have.
const RULES_BYTES: u64 = 8 * MIB;

/// Of files "Pages – Limits"; how many there may be, tokens for uploads say.
fn limits(max_files: usize) -> Limits {
    let forbidden = |path: &str| {
        let why = "is source of Pages Functions, which would have to be compiled; let the build do it with \
                   `wrangler pages functions build --outdir OUTPUT/_worker.js`, or call the folder otherwise";
        (path.split('/').next() == Some(FUNCTIONS)).then_some(why)
    };
    Limits { vendor: "Cloudflare Pages", files: max_files, file_bytes: 25 * MIB, total_bytes: u64::MAX, forbidden }
}

/// What is sent to Cloudflare.
pub(super) struct Site {
    /// Path to name.
    manifest: Value,
    /// Each once, in the order of the tree: neighbours are read together.
    assets: Vec<Asset>,
    /// `_headers`, `_redirects`, `_routes.json`.
    rules: Vec<(&'static str, Bytes)>,
    worker: Option<Worker>,
}

impl Site {
    /// Sorts a tree out.
    ///
    /// # Errors
    /// `Rejected` when Cloudflare does not take it; `Failed` when it cannot be read.
    pub(super) async fn of(artifacts: &ArtifactStore, tree: &Tree, max_files: usize) -> Result<Self, ProviderError> {
        let files: Vec<&File> = tree.files.iter().filter(|file| is_asset(&file.path)).collect();
        let worker = Worker::of(tree)?;
        // A worker can answer everything by itself.
        if !files.is_empty() || worker.is_none() {
            limits(max_files).check(files.iter().copied())?;
        }
        let mut rules = Vec::new();
        for name in [HEADERS, REDIRECTS, ROUTES] {
            // Routes say what the worker answers.
            let is_wanted = name != ROUTES || worker.is_some();
            let file = tree.files.iter().find(|file| file.path == name && file.size_bytes > 0 && is_wanted);
            if let Some(file) = file {
                rules.push((name, Bytes::from(read(tree, file).await?)));
            }
        }
        check_rules(&rules)?;

        let wanted: Vec<_> = files.iter().map(|file| (&file.blob, extension(&file.path))).collect();
        let digests = artifacts.asset_digests(&wanted).await.map_err(ProviderError::Failed)?;
        let (mut manifest, mut assets, mut seen) = (Map::new(), Vec::new(), HashSet::new());
        for (file, digest) in files.into_iter().zip(digests) {
            let hash = HEXLOWER.encode(&digest);
            manifest.insert(format!("/{}", file.path), hash.clone().into());
            if seen.insert(digest) {
                let content_type = content_type(extension(&file.path));
                assets.push(Asset { hash, size_bytes: file.size_bytes, content_type, open: tree.body(file) });
            }
        }
        Ok(Self { manifest: Value::Object(manifest), assets, rules, worker })
    }

    /// The names of all assets.
    pub(super) fn hashes(&self) -> Vec<&str> {
        self.assets.iter().map(|asset| asset.hash.as_str()).collect()
    }

    /// The assets that Cloudflare says it lacks.
    ///
    /// # Errors
    /// `Failed` when it lacks what was never announced.
    pub(super) fn assets(&self, missing: &[String]) -> Result<Vec<Asset>, ProviderError> {
        let missing: HashSet<_> = missing.iter().collect();
        let assets: Vec<_> = self.assets.iter().filter(|asset| missing.contains(&asset.hash)).cloned().collect();
        if assets.len() == missing.len() {
            return Ok(assets);
        }
        let message = "Cloudflare asks for a file that is not part of the deployment";
        Err(ProviderError::Failed(anyhow::anyhow!(message)))
    }

    /// The form that makes a deployment of it, as far as the tree says it.
    pub(super) fn form(&self) -> Multipart {
        let mut form = Multipart::new();
        form.text("manifest", self.manifest.to_string());
        for (name, content) in &self.rules {
            let mut piece = Pieces::default();
            piece.push(content.clone());
            form.file(name, "application/octet-stream", piece);
        }
        if let Some(worker) = &self.worker {
            form.file("_worker.bundle", "application/octet-stream", worker.bundle());
        }
        form
    }
}

/// Whether a path is published as a file.
fn is_asset(path: &str) -> bool {
    let mut parts = path.split('/');
    let is_left_out_at_root = path.split('/').next().is_some_and(|first| LEFT_OUT_AT_ROOT.contains(&first));
    !is_left_out_at_root && below_worker(path).is_none() && !parts.any(|part| LEFT_OUT.contains(&part))
}

async fn read(tree: &Tree, file: &File) -> Result<Vec<u8>, ProviderError> {
    if file.size_bytes > RULES_BYTES {
        let problem = format!("`{}` is larger than {} MiB; nothing was sent", file.path, RULES_BYTES / MIB);
        return Err(ProviderError::Rejected(problem));
    }
    tree.read(file).await
}

fn check_rules(rules: &[(&'static str, Bytes)]) -> Result<(), ProviderError> {
    let problem = |(name, content): &(&str, Bytes)| {
        let text = String::from_utf8_lossy(content);
        match *name {
            HEADERS => headers_problem(&text),
            REDIRECTS => redirects_problem(&text),
            _ => None,
        }
    };
    match rules.iter().find_map(problem) {
        Some(problem) => {
            Err(ProviderError::Rejected(format!("{problem}; Cloudflare would ignore the rest, and nothing was sent")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_how_a_site_answers_is_no_file_of_it() {
        for (path, expected) in [
            ("index.html", true),
            ("a/_headers", true),
            (".well-known/x", true),
            ("_headers", false),
            ("_redirects", false),
            ("_routes.json", false),
            ("_worker.js", false),
            ("_worker.js/index.js", false),
            (".wrangler/tmp/x", false),
            ("a/.DS_Store", false),
            ("a/node_modules/b.js", false),
            (".git/config", false),
        ] {
            assert_eq!(is_asset(path), expected, "{path}");
        }
    }

    #[test]
    fn functions_that_are_not_compiled_are_refused() {
        let forbidden = limits(1).forbidden;
        assert!(forbidden("functions/api.ts").is_some_and(|why| why.contains("_worker.js")));
        assert_eq!(forbidden("a/functions/x.js"), None);
        assert_eq!(forbidden("functions.html"), None);
    }
}
