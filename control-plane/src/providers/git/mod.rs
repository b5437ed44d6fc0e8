//! What GitHub, GitLab and every other git host have in common: an artifact of git objects becomes the end of a
//! branch. The branch moves only from where it was when the objects were packed, so nobody's work is overwritten,
//! and a push that is repeated after a crash finds itself done.

mod config;
mod host;
mod inspect;
mod pkt_line;
mod refusal;
mod smart_http;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use bytes::Bytes;
use futures::StreamExt;
use reqwest::Client;
use secrecy::SecretString;
use slipway_proto::git::{EXPORT_BYTES, EXPORT_FILE, Export, HEADS, PACK_FILE};
use slipway_proto::v1::ArtifactKind;
use tokio::sync::mpsc;
use url::Url;

pub(super) use self::config::{
    AUTHOR_EMAIL, AUTHOR_NAME, BRANCH, BranchSettings, COMMITS_ONLY, REPORT_DEPLOYMENTS, parse as parse_config,
};
pub(super) use self::host::Host;
use self::inspect::{Expected, InspectError, Inspection};
use self::smart_http::{Advertised, NOTHING, PackBody, Remote, Update};
use super::{DeployContext, GitRemote, ProviderError, Release};
use crate::artifacts::ArtifactStore;
use crate::store::BlobLocation;

/// Chunks of a pack between the one who reads and the one who looks through it.
const PIECES_IN_FLIGHT: usize = 8;
/// How long what a repository had is taken for what it has, and of how many branches that is remembered.
const SEEN_COUNTS: Duration = Duration::from_secs(60);
const MOST_SEEN: usize = 64;
const MOST_REFERENCES: usize = 2_000;
/// A new repository is there after so long at the latest.
const APPEARS_AFTER: [Duration; 3] = [Duration::from_millis(500), Duration::from_millis(1_500), Duration::from_secs(3)];

/// A branch of a repository at a host, and who we are there.
pub(super) struct Branch<'a> {
    /// Of the repository, without `.git`.
    pub(super) url: Url,
    /// Its short name.
    pub(super) name: &'a str,
    pub(super) username: &'a str,
    pub(super) token: &'a SecretString,
    /// Where people see it.
    pub(super) page: String,
    /// Largest file that the host takes, in bytes.
    pub(super) largest_file: u64,
}

impl Branch<'_> {
    fn reference(&self) -> String {
        format!("refs/heads/{}", self.name)
    }

    fn key(&self) -> String {
        format!("{} {}", self.url, self.name)
    }
}

impl Advertised {
    /// The commit at the end of a branch; empty when there is no such branch.
    fn head(&self, branch: &Branch<'_>) -> &str {
        self.get(&branch.reference()).unwrap_or("")
    }
}

/// What a branch says about a push whose answer we do not have.
pub(super) enum Found {
    /// It ends with what was pushed.
    Released(Release),
    /// It is as it was before.
    Nothing,
    /// It ends with something else.
    MovedOn {
        /// Ours, if that has been there.
        release: Release,
        /// What it ends with.
        head: String,
        /// What was pushed.
        commit: String,
    },
}

/// Pushes artifacts.
#[derive(Clone)]
pub(super) struct Pusher {
    client: Client,
    artifacts: ArtifactStore,
    /// Packs that are looked through lie below it.
    work_dir: PathBuf,
    /// What repositories had when agents asked, by their branch: a push need not ask again at once. Taken once; if
    /// it is not true any more, the host refuses the push.
    seen: Arc<Mutex<HashMap<String, (Instant, Advertised)>>>,
}

impl Pusher {
    /// What is left of a former life in `work_dir` is removed.
    pub(super) fn new(client: Client, artifacts: ArtifactStore, work_dir: PathBuf) -> anyhow::Result<Self> {
        let _ = std::fs::remove_dir_all(&work_dir);
        std::fs::create_dir_all(&work_dir).with_context(|| format!("cannot create {}", work_dir.display()))?;
        Ok(Self { client, artifacts, work_dir, seen: Arc::default() })
    }

    /// What the repository has.
    pub(super) async fn remote(&self, branch: &Branch<'_>) -> Result<GitRemote, ProviderError> {
        let advertised = self.advertised(branch).await?;
        let head = Some(advertised.head(branch).to_owned()).filter(|head| !head.is_empty());
        let heads = advertised.references.iter().map(|(_, object)| object.clone()).take(HEADS).collect();
        let mut seen = self.seen();
        seen.retain(|_, (when, _)| when.elapsed() < SEEN_COUNTS);
        if seen.len() < MOST_SEEN && advertised.references.len() <= MOST_REFERENCES {
            seen.insert(branch.key(), (Instant::now(), advertised));
        }
        Ok(GitRemote { head, heads })
    }

    /// Puts the artifact's commit at the end of the branch.
    pub(super) async fn deploy(
        &self,
        branch: &Branch<'_>,
        context: &DeployContext<'_>,
    ) -> Result<Release, ProviderError> {
        let Contents { export, pack } = self.open(context).await?;
        let advertised = match self.just_seen(branch) {
            // That there is nothing to push is not believed without another look: nobody would refuse it.
            Some(seen) if seen.head(branch) == export.base && export.base != export.commit => seen,
            _ => self.advertised(branch).await?,
        };
        let reference = branch.reference();
        let current = advertised.head(branch);
        if current == export.commit {
            return Ok(release(branch, &export));
        }
        // A rollback moves the branch back from the release it replaces to what the host has had before.
        let (expected, pack) = match context.replaces {
            Some(replaced) => (replaced, None),
            None => (export.base.as_str(), Some(pack)),
        };
        if current != expected {
            return Err(ProviderError::Rejected(moved_on(branch, current, expected)));
        }
        let work =
            tempfile::tempdir_in(&self.work_dir).context("a directory for a pack").map_err(ProviderError::Failed)?;
        let (to_host, pieces) = mpsc::channel(PIECES_IN_FLIGHT);
        let bytes = pack.as_ref().map(|pack| u64::try_from(pack.size_bytes).unwrap_or(0));
        let update = Update {
            reference: &reference,
            from: if current.is_empty() { NOTHING } else { current },
            to: &export.commit,
            pack: bytes.map(|bytes| PackBody { bytes, pieces }),
        };
        let inspect = async {
            let Some(pack) = pack else { return Ok(()) };
            let expected = Expected {
                commit: export.commit.clone(),
                may_build_on_remote: !advertised.references.is_empty(),
                largest_file: branch.largest_file,
            };
            self.inspect(&pack, work.path().to_owned(), expected, to_host).await
        };
        let push = self.at(branch, async |remote| remote.push(&advertised, update).await);
        let (inspected, pushed) = tokio::join!(inspect, push);
        inspected?;
        match pushed {
            Ok(()) => Ok(release(branch, &export)),
            // A push of a former life may still have been under way, and have been first.
            Err(error @ ProviderError::Rejected(_)) => match self.advertised(branch).await {
                Ok(now) if now.head(branch) == export.commit => Ok(release(branch, &export)),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Whether the branch ends with the artifact's commit.
    pub(super) async fn look_up(
        &self,
        branch: &Branch<'_>,
        context: &DeployContext<'_>,
    ) -> Result<Found, ProviderError> {
        let Contents { export, .. } = self.open(context).await?;
        let advertised = self.advertised(branch).await?;
        let current = advertised.head(branch);
        let before = context.replaces.unwrap_or(&export.base);
        Ok(if current == export.commit {
            Found::Released(release(branch, &export))
        } else if current == before {
            Found::Nothing
        } else {
            Found::MovedOn { release: release(branch, &export), head: current.to_owned(), commit: export.commit }
        })
    }

    /// Hosts may say for a moment that what they have just made is not there.
    pub(super) async fn wait_until_it_is_there(&self, branch: &Branch<'_>) -> Result<(), ProviderError> {
        for wait in APPEARS_AFTER {
            if self.advertised(branch).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(wait).await;
        }
        self.advertised(branch).await.map(drop)
    }

    async fn advertised(&self, branch: &Branch<'_>) -> Result<Advertised, ProviderError> {
        self.at(branch, async |remote| remote.advertised().await).await
    }

    fn just_seen(&self, branch: &Branch<'_>) -> Option<Advertised> {
        let (when, advertised) = self.seen().remove(&branch.key())?;
        (when.elapsed() < SEEN_COUNTS).then_some(advertised)
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, (Instant, Advertised)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn at<T>(
        &self,
        branch: &Branch<'_>,
        ask: impl AsyncFnOnce(Remote<'_>) -> Result<T, ProviderError>,
    ) -> Result<T, ProviderError> {
        let mut url = branch.url.clone();
        url.set_path(&format!("{}.git", url.path().trim_end_matches('/')));
        ask(Remote { client: &self.client, url: &url, username: branch.username, token: branch.token }).await
    }

    /// What an artifact of git objects holds.
    async fn open(&self, context: &DeployContext<'_>) -> Result<Contents, ProviderError> {
        let (manifest, blobs) = self.artifacts.open_tree(context.artifact).await.map_err(ProviderError::Failed)?;
        if manifest.kind != i32::from(ArtifactKind::Git) {
            let message = "the sandbox sent files where git objects are needed; its agent is too old for git exports, update it and deploy again";
            return Err(ProviderError::Rejected(message.to_owned()));
        }
        let blob = |path: &str| {
            let entry = manifest.entries.iter().find(|entry| entry.path == path);
            entry.and_then(|entry| blobs.get(&entry.blake3)).context("a blob of the artifact is gone")
        };
        let read = async || -> anyhow::Result<(Vec<u8>, BlobLocation)> {
            let (document, pack) = (blob(EXPORT_FILE)?, blob(PACK_FILE)?);
            let mut chunks =
                self.artifacts.read_blob(document, 0..u64::try_from(document.size_bytes)?.min(EXPORT_BYTES)).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = chunks.next().await {
                bytes.extend_from_slice(&chunk?);
            }
            Ok((bytes, pack.clone()))
        };
        let (document, pack) = read().await.map_err(ProviderError::Failed)?;
        let export = serde_json::from_slice(&document).ok().filter(Export::is_well_formed).ok_or_else(|| {
            ProviderError::Rejected(
                "what the sandbox sent about its git objects cannot be read; deploy again".to_owned(),
            )
        })?;
        Ok(Contents { export, pack })
    }

    /// Looks through a pack on a thread of its own while it is sent to the host. The last piece of it goes there only
    /// when nothing is wrong with the whole: without its end, and the checksum in that, a pack is worth nothing.
    async fn inspect(
        &self,
        pack: &BlobLocation,
        directory: PathBuf,
        expected: Expected,
        to_host: mpsc::Sender<io::Result<Bytes>>,
    ) -> Result<(), ProviderError> {
        let (pieces, mut incoming) = mpsc::channel::<Bytes>(PIECES_IN_FLIGHT);
        let work = tokio::task::spawn_blocking(move || {
            let mut inspection = Inspection::begin(&directory)?;
            while let Some(piece) = incoming.blocking_recv() {
                inspection.write(&piece)?;
            }
            inspection.finish(&expected)
        });
        let mut last = None;
        let read = async {
            let mut pack = self.artifacts.read_blob(pack, 0..u64::try_from(pack.size_bytes)?).await?;
            while let Some(piece) = pack.next().await {
                let piece = piece?;
                // Nobody takes it any more when the inspection has ended early; it says why below.
                if pieces.send(piece.clone()).await.is_err() {
                    break;
                }
                // The host may have said no already; its answer is what counts then.
                if let Some(before) = last.replace(piece)
                    && to_host.send(Ok(before)).await.is_err()
                {
                    return anyhow::Ok(false);
                }
            }
            Ok(true)
        };
        let is_wanted = read.await.map_err(ProviderError::Failed)?;
        drop(pieces);
        let inspected =
            work.await.context("the inspection of a pack ended unexpectedly").map_err(ProviderError::Failed)?;
        match (inspected, last) {
            _ if !is_wanted => Ok(()),
            (Ok(()), last) => {
                if let Some(last) = last {
                    let _ = to_host.send(Ok(last)).await;
                }
                Ok(())
            }
            (Err(error), _) => {
                let _ = to_host.send(Err(io::Error::other("the pack goes nowhere"))).await;
                Err(match error {
                    InspectError::Storage(error) => ProviderError::Failed(error.into()),
                    error => ProviderError::Rejected(error.to_string()),
                })
            }
        }
    }
}

/// What an artifact of git objects holds.
struct Contents {
    export: Export,
    pack: BlobLocation,
}

fn release(branch: &Branch<'_>, export: &Export) -> Release {
    Release { url: branch.page.clone(), provider_ref: Some(export.commit.clone()), ..Release::default() }
}

fn moved_on(branch: &Branch<'_>, current: &str, expected: &str) -> String {
    let name = branch.name;
    match (current, expected) {
        ("", _) => format!("the branch `{name}` was removed meanwhile; deploy again to make it anew"),
        (_, "") => {
            format!("the branch `{name}` was made by somebody else meanwhile; deploy again to push on top of it")
        }
        (current, expected) => format!(
            "the branch `{name}` has moved on from {} to {} meanwhile, and nobody's work is overwritten; deploy again to push on top of it",
            short(expected),
            short(current)
        ),
    }
}

fn short(name: &str) -> &str {
    name.get(..8).unwrap_or(name)
}

/// Whether git takes it for the name of a branch (git-check-ref-format(1)).
pub(super) fn is_branch_name(name: &str) -> bool {
    const LONGEST: usize = 244;
    !name.is_empty()
        && name.len() <= LONGEST
        && name != "HEAD"
        && name != "@"
        && !name.starts_with('-')
        && !name.ends_with('.')
        && !name.contains("..")
        && !name.contains("@{")
        && !name.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c))
        && name
            .split('/')
            .all(|part| !part.is_empty() && !part.starts_with('.') && part.strip_suffix(".lock").is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_have_names_that_git_takes() {
        for name in ["main", "feature/a-b", "v1.2", "ünï"] {
            assert!(is_branch_name(name), "{name}");
        }
        for name in [
            "", "HEAD", "@", "-x", "a..b", "a b", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "a~1", "a^", "a:b",
            "a\\b", "a\nb", "a.",
        ] {
            assert!(!is_branch_name(name), "{name:?}");
        }
        assert!(!is_branch_name(&"a".repeat(245)));
    }
}
