//! A tree as Netlify takes it: its files by SHA-1, functions by SHA-256, and rules for paths without a file in
//! `_redirects` (<https://docs.netlify.com/routing/redirects/>).

use std::collections::HashSet;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};
use slipway_proto::plan::Routing;

use super::functions::{self, Function, Runtime};
use crate::providers::ProviderError;
use crate::providers::http::OpenBody;
use crate::providers::static_host::{Limits, Tree};

/// From so many files on Netlify compares them while we wait, as its own CLI has it do: earlier answers came too late.
const SYNCHRONOUS_FILES: usize = 100;
const REDIRECTS: &str = "_redirects";
/// Where a site has rules of its own.
const RULES: [&str; 2] = [REDIRECTS, "netlify.toml"];
/// Every path without a file is answered with the page that routes in the browser.
const SINGLE_PAGE: &[u8] = b"/* /index.html 200\n";

/// There is no limit to files and bytes of a deploy but that of 54,000 files in a directory, which is more than an
/// artifact has: <https://docs.netlify.com/site-deploys/overview/#files-per-directory-limit>.
const LIMITS: Limits = Limits {
    vendor: "Netlify",
    files: usize::MAX,
    file_bytes: u64::MAX,
    total_bytes: u64::MAX,
    forbidden: |path| path.contains(['#', '?']).then_some("has `#` or `?` in its name"),
};

/// What is sent to Netlify.
pub(super) struct Output {
    tree: Tree,
    functions: Vec<Function>,
    /// The one file that we make, with its SHA-1.
    made: Option<(String, Bytes)>,
}

/// Bytes that a deploy needs.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) kind: PartKind,
    pub(super) size_bytes: u64,
    pub(super) open: OpenBody,
}

/// What bytes are for.
#[derive(Clone)]
pub(super) enum PartKind {
    /// The file at this path.
    File(String),
    /// The function of this name.
    Function(String, Runtime),
}

impl Output {
    /// Sorts a tree into what is shown and what is run.
    ///
    /// # Errors
    /// `Rejected` when Netlify does not take it.
    pub(super) async fn of(mut tree: Tree, routing: Routing) -> Result<Self, ProviderError> {
        let functions = functions::of(&tree).await?;
        tree.files.retain(|file| is_shown(&file.path));
        if functions.is_empty() || !tree.files.is_empty() {
            LIMITS.check(&tree.files)?;
        }
        let has_rules = tree.files.iter().any(|file| RULES.contains(&file.path.as_str()));
        let made = (routing == Routing::SinglePage && !has_rules).then(|| {
            let bytes = Bytes::from_static(SINGLE_PAGE);
            (hex(&Sha1::digest(&bytes)), bytes)
        });
        Ok(Self { tree, functions, made })
    }

    /// What a deploy is told that it consists of.
    pub(super) fn announcement(&self) -> Value {
        let made = self.made.iter().map(|(sha1, _)| (REDIRECTS.to_owned(), sha1.clone().into()));
        let stored = self.tree.files.iter().map(|file| (file.path.clone(), hex(&file.sha1).into()));
        let files: Map<String, Value> = made.chain(stored).collect();
        let mut body = json!({ "async": files.len() > SYNCHRONOUS_FILES, "files": files });
        functions::announce(&self.functions, &mut body);
        body
    }

    /// What Netlify lacks, in the order of the tree, so that neighbours are read together: each once, or under each of
    /// its names when that was not enough.
    ///
    /// # Errors
    /// `Failed` when it lacks what was never announced.
    pub(super) fn lacking(
        &self,
        sha1s: &[String],
        sha256s: &[String],
        under_each_name: bool,
    ) -> Result<Vec<Part>, ProviderError> {
        let (sha1s, sha256s): (HashSet<_>, HashSet<_>) = (sha1s.iter().collect(), sha256s.iter().collect());
        let (mut found, mut lacking) = (HashSet::new(), Vec::new());
        if let Some((sha1, bytes)) = self.made.as_ref().filter(|(sha1, _)| sha1s.contains(sha1)) {
            let (kind, size_bytes) = (PartKind::File(REDIRECTS.to_owned()), bytes.len() as u64);
            lacking.push(Part { kind, size_bytes, open: here(bytes.clone()) });
            found.insert(sha1.clone());
        }
        for file in &self.tree.files {
            let sha1 = hex(&file.sha1);
            if sha1s.contains(&sha1) && (found.insert(sha1) || under_each_name) {
                let kind = PartKind::File(file.path.clone());
                lacking.push(Part { kind, size_bytes: file.size_bytes, open: self.tree.body(file) });
            }
        }
        // A function is one for each of its names.
        for function in self.functions.iter().filter(|function| sha256s.contains(&function.sha256)) {
            let kind = PartKind::Function(function.name.clone(), function.runtime.clone());
            let open = self.tree.body(&function.zip);
            lacking.push(Part { kind, size_bytes: function.zip.size_bytes, open });
            found.insert(function.sha256.clone());
        }
        if found.len() == sha1s.len() + sha256s.len() {
            return Ok(lacking);
        }
        Err(ProviderError::Failed(anyhow::anyhow!("Netlify asks for a file that is not part of the deploy")))
    }
}

/// Whether visitors get to see a file. Netlify's own CLI leaves hidden files out as well: they are settings, and
/// what lies in `.well-known` is not hidden.
fn is_shown(path: &str) -> bool {
    path.split('/').all(|part| (!part.starts_with('.') || part == ".well-known") && !part.starts_with("__MACOSX"))
}

fn here(bytes: Bytes) -> OpenBody {
    std::sync::Arc::new(move || {
        let bytes = bytes.clone();
        futures::stream::once(async move { Ok(bytes) }).boxed()
    })
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_are_not_shown() {
        for shown in ["index.html", "a/b.txt", ".well-known/security.txt", "_headers"] {
            assert!(is_shown(shown), "{shown}");
        }
        for hidden in [".env", "a/.git/config", ".netlify/functions/x.zip", "__MACOSX/x"] {
            assert!(!is_shown(hidden), "{hidden}");
        }
    }

    #[test]
    fn names_that_cannot_be_addresses_are_refused() {
        assert!((LIMITS.forbidden)("a#b").is_some() && (LIMITS.forbidden)("a?b").is_some());
        assert!((LIMITS.forbidden)("a b/ü").is_none());
    }
}
