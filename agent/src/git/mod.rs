//! Packs the workspace as git objects: the real history of its repository, and what is not committed as one
//! commit on top. The sandbox's own git does it, so that what a user's repository can do (filters, worktrees,
//! sparse checkouts, alternates) is understood as the user's git understands it; it runs as a build does, as
//! another user and under a supervisor.

use std::collections::HashMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use slipway_proto::git::{HEADS, is_name};
use slipway_proto::v1::GitRemoteReply;

use crate::build::BuildUser;

/// Run by `/bin/sh` in the workspace.
pub(crate) const EXPORT_SCRIPT: &str = include_str!("export.sh");
/// What is kept of former exports of a workspace, for the next; more is thrown away.
const KEPT_KIB: &str = "1048576";
/// What nobody wants in a repository, whether it is in a `.gitignore` or not. Files that are tracked stay.
const EXCLUDES: &str = "\
node_modules/
.pnpm-store/
.next/
.nuxt/
.svelte-kit/
.turbo/
.parcel-cache/
.vercel/
.netlify/
.venv/
__pycache__/
.DS_Store
.env
.env.*
!.env.example
!.env.sample
!.env.template
";

/// Where an export happens.
pub(crate) struct ExportDir(PathBuf);

impl ExportDir {
    /// Makes it below `temporary`, with what the script reads, for `user`.
    pub(crate) fn prepare(temporary: &Path, remote: &GitRemoteReply, user: BuildUser) -> io::Result<Self> {
        let path = temporary.join("git-export");
        // Not the user's before everything is in it: nobody can put a link in the way.
        DirBuilder::new().mode(0o700).create(&path)?;
        let heads = remote.heads.iter().chain([&remote.branch_head]).filter(|name| is_name(name)).take(HEADS);
        let heads: String = heads.flat_map(|name| [name.as_str(), "\n"]).collect();
        for (name, content) in [("heads", heads.as_str()), ("excludes", EXCLUDES)] {
            let file = path.join(name);
            fs::write(&file, content)?;
            user.own(&file)?;
        }
        user.own(&path)?;
        Ok(Self(path))
    }

    /// The artifact's files, once the script has ended well.
    pub(crate) fn output(&self) -> PathBuf {
        self.0.join("out")
    }

    /// What the script is told.
    pub(crate) fn variables(&self, remote: &GitRemoteReply) -> HashMap<String, String> {
        let branch_head = if is_name(&remote.branch_head) { remote.branch_head.as_str() } else { "" };
        let commits_only = if remote.commits_only { "yes" } else { "no" };
        [
            ("EXPORT_DIR", &*self.0.to_string_lossy()),
            ("BRANCH_HEAD", branch_head),
            ("KEPT_KIB", KEPT_KIB),
            ("COMMITS_ONLY", commits_only),
            ("MESSAGE", &remote.message),
            ("AUTHOR_NAME", &remote.author_name),
            ("AUTHOR_EMAIL", &remote.author_email),
            ("FALLBACK_NAME", &remote.fallback_name),
            ("FALLBACK_EMAIL", &remote.fallback_email),
        ]
        .map(|(name, value)| (name.to_owned(), value.replace('\0', "")))
        .into()
    }
}
