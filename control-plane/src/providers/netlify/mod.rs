//! Netlify: a deploy is made empty, told its files by their digests, and given those that Netlify lacks. Its title ends
//! with a mark by which it is found again; until it has all its files it shows nothing to anybody, so whoever dies on the way
//! goes on with it.

mod accounts;
mod api;
mod audience;
mod cancel;
mod descriptor;
mod domains;
mod functions;
mod making;
mod output;
mod release;
mod webhooks;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::api::NetlifyApi;
use self::audience::Audience;
use self::descriptor::{DESCRIPTOR, DIALECT};
use self::output::Output;
use self::release::{Deploy, Site, Stage};
use super::accounts::Accounts;
use super::descriptor::Descriptor;
use super::domains::Domains;
use super::endpoints::{Endpoints, site_of};
use super::http::{VendorHttp, shortened};
use super::oauth::OAuth;
use super::static_host::{Tree, UnderWay};
use super::webhooks::Webhooks;
use super::{
    Canceller, DeployContext, Destination, Provider, ProviderError, Remover, Taken, WaitingOn, Whereabouts, read_config,
};
use crate::artifacts::ArtifactStore;
use crate::config::ProviderSettings;
use crate::ids::DeploymentId;

const API_URL: &str = "https://api.netlify.com/api/v1/";
/// With the pages where people agree.
const SITE_URL: &str = "https://app.netlify.com/";
/// Below which the sites are that have no other address.
const DOMAIN: &str = "netlify.app";
/// Of all but files, for each credential: half of the 500 that Netlify takes in all.
const REQUESTS_PER_MINUTE: u32 = 250;
const PRODUCTION: &str = "production";
/// A note that a deploy was asked for, and its name is not known.
const ASKED: &str = "asked";
/// What begins a note that a former deploy was to be published again; its name follows. Any other note is the name of ours.
const FORMER: &str = "former@";
/// A release is often live at once: it is looked at so soon, before the deployment is given back until later.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(1),
    Duration::from_secs(2),
];
/// What a title has of a message.
const MESSAGE_CHARS: usize = 100;
/// What a title has of the digest of an artifact.
const ROOT_BYTES: usize = 16;

/// The provider `netlify`.
pub(super) struct Netlify {
    api: NetlifyApi,
    oauth: Option<OAuth>,
    artifacts: ArtifactStore,
    under_way: UnderWay,
}

/// A target's config.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    site_id: Option<String>,
    site_name: Option<String>,
    team: Option<String>,
    #[serde(default)]
    create: bool,
}

impl Config {
    fn of(config: &Map<String, Value>) -> Result<Self, ProviderError> {
        read_config(config)
    }

    /// What Netlify finds the site by.
    fn key(&self) -> Result<String, ProviderError> {
        let of_name = || self.site_name.as_deref().map(address_of);
        let missing =
            || ProviderError::Rejected("the target has neither `site_id` nor `site_name`; set one".to_owned());
        self.site_id.clone().or_else(of_name).ok_or_else(missing)
    }

    /// As in messages.
    fn shown(&self) -> &str {
        self.site_name.as_deref().or(self.site_id.as_deref()).unwrap_or_default()
    }

    fn missing(&self) -> ProviderError {
        ProviderError::Rejected(format!(
            "there is no site `{}` at Netlify that this account may see; check `site_id` and `site_name`, or set `create` with a `site_name`",
            self.shown()
        ))
    }
}

/// The address that a site has besides any other.
fn address_of(name: &str) -> String {
    format!("{name}.{DOMAIN}")
}

/// Where one deployment goes, and as whom.
#[derive(Clone, Copy)]
struct Place<'a> {
    token: &'a SecretString,
    site: &'a Site,
    audience: &'a Audience,
}

impl Place<'_> {
    fn is_production(&self) -> bool {
        *self.audience == Audience::Production
    }
}

impl Netlify {
    /// Where the settings say, or where everybody finds it. `client` is for short requests, `transfers` for files.
    pub(super) fn new(
        client: reqwest::Client,
        transfers: reqwest::Client,
        artifacts: ArtifactStore,
        settings: &ProviderSettings,
    ) -> anyhow::Result<Self> {
        let Endpoints { api, site, .. } = Endpoints::of(settings, API_URL, SITE_URL)?;
        let http = VendorHttp::new(DESCRIPTOR.id, client, REQUESTS_PER_MINUTE);
        let uploads = VendorHttp::new(DESCRIPTOR.id, transfers, 0).for_many();
        let oauth = OAuth::new(http.clone(), site, settings, DIALECT).map(|oauth| oauth.with_tokens_at(site_of(&api)));
        Ok(Self { api: NetlifyApi::new(http, uploads, api), oauth, artifacts, under_way: UnderWay::default() })
    }

    /// The target's site; made when it is not there and the target says so.
    async fn site(&self, token: &SecretString, config: &Config) -> Result<Site, ProviderError> {
        match (self.find_site(token, config).await?, &config.site_name) {
            (Some(site), _) => Ok(site),
            (None, Some(name)) if config.create && config.site_id.is_none() => {
                self.api.create_site(token, config.team.as_deref(), name).await
            }
            (None, _) => Err(config.missing()),
        }
    }

    /// The target's site, which must be there.
    async fn existing(&self, token: &SecretString, config: &Config) -> Result<Site, ProviderError> {
        self.find_site(token, config).await?.ok_or_else(|| config.missing())
    }

    async fn find_site(&self, token: &SecretString, config: &Config) -> Result<Option<Site>, ProviderError> {
        let site = self.api.site(token, &config.key()?).await?;
        match &site {
            Some(found) if config.team.is_some() && config.team != found.account_slug => {
                let (name, team) = (&found.name, found.account_slug.as_deref().unwrap_or("another"));
                Err(ProviderError::Rejected(format!("the site `{name}` belongs to the team `{team}`; check `team`")))
            }
            _ => Ok(site),
        }
    }

    /// What this site has shown everybody with the same files, for a rollback.
    async fn former(
        &self,
        context: &DeployContext<'_>,
        token: &SecretString,
        site: &Site,
    ) -> Result<Option<Deploy>, ProviderError> {
        let Some(replaced) = context.replaces.filter(|_| context.environment == PRODUCTION) else { return Ok(None) };
        let end = format!(" {})", root_of(context));
        let is_wanted = |found: &Deploy| {
            let has_files = found.title.as_deref().is_some_and(|title| title.ends_with(&end));
            has_files && found.was_published() && found.stage() == Stage::Ready && found.id != replaced
        };
        self.api.find_deploy(token, &site.id, true, is_wanted).await
    }

    /// Gives what runs at the site its variables, for deploys of this audience.
    async fn set_variables(&self, context: &DeployContext<'_>, place: Place<'_>) -> Result<(), ProviderError> {
        if context.variables.is_empty() {
            return Ok(());
        }
        let no_team = || ProviderError::Failed(anyhow::anyhow!("Netlify does not tell which team has the site"));
        let team = place.site.account_slug.as_deref().ok_or_else(no_team)?;
        let (token, at, scope) = (place.token, (team, place.site.id.as_str()), place.audience.context());
        let known = self.api.variables(token, team, &place.site.id).await?;
        let all = context.variables.iter().map(|(key, value)| (key.as_str(), value));
        let (known, new): (Vec<_>, Vec<_>) = all.partition(|(key, _)| known.iter().any(|name| name == key));
        if !new.is_empty() {
            self.api.create_variables(token, at, &new, &scope).await?;
        }
        for variable in known {
            self.api.set_variable(token, at, variable, &scope).await?;
        }
        Ok(())
    }

    /// What Netlify has of a deployment of ours.
    async fn find(
        &self,
        context: &DeployContext<'_>,
        token: &SecretString,
        site: &Site,
    ) -> Result<Option<Deploy>, ProviderError> {
        match context.begun {
            None => Ok(None),
            Some(ASKED) => self.api.find_deploy(token, &site.id, false, |found| has_mark(found, context)).await,
            Some(former) if former.starts_with(FORMER) => Ok(None),
            Some(id) => self.api.deploy(token, &site.id, id).await,
        }
    }

    /// Looks a few times how a deploy goes on.
    async fn watch(&self, place: Place<'_>, mut deploy: Deploy) -> Result<Taken, ProviderError> {
        for wait in LOOKS {
            let taken = self.taken(place, &deploy).await?;
            if taken != Taken::UnderWay {
                return Ok(taken);
            }
            tokio::time::sleep(wait).await;
            match self.api.deploy(place.token, &place.site.id, &deploy.id).await {
                Ok(Some(found)) => deploy = found,
                // Asked again by `look_up`, which knows what to make of it.
                Ok(None) | Err(_) => return Ok(Taken::UnderWay),
            }
        }
        self.taken(place, &deploy).await
    }

    /// What a deploy of ours has come to.
    async fn taken(&self, place: Place<'_>, deploy: &Deploy) -> Result<Taken, ProviderError> {
        Ok(match deploy.stage() {
            Stage::Ready if place.is_production() && !deploy.was_published() => self.unpublished(place, deploy).await?,
            Stage::Ready => released(deploy, place.is_production()),
            Stage::Pending(whom) => Taken::WaitingOn(whom),
            Stage::Failed(message) => Taken::Failed { message, log: deploy.log() },
            Stage::Empty | Stage::Comparing | Stage::Lacking | Stage::UnderWay => Taken::UnderWay,
        })
    }

    /// Why a deploy that is ready is not what everybody sees.
    async fn unpublished(&self, place: Place<'_>, deploy: &Deploy) -> Result<Taken, ProviderError> {
        let Some(site) = self.api.site(place.token, &place.site.id).await? else { return Ok(Taken::UnderWay) };
        if site.shows(&deploy.id) {
            return Ok(released(deploy, true));
        }
        if site.is_locked() {
            return Ok(Taken::WaitingOn(WaitingOn {
                text: "auto publishing is stopped at Netlify; publish this deploy there, or start it again".to_owned(),
                url: site.admin_url.map(|url| format!("{url}/deploys/{}", deploy.id)),
            }));
        }
        if site.published_deploy.is_some_and(|published| deploy.is_before(&published)) {
            let message = "another deploy, which was made later at Netlify, is live instead; deploy again".to_owned();
            return Ok(Taken::Failed { message, log: deploy.log() });
        }
        Ok(Taken::UnderWay)
    }

    /// Makes a former deploy what everybody sees again.
    async fn roll_back(
        &self,
        context: &DeployContext<'_>,
        token: &SecretString,
        site: &Site,
        former: &Deploy,
    ) -> Result<Taken, ProviderError> {
        context.notes.begun(&format!("{FORMER}{}", former.id)).await?;
        self.api.restore(token, &site.id, &former.id).await?;
        for wait in LOOKS {
            let Ok(Some(site)) = self.api.site(token, &site.id).await else { break };
            if site.shows(&former.id) {
                return Ok(released(former, true));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(Taken::UnderWay)
    }
}

#[async_trait]
impl Provider for Netlify {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check_config(&self, config: &Map<String, Value>) -> Result<(), String> {
        DESCRIPTOR.check_config(config)?;
        let has = |key: &str| config.contains_key(key);
        if !has("site_id") && !has("site_name") {
            return Err("`config.site_id` or `config.site_name` is missing: which site it is".to_owned());
        }
        if config.get("create") == Some(&Value::Bool(true)) && (has("site_id") || !has("site_name")) {
            return Err("`config.create` needs `config.site_name`, and no `config.site_id`".to_owned());
        }
        Ok(())
    }

    fn accounts(&self) -> Option<&dyn Accounts> {
        Some(self)
    }

    async fn deploy(&self, context: &DeployContext<'_>) -> Result<Taken, ProviderError> {
        let config = Config::of(context.destination.config)?;
        let token = &context.destination.account()?.token;
        let site = self.site(token, &config).await?;
        if let Some(former) = self.former(context, token, &site).await? {
            return self.roll_back(context, token, &site, &former).await;
        }
        let audience = Audience::of(context.environment, context.branch, &site.name);
        let place = Place { token, site: &site, audience: &audience };
        if place.is_production() && site.prevent_non_git_prod_deploys == Some(true) {
            return Err(ProviderError::Rejected(format!(
                "the site `{}` takes only Netlify's own builds in production; allow other deploys in its settings there, or deploy a preview",
                site.name
            )));
        }
        let output = Output::of(Tree::open(&self.artifacts, context.artifact).await?, context.routing).await?;
        self.set_variables(context, place).await?;
        let entry = self.under_way.enter(context.deployment_id);
        let outcome = self.publish(context, place, &output, &entry).await;
        entry.unless_cancelled(outcome).await
    }

    async fn look_up(&self, context: &DeployContext<'_>) -> Result<Whereabouts, ProviderError> {
        let config = Config::of(context.destination.config)?;
        let token = &context.destination.account()?.token;
        let Some(site) = self.api.site(token, &config.key()?).await? else { return Ok(Whereabouts::Nothing) };
        if let Some(former) = context.begun.and_then(|begun| begun.strip_prefix(FORMER)) {
            let former = if site.shows(former) { self.api.deploy(token, &site.id, former).await? } else { None };
            return Ok(former.map_or(Whereabouts::Nothing, |former| Whereabouts::Taken(released(&former, true))));
        }
        let Some(found) = self.find(context, token, &site).await? else { return Ok(Whereabouts::Nothing) };
        let audience = Audience::of(context.environment, context.branch, &site.name);
        let place = Place { token, site: &site, audience: &audience };
        match found.stage() {
            // It shows nothing and will not, until somebody goes on with it.
            Stage::Empty | Stage::Comparing | Stage::Lacking => Ok(Whereabouts::Nothing),
            _ => self.taken(place, &found).await.map(Whereabouts::Taken),
        }
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

    /// What was deployed stays at Netlify, where its own retention decides, unless somebody wants it deleted.
    async fn forget(&self, _deployment: DeploymentId) {}
}

#[async_trait]
impl Remover for Netlify {
    async fn remove(&self, destination: Destination<'_>, provider_ref: &str) -> Result<(), ProviderError> {
        if provider_ref == ASKED || provider_ref.starts_with(FORMER) {
            return Ok(());
        }
        let config = Config::of(destination.config)?;
        let token = &destination.account()?.token;
        if self.find_site(token, &config).await?.is_some_and(|site| site.shows(provider_ref)) {
            let message = "this is what the site shows; deploy or roll back to something else first";
            return Err(ProviderError::Rejected(message.to_owned()));
        }
        self.api.delete(token, provider_ref).await
    }
}

fn released(deploy: &Deploy, is_production: bool) -> Taken {
    if let Some(release) = deploy.release(is_production) {
        return Taken::Released(release);
    }
    let message = "Netlify made this deploy, and does not tell where it is; look there".to_owned();
    Taken::Failed { message, log: deploy.log() }
}

/// What people read of a deploy, and the mark it is found by: which deployment of ours it is, and what it shows.
fn title(context: &DeployContext<'_>) -> String {
    let message: String =
        context.commit_message.map(shortened).unwrap_or_default().chars().take(MESSAGE_CHARS).collect();
    let message = if message.is_empty() { "Slipway" } else { &message };
    format!("{message} {}", mark(context))
}

fn mark(context: &DeployContext<'_>) -> String {
    format!("({} {})", context.idempotency_key, root_of(context))
}

/// Whoever writes the message does not write the end.
fn has_mark(deploy: &Deploy, context: &DeployContext<'_>) -> bool {
    deploy.title.as_deref().is_some_and(|title| title.ends_with(&mark(context)))
}

fn root_of(context: &DeployContext<'_>) -> String {
    let root = &context.artifact.root;
    data_encoding::HEXLOWER.encode(&root[..root.len().min(ROOT_BYTES)])
}
