//! Cloudflare Pages, by "Direct Upload": Cloudflare says which files it lacks, gets those, and is asked for a deployment
//! with the list of all. What it made is found by a mark in its commit message, so nothing is made twice.

mod accounts;
mod api;
mod assets;
mod bucket;
mod content_type;
mod descriptor;
mod domains;
mod envelope;
mod jwt;
mod notifications;
mod release;
mod rules;
mod site;
mod webhooks;
mod worker;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use self::api::{PagesApi, Scope};
use self::assets::AssetStore;
use self::descriptor::DESCRIPTOR;
use self::release::{Deployment, Project, Stage};
use self::site::Site;
use super::accounts::Accounts;
use super::descriptor::Descriptor;
use super::domains::Domains;
use super::http::VendorHttp;
use super::static_host::{Entry, LOOKS, Met, Tree, UnderWay, begun_id, believe_nothing, is_name, made_after, root_of};
use super::webhooks::Webhooks;
use super::{
    CancelOutcome, Canceller, DeployContext, Destination, Provider, ProviderError, Remover, Taken, Whereabouts,
    read_config,
};
use crate::artifacts::ArtifactStore;
use crate::config::ProviderSettings;
use crate::ids::DeploymentId;
use crate::secrets::CredentialSecret;

const API_URL: &str = "https://api.cloudflare.com/client/v4/";
/// Of all but files, for each credential; Cloudflare takes 1,200 in five minutes.
const REQUESTS_PER_MINUTE: u32 = 200;
/// Marks in commit messages: which deployment of ours it is, and what it shows.
const OURS: &str = "Slipway-Deployment: ";
const ARTIFACT: &str = "Slipway-Artifact: ";
/// Cloudflare keeps so much of a commit message.
const MESSAGE_BYTES: usize = 384;
const PRODUCTION: &str = "production";
const PREVIEW: &str = "preview";

/// The provider `cloudflare-pages`.
pub(super) struct CloudflarePages {
    api: PagesApi,
    artifacts: ArtifactStore,
    under_way: UnderWay,
}

/// A target's config.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    account_id: String,
    project: String,
    #[serde(default)]
    create: bool,
}

impl Config {
    fn of(config: &Map<String, Value>) -> Result<Self, ProviderError> {
        read_config(config)
    }

    fn scope<'a>(&'a self, credential: &'a CredentialSecret) -> Scope<'a> {
        Scope { token: &credential.token, account: &self.account_id }
    }
}

impl CloudflarePages {
    /// Where the settings say, or where everybody finds it. `client` is for short requests, `transfers` for files.
    pub(super) fn new(
        client: reqwest::Client,
        transfers: reqwest::Client,
        artifacts: ArtifactStore,
        settings: &ProviderSettings,
    ) -> anyhow::Result<Self> {
        let base: Url = settings.api_url.clone().map_or_else(|| API_URL.parse(), Ok)?;
        let http = VendorHttp::new(DESCRIPTOR.id, client, REQUESTS_PER_MINUTE);
        let uploads = VendorHttp::new(DESCRIPTOR.id, transfers, 0).for_many();
        Ok(Self { api: PagesApi::new(http, uploads, base), artifacts, under_way: UnderWay::default() })
    }

    /// The target's project; made when it is not there and the target says so.
    async fn project(&self, scope: Scope<'_>, config: &Config) -> Result<Project, ProviderError> {
        if !config.create {
            return self.existing(scope, config).await;
        }
        if let Some(project) = self.api.project(scope, &config.project).await? {
            return Ok(project);
        }
        let made = self.api.create_project(scope, &config.project).await;
        // Somebody else may have made it at the same time, or our own request before its answer was lost.
        match (self.api.project(scope, &config.project).await?, made) {
            (Some(project), _) => Ok(project),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(missing(config)),
        }
    }

    /// The target's project, which must be there.
    async fn existing(&self, scope: Scope<'_>, config: &Config) -> Result<Project, ProviderError> {
        self.api.project(scope, &config.project).await?.ok_or_else(|| missing(config))
    }

    /// What this project has had live with the same files, for a rollback.
    async fn former(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
    ) -> Result<Option<Deployment>, ProviderError> {
        let Some(replaced) = context.replaces.filter(|_| context.environment == PRODUCTION) else { return Ok(None) };
        let mark = format!("{ARTIFACT}{}", root_of(context));
        let is_wanted = |found: &Deployment| {
            found.message().contains(&mark)
                && found.is_production()
                && found.stage() == Stage::Live
                && found.id != replaced
        };
        self.api.find_deployment(scope, &project.name, Some(PRODUCTION), None, is_wanted).await
    }

    /// Makes what was live before live again.
    async fn roll_back(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
        former: &Deployment,
    ) -> Result<Taken, ProviderError> {
        context.notes.begun(&former.id).await?;
        // Cloudflare refuses to do it again.
        if !project.shows(&former.id) {
            self.api.roll_back(scope, &project.name, &former.id).await?;
        }
        Ok(released(project, former))
    }

    /// Sends the files that Cloudflare lacks.
    async fn send(
        &self,
        context: &DeployContext<'_>,
        store: &AssetStore<'_>,
        site: &Site,
    ) -> Result<(), ProviderError> {
        let hashes = site.hashes();
        let missing = site.assets(&store.missing(&hashes).await?)?;
        store.upload(missing, |done, total| context.notes.progress(done, total)).await?;
        store.keep(&hashes).await;
        Ok(())
    }

    /// The one request for the deployment; whoever cancels waits for its answer.
    async fn make(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
        site: &Site,
        entry: &Entry<'_>,
    ) -> Result<Deployment, ProviderError> {
        let mut form = site.form();
        form.text("branch", branch(context, project.production_branch()));
        form.text("commit_message", message(context));
        entry.ask(context, self.api.create(scope, &project.name, form), |made| Some(made.id.clone())).await
    }

    /// Looks a few times how a deployment goes on.
    async fn watch(&self, scope: Scope<'_>, project: &Project, mut found: Deployment) -> Result<Taken, ProviderError> {
        let mut looks = LOOKS.iter();
        loop {
            let taken = self.taken(scope, project, &found).await;
            let (Taken::UnderWay, Some(wait)) = (&taken, looks.next()) else { return Ok(taken) };
            tokio::time::sleep(*wait).await;
            match self.api.deployment(scope, &project.name, &found.id).await {
                Ok(Some(deployment)) => found = deployment,
                // Asked again by `look_up`, which knows what to make of it.
                Ok(None) | Err(_) => return Ok(Taken::UnderWay),
            }
        }
    }

    /// What a deployment of ours has come to.
    async fn taken(&self, scope: Scope<'_>, project: &Project, found: &Deployment) -> Taken {
        match found.stage() {
            Stage::Live => released(project, found),
            Stage::UnderWay => Taken::UnderWay,
            Stage::Cancelled(message) => Taken::Failed { message, log: Vec::new() },
            Stage::Failed(message) => {
                let log = self.api.log(scope, &project.name, &found.id).await;
                // The reason stands there, and nowhere else.
                let reason = log.last().map(|line| format!(": {line}")).unwrap_or_default();
                Taken::Failed { message: format!("{message}{reason}"), log }
            }
        }
    }

    /// What Cloudflare has of a deployment of ours, by its name or by our mark.
    async fn find(
        &self,
        context: &DeployContext<'_>,
        scope: Scope<'_>,
        project: &Project,
    ) -> Result<Option<Deployment>, ProviderError> {
        if let Some(id) = begun_id(context) {
            return self.api.deployment(scope, &project.name, id).await;
        }
        let is_wanted = |found: &Deployment| is_ours(context, found);
        self.api.find_deployment(scope, &project.name, None, made_after(context), is_wanted).await
    }
}

#[async_trait]
impl Provider for CloudflarePages {
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
        let entry = self.under_way.enter(context.deployment_id);
        let publishing = async {
            let store = AssetStore::open(&self.api, scope, &project.name).await?;
            let tree = Tree::open(&self.artifacts, context.artifact).await?;
            let site = Site::of(&self.artifacts, &tree, store.max_files().await).await?;
            if !context.variables.is_empty() {
                self.api.set_variables(scope, &project, environment(context), context.variables).await?;
            }
            self.send(context, &store, &site).await?;
            let made = self.make(context, scope, &project, &site, &entry).await?;
            context.notes.begun(&made.id).await?;
            self.watch(scope, &project, made).await
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
        if !is_ours(context, &found) {
            // The former deployment of a rollback.
            return Ok(shown(&project, &found).map_or(Whereabouts::Nothing, Whereabouts::Taken));
        }
        Ok(Whereabouts::Taken(self.taken(scope, &project, &found).await))
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

    /// What was deployed stays at Cloudflare, unless somebody wants it deleted.
    async fn forget(&self, _deployment: DeploymentId) {}
}

#[async_trait]
impl Remover for CloudflarePages {
    async fn remove(&self, destination: Destination<'_>, provider_ref: &str) -> Result<(), ProviderError> {
        if !is_name(provider_ref) {
            return Ok(());
        }
        let config = Config::of(destination.config)?;
        let scope = config.scope(destination.account()?);
        let Some(project) = self.api.project(scope, &config.project).await? else { return Ok(()) };
        if !project.shows(provider_ref) && self.api.delete(scope, &project.name, provider_ref).await? {
            return Ok(());
        }
        let message = "this is what the project's address shows; deploy or roll back to something else first";
        Err(ProviderError::Rejected(message.to_owned()))
    }
}

#[async_trait]
impl Canceller for CloudflarePages {
    /// Cloudflare cancels nothing: what is not live yet is deleted.
    async fn cancel(&self, context: &DeployContext<'_>) -> Result<CancelOutcome, ProviderError> {
        let made = match self.under_way.hold_back(context).await {
            Met::Ended(outcome) => return Ok(outcome),
            Met::AtVendor(made) => made,
        };
        let config = Config::of(context.destination.config)?;
        let scope = config.scope(context.destination.account()?);
        let Some(project) = self.api.project(scope, &config.project).await? else {
            return Ok(CancelOutcome::Cancelled);
        };
        let found = match &made {
            Some(id) => self.api.deployment(scope, &project.name, id).await?,
            None => self.find(context, scope, &project).await?,
        };
        let Some(found) = found else {
            if made.is_none() {
                believe_nothing(context)?;
            }
            return Ok(CancelOutcome::Cancelled);
        };
        if let Some(outcome) = outcome(&found) {
            return Ok(outcome);
        }
        if self.api.delete(scope, &project.name, &found.id).await? {
            return Ok(CancelOutcome::Cancelled);
        }
        let now = self.api.deployment(scope, &project.name, &found.id).await?;
        Ok(now.map_or(CancelOutcome::Cancelled, |now| outcome(&now).unwrap_or(CancelOutcome::TooLate)))
    }
}

fn missing(config: &Config) -> ProviderError {
    ProviderError::Rejected(format!(
        "there is no project `{}` in this account at Cloudflare; check `account_id` and `project`, or set `create`",
        config.project
    ))
}

/// What has become of a deployment that is to be cancelled; `None` while it is being made.
fn outcome(found: &Deployment) -> Option<CancelOutcome> {
    match found.stage() {
        Stage::Live => Some(CancelOutcome::TooLate),
        Stage::Failed(_) | Stage::Cancelled(_) => Some(CancelOutcome::Cancelled),
        Stage::UnderWay => None,
    }
}

fn is_ours(context: &DeployContext<'_>, found: &Deployment) -> bool {
    found.message().contains(&format!("{OURS}{}", context.idempotency_key))
}

/// A former deployment, when everybody sees it.
fn shown(project: &Project, former: &Deployment) -> Option<Taken> {
    project.shows(&former.id).then(|| released(project, former))
}

fn released(project: &Project, found: &Deployment) -> Taken {
    match found.release(project) {
        Some(release) => Taken::Released(release),
        None => Taken::Failed {
            message: "Cloudflare made this deployment, and does not tell where it is; look there".to_owned(),
            log: Vec::new(),
        },
    }
}

/// Cloudflare has two environments; everything but production is a preview, at an address of its branch.
fn environment(context: &DeployContext<'_>) -> &'static str {
    if context.environment == PRODUCTION { PRODUCTION } else { PREVIEW }
}

/// The branch that makes it what it is to be: the project's own one is production, and no other is.
fn branch(context: &DeployContext<'_>, production: &str) -> String {
    if context.environment == PRODUCTION {
        return production.to_owned();
    }
    let wanted = context.branch.filter(|branch| *branch != production).unwrap_or(context.environment);
    if wanted == production { format!("{wanted}-{PREVIEW}") } else { wanted.to_owned() }
}

/// What was said of the release, as much as fits, and our marks.
fn message(context: &DeployContext<'_>) -> String {
    let marks = format!("{OURS}{}\n{ARTIFACT}{}", context.idempotency_key, root_of(context));
    with_marks(context.commit_message.unwrap_or_default(), &marks)
}

fn with_marks(said: &str, marks: &str) -> String {
    const BETWEEN: &str = "\n\n";
    let said = said.trim();
    let room = MESSAGE_BYTES.saturating_sub(marks.len() + BETWEEN.len());
    let said = &said[..said.floor_char_boundary(room)];
    if said.is_empty() { marks.to_owned() } else { format!("{said}{BETWEEN}{marks}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stay_whole_however_much_is_said() {
        assert_eq!(with_marks(" Say second \n", "marks"), "Say second\n\nmarks");
        assert_eq!(with_marks("", "marks"), "marks");
        let marks = "m".repeat(150);
        let long = with_marks(&"ü".repeat(300), &marks);
        assert!(long.len() <= MESSAGE_BYTES && long.ends_with(&marks) && long.starts_with('ü'), "{long}");
    }
}
