//! GitHub's REST API, as far as it is needed (GitHub Docs, "REST API", version 2022-11-28).

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::SecretString;
use serde_json::json;
use time::PrimitiveDateTime;
use time::format_description::parse_borrowed;
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::providers::vendor_api::{Answer, VendorApi};
use crate::providers::{Account, ProviderError};

/// Where it is.
pub(in crate::providers) const API_URL: &str = "https://api.github.com";
/// What pushing needs of a classic or OAuth token; fine-grained ones name none.
const NEEDED_SCOPES: [&str; 2] = ["repo", "public_repo"];

pub(in crate::providers) struct GitHubApi(VendorApi);

impl GitHubApi {
    pub(in crate::providers) fn new(base: Url, clock: Clock) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert("accept", HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
        Ok(Self(VendorApi::new("GitHub", base, headers, clock)?))
    }

    /// Who a token is, and what it may do.
    pub(super) async fn account(&self, token: &SecretString) -> Result<Account, ProviderError> {
        let answer = self.accepted("see whose token this is", self.0.get(token, &["user"]).await?)?;
        let scopes: Vec<String> = answer
            .header("x-oauth-scopes")
            .map(|scopes| {
                scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
            })
            .unwrap_or_default();
        let names_scopes = answer.header("x-oauth-scopes").is_some();
        if names_scopes && !scopes.iter().any(|scope| NEEDED_SCOPES.contains(&scope.as_str())) {
            return Err(ProviderError::Rejected(format!(
                "this token may not push: it lacks the scope `repo` (it has: {}). Make one with `repo`, and `workflow` for workflow files",
                if scopes.is_empty() { "none".to_owned() } else { scopes.join(", ") }
            )));
        }
        let name = answer.text("login").unwrap_or_default().to_owned();
        let id = answer.body.get("id").and_then(serde_json::Value::as_u64).map(|id| id.to_string());
        match id {
            Some(id) if !name.is_empty() => {
                let expires_at = answer.header("github-authentication-token-expiration").and_then(parse_end);
                Ok(Account { id, name, scopes, expires_at })
            }
            _ => Err(ProviderError::Failed(anyhow::anyhow!("GitHub's answer names no account"))),
        }
    }

    /// Whether the repository is there and may be seen.
    pub(super) async fn has_repository(
        &self,
        token: &SecretString,
        owner: &str,
        repo: &str,
    ) -> Result<bool, ProviderError> {
        let answer = self.0.get(token, &["repos", owner, repo]).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            _ => self.accepted("look at this repository", answer).map(|_| true),
        }
    }

    /// Makes an empty repository; one that is there already is as good.
    pub(super) async fn create_repository(
        &self,
        token: &SecretString,
        owner: &str,
        repo: &str,
        is_private: bool,
    ) -> Result<(), ProviderError> {
        let account = self.account(token).await?;
        let path: &[&str] =
            if account.name.eq_ignore_ascii_case(owner) { &["user", "repos"] } else { &["orgs", owner, "repos"] };
        // With a first commit of GitHub's own, ours would not be on top of it.
        let body = json!({ "name": repo, "private": is_private, "auto_init": false });
        let answer = self.0.post(token, path, &body).await?;
        if answer.status == StatusCode::UNPROCESSABLE_ENTITY && answer.words().contains("already exists") {
            return Ok(());
        }
        if answer.status == StatusCode::NOT_FOUND {
            return Err(ProviderError::Rejected(format!(
                "GitHub knows no organisation `{owner}` in which {} may make repositories; check `owner`, or make the repository first",
                account.name
            )));
        }
        self.accepted("make this repository", answer).map(drop)
    }

    fn accepted(&self, doing: &str, answer: Answer) -> Result<Answer, ProviderError> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        if answer.header("x-github-sso").is_some_and(|sso| sso.starts_with("required")) {
            let message = "the organisation wants this token authorised for its single sign-on; do that in GitHub's settings of the token, then try again";
            return Err(ProviderError::Rejected(message.to_owned()));
        }
        Err(self.0.refused(doing, &answer))
    }
}

/// As in `2026-03-14 09:26:53 UTC`.
fn parse_end(text: &str) -> Option<Timestamp> {
    let format = parse_borrowed::<2>("[year]-[month]-[day] [hour]:[minute]:[second] UTC").ok()?;
    let end = PrimitiveDateTime::parse(text, &format).ok()?.assume_utc();
    Some(Timestamp::from_millis(end.unix_timestamp() * 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_token_is_read() {
        assert_eq!(parse_end("2026-03-14 09:26:53 UTC"), "2026-03-14T09:26:53Z".parse().ok());
        assert_eq!(parse_end("tomorrow"), None);
    }
}
