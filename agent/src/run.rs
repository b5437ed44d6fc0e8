//! `slipway-agent run`: from the command line to a session, and in order to the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, bail};
use nix::unistd::getppid;
use ring::rand::{SecureRandom, SystemRandom};
use slipway_proto::v1::{Supervision, supervision};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::build::{Cgroups, MOST_PROCESSES, UserAndGroup};
use crate::channel::{Address, CurrentIdentity, Ended, Identity, IdentityStore, Sessions, enroll, read_token};
use crate::cli::on_this_thread;
use crate::directories::{BuildDir, StateDir};
use crate::export::Exports;
use crate::job::{Job, Jobs, Reason, Runner};
use crate::parent;

/// For a build's processes when the agent itself is told to end.
const STOP_GRACE: Duration = Duration::from_millis(1_500);
/// For the job to be over after that, its directory removed.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// For the last events to arrive.
const FAREWELL: Duration = Duration::from_millis(500);
const LOOK: Duration = Duration::from_millis(10);

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(crate) struct RunOptions {
    /// Where the control plane listens for agents
    #[arg(long, value_name = "https://HOST:PORT", env = "SLIPWAY_AGENT_CONTROL_PLANE")]
    control_plane: Address,
    /// File with the enrolment token, `-` for standard input. Not needed while a stored certificate is valid
    #[arg(long, value_name = "FILE", env = "SLIPWAY_AGENT_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// The project's directory
    #[arg(long, value_name = "DIR", env = "SLIPWAY_AGENT_WORKSPACE")]
    workspace: PathBuf,
    /// The agent's own directory [default: /var/lib/slipway-agent as root, else in the user's state directory]
    #[arg(long, value_name = "DIR", env = "SLIPWAY_AGENT_STATE_DIR")]
    state_dir: Option<PathBuf>,
    /// Where snapshots are built [default: /var/tmp/slipway-builds-UID]
    #[arg(long, value_name = "DIR", env = "SLIPWAY_AGENT_BUILD_DIR")]
    build_dir: Option<PathBuf>,
    /// Who runs builds when the agent is root [default: the workspace's owner, else 64738]
    #[arg(long, value_name = "UID[:GID]", env = "SLIPWAY_AGENT_BUILD_USER")]
    build_user: Option<UserAndGroup>,
    /// Run under a parent that starts the agent again after a crash and buries orphans; as process 1 it always does
    #[arg(long, env = "SLIPWAY_AGENT_SUPERVISE")]
    pub(crate) supervise: bool,
}

/// Serves until a signal, or until the control plane wants nothing more of this agent.
pub(crate) async fn run(options: RunOptions) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let workspace = options.workspace;
    let shown = workspace.display().to_string();
    let workspace = workspace.canonicalize().with_context(|| format!("the workspace {shown} cannot be used"))?;
    anyhow::ensure!(workspace.is_dir(), "the workspace {shown} is not a directory");
    let state = StateDir::open(options.state_dir.as_deref())?;
    let builds = Arc::new(BuildDir::at(options.build_dir));
    let store = Arc::new(IdentityStore::open(state.path()).context("the identity directory cannot be used")?);
    let identity = tokio::select! {
        () = stop.cancelled() => return Ok(()),
        identity = identify(&options.control_plane, options.token_file.as_deref(), &store) => CurrentIdentity::new(identity?),
    };
    // Not before the first session: what is left can be tens of thousands of files.
    let cleaning = tokio::task::spawn_blocking({
        let builds = builds.clone();
        move || builds.clear()
    });

    let cgroups = Cgroups::prepare(parent::restarts().map(|_| getppid()));
    let supervision = supervision(cgroups.as_ref());
    let (jobs, queue) = Jobs::new(state.spool());
    let runner = Runner {
        jobs: jobs.clone(),
        workspace: workspace.clone(),
        builds,
        build_user: options.build_user,
        cgroups: cgroups.clone(),
        address: options.control_plane.clone(),
        identity: identity.clone(),
        known: Arc::default(),
    };
    let exports = Exports::new(options.control_plane.clone(), identity.clone(), workspace.clone());
    let sessions = Sessions {
        address: options.control_plane,
        identity,
        store: store.clone(),
        jobs: jobs.clone(),
        exports,
        workspace,
        boot_id: boot_id(),
        supervision,
    };
    let mut runner = spawn_runner(runner, queue, stop.clone())?;
    let mut session = std::pin::pin!(sessions.keep());
    let ended = tokio::select! {
        // When the agent is told to stop, the runner ends at the same moment.
        biased;
        ended = &mut session => Some(ended),
        () = stop.cancelled() => None,
        failed = &mut runner => bail!("running jobs ended unexpectedly: {failed:?}"),
    };
    stop.cancel();
    cleaning.abort();
    let reason = if ended.is_none() { Reason::Stopping } else { Reason::Dropped };
    jobs.stop_all(reason, STOP_GRACE);
    let Some(ended) = ended else {
        tracing::info!("stopping");
        let finish = async {
            let _ = tokio::time::timeout(STOP_LIMIT, &mut runner).await;
            let _ = tokio::time::timeout(FAREWELL, delivered(&jobs)).await;
        };
        tokio::select! {
            () = finish => {}
            _ = &mut session => {}
        }
        return Ok(());
    };
    let _ = tokio::time::timeout(STOP_LIMIT, runner).await;
    if let Ended::Revoked(_) = ended {
        store.erase();
        let _ = std::fs::remove_dir_all(state.spool());
    }
    Err(ended.into())
}

/// Runs jobs on a thread and a runtime of their own: however busy a build keeps them, heartbeats go out, and
/// what the control plane says is heard. The answer comes when they have ended.
fn spawn_runner(
    runner: Runner,
    queue: mpsc::Receiver<Arc<Job>>,
    stop: CancellationToken,
) -> anyhow::Result<oneshot::Receiver<anyhow::Result<()>>> {
    let (ended, end) = oneshot::channel();
    let work = move || drop(ended.send(on_this_thread(runner.run(queue, stop))));
    thread::Builder::new().name("jobs".to_owned()).spawn(work).context("no thread can be started for jobs")?;
    Ok(end)
}

async fn delivered(jobs: &Jobs) {
    while !jobs.held().is_empty() {
        tokio::time::sleep(LOOK).await;
    }
}

/// A new token makes a new identity; a used one, or none, means the stored one. If that has expired, it is
/// renewed by the first session.
async fn identify(address: &Address, token_file: Option<&Path>, store: &IdentityStore) -> anyhow::Result<Identity> {
    let stored = store.load();
    let token = token_file.map(read_token).transpose();
    match (stored, token) {
        (stored, Ok(Some(token))) => match stored.filter(|identity| identity.is_from(&token.sha256())) {
            Some(identity) => Ok(identity),
            None => enroll(address, &token, store).await,
        },
        // It is deleted after enrolment, so its absence is what a restart looks like.
        (Some(identity), _) => Ok(identity),
        (None, Err(error)) => Err(error),
        (None, Ok(None)) => bail!("this agent is not enrolled yet; give it an enrolment token with --token-file"),
    }
}

/// How this agent holds its builds, for people who wonder why one was ended.
fn supervision(cgroups: Option<&Cgroups>) -> Supervision {
    let limits = if cgroups.is_some() { supervision::Limits::Cgroup } else { supervision::Limits::Rlimits };
    let restarts = parent::restarts();
    Supervision {
        limits: limits.into(),
        is_supervised: restarts.is_some(),
        memory_limit_bytes: cgroups.and_then(Cgroups::memory_limit).unwrap_or(0),
        process_limit: cgroups.map_or(0, |_| MOST_PROCESSES),
        restarts: restarts.unwrap_or(0),
    }
}

fn boot_id() -> Vec<u8> {
    let mut bytes = [0; 16];
    // Without randomness all boots look alike, which only costs a line in the server's log.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes.to_vec()
}

fn stop_signal() -> anyhow::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        token.cancel();
    });
    Ok(stop)
}
