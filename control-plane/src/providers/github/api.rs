//! The part of GitHub's REST API that we use: <https://docs.github.com/rest>, also of GitHub Enterprise.

use std::collections::BTreeSet;

use axum::http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::ProviderError;
use super::super::accounts::Listed;
use super::super::http::{Answer, Authorization, Call, VendorHttp, shortened};
use crate::clock::Timestamp;

const API_VERSION: &str = "2022-11-28";
const PER_PAGE: &str = "100";
const SSO_HEADER: &str = "x-github-sso";

/// GitHub at one address.
#[derive(Clone)]
pub struct GitHubApi {
    http: VendorHttp,
    base: Url,
    /// Where people are sent; links in answers are followed only there.
    site: Url,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Never changes.
    pub id: u64,
    /// May change.
    pub login: String,
}

/// What the headers of an answer tell of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// What it may do; `None` for tokens that have permissions for each repository instead.
    pub scopes: Option<BTreeSet<String>>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Repository {
    /// Never changes.
    pub id: u64,
    /// Without its owner; another one than was asked for when GitHub changed characters of it.
    pub name: String,
    /// With its owner.
    pub full_name: String,
    /// Whether only some see it.
    pub private: bool,
    /// Where people look at it.
    pub html_url: String,
    /// The branch that is shown first.
    pub default_branch: String,
    /// Whether nothing can be pushed any more.
    #[serde(default)]
    pub archived: bool,
    /// What the token may do there.
    #[serde(default)]
    pub permissions: RepositoryPermissions,
}

/// What a token may do in a repository.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct RepositoryPermissions {
    /// Read.
    #[serde(default)]
    pub pull: bool,
    /// Write.
    #[serde(default)]
    pub push: bool,
    /// Change its settings.
    #[serde(default)]
    pub admin: bool,
}

/// An environment of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Environment {
    /// Never changes.
    pub id: u64,
    /// As people call it.
    pub name: String,
    /// Where people look at it.
    pub html_url: String,
}

/// Where the second commit is, seen from the first.
#[derive(Deserialize)]
struct Comparison {
    status: String,
}

#[derive(Deserialize)]
struct Environments {
    #[serde(default)]
    environments: Vec<Environment>,
}

impl GitHubApi {
    /// The API below `base`, of the site people see at `site`.
    pub fn new(http: VendorHttp, base: Url, site: Url) -> Self {
        Self { http, base, site }
    }

    pub(super) fn call(
        &self,
        token: &SecretString,
        method: Method,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Call, ProviderError> {
        Ok(Call::new(method, &self.base, template, segments)?
            .authorized(Authorization::Bearer(token.clone()))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION))
    }

    async fn get(
        &self,
        token: &SecretString,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.call(token, Method::GET, template, segments)?).await
    }

    /// Whose token it is, and what it is.
    pub async fn user(&self, token: &SecretString) -> Result<(User, TokenFacts), ProviderError> {
        let answer = self.get(token, "user", &[]).await?;
        let user = self.expect(&answer, "tell whose token this is")?.json()?;
        Ok((user, TokenFacts::of(&answer)))
    }

    /// A repository; `None` when there is none, or the token may not see it.
    pub async fn repository(
        &self,
        token: &SecretString,
        owner: &str,
        name: &str,
    ) -> Result<Option<Repository>, ProviderError> {
        let answer = self.get(token, "repos/{}/{}", &[owner, name]).await?;
        self.found(&answer, "look at the repository")
    }

    /// Makes an empty repository of a user or an organisation; one that is there already is as good.
    pub async fn create_repository(
        &self,
        token: &SecretString,
        owner: &str,
        name: &str,
        is_private: bool,
    ) -> Result<(), ProviderError> {
        let (user, _) = self.user(token).await?;
        let call = if user.login.eq_ignore_ascii_case(owner) {
            self.call(token, Method::POST, "user/repos", &[])?
        } else {
            self.call(token, Method::POST, "orgs/{}/repos", &[owner])?
        };
        // With a first commit of GitHub's own, ours would not be on top of it.
        let body = json!({ "name": name, "private": is_private, "auto_init": false });
        let answer = self.http.send(call.json(&body)).await?;
        match answer.status().as_u16() {
            422 if is_name_taken(&answer.value()) => Ok(()),
            404 => Err(ProviderError::Rejected(format!(
                "GitHub knows no organisation `{owner}` in which {} may make repositories; check `owner`, or make the repository first",
                user.login
            ))),
            _ => self.expect(&answer, "make the repository").map(drop),
        }
    }

    /// Repositories the token can push to or see, those pushed to last first; pages count from 1.
    pub async fn repositories(&self, token: &SecretString, page: u32) -> Result<Listed<Repository>, ProviderError> {
        let call = self
            .call(token, Method::GET, "user/repos", &[])?
            .query("affiliation", "owner,collaborator,organization_member")
            .query("sort", "pushed")
            .query("per_page", PER_PAGE)
            .query("page", &page.to_string());
        let answer = self.http.send(call).await?;
        let items = self.expect(&answer, "list repositories")?.json()?;
        Ok(Listed { items, next_cursor: has_next(&answer).then(|| (page + 1).to_string()) })
    }

    /// The environments of a repository, a hundred at most.
    pub async fn environments(
        &self,
        token: &SecretString,
        owner: &str,
        name: &str,
    ) -> Result<Vec<Environment>, ProviderError> {
        let call =
            self.call(token, Method::GET, "repos/{}/{}/environments", &[owner, name])?.query("per_page", PER_PAGE);
        let answer = self.http.send(call).await?;
        let found: Environments = self.expect(&answer, "list environments")?.json()?;
        Ok(found.environments)
    }

    /// Whether the history of `head` has `commit`; not when one of them is unknown there.
    pub(super) async fn has_in_history(
        &self,
        token: &SecretString,
        owner: &str,
        repo: &str,
        head: &str,
        commit: &str,
    ) -> Result<bool, ProviderError> {
        let call =
            self.call(token, Method::GET, "repos/{}/{}/compare/{}", &[owner, repo, &format!("{commit}...{head}")])?;
        // Of all the commits between them one is enough.
        let answer = self.http.send(call.query("per_page", "1")).await?;
        let comparison: Option<Comparison> = self.found(&answer, "compare two commits")?;
        Ok(comparison.is_some_and(|comparison| matches!(comparison.status.as_str(), "ahead" | "identical")))
    }

    /// Ends a token that was given to our client; it is fine when it had ended.
    pub async fn revoke(
        &self,
        client_id: &str,
        client_secret: &SecretString,
        token: &SecretString,
    ) -> Result<(), ProviderError> {
        use secrecy::ExposeSecret;
        let call = Call::new(Method::DELETE, &self.base, "applications/{}/token", &[client_id])?
            .authorized(Authorization::Basic(client_id.to_owned(), client_secret.clone()))
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION)
            .hiding(token)
            .json(&json!({ "access_token": token.expose_secret() }))
            .repeatable();
        let answer = self.http.send(call).await?;
        match answer.status().as_u16() {
            404 | 422 => Ok(()),
            _ => self.expect(&answer, "end the token").map(drop),
        }
    }

    /// Sends a request, and takes only a yes for an answer.
    pub(super) async fn ask(&self, call: Call, doing: &str) -> Result<Answer, ProviderError> {
        let answer = self.http.send(call).await?;
        if answer.status().is_success() { Ok(answer) } else { Err(self.refusal(&answer, doing)) }
    }

    /// A record, or nothing when GitHub says that there is none.
    fn found<T: for<'de> Deserialize<'de>>(&self, answer: &Answer, doing: &str) -> Result<Option<T>, ProviderError> {
        if answer.status() == 404 { Ok(None) } else { self.expect(answer, doing)?.json().map(Some) }
    }

    fn expect<'a>(&self, answer: &'a Answer, doing: &str) -> Result<&'a Answer, ProviderError> {
        if answer.status().is_success() { Ok(answer) } else { Err(self.refusal(answer, doing)) }
    }

    /// What GitHub's refusal means, and what to do about it.
    fn refusal(&self, answer: &Answer, doing: &str) -> ProviderError {
        let body = answer.value();
        let message = body["message"].as_str().map(shortened).unwrap_or_default();
        let sentence = match answer.status().as_u16() {
            401 => format!(
                "GitHub does not accept this credential ({message}): it is wrong, expired or revoked. Connect the account again"
            ),
            403 if answer.header(SSO_HEADER).is_some_and(|sso| sso.starts_with("required")) => self.sso(answer),
            403 if message.contains("archived") => {
                format!("GitHub does not {doing}: it is archived; unarchive it, or choose another")
            }
            403 => format!("GitHub does not {doing}: {}", what_is_missing(answer, &message)),
            404 => format!(
                "GitHub does not {doing}: it is not there, or this account has no access to it; check the name, and the token's repositories"
            ),
            status if status < 500 => format!(
                "GitHub does not {doing}: {}",
                if message.is_empty() { answer.status().to_string() } else { message }
            ),
            status => return ProviderError::Failed(anyhow::anyhow!("GitHub answered {status} when asked to {doing}")),
        };
        ProviderError::Rejected(sentence)
    }

    /// Organisations with single sign-on take only tokens that were authorised for them.
    fn sso(&self, answer: &Answer) -> String {
        let link = answer.header(SSO_HEADER).and_then(|sso| sso.split_once("url=")).map(|(_, url)| url.trim());
        let link = link.and_then(|url| Url::parse(url).ok()).filter(|url| url.origin() == self.site.origin());
        let place = link.map_or_else(|| "in the settings of the token".to_owned(), |url| format!("at {url}"));
        format!("the organisation on GitHub requires single sign-on for this token; authorise it {place}")
    }
}

impl TokenFacts {
    fn of(answer: &Answer) -> Self {
        let scopes = answer.header("x-oauth-scopes");
        // Fine-grained tokens and those of GitHub Apps have no such header, or an empty one besides permissions.
        let scopes = scopes.map(words).filter(|_| answer.header("x-accepted-github-permissions").is_none());
        let expires_at = answer.header("github-authentication-token-expiration").and_then(expiration);
        Self { scopes, expires_at }
    }
}

fn words(list: &str) -> BTreeSet<String> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// `2026-12-31 23:59:59 UTC`, or with an offset in place of `UTC`.
fn expiration(text: &str) -> Option<Timestamp> {
    let mut parts = text.split_whitespace();
    let (date, time, zone) = (parts.next()?, parts.next()?, parts.next().unwrap_or("UTC"));
    let zone = match zone {
        "UTC" => "Z".to_owned(),
        offset if offset.len() == 5 => format!("{}:{}", offset.get(..3)?, offset.get(3..)?),
        _ => return None,
    };
    format!("{date}T{time}{zone}").parse().ok()
}

fn has_next(answer: &Answer) -> bool {
    answer.header("link").is_some_and(|link| link.split(',').any(|part| part.contains("rel=\"next\"")))
}

fn is_name_taken(body: &Value) -> bool {
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    errors.iter().any(|error| error["message"].as_str().is_some_and(|text| text.contains("already exists")))
}

/// GitHub names in headers what would be enough.
fn what_is_missing(answer: &Answer, message: &str) -> String {
    if let Some(permissions) = answer.header("x-accepted-github-permissions").filter(|text| !text.is_empty()) {
        return format!("the token lacks a permission ({}); add it in the token's settings", shortened(permissions));
    }
    let accepted = answer.header("x-accepted-oauth-scopes").map(words).unwrap_or_default();
    let granted = answer.header("x-oauth-scopes").map(words).unwrap_or_default();
    if !accepted.is_empty() && accepted.is_disjoint(&granted) {
        let accepted: Vec<_> = accepted.iter().map(String::as_str).collect();
        return format!("the token lacks the scope `{}`; make one that has it", shortened(&accepted.join("` or `")));
    }
    if message.is_empty() { "the account may not do that there".to_owned() } else { message.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_github_writes_them() {
        assert_eq!(expiration("2026-12-31 23:59:59 UTC").expect("a time").to_string(), "2026-12-31T23:59:59Z");
        assert_eq!(expiration("2026-12-31 23:59:59 +0200").expect("a time").to_string(), "2026-12-31T21:59:59Z");
        for wrong in ["", "tomorrow", "2026-12-31", "2026-12-31 23:59:59 ünï"] {
            assert_eq!(expiration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_taken_name_is_told_from_other_mistakes() {
        let taken = json!({ "errors": [{ "field": "name", "message": "name already exists on this account" }] });
        assert!(is_name_taken(&taken));
        assert!(!is_name_taken(&json!({ "errors": ["x", { "message": "is too long" }] })));
        assert!(!is_name_taken(&json!({})));
    }
}
