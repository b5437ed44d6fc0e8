//! Packs the workspace as git objects: the real history of its repository, and what is not committed as one
//! commit on top. The sandbox's own git does it, so that what a user's repository can do (filters, worktrees,
//! sparse checkouts, alternates) is understood as the user's git understands it; it runs as a build does, as
//! another user and under a supervisor.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use slipway_proto::git::{HEADS, is_name};
use slipway_proto::v1::{GitRemoteReply, SourceFound};

use crate::build::BuildUser;

/// Run by `/bin/sh` in the workspace.
pub(crate) const EXPORT_SCRIPT: &str = include_str!("export.sh");
/// What an entry of a directory counts for, so that empty ones are not counted for ever.
const ENTRY_BYTES: u64 = 1024;
/// Two names of objects, with what is between and after them.
const SOURCE_BYTES: u64 = 128;
/// What is kept of former exports of a workspace, for the next; more is thrown away.
const KEPT_BYTES: u64 = 1024 * 1024 * 1024;
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

/// What is wanted of a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Its objects.
    Export,
    /// Only the name of its tree.
    Tree,
}

/// Where an export happens. The script begins before it is known what the remote has, and waits for that at a pipe.
pub(crate) struct ExportDir {
    path: PathBuf,
    /// Open from before the user of builds could reach it, as the others are: nobody can put another file in the way.
    remote: File,
    heads: File,
    message: File,
    source: File,
}

impl ExportDir {
    /// Makes it below `temporary`, with what the script reads, for `user`.
    pub(crate) fn prepare(temporary: &Path, user: BuildUser) -> io::Result<Self> {
        let path = temporary.join("git-export");
        DirBuilder::new().mode(0o700).create(&path)?;
        let (excludes, output) = (path.join("excludes"), path.join("out"));
        fs::write(&excludes, EXCLUDES)?;
        DirBuilder::new().mode(0o700).create(&output)?;
        let pipe = path.join("remote");
        mkfifo(&pipe, Mode::S_IRUSR | Mode::S_IWUSR)?;
        // Open for both and never waiting, whatever somebody else puts into it.
        let remote = File::options().read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&pipe)?;
        let [heads, message, source] = ["heads", "message", "source"].map(|name| path.join(name));
        let make = |path: &Path| File::options().create_new(true).read(true).write(true).open(path);
        let export =
            Self { remote, heads: make(&heads)?, message: make(&message)?, source: make(&source)?, path: path.clone() };
        for file in [&excludes, &output, &pipe, &heads, &message, &source, &path] {
            user.own(file)?;
        }
        Ok(export)
    }

    /// The artifact's files, once the script has ended well.
    pub(crate) fn output(&self) -> PathBuf {
        self.path.join("out")
    }

    /// What the script is told at once. `home` is the user's, `workspace` what is exported, or only named.
    pub(crate) fn variables(
        &self,
        home: &Path,
        workspace: &Path,
        now_unix: i64,
        wanted: Wanted,
    ) -> HashMap<String, String> {
        HashMap::from([
            ("EXPORT_DIR".to_owned(), self.path.to_string_lossy().into_owned()),
            ("KEPT".to_owned(), kept(home, workspace).to_string_lossy().into_owned()),
            ("NOW".to_owned(), now_unix.to_string()),
            ("TREE_ONLY".to_owned(), if wanted == Wanted::Tree { "yes" } else { "no" }.to_owned()),
        ])
    }

    /// What the workspace is, once the script has ended well.
    pub(crate) fn source(&self) -> Option<SourceFound> {
        let mut text = String::new();
        (&self.source).take(SOURCE_BYTES).read_to_string(&mut text).ok()?;
        let mut names = text.split_whitespace();
        let (tree, commit) = (names.next()?, names.next().unwrap_or_default());
        let is_fine = is_name(tree) && (commit.is_empty() || is_name(commit));
        is_fine.then(|| SourceFound { tree: tree.to_owned(), commit: commit.to_owned() })
    }

    /// Tells the script what the remote has.
    pub(crate) fn tell(&self, remote: &GitRemoteReply) -> io::Result<()> {
        let heads = remote.heads.iter().chain([&remote.branch_head]).filter(|name| is_name(name)).take(HEADS);
        let heads: String = heads.flat_map(|name| [name.as_str(), "\n"]).collect();
        (&self.heads).write_all(heads.as_bytes())?;
        (&self.message).write_all(remote.message.replace('\0', "").as_bytes())?;
        let branch_head = if is_name(&remote.branch_head) { remote.branch_head.as_str() } else { "" };
        let commits_only = if remote.commits_only { "yes" } else { "no" };
        let people = [&remote.author_name, &remote.author_email, &remote.fallback_name, &remote.fallback_email];
        let people = people.map(|text| text.replace(is_no_part_of_a_name, ""));
        let has_others = remote.heads.iter().any(|head| head != branch_head);
        let others = if has_others { "yes" } else { "no" };
        let lines = ["known", branch_head, others, commits_only].into_iter().chain(people.iter().map(String::as_str));
        // Far less than a pipe holds, so this does not wait either.
        self.pass(&lines.flat_map(|line| [line, "\n"]).collect::<String>())
    }

    /// Tells the script that it is waiting in vain, so that it ends.
    pub(crate) fn give_up(&self) -> io::Result<()> {
        self.pass("unknown\n")
    }

    fn pass(&self, lines: &str) -> io::Result<()> {
        (&self.remote).write_all(lines.as_bytes())
    }
}

/// What git would not take in the name or address of an author.
fn is_no_part_of_a_name(character: char) -> bool {
    character.is_control() || matches!(character, '<' | '>')
}

/// Where former exports of a workspace are kept, below the home directory of builds.
fn kept(home: &Path, workspace: &Path) -> PathBuf {
    let name = blake3::hash(workspace.as_os_str().as_bytes());
    home.join(".slipway-git").join(&name.to_hex()[..16])
}

/// Throws away what former exports of a workspace have left when it has become too much: the next one then makes a
/// larger pack.
pub(crate) fn prune(home: &Path, workspace: &Path) {
    let kept = kept(home, workspace);
    if bytes_in(&kept, KEPT_BYTES) > KEPT_BYTES
        && let Err(error) = fs::remove_dir_all(&kept)
    {
        tracing::warn!(%error, "what former exports have left cannot be removed");
    }
}

/// Of all files below, each with what it takes besides; counted no further than to `enough`. Links are not followed.
fn bytes_in(directory: &Path, enough: u64) -> u64 {
    let (mut bytes, mut open) = (0, vec![directory.to_owned()]);
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                Err(_) => {}
            }
            bytes += ENTRY_BYTES;
            if bytes > enough {
                return bytes;
            }
        }
    }
    bytes
}
