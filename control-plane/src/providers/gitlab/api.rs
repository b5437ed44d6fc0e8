//! The part of GitLab's REST API that we use: <https://docs.gitlab.com/api/rest/>, also of one's own GitLab.

use axum::http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::accounts::Listed;
use super::super::http::{Answer, Authorization, Call, VendorHttp, shortened};
use super::super::{DeploymentReport, ProviderError};
use crate::clock::Timestamp;

const PER_PAGE: &str = "100";
/// Whoever may push.
const DEVELOPER: &str = "30";

/// GitLab at one address.
#[derive(Clone)]
pub struct GitLabApi {
    http: VendorHttp,
    base: Url,
    site: Url,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Never changes.
    pub id: u64,
    /// May change.
    pub username: String,
    /// `active`, or why not.
    pub state: String,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// What it may do.
    pub scopes: Vec<String>,
    /// When a token ends that somebody made; those of OAuth are renewed.
    pub expires_at: Option<Timestamp>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Project {
    /// Never changes.
    pub id: u64,
    /// In its namespace.
    pub path: String,
    /// With its namespace.
    pub path_with_namespace: String,
    /// Where people look at it.
    pub web_url: String,
    /// The branch that is shown first; `None` while there is none.
    pub default_branch: Option<String>,
    /// Whether nothing can be pushed any more.
    #[serde(default)]
    pub archived: bool,
    /// What the token's user is there.
    #[serde(default)]
    permissions: Permissions,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
struct Permissions {
    project_access: Option<Access>,
    group_access: Option<Access>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Access {
    access_level: u8,
}

impl Project {
    /// 30 may push, 40 may push to protected branches as well; 0 when GitLab does not tell.
    pub fn access_level(&self) -> u8 {
        let levels = [&self.permissions.project_access, &self.permissions.group_access];
        levels.into_iter().flatten().map(|access| access.access_level).max().unwrap_or(0)
    }
}

/// A branch and where it points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// The commit.
    pub sha: String,
    /// Whether rules may refuse a push.
    pub is_protected: bool,
    /// Whether the token's user may push to it.
    pub can_push: bool,
}

/// An environment of a project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Environment {
    /// Never changes.
    pub id: u64,
    /// As people call it.
    pub name: String,
    /// Where it can be visited.
    pub external_url: Option<String>,
}

/// A user or group that can have projects.
#[derive(Deserialize)]
struct Namespace {
    id: u64,
}

#[derive(Deserialize)]
struct OwnToken {
    scopes: Vec<String>,
    expires_at: Option<String>,
}

#[derive(Deserialize)]
struct TokenInfo {
    scope: Vec<String>,
}

#[derive(Deserialize)]
struct BranchAnswer {
    name: String,
    commit: Commit,
    #[serde(default)]
    protected: bool,
    #[serde(default)]
    can_push: bool,
}

#[derive(Deserialize)]
struct Commit {
    id: String,
}

impl From<BranchAnswer> for Branch {
    fn from(answer: BranchAnswer) -> Self {
        Self { name: answer.name, sha: answer.commit.id, is_protected: answer.protected, can_push: answer.can_push }
    }
}

impl GitLabApi {
    /// The API below `base`, of the site people see at `site`.
    pub fn new(http: VendorHttp, base: Url, site: Url) -> Self {
        Self { http, base, site }
    }

    fn call(
        &self,
        token: &SecretString,
        method: Method,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Call, ProviderError> {
        let call = Call::new(method, &self.base, template, segments)?;
        Ok(call.authorized(Authorization::Bearer(token.clone())))
    }

    async fn get(
        &self,
        token: &SecretString,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.call(token, Method::GET, template, segments)?).await
    }

    /// Whose token it is.
    pub async fn user(&self, token: &SecretString) -> Result<User, ProviderError> {
        let answer = self.get(token, "user", &[]).await?;
        expect(&answer, "tell whose token this is")?.json()
    }

    /// What the token is: one that somebody made tells of itself, one of OAuth is looked up.
    pub async fn token(&self, token: &SecretString) -> Result<TokenFacts, ProviderError> {
        let own = self.get(token, "personal_access_tokens/self", &[]).await?;
        if own.status().is_success() {
            let own: OwnToken = own.json()?;
            return Ok(TokenFacts { scopes: own.scopes, expires_at: own.expires_at.as_deref().and_then(start_of_day) });
        }
        let call = Call::new(Method::GET, &self.site, "oauth/token/info", &[])?;
        let info = self.http.send(call.authorized(Authorization::Bearer(token.clone()))).await?;
        let info: TokenInfo = expect(&info, "tell what this token is")?.json()?;
        Ok(TokenFacts { scopes: info.scope, expires_at: None })
    }

    /// A project by its path with its namespace; `None` when there is none, or the token may not see it.
    pub async fn project(&self, token: &SecretString, path: &str) -> Result<Option<Project>, ProviderError> {
        let answer = self.get(token, "projects/{}", &[path]).await?;
        found(&answer, "look at the project")
    }

    /// Makes an empty project in a namespace; one that is there already is as good.
    pub async fn create_project(
        &self,
        token: &SecretString,
        namespace: &str,
        path: &str,
        visibility: &str,
    ) -> Result<(), ProviderError> {
        let answer = self.get(token, "namespaces/{}", &[namespace]).await?;
        let found: Option<Namespace> = found(&answer, "look at this namespace")?;
        let found = found.ok_or_else(|| {
            ProviderError::Rejected(format!(
                "GitLab knows no user or group `{namespace}` in which this account may make projects; check `namespace`, or make the project first"
            ))
        })?;
        // With a first commit of GitLab's own, ours would not be on top of it.
        let body = json!({
            "name": path,
            "path": path,
            "namespace_id": found.id,
            "visibility": visibility,
            "initialize_with_readme": false,
        });
        let answer = self.http.send(self.call(token, Method::POST, "projects", &[])?.json(&body)).await?;
        let is_taken = answer.status() == 400 && message_of(&answer.value()).contains("has already been taken");
        if is_taken { Ok(()) } else { expect(&answer, "make the project").map(drop) }
    }

    /// Projects that the token's user may push to, after the one with the id `after`.
    pub async fn projects(
        &self,
        token: &SecretString,
        search: Option<&str>,
        after: Option<u64>,
    ) -> Result<Listed<Project>, ProviderError> {
        let mut call = self
            .call(token, Method::GET, "projects", &[])?
            .query("membership", "true")
            .query("min_access_level", DEVELOPER)
            .query("order_by", "id")
            .query("sort", "asc")
            .query("pagination", "keyset")
            .query("per_page", PER_PAGE);
        if let Some(search) = search {
            call = call.query("search", search);
        }
        if let Some(after) = after {
            call = call.query("id_after", &after.to_string());
        }
        let answer = self.http.send(call).await?;
        let items: Vec<Project> = expect(&answer, "list projects")?.json()?;
        let has_more = answer.header("link").is_some_and(|link| link.contains("rel=\"next\""));
        let next_cursor = items.last().filter(|_| has_more).map(|last| last.id.to_string());
        Ok(Listed { items, next_cursor })
    }

    /// A branch; `None` when there is none.
    pub async fn branch(
        &self,
        token: &SecretString,
        project: &str,
        branch: &str,
    ) -> Result<Option<Branch>, ProviderError> {
        let answer = self.get(token, "projects/{}/repository/branches/{}", &[project, branch]).await?;
        let branch: Option<BranchAnswer> = found(&answer, "look at the branch")?;
        Ok(branch.map(Branch::from))
    }

    /// The environments of a project, a hundred at most.
    pub async fn environments(&self, token: &SecretString, project: &str) -> Result<Vec<Environment>, ProviderError> {
        let call = self.call(token, Method::GET, "projects/{}/environments", &[project])?.query("per_page", PER_PAGE);
        let answer = self.http.send(call).await?;
        expect(&answer, "list environments")?.json()
    }

    /// Whether the history of `head` has `commit`; not when one of them is unknown there.
    pub(super) async fn has_in_history(
        &self,
        token: &SecretString,
        project: &str,
        head: &str,
        commit: &str,
    ) -> Result<bool, ProviderError> {
        let call = self
            .call(token, Method::GET, "projects/{}/repository/merge_base", &[project])?
            .query("refs[]", commit)
            .query("refs[]", head);
        let answer = self.http.send(call).await?;
        if matches!(answer.status().as_u16(), 400 | 404) {
            return Ok(false);
        }
        let base: Commit = expect(&answer, "compare two commits")?.json()?;
        Ok(base.id == commit)
    }

    /// Gives a commit the status that tells how a deployment of it has ended. Said again, it changes nothing: GitLab
    /// refuses to move a status to where it is.
    pub(super) async fn tell_status(
        &self,
        token: &SecretString,
        project: &str,
        report: &DeploymentReport<'_>,
    ) -> Result<(), ProviderError> {
        let how = if report.succeeded { "is live" } else { "failed" };
        let mut body = json!({
            "state": if report.succeeded { "success" } else { "failed" },
            "name": format!("slipway/{}", report.environment),
            "description": format!("The deployment to {} {how}", report.environment),
        });
        if let Some(url) = report.url {
            body["target_url"] = url.into();
        }
        let call = self.call(token, Method::POST, "projects/{}/statuses/{}", &[project, report.commit])?;
        let answer = self.http.send(call.json(&body).repeatable()).await?;
        let is_there = answer.status() == 400 && message_of(&answer.value()).contains("Cannot transition status");
        if is_there { Ok(()) } else { expect(&answer, "take the status of a commit").map(drop) }
    }

    /// Ends a token that was given to our client; it is fine when it had ended.
    pub async fn revoke(
        &self,
        client_id: &str,
        client_secret: Option<&SecretString>,
        token: &SecretString,
    ) -> Result<(), ProviderError> {
        let secrets: Vec<_> =
            [("token", token)].into_iter().chain(client_secret.map(|secret| ("client_secret", secret))).collect();
        let call = Call::new(Method::POST, &self.site, "oauth/revoke", &[])?
            .form(&[("client_id", client_id)], &secrets)
            .repeatable();
        let answer = self.http.send(call).await?;
        expect(&answer, "end the token").map(drop)
    }
}

/// A record, or nothing when GitLab says that there is none.
fn found<T: for<'de> Deserialize<'de>>(answer: &Answer, doing: &str) -> Result<Option<T>, ProviderError> {
    if answer.status() == 404 { Ok(None) } else { expect(answer, doing)?.json().map(Some) }
}

fn expect<'a>(answer: &'a Answer, doing: &str) -> Result<&'a Answer, ProviderError> {
    if answer.status().is_success() { Ok(answer) } else { Err(refusal(answer, doing)) }
}

/// What GitLab's refusal means, and what to do about it.
fn refusal(answer: &Answer, doing: &str) -> ProviderError {
    let body = answer.value();
    let message = message_of(&body);
    let sentence = match answer.status().as_u16() {
        401 => format!(
            "GitLab does not accept this credential ({message}): it is wrong, expired or revoked. Connect the account again"
        ),
        403 if body["error"] == "insufficient_scope" => {
            let scope = body["scope"].as_str().map_or_else(|| "api".to_owned(), shortened);
            format!("GitLab does not {doing}: the token lacks the scope `{scope}`; make one that has it")
        }
        403 => format!(
            "GitLab does not {doing}: the account may not do that there; it needs the role Developer or Maintainer"
        ),
        404 => format!(
            "GitLab does not {doing}: it is not there, or this account has no access to it; check the path and the account's role"
        ),
        status if status < 500 => {
            format!(
                "GitLab does not {doing}: {}",
                if message.is_empty() { answer.status().to_string() } else { message }
            )
        }
        status => return ProviderError::Failed(anyhow::anyhow!("GitLab answered {status} when asked to {doing}")),
    };
    ProviderError::Rejected(sentence)
}

/// `{message: text | {field: [text]}}`, `{error, error_description}` or `{error}`.
fn message_of(body: &Value) -> String {
    let text = match &body["message"] {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let told = fields.iter().map(|(field, told)| {
                let told: Vec<_> = told.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                format!("{field} {}", told.join(", "))
            });
            told.collect::<Vec<_>>().join("; ")
        }
        _ => body["error_description"].as_str().or(body["error"].as_str()).unwrap_or_default().to_owned(),
    };
    shortened(&text)
}

/// A token ends with the start of its last day.
fn start_of_day(date: &str) -> Option<Timestamp> {
    format!("{date}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_in_all_their_shapes() {
        for (body, expected) in [
            (json!({ "message": "403 Forbidden" }), "403 Forbidden"),
            (json!({ "message": { "path": ["has already been taken"] } }), "path has already been taken"),
            (json!({ "error": "invalid_token", "error_description": "Token was revoked." }), "Token was revoked."),
            (json!({ "error": "name is missing" }), "name is missing"),
            (json!({}), ""),
        ] {
            assert_eq!(message_of(&body), expected);
        }
    }

    #[test]
    fn a_day_begins_at_midnight() {
        assert_eq!(start_of_day("2026-12-31").expect("a date").to_string(), "2026-12-31T00:00:00Z");
        assert_eq!(start_of_day("soon"), None);
    }
}
