//! The part of Cloudflare's REST API that Pages needs: <https://developers.cloudflare.com/api/resources/pages/>.
//! Everything but assets belongs to an account.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::ProviderError;
use super::super::http::{Answer, Authorization, Call, Multipart, VendorHttp, shortened};
use super::envelope::{PageInfo, expect, found, page, result};
use super::release::{Deployment, Project};

/// As wrangler asks; more is refused.
const PROJECTS_PER_PAGE: &str = "10";
const DEPLOYMENTS_PER_PAGE: &str = "25";
const ACCOUNTS_PER_PAGE: &str = "50";
/// Lists of deployments are looked through so many pages deep.
const MOST_PAGES: u64 = 8;
/// Cloudflare looks at each file of a deployment before it answers.
const CREATE_PATIENCE: Duration = Duration::from_secs(2 * 60);
/// Lines of a log that are kept.
const LOG_LINES: usize = 200;
/// The branch of a project that we make.
const PRODUCTION_BRANCH: &str = "main";

/// Cloudflare at one address.
#[derive(Clone)]
pub(super) struct PagesApi {
    pub(super) http: VendorHttp,
    /// For files: not counted with the other requests, and as patient as large bodies need it.
    pub(super) uploads: VendorHttp,
    pub(super) base: Url,
}

/// As whom, and in which account, something is asked.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) token: &'a SecretString,
    pub(super) account: &'a str,
}

/// An account that a token reaches.
#[derive(Debug, Deserialize)]
pub(super) struct AccountRecord {
    pub(super) id: String,
    pub(super) name: String,
}

/// What Cloudflare says of a token.
#[derive(Debug, Deserialize)]
pub(super) struct TokenRecord {
    /// `active`, `disabled`, `expired`.
    pub(super) status: String,
    /// RFC 3339.
    pub(super) expires_on: Option<String>,
}

#[derive(Deserialize)]
struct UploadTokenRecord {
    jwt: SecretString,
}

#[derive(Deserialize)]
struct Log {
    #[serde(default)]
    data: Vec<LogLine>,
}

#[derive(Deserialize)]
struct LogLine {
    #[serde(default)]
    line: String,
}

impl PagesApi {
    pub(super) fn new(http: VendorHttp, uploads: VendorHttp, base: Url) -> Self {
        Self { http, uploads, base }
    }

    async fn get_own<T: for<'de> Deserialize<'de>>(
        &self,
        token: &SecretString,
        template: &'static str,
        doing: &str,
    ) -> Result<T, ProviderError> {
        let call = Call::new(Method::GET, &self.base, template, &[])?;
        result(&self.http.send(call.authorized(Authorization::Bearer(token.clone()))).await?, doing)
    }

    /// Below `accounts/{}`, the first segment of `template`.
    pub(super) fn call(
        &self,
        scope: Scope<'_>,
        method: Method,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Call, ProviderError> {
        let segments: Vec<_> = std::iter::once(scope.account).chain(segments.iter().copied()).collect();
        let call = Call::new(method, &self.base, template, &segments)?;
        Ok(call.authorized(Authorization::Bearer(scope.token.clone())))
    }

    pub(super) async fn get(
        &self,
        scope: Scope<'_>,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.call(scope, Method::GET, template, segments)?).await
    }

    /// What a person's token is.
    pub(super) async fn token(&self, token: &SecretString) -> Result<TokenRecord, ProviderError> {
        self.get_own(token, "user/tokens/verify", "accept this token").await
    }

    /// What an account's own token is.
    pub(super) async fn account_token(&self, scope: Scope<'_>) -> Result<TokenRecord, ProviderError> {
        result(&self.get(scope, "accounts/{}/tokens/verify", &[]).await?, "accept this token")
    }

    /// The accounts that a token reaches, fifty at most.
    pub(super) async fn accounts(&self, token: &SecretString) -> Result<Vec<AccountRecord>, ProviderError> {
        let call = Call::new(Method::GET, &self.base, "accounts", &[])?.query("per_page", ACCOUNTS_PER_PAGE);
        let answer = self.http.send(call.authorized(Authorization::Bearer(token.clone()))).await?;
        result(&answer, "list accounts")
    }

    /// A project; `None` when there is none.
    pub(super) async fn project(&self, scope: Scope<'_>, project: &str) -> Result<Option<Project>, ProviderError> {
        found(&self.get(scope, "accounts/{}/pages/projects/{}", &[project]).await?, "show the project")
    }

    /// Makes a project.
    pub(super) async fn create_project(&self, scope: Scope<'_>, name: &str) -> Result<(), ProviderError> {
        let body = json!({
            "name": name,
            "production_branch": PRODUCTION_BRANCH,
            "deployment_configs": { "production": {}, "preview": {} },
        });
        let call = self.call(scope, Method::POST, "accounts/{}/pages/projects", &[])?.json(&body);
        expect(&self.http.send(call).await?, "make the project")
    }

    /// A page of an account's projects.
    pub(super) async fn projects(
        &self,
        scope: Scope<'_>,
        number: u64,
    ) -> Result<(Vec<Project>, PageInfo), ProviderError> {
        let call = self
            .call(scope, Method::GET, "accounts/{}/pages/projects", &[])?
            .query("page", &number.to_string())
            .query("per_page", PROJECTS_PER_PAGE);
        page(&self.http.send(call).await?, "list projects")
    }

    /// Sets what the next deployments of an environment are given; others of its variables stay.
    pub(super) async fn set_variables(
        &self,
        scope: Scope<'_>,
        project: &Project,
        environment: &str,
        variables: &BTreeMap<String, SecretString>,
    ) -> Result<(), ProviderError> {
        let variable = |value: &SecretString| json!({ "type": "secret_text", "value": value.expose_secret() });
        let variables_of: BTreeMap<_, _> = variables.iter().map(|(name, value)| (name, variable(value))).collect();
        let mut settings = json!({ "env_vars": variables_of });
        if let Some(hash) = project.wrangler_config_hash(environment) {
            settings["wrangler_config_hash"] = hash.into();
        }
        let body = json!({ "deployment_configs": { environment: settings } });
        let call = self.call(scope, Method::PATCH, "accounts/{}/pages/projects/{}", &[&project.name])?;
        let call = variables.values().fold(call, Call::hiding).json(&body).repeatable();
        expect(&self.http.send(call).await?, "take the variables")
    }

    /// A token for uploads; only who may deploy gets one.
    pub(super) async fn upload_token(&self, scope: Scope<'_>, project: &str) -> Result<SecretString, ProviderError> {
        let answer = self.get(scope, "accounts/{}/pages/projects/{}/upload-token", &[project]).await?;
        Ok(result::<UploadTokenRecord>(&answer, "let this token upload files")?.jwt)
    }

    /// Asks for a deployment. Not sent twice by itself.
    pub(super) async fn create(
        &self,
        scope: Scope<'_>,
        project: &str,
        form: Multipart,
    ) -> Result<Deployment, ProviderError> {
        let (kind, body) = form.finish();
        let call = self
            .call(scope, Method::POST, "accounts/{}/pages/projects/{}/deployments", &[project])?
            .within(CREATE_PATIENCE)
            .streaming_as(kind, body.size_bytes(), body.open());
        result(&self.http.send(call).await?, "make this deployment")
    }

    /// A deployment; `None` when there is none.
    pub(super) async fn deployment(
        &self,
        scope: Scope<'_>,
        project: &str,
        id: &str,
    ) -> Result<Option<Deployment>, ProviderError> {
        let answer = self.get(scope, "accounts/{}/pages/projects/{}/deployments/{}", &[project, id]).await?;
        found(&answer, "show the deployment")
    }

    /// The latest deployment that is as wanted, made at `since` (seconds since 1970) or later.
    pub(super) async fn find_deployment(
        &self,
        scope: Scope<'_>,
        project: &str,
        environment: Option<&str>,
        since: Option<u64>,
        is_wanted: impl Fn(&Deployment) -> bool,
    ) -> Result<Option<Deployment>, ProviderError> {
        let mut number = 1;
        loop {
            let mut call = self
                .call(scope, Method::GET, "accounts/{}/pages/projects/{}/deployments", &[project])?
                .query("page", &number.to_string())
                .query("per_page", DEPLOYMENTS_PER_PAGE);
            if let Some(environment) = environment {
                call = call.query("env", environment);
            }
            let (deployments, info): (Vec<Deployment>, _) = page(&self.http.send(call).await?, "list deployments")?;
            let count = deployments.len();
            // The latest come first.
            let is_older = |found: &Deployment| since.is_some_and(|since| found.created().is_some_and(|at| at < since));
            let is_enough = deployments.last().is_some_and(is_older);
            let wanted = deployments.into_iter().find(|found| !is_older(found) && is_wanted(found));
            match info.next(count).filter(|next| wanted.is_none() && !is_enough && *next <= MOST_PAGES) {
                Some(next) => number = next,
                None => return Ok(wanted),
            }
        }
    }

    /// Makes a former deployment live again.
    pub(super) async fn roll_back(&self, scope: Scope<'_>, project: &str, id: &str) -> Result<(), ProviderError> {
        let template = "accounts/{}/pages/projects/{}/deployments/{}/rollback";
        let call = self.call(scope, Method::POST, template, &[project, id])?.json(&json!({})).repeatable();
        expect(&self.http.send(call).await?, "make that deployment live")
    }

    /// Deletes a deployment; `false` when Cloudflare keeps it, as it does with what is live.
    pub(super) async fn delete(&self, scope: Scope<'_>, project: &str, id: &str) -> Result<bool, ProviderError> {
        let template = "accounts/{}/pages/projects/{}/deployments/{}";
        // Also when its branch points to it.
        let call = self.call(scope, Method::DELETE, template, &[project, id])?.query("force", "true").repeatable();
        let answer = self.http.send(call).await?;
        match answer.status().as_u16() {
            404 => Ok(true),
            400 | 405 | 409 | 422 => Ok(false),
            _ => expect(&answer, "delete the deployment").map(|()| true),
        }
    }

    /// What was said while a deployment was made, the last lines of it; nothing when Cloudflare does not tell.
    pub(super) async fn log(&self, scope: Scope<'_>, project: &str, id: &str) -> Vec<String> {
        let ask = async || {
            let template = "accounts/{}/pages/projects/{}/deployments/{}/history/logs";
            result::<Log>(&self.get(scope, template, &[project, id]).await?, "show the log")
        };
        let Ok(log) = ask().await else { return Vec::new() };
        let first = log.data.len().saturating_sub(LOG_LINES);
        let lines = log.data[first..].iter().map(|line| shortened(&line.line));
        lines.filter(|line| !line.is_empty()).collect()
    }
}

/// A list as JSON, of what Cloudflare calls files.
pub(super) fn hashes(hashes: &[&str]) -> Value {
    json!({ "hashes": hashes })
}
