//! Workspaces on their way out: an agent sends what is in one, entry by entry, and whoever asked gets an archive
//! while it is being made. Nothing of it is kept here.
//!
//! The way of one export: [`Exports::begin`] makes an id that an agent may come with once; [`checked`] accepts what
//! it sends; [`archive`] makes bytes of it in a thread of its own; [`download`] is the body of the answer. All
//! between them is bounded, so a slow reader slows the agent, and one that goes away ends everything.

pub mod archive;
mod checked;
mod download;

pub use checked::{Checked, Entry, Kind, Piece, Problem};
pub use download::download;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_proto::limits;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Error;
use crate::ids::SandboxId;
use crate::secrets::random_bytes;

/// Exports of this instance at the same time: each has a thread that compresses.
const MOST_AT_ONCE: usize = 32;
/// Frames that have arrived and are not yet in the archive, at most half a MiB each.
const FRAMES_WAITING: usize = 2;
/// Until an agent comes with an export's id. Its answer has to begin before requests time out.
const AGENT_COMES_WITHIN: Duration = Duration::from_secs(20);
/// When to try again.
const BUSY_WAIT: Duration = Duration::from_secs(10);

/// What an agent says to know which export it brings: random, used once.
type ExportId = [u8; 16];

/// The exports of this instance.
#[derive(Clone, Default)]
pub struct Exports(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    /// Those whose agent has not come yet.
    awaited: HashMap<ExportId, Awaited>,
    /// All, with how many each sandbox has.
    under_way: HashMap<SandboxId, usize>,
}

struct Awaited {
    sandbox: SandboxId,
    delivery: Delivery,
}

/// The agent's end of an export.
pub struct Delivery {
    /// Where its frames go.
    pub frames: mpsc::Sender<Vec<Piece>>,
    /// Cancelled when nobody wants the export any more.
    pub unwanted: CancellationToken,
}

/// An export under way, as whoever asked for it holds it. Dropping it ends it.
pub struct Export {
    frames: mpsc::Receiver<Vec<Piece>>,
    slot: Slot,
    /// Ends the agent's part.
    wish: DropGuard,
}

/// What an export takes until it is over, and with it the thread that makes its archive.
struct Slot {
    exports: Exports,
    id: ExportId,
    sandbox: SandboxId,
}

/// Why there is no beginning of an export.
#[derive(Debug, thiserror::Error)]
pub enum NoBeginning {
    /// The agent has not come.
    #[error("the sandbox's agent did not answer in time")]
    TimedOut,
    /// It came and went.
    #[error("the sandbox's agent broke off; try again")]
    BrokenOff,
    /// It says why.
    #[error("{0}")]
    Refused(String),
}

impl Exports {
    /// Makes room for an export of a sandbox.
    ///
    /// # Errors
    /// `RateLimited` when there are too many.
    pub fn begin(&self, sandbox: SandboxId) -> Result<Export, Error> {
        let mut inner = self.lock();
        if inner.under_way.values().sum::<usize>() >= MOST_AT_ONCE {
            return Err(Error::rate_limited(
                "too many workspaces are being exported; try again in a moment",
                BUSY_WAIT,
            ));
        }
        let of_sandbox = inner.under_way.entry(sandbox).or_default();
        if *of_sandbox >= limits::EXPORTS_AT_ONCE {
            let most = limits::EXPORTS_AT_ONCE;
            let message = format!("{most} exports of this sandbox are under way; wait until one is over");
            return Err(Error::rate_limited(message, BUSY_WAIT));
        }
        *of_sandbox += 1;
        let id = random_bytes();
        let (sender, frames) = mpsc::channel(FRAMES_WAITING);
        let unwanted = CancellationToken::new();
        let delivery = Delivery { frames: sender, unwanted: unwanted.clone() };
        inner.awaited.insert(id, Awaited { sandbox, delivery });
        let slot = Slot { exports: self.clone(), id, sandbox };
        Ok(Export { frames, slot, wish: unwanted.drop_guard() })
    }

    /// The export that the agent of this sandbox has come for. Once; what is another sandbox's is not there.
    pub fn claim(&self, id: &[u8], sandbox: SandboxId) -> Option<Delivery> {
        let id = ExportId::try_from(id).ok()?;
        let mut inner = self.lock();
        inner.awaited.get(&id).filter(|awaited| awaited.sandbox == sandbox)?;
        inner.awaited.remove(&id).map(|awaited| awaited.delivery)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Export {
    /// For the agent.
    pub fn id(&self) -> &[u8] {
        &self.slot.id
    }

    /// Waits for the agent and its first frame.
    ///
    /// # Errors
    /// When there will be none, or the agent says in it why it cannot go on.
    pub async fn first_frame(&mut self) -> Result<Vec<Piece>, NoBeginning> {
        self.first_frame_within(AGENT_COMES_WITHIN).await
    }

    async fn first_frame_within(&mut self, limit: Duration) -> Result<Vec<Piece>, NoBeginning> {
        let first = tokio::time::timeout(limit, self.frames.recv()).await;
        let pieces = first.map_err(|_| NoBeginning::TimedOut)?.ok_or(NoBeginning::BrokenOff)?;
        match pieces.last() {
            Some(Piece::Failed(message)) => Err(NoBeginning::Refused(message.clone())),
            _ => Ok(pieces),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut inner = self.exports.lock();
        inner.awaited.remove(&self.id);
        if let Some(count) = inner.under_way.get_mut(&self.sandbox) {
            *count -= 1;
            if *count == 0 {
                inner.under_way.remove(&self.sandbox);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn an_id_is_good_once_and_for_its_own_sandbox() {
        let (exports, sandbox) = (Exports::default(), SandboxId::new());
        let export = exports.begin(sandbox).expect("there is room");
        assert!(exports.claim(export.id(), SandboxId::new()).is_none(), "another sandbox's");
        assert!(exports.claim(&[7; 16], sandbox).is_none(), "one that never was");
        assert!(exports.claim(&export.id()[..8], sandbox).is_none(), "half of one");
        let delivery = exports.claim(export.id(), sandbox).expect("its own");
        assert!(exports.claim(export.id(), sandbox).is_none(), "used");
        drop(export);
        assert!(delivery.unwanted.is_cancelled());
        assert!(delivery.frames.is_closed());
    }

    #[test]
    fn a_sandbox_has_so_many_at_once_and_those_that_end_make_room() {
        let (exports, sandbox) = (Exports::default(), SandboxId::new());
        let held: Vec<_> =
            (0..limits::EXPORTS_AT_ONCE).map(|_| exports.begin(sandbox).expect("there is room")).collect();
        let refused = exports.begin(sandbox).map(drop).expect_err("is one too many");
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        drop(exports.begin(SandboxId::new()).expect("another sandbox has its own"));
        drop(held);
        let others: Vec<_> =
            (0..MOST_AT_ONCE).map(|_| exports.begin(SandboxId::new()).expect("there is room")).collect();
        assert!(exports.begin(sandbox).is_err(), "the instance has no more");
        drop(others);
        let inner = exports.lock();
        assert!(inner.awaited.is_empty() && inner.under_way.is_empty(), "nothing is left behind");
    }

    #[tokio::test]
    async fn an_agent_that_does_not_come_is_not_waited_for_and_comes_too_late() {
        let (exports, sandbox) = (Exports::default(), SandboxId::new());
        let mut export = exports.begin(sandbox).expect("there is room");
        let id = export.id().to_vec();
        let first = export.first_frame_within(Duration::from_millis(10)).await;
        assert!(matches!(first, Err(NoBeginning::TimedOut)));
        drop(export);
        assert!(exports.claim(&id, sandbox).is_none());
    }

    #[tokio::test]
    async fn what_an_agent_says_first_may_be_why_it_cannot() {
        let (exports, sandbox) = (Exports::default(), SandboxId::new());
        let mut export = exports.begin(sandbox).expect("there is room");
        let delivery = exports.claim(export.id(), sandbox).expect("its own");
        delivery.frames.send(vec![Piece::Failed("`dist` is not there".to_owned())]).await.expect("is taken");
        let refused = export.first_frame().await.expect_err("is a refusal");
        assert_eq!(refused.to_string(), "`dist` is not there");
        drop(delivery);
        assert!(matches!(export.first_frame().await, Err(NoBeginning::BrokenOff)));
    }
}
