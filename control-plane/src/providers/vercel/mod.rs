//! Vercel: a tree of files as a deployment that is built already. Vercel is asked for it with the digests of all files;
//! it answers which it lacks, gets those, and is asked for the same again. What it made is found by a mark in its
//! `meta`, so nothing is made twice.

mod accounts;
mod api;
mod archive;
mod descriptor;
mod domains;
mod output;
mod release;
mod webhooks;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

use self::api::{Created, Scope, VercelApi};
use self::archive::Archive;
use self::descriptor::{DESCRIPTOR, DIALECT};
use self::output::{Blob, Output};
use self::release::{Deployment, Project, Stage};
use super::accounts::Accounts;
use super::descriptor::Descriptor;
use super::domains::Domains;
use super::http::VendorHttp;
use super::oauth::OAuth;
use super::static_host::{
    Entry, LOOKS, Met, Tree, UnderWay, begun_id, believe_nothing, is_name, made_after, root_of, upload,
};
use super::webhooks::Webhooks;
use super::{
    CancelOutcome, Canceller, DeployContext, Destination, Provider, ProviderError, Remover, Taken, Whereabouts,
    read_config,
};
use crate::artifacts::ArtifactStore;
use crate::config::ProviderSettings;
use crate::ids::DeploymentId;
use crate::secrets::CredentialSecret;

const API_URL: &str = "https://api.vercel.com/";
/// Of all but files, for each credential.
const REQUESTS_PER_MINUTE: u32 = 100;
/// Marks in `meta`: which deployment of ours it is, and what it shows.
const OURS: &str = "slipwayDeploymentId";
const ARTIFACT: &str = "slipwayArtifact";
const PRODUCTION: &str = "production";
/// How often Vercel may say that it lacks files.
const ROUNDS: usize = 3;
/// With so many files it matters how many the account may send in a day.
const MANY: usize = 500;

/// The provider `vercel`.
pub(super) struct Vercel {
    api: VercelApi,
    /// Of an integration, when its address is configured.
    oauth: Option<OAuth>,
    artifacts: ArtifactStore,
    /// For what must be a file on its way.
    work_dir: PathBuf,
    under_way: UnderWay,
}

/// A target's config.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    project: String,
    team_id: Option<String>,
    #[serde(default)]
    create: bool,
}

impl Config {
    fn of(config: &Map<String, Value>) -> Result<Self, ProviderError> {
        read_config(config)
    }

    fn scope<'a>(&'a self, credential: &'a CredentialSecret) -> Scope<'a> {
        Scope { token: &credential.token, team: self.team_id.as_deref().map(|team| ("teamId", team)) }
    }
}

impl Vercel {
    /// Where the settings say, or where everybody finds it. `client` is for short requests, `transfers` for files.
    pub(super) fn new(
        client: reqwest::Client,
        transfers: reqwest::Client,
        artifacts: ArtifactStore,
        work_dir: PathBuf,
        settings: &ProviderSettings,
    ) -> anyhow::Result<Self> {
        let base: Url = settings.api_url.clone().map_or_else(|| API_URL.parse(), Ok)?;
        let http = VendorHttp::new(DESCRIPTOR.id, client, REQUESTS_PER_MINUTE);
        let uploads = VendorHttp::new(DESCRIPTOR.id, transfers, 0).for_many();
        let integration = settings.auth_url.clone();
        let oauth = integration.and_then(|page| OAuth::new(http.clone(), page, settings, DIALECT));
        let oauth = oauth.map(|oauth| oauth.with_tokens_at(base.clone()));
        Ok(Self {
            api: VercelApi::new(http, uploads, base),
            oauth,
            artifacts,
            work_dir,
            under_way: UnderWay::default(),
        })
    }

    /// The target's project; made when it is not there and the target says so.
    async fn project(&self, scope: Scope<'_>, config: &Config) -> Result<Project, ProviderError> {
        if !config.create {
            return self.existing(scope, config).await;
        }
        if let Some(project) = self.api.project(scope, &config.project).await? {
            return Ok(project);
        }
        self.api.create_project(scope, &config.project).await?;
        self.existing(scope, config).await
    }

    /// The target's project, which must be there.
    async fn existing(&self, scope: Scope<'_>, config: &Config) -> Result<Project, ProviderError> {
        self.api.project(scope, &config.project).await?.ok_or_else(|| {
            ProviderError::Rejected(format!(
                "there is no project `{}` at Vercel that this account may see; check `project` and `team_id`, or set `create`",
                config.project
            ))
        })
    }

    /// What this project has had live with the same files, for a rollback.
    async fn former(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
    ) -> Result<Option<Deployment>, ProviderError> {
        let Some(replaced) = context.replaces.filter(|_| context.environment == PRODUCTION) else { return Ok(None) };
        let is_wanted = |found: &Deployment| found.is_ready() && found.is_production() && found.id() != replaced;
        let found =
            self.api.find_deployment(scope, &project.id, (ARTIFACT, &root_of(context)), None, is_wanted).await?;
        self.in_full(scope, found).await
    }

    /// The record of what a list has shown; lists tell less.
    async fn in_full(&self, scope: Scope<'_>, listed: Option<Deployment>) -> Result<Option<Deployment>, ProviderError> {
        match listed {
            Some(listed) => self.api.deployment(scope, listed.id()).await,
            None => Ok(None),
        }
    }

    /// Asks for a deployment until Vercel has all files.
    async fn make(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
        output: &Output,
        entry: &Entry<'_>,
    ) -> Result<Box<Deployment>, ProviderError> {
        let mut body = request(context, project, &output.files());
        let mut archive: Option<Archive> = None;
        for _ in 0..ROUNDS {
            let name = |created: &Created| match created {
                Created::Made(deployment) => Some(deployment.id().to_owned()),
                Created::Missing(_) => None,
            };
            let missing = match entry.ask(context, self.api.create(scope, &body), name).await? {
                Created::Made(deployment) => return Ok(deployment),
                Created::Missing(missing) => missing,
            };
            let blobs = match &archive {
                Some(archive) => archive.blobs(&missing),
                None => output.blobs(&missing)?,
            };
            if !self.send(context, scope, blobs).await? {
                let packed = Archive::of(output.entries(), self.work_dir.clone()).await?;
                body = request(context, project, &packed.files());
                archive = Some(packed);
            }
        }
        Err(ProviderError::Failed(anyhow::anyhow!(
            "Vercel says again and again that it lacks files which it has taken"
        )))
    }

    /// Sends what Vercel lacks; `false`, and not all, when the account may not send so many files any more.
    async fn send(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        mut blobs: Vec<Blob>,
    ) -> Result<bool, ProviderError> {
        let left = &AtomicU64::new(u64::MAX);
        let send = |blob: Blob| async move {
            let told = self.api.upload(scope, &blob.sha1, blob.size_bytes, blob.open).await?;
            left.store(told.unwrap_or(u64::MAX), Ordering::Relaxed);
            Ok(())
        };
        if blobs.len() > MANY {
            let first = blobs.split_off(blobs.len() - 1);
            upload(first, send, async |_, _| {}).await?;
            if left.load(Ordering::Relaxed) < blobs.len() as u64 {
                return Ok(false);
            }
        }
        upload(blobs, send, |done, total| context.notes.progress(done, total)).await?;
        Ok(true)
    }

    /// Looks a few times how a deployment goes on.
    async fn watch(&self, scope: Scope<'_>, project: &str, mut found: Deployment) -> Result<Taken, ProviderError> {
        let mut looks = LOOKS.iter();
        loop {
            let taken = self.taken(scope, project, &found).await?;
            let (Taken::UnderWay, Some(wait)) = (&taken, looks.next()) else { return Ok(taken) };
            tokio::time::sleep(*wait).await;
            match self.api.deployment(scope, found.id()).await {
                Ok(Some(deployment)) => found = deployment,
                // Asked again by `look_up`, which knows what to make of it.
                Ok(None) | Err(_) => return Ok(Taken::UnderWay),
            }
        }
    }

    /// What a deployment of ours has come to.
    async fn taken(&self, scope: Scope<'_>, project: &str, found: &Deployment) -> Result<Taken, ProviderError> {
        let failed = |message: &str| Taken::Failed { message: message.to_owned(), log: Vec::new() };
        Ok(match found.stage() {
            Stage::Live(release) => Taken::Released(release),
            Stage::UnderWay => Taken::UnderWay,
            Stage::Staged => self.promoted(scope, project, found).await?,
            Stage::Blocked(whom) => Taken::WaitingOn(whom),
            Stage::Failed(message) => Taken::Failed { message, log: self.api.log(scope, found.id()).await },
            Stage::Cancelled => failed("somebody cancelled this deployment at Vercel; deploy again"),
            Stage::Deleted => failed("somebody deleted this deployment at Vercel; deploy again"),
        })
    }

    /// After a rollback Vercel gives domains to nothing new by itself: the new one has to be promoted.
    async fn promoted(&self, scope: Scope<'_>, project: &str, found: &Deployment) -> Result<Taken, ProviderError> {
        let project = self.api.project(scope, project).await?;
        let Some(project) = project else { return Ok(Taken::UnderWay) };
        match pointer(&project, found.id()) {
            Some("pending" | "in-progress" | "succeeded") => {}
            Some(status) => return Ok(not_moved(status)),
            None => self.api.promote(scope, &project.id, found.id()).await?,
        }
        Ok(Taken::UnderWay)
    }

    /// Moves the project's domains back to a former deployment.
    async fn roll_back(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
        former: &Deployment,
    ) -> Result<Taken, ProviderError> {
        context.notes.begun(former.id()).await?;
        self.api.roll_back(scope, &project.id, former.id()).await?;
        for wait in LOOKS {
            let Ok(Some(project)) = self.api.project(scope, &project.id).await else { break };
            match moved(&project, former) {
                Some(Taken::UnderWay) | None => tokio::time::sleep(wait).await,
                Some(taken) => return Ok(taken),
            }
        }
        Ok(Taken::UnderWay)
    }

    /// What Vercel has of a deployment of ours, by its name or by our mark.
    async fn find(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
    ) -> Result<Option<Deployment>, ProviderError> {
        if let Some(id) = begun_id(context) {
            return self.api.deployment(scope, id).await;
        }
        let mark = (OURS, context.idempotency_key);
        let found = self
            .api
            .find_deployment(scope, &project.id, mark, made_after(context).map(|seconds| seconds * 1_000), |_| true)
            .await?;
        self.in_full(scope, found).await
    }
}

#[async_trait]
impl Provider for Vercel {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Taken, ProviderError> {
        let config = Config::of(context.destination.config)?;
        let scope = config.scope(context.destination.account()?);
        let project = self.project(scope, &config).await?;
        if let Some(former) = self.former(context, scope, &project).await? {
            return self.roll_back(context, scope, &project, &former).await;
        }
        let output = Output::of(Tree::open(&self.artifacts, context.artifact).await?, context.routing).await?;
        if !context.variables.is_empty() {
            let environment = if context.environment == PRODUCTION { PRODUCTION } else { "preview" };
            self.api.set_variables(scope, &project.id, environment, context.variables).await?;
        }
        let entry = self.under_way.enter(context.deployment_id);
        let publishing = async {
            let made = self.make(context, scope, &project, &output, &entry).await?;
            context.notes.begun(made.id()).await?;
            self.watch(scope, &project.id, *made).await
        };
        entry.unless_cancelled(publishing.await).await
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        let config = Config::of(context.destination.config)?;
        let scope = config.scope(context.destination.account()?);
        let Some(project) = self.api.project(scope, &config.project).await? else { return Ok(Whereabouts::Nothing) };
        let Some(found) = self.find(context, scope, &project).await? else {
            believe_nothing(context)?;
            return Ok(Whereabouts::Nothing);
        };
        let is_ours = found.meta.get(OURS).and_then(Value::as_str) == Some(context.idempotency_key);
        if !is_ours {
            // The former deployment of a rollback.
            return Ok(moved(&project, &found).map_or(Whereabouts::Nothing, Whereabouts::Taken));
        }
        self.taken(scope, &project.id, &found).await.map(Whereabouts::Taken)
    }

    fn canceller(&self) -> Option<&dyn Canceller> {
        Some(self)
    }

    fn remover(&self) -> Option<&dyn Remover> {
        Some(self)
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        Some(self)
    }

    fn domains(&self) -> Option<&dyn Domains> {
        Some(self)
    }

    /// What was deployed stays at Vercel, where its own retention decides, unless somebody wants it deleted.
    async fn forget(&self, _deployment: DeploymentId) {}
}

#[async_trait]
impl Remover for Vercel {
    async fn remove(&self, destination: Destination<'_>, provider_ref: &str) -> Result<(), ProviderError> {
        if !is_name(provider_ref) {
            return Ok(());
        }
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        let project = self.api.project(scope, &config.project).await?;
        if project.is_some_and(|project| project.live() == Some(provider_ref)) {
            let message = "this is what the project's domains show; deploy or roll back to something else first";
            return Err(ProviderError::Rejected(message.to_owned()));
        }
        self.api.delete(scope, provider_ref).await
    }
}

#[async_trait]
impl Canceller for Vercel {
    async fn cancel(&self, context: &DeployContext<'_>) -> Result<CancelOutcome, ProviderError> {
        let made = match self.under_way.hold_back(context).await {
            Met::Ended(outcome) => return Ok(outcome),
            Met::AtVendor(made) => made,
        };
        let config = Config::of(context.destination.config)?;
        let scope = config.scope(context.destination.account()?);
        let found = match &made {
            Some(id) => self.api.deployment(scope, id).await?,
            None => match self.api.project(scope, &config.project).await? {
                Some(project) => self.find(context, scope, &project).await?,
                None => None,
            },
        };
        let Some(found) = found else {
            if made.is_none() {
                believe_nothing(context)?;
            }
            return Ok(CancelOutcome::Cancelled);
        };
        if outcome(&found) == Some(CancelOutcome::Cancelled) || self.api.cancel(scope, found.id()).await? {
            return Ok(CancelOutcome::Cancelled);
        }
        let now = self.api.deployment(scope, found.id()).await?;
        Ok(now.and_then(|now| outcome(&now)).unwrap_or(CancelOutcome::TooLate))
    }
}

/// What has become of a deployment that is to be cancelled; `None` while it is being made.
fn outcome(found: &Deployment) -> Option<CancelOutcome> {
    match found.stage() {
        Stage::Live(_) => Some(CancelOutcome::TooLate),
        Stage::Staged | Stage::Failed(_) | Stage::Cancelled | Stage::Deleted => Some(CancelOutcome::Cancelled),
        Stage::UnderWay | Stage::Blocked(_) => None,
    }
}

/// What is sent to make a deployment; the same each time.
fn request(context: &DeployContext<'_>, project: &Project, files: &[Value]) -> Value {
    let mut body = json!({
        "name": project.name,
        "project": project.id,
        "meta": { OURS: context.idempotency_key, ARTIFACT: root_of(context) },
        "projectSettings": { "framework": null, "rootDirectory": null, "sourceFilesOutsideRootDirectory": true },
        "files": files,
    });
    // Without one it is a preview.
    if context.environment != "preview" {
        body["target"] = context.environment.into();
    }
    for (key, value) in [("commitRef", context.branch), ("commitMessage", context.commit_message)] {
        if let Some(value) = value {
            body["gitMetadata"][key] = value.into();
        }
    }
    body
}

/// How the domains of a project go to a former deployment; `None` when nobody has asked for that.
fn moved(project: &Project, former: &Deployment) -> Option<Taken> {
    Some(match pointer(project, former.id())? {
        "pending" | "in-progress" => Taken::UnderWay,
        "succeeded" => match former.release() {
            Some(release) => Taken::Released(release),
            None => not_moved("unknown"),
        },
        status => not_moved(status),
    })
}

/// The status of the last wish to move a project's domains, when that was to this deployment.
fn pointer<'a>(project: &'a Project, id: &str) -> Option<&'a str> {
    project.last_alias_request.as_ref().filter(|last| last.to_deployment_id == id).map(|last| last.job_status.as_str())
}

fn not_moved(status: &str) -> Taken {
    let message =
        format!("Vercel did not move the project's domains to this deployment ({status}); look at the project there");
    Taken::Failed { message, log: Vec::new() }
}
