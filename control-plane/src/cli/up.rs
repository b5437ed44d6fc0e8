//! `slipway up`: the main job in one process tree. A control plane on the embedded column, the
//! project's directory as a sandbox with a real agent in it, one deployment to `local`.

mod agent;
mod output;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::agent::LocalAgent;
use self::output::Output;
use super::admin::{record, trail, user_named};
use super::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_USAGE, UpArgs, fail, load_config};
use crate::access::Scope;
use crate::audit::{self, Action, Facts};
use crate::clock::Clock;
use crate::config::user_data_dir;
use crate::control_plane::{ControlPlane, StartError};
use crate::deployments::follow::{Event, Follower};
use crate::deployments::orchestrator::DeployRequest;
use crate::deployments::status::Status;
use crate::ids::{ApiTokenId, DeploymentId, TargetId, UserId};
use crate::observe::telemetry::Telemetry;
use crate::secrets::ApiToken;
use crate::store::{Deployment, DeploymentRequest, NewToken, Sandbox, Target};
use crate::variables::BuildVariables;

const USER: &str = "local";
const PROVIDER: &str = "local";
const PREFERRED_HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7070);
const ANY_PORT: &str = "127.0.0.1:0";
/// The token of a run that was killed ends by itself.
const TOKEN_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) async fn run(args: UpArgs) -> ExitCode {
    let started = Instant::now();
    let _telemetry = match Telemetry::start("error") {
        Ok(telemetry) => telemetry,
        Err(problem) => return fail(EXIT_USAGE, &problem),
    };
    let mut interrupts = match Interrupts::listen() {
        Ok(interrupts) => interrupts,
        Err(error) => return fail(EXIT_USAGE, &format!("cannot listen for signals: {error}")),
    };
    let project = match project_dir(&args.dir) {
        Ok(project) => project,
        Err(message) => return fail(EXIT_USAGE, &message),
    };
    let control_plane = match start(&args, &project).await {
        Ok(control_plane) => control_plane,
        Err(error) => return fail(EXIT_USAGE, &error.to_string()),
    };
    let run = match Run::begin(&control_plane, project, Output::new(args.json), started).await {
        Ok(run) => run,
        Err(error) => {
            control_plane.shut_down().await;
            return fail(EXIT_USAGE, &format!("{error:#}"));
        }
    };
    let code = run.finish(control_plane, &mut interrupts, args.exit).await;
    ExitCode::from(code)
}

/// Ctrl-C, or a supervisor that ends us.
struct Interrupts(Signal, Signal);

impl Interrupts {
    fn listen() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.0.recv() => {}, _ = self.1.recv() => {} }
    }
}

fn project_dir(dir: &Path) -> Result<PathBuf, String> {
    let shown = dir.display();
    let project = dir.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("{shown} does not exist; name the directory of a project"),
        _ => format!("cannot read {shown}: {error}"),
    })?;
    if !project.is_dir() {
        return Err(format!("{shown} is a file; name the directory of a project"));
    }
    std::fs::read_dir(&project).map_err(|error| format!("cannot read {shown}: {error}"))?;
    Ok(project)
}

async fn start(args: &UpArgs, project: &Path) -> Result<ControlPlane, StartError> {
    let is_http_chosen = args.http.is_some() || std::env::var_os("SLIPWAY_HTTP_LISTEN").is_some();
    let mut flags = vec![("grpc_listen", ANY_PORT.to_owned())];
    flags.extend(args.http.map(|address| ("http_listen", address.to_string())));
    match &args.data_dir {
        Some(dir) => flags.push(("data_dir", dir.to_string_lossy().into_owned())),
        None if std::env::var_os("SLIPWAY_DATA_DIR").is_none() => {
            flags.push(("data_dir", default_data_dir(project)?.to_string_lossy().into_owned()));
        }
        None => {}
    }
    let mut config = load_config(None, flags).map_err(anyhow::Error::new)?;
    if !is_http_chosen {
        config.http_listen = PREFERRED_HTTP;
    }
    match ControlPlane::start(&config, Clock::system()).await {
        Err(StartError::PortInUse { address, .. }) if !is_http_chosen && address == PREFERRED_HTTP => {
            config.http_listen.set_port(0);
            ControlPlane::start(&config, Clock::system()).await
        }
        started => started,
    }
}

/// One directory per project, so that two projects can be up at the same time.
fn default_data_dir(project: &Path) -> Result<PathBuf, StartError> {
    let base = user_data_dir()
        .ok_or_else(|| anyhow!("neither XDG_DATA_HOME nor HOME is set; choose a data directory with --data-dir"))?;
    let digest = blake3::hash(project.as_os_str().as_encoded_bytes()).to_hex();
    let name = project.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy());
    Ok(base.join("up").join(format!("{name}-{}", &digest[..8])))
}

/// A run that has begun: the agent is starting and the deployment waits for it.
struct Run {
    output: Output,
    agent: LocalAgent,
    follower: Follower,
    deployment: DeploymentId,
    user: UserId,
    token_id: ApiTokenId,
    started: Instant,
}

impl Run {
    async fn begin(
        control_plane: &ControlPlane,
        project: PathBuf,
        mut output: Output,
        started: Instant,
    ) -> anyhow::Result<Self> {
        let app = &control_plane.app;
        let now = app.clock.now();
        let token = ApiToken::generate();
        let name = project.file_name().map_or_else(|| "root".into(), |name| name.to_string_lossy().into_owned());
        let mut tx = app.store.begin().await?;
        let user = user_named(&mut tx, USER).await?.id;
        let new = NewToken {
            user,
            name: "slipway up",
            scopes: [Scope::Admin].into_iter().collect(),
            expires_at: Some(now.plus(TOKEN_LIFE)),
            parent: None,
        };
        let token_id = tx.insert_token(new, &token, now).await?;
        let facts = Facts::of(user, "token", token_id.as_uuid()).with("name", "slipway up");
        record(&mut tx, Action::TokenCreate, facts.with("scopes", Scope::Admin.as_str())).await?;
        tx.commit().await?;
        let sandbox = own_sandbox(control_plane, user, &name).await?;
        let target = own_target(control_plane, user).await?;

        let agent = LocalAgent::start(control_plane, sandbox.id, project).await?;
        let ui_url = app.access.new_sign_in_link(user, TOKEN_LIFE).await?;
        output.ready(control_plane.http_address, &ui_url, token.reveal());
        let request = DeployRequest {
            environment: "production".to_owned(),
            settings: DeploymentRequest::default(),
            build_env: BuildVariables::default(),
            dry_run: false,
            rebuild_of: None,
        };
        let facts = Facts::of(user, "sandbox", sandbox.id.as_uuid()).with("target_id", target.id.to_string());
        let deploy = async {
            let deployment = app.orchestrator.deploy(&sandbox, &target, request).await?;
            audit::note(|facts| facts.made("deployment", deployment.as_uuid()));
            anyhow::Ok(deployment)
        };
        let deployment = trail(&app.store, Action::DeploymentCreate, facts).record(deploy).await?;
        let follower = Follower::new(app.logs.clone(), app.store.clone(), &app.bus, app.clock.clone(), deployment, 0);
        Ok(Self { output, agent, follower, deployment, user, token_id, started })
    }

    /// Shows the deployment to its end, then serves it until Ctrl-C, and answers the exit code.
    async fn finish(mut self, control_plane: ControlPlane, interrupts: &mut Interrupts, exit: bool) -> u8 {
        let code = match self.watch(&control_plane, interrupts).await {
            Ok((Status::Success, _)) if exit => 0,
            Ok((Status::Success, _)) => {
                self.output.serving();
                tokio::select! {
                    () = interrupts.next() => {}
                    () = self.agent.keep_running(&control_plane) => {}
                }
                0
            }
            Ok((_, true)) => EXIT_INTERRUPTED,
            Ok((_, false)) => EXIT_FAILED,
            Err(error) => {
                self.output.broken(&format!("{error:#}"), self.deployment, self.started.elapsed());
                EXIT_FAILED
            }
        };
        self.agent.stop().await;
        if let Ok(mut tx) = control_plane.app.store.begin().await
            && tx.delete_token(self.user, self.token_id).await.is_ok()
            && record(&mut tx, Action::TokenDelete, Facts::of(self.user, "token", self.token_id.as_uuid()))
                .await
                .is_ok()
        {
            let _ = tx.commit().await;
        }
        tokio::select! {
            () = control_plane.shut_down() => code,
            () = interrupts.next() => EXIT_INTERRUPTED,
        }
    }

    /// The final status, and whether it was Ctrl-C that led to it.
    async fn watch(
        &mut self,
        control_plane: &ControlPlane,
        interrupts: &mut Interrupts,
    ) -> anyhow::Result<(Status, bool)> {
        let mut is_interrupted = false;
        loop {
            let events = tokio::select! {
                events = self.follower.next() => events?,
                () = interrupts.next() => {
                    if is_interrupted {
                        return Err(anyhow!("interrupted twice; the build may not be cleaned up"));
                    }
                    is_interrupted = true;
                    self.output.cancelling();
                    // Too late to cancel means that it is about to succeed.
                    let facts = Facts::of(self.user, "deployment", self.deployment.as_uuid());
                    let trail = trail(&control_plane.app.store, Action::DeploymentCancel, facts);
                    let _ = trail.record(control_plane.app.orchestrator.cancel(self.deployment)).await;
                    continue;
                }
                failure = self.agent.ended(control_plane) => return Err(failure),
            };
            if events.is_empty() {
                return Err(anyhow!("the deployment was deleted while it ran"));
            }
            for event in events {
                if let Event::Done(deployment) = &event {
                    self.output.done(deployment, self.started.elapsed());
                    return Ok((deployment.status, is_interrupted));
                }
                self.output.show(&event);
            }
        }
    }
}

async fn own_sandbox(control_plane: &ControlPlane, user: UserId, name: &str) -> anyhow::Result<Sandbox> {
    let app = &control_plane.app;
    if let Some(sandbox) = app.store.sandbox_named(user, name).await? {
        return Ok(sandbox);
    }
    let mut tx = app.store.begin().await?;
    let sandbox = tx.insert_sandbox(user, name, BTreeMap::new(), app.clock.now()).await?;
    let sandbox = sandbox.context("the sandbox was made by somebody else at the same time")?;
    let facts = Facts::of(user, "sandbox", sandbox.id.as_uuid()).with("name", name);
    record(&mut tx, Action::SandboxCreate, facts).await?;
    tx.commit().await?;
    Ok(sandbox)
}

async fn own_target(control_plane: &ControlPlane, user: UserId) -> anyhow::Result<Target> {
    let app = &control_plane.app;
    if let Some(target) = app.store.target_named(user, PROVIDER, PROVIDER).await? {
        return Ok(target);
    }
    let now = app.clock.now();
    let target = Target {
        id: TargetId::new(),
        user_id: user,
        provider: PROVIDER.to_owned(),
        name: PROVIDER.to_owned(),
        credentials_id: None,
        config: sqlx::types::Json(serde_json::json!({})),
        is_default: true,
        created_at: now,
        updated_at: now,
    };
    let mut tx = app.store.begin().await?;
    tx.insert_target(&target).await?;
    let facts = Facts::of(user, "target", target.id.as_uuid()).with("name", PROVIDER).with("provider", PROVIDER);
    record(&mut tx, Action::TargetCreate, facts).await?;
    tx.commit().await?;
    Ok(target)
}

/// Where it is live, if it is.
fn live_url(deployment: &Deployment) -> Option<&str> {
    deployment.deployment_url.as_deref().filter(|_| deployment.status == Status::Success)
}
