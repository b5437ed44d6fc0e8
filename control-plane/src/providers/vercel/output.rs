//! The tree as Vercel takes what is built already, "Build Output API" version 3:
//! <https://vercel.com/docs/build-output-api/v3>.

use std::collections::HashSet;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use slipway_proto::plan::Routing;

use crate::providers::ProviderError;
use crate::providers::http::OpenBody;
use crate::providers::static_host::{Limits, Tree};

const OUTPUT: &str = ".vercel/output/";
const CONFIG: &str = ".vercel/output/config.json";
const STATIC: &str = ".vercel/output/static/";
/// The same file where the tree begins with it, and what is read of it.
const BUILT_CONFIG: &str = "config.json";
const CONFIG_BYTES: u64 = 4 * 1024 * 1024;
const NOT_FOUND_PAGE: &str = "404.html";
/// `st_mode` of a file, and of one that can be run.
const MODES: [u32; 2] = [0o100_644, 0o100_755];
const GIB: u64 = 1024 * 1024 * 1024;

/// "`files` should NOT have more than 15000 items"; sizes are those of the largest plan.
const LIMITS: Limits =
    Limits { vendor: "Vercel", files: 15_000, file_bytes: GIB, total_bytes: 10 * GIB, forbidden: |_| None };

/// What is sent to Vercel.
pub(super) struct Output {
    tree: Tree,
    /// The one file that we make, unless the build has made all.
    config: Option<(String, Bytes)>,
}

/// Bytes that a deployment needs, once, however many files have them.
#[derive(Clone)]
pub(super) struct Blob {
    /// As Vercel names them.
    pub(super) sha1: String,
    pub(super) size_bytes: u64,
    pub(super) open: OpenBody,
}

/// A file, with its bytes.
pub(super) struct Entry {
    /// As Vercel is told.
    pub(super) path: String,
    pub(super) size_bytes: u64,
    /// `st_mode`.
    pub(super) mode: u32,
    pub(super) open: OpenBody,
}

impl Output {
    /// Lays a tree out: below the build's own output when it is that, and as static files otherwise.
    ///
    /// # Errors
    /// `Rejected` when Vercel does not take so much.
    pub(super) async fn of(mut tree: Tree, routing: Routing) -> Result<Self, ProviderError> {
        LIMITS.check(&tree.files)?;
        let is_built = is_built(&tree).await?;
        let has_not_found_page = tree.files.iter().any(|file| file.path == NOT_FOUND_PAGE);
        for file in &mut tree.files {
            file.path.insert_str(0, if is_built { OUTPUT } else { STATIC });
        }
        let config = (!is_built).then(|| {
            let config = Bytes::from(config(routing, has_not_found_page).to_string());
            (hex(&Sha1::digest(&config)), config)
        });
        Ok(Self { tree, config })
    }

    /// The list of files as Vercel wants it.
    pub(super) fn files(&self) -> Vec<Value> {
        let entry = |path: &str, sha1: &str, size: u64, mode: u32| json!({ "file": path, "sha": sha1, "size": size, "mode": mode });
        let made = self.config.iter().map(|(sha1, bytes)| entry(CONFIG, sha1, bytes.len() as u64, MODES[0]));
        let stored =
            self.tree.files.iter().map(|file| {
                entry(&file.path, &hex(&file.sha1), file.size_bytes, MODES[usize::from(file.is_executable)])
            });
        made.chain(stored).collect()
    }

    /// All files with their bytes.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let made = self.config.iter().map(|(_, bytes)| Entry {
            path: CONFIG.to_owned(),
            size_bytes: bytes.len() as u64,
            mode: MODES[0],
            open: here(bytes.clone()),
        });
        let stored = self.tree.files.iter().map(|file| Entry {
            path: file.path.clone(),
            size_bytes: file.size_bytes,
            mode: MODES[usize::from(file.is_executable)],
            open: self.tree.body(file),
        });
        made.chain(stored).collect()
    }

    /// The bytes that Vercel says it lacks, in the order of the tree: neighbours are read together.
    ///
    /// # Errors
    /// `Failed` when it lacks what was never announced.
    pub(super) fn blobs(&self, missing: &[String]) -> Result<Vec<Blob>, ProviderError> {
        let mut missing: HashSet<&str> = missing.iter().map(String::as_str).collect();
        let mut blobs = Vec::with_capacity(missing.len());
        if let Some((sha1, bytes)) = self.config.as_ref().filter(|(sha1, _)| missing.remove(sha1.as_str())) {
            blobs.push(Blob { sha1: sha1.clone(), size_bytes: bytes.len() as u64, open: here(bytes.clone()) });
        }
        for file in &self.tree.files {
            let sha1 = hex(&file.sha1);
            if missing.remove(sha1.as_str()) {
                blobs.push(Blob { sha1, size_bytes: file.size_bytes, open: self.tree.body(file) });
            }
        }
        if missing.is_empty() {
            return Ok(blobs);
        }
        Err(ProviderError::Failed(anyhow::anyhow!("Vercel asks for a file that is not part of the deployment")))
    }
}

/// Whether a tree is what a build puts into `.vercel/output`: it says so, and has nothing else.
async fn is_built(tree: &Tree) -> Result<bool, ProviderError> {
    let belongs = |path: &str| {
        // Beside both are only records of the build, such as `builds.json`.
        path.strip_suffix(".json").is_some() || path.starts_with("static/") || path.starts_with("functions/")
    };
    let config = tree.files.iter().find(|file| file.path == BUILT_CONFIG && file.size_bytes <= CONFIG_BYTES);
    let Some(config) = config.filter(|_| tree.files.iter().all(|file| belongs(&file.path))) else { return Ok(false) };
    let bytes = tree.read(config).await?;
    Ok(serde_json::from_slice::<Value>(&bytes).is_ok_and(|config| config["version"] == 3))
}

fn here(bytes: Bytes) -> OpenBody {
    std::sync::Arc::new(move || {
        let bytes = bytes.clone();
        futures::stream::once(async move { Ok(bytes) }).boxed()
    })
}

/// How paths without a file are answered.
fn config(routing: Routing, has_not_found_page: bool) -> Value {
    match routing {
        Routing::SinglePage => json!({
            "version": 3,
            "routes": [{ "handle": "filesystem" }, { "src": "/(.*)", "dest": "/index.html" }],
        }),
        Routing::Pages if has_not_found_page => json!({
            "version": 3,
            "routes": [
                { "handle": "filesystem" },
                { "handle": "error" },
                { "status": 404, "src": "/(.*)", "dest": format!("/{NOT_FOUND_PAGE}") },
            ],
        }),
        Routing::Pages => json!({ "version": 3 }),
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_answers_for_all_only_where_it_routes() {
        let routes = |routing, has_page| config(routing, has_page)["routes"].clone();
        assert_eq!(routes(Routing::SinglePage, false)[1]["dest"], "/index.html");
        assert_eq!(routes(Routing::Pages, true)[2]["dest"], "/404.html");
        assert_eq!(config(Routing::Pages, false), json!({ "version": 3 }));
    }
}
