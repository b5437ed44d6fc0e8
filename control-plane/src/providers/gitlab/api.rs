//! GitLab's REST API, as far as it is needed (GitLab Docs, "REST API", v4).

use axum::http::{HeaderMap, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::providers::vendor_api::{Answer, VendorApi};
use crate::providers::{Account, ProviderError};

/// Below the address of an instance.
pub(in crate::providers) const API_URL: &str = "https://gitlab.com/api/v4";
/// Either of them lets a token push.
const NEEDED_SCOPES: [&str; 2] = ["api", "write_repository"];

pub(in crate::providers) struct GitLabApi(VendorApi);

impl GitLabApi {
    pub(in crate::providers) fn new(base: Url, clock: Clock) -> anyhow::Result<Self> {
        Ok(Self(VendorApi::new("GitLab", base, HeaderMap::new(), clock)?))
    }

    /// Who a token is, and what it may do.
    pub(super) async fn account(&self, token: &SecretString) -> Result<Account, ProviderError> {
        // Of personal, project and group tokens; others answer 401 or 404 here and are asked below.
        let own = self.0.get(token, &["personal_access_tokens", "self"]).await;
        let own = own.ok().filter(|answer| answer.status.is_success());
        let (mut scopes, mut expires_at) = (Vec::new(), None);
        if let Some(own) = own {
            let listed = own.body.get("scopes").and_then(Value::as_array).into_iter().flatten();
            scopes = listed.filter_map(Value::as_str).map(str::to_owned).collect();
            expires_at = own.text("expires_at").and_then(|day| format!("{day}T00:00:00Z").parse::<Timestamp>().ok());
            if !scopes.iter().any(|scope| NEEDED_SCOPES.contains(&scope.as_str())) {
                return Err(ProviderError::Rejected(format!(
                    "this token may not push: it needs the scope `api`, or `write_repository` for projects that are there already (it has: {})",
                    scopes.join(", ")
                )));
            }
        }
        let answer = self.accepted("see whose token this is", self.0.get(token, &["user"]).await?)?;
        let id = answer.body.get("id").and_then(Value::as_u64).map(|id| id.to_string());
        match (id, answer.text("username")) {
            (Some(id), Some(name)) => Ok(Account { id, name: name.to_owned(), scopes, expires_at }),
            _ => Err(ProviderError::Failed(anyhow::anyhow!("GitLab's answer names no account"))),
        }
    }

    /// Whether the project is there and may be seen.
    pub(super) async fn has_project(&self, token: &SecretString, path: &str) -> Result<bool, ProviderError> {
        let answer = self.0.get(token, &["projects", path]).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            _ => self.accepted("look at this project", answer).map(|_| true),
        }
    }

    /// Makes an empty project; one that is there already is as good.
    pub(super) async fn create_project(
        &self,
        token: &SecretString,
        namespace: &str,
        project: &str,
        visibility: &str,
    ) -> Result<(), ProviderError> {
        let found = self.0.get(token, &["namespaces", namespace]).await?;
        if found.status == StatusCode::NOT_FOUND {
            return Err(ProviderError::Rejected(format!(
                "GitLab knows no user or group `{namespace}` in which this account may make projects; check `namespace`, or make the project first"
            )));
        }
        let found = self.accepted("look at this namespace", found)?;
        // With a first commit of GitLab's own, ours would not be on top of it.
        let body = json!({
            "name": project, "path": project, "namespace_id": found.body["id"], "visibility": visibility,
            "initialize_with_readme": false,
        });
        let answer = self.0.post(token, &["projects"], &body).await?;
        if answer.status == StatusCode::BAD_REQUEST && answer.words().contains("has already been taken") {
            return Ok(());
        }
        self.accepted("make this project", answer).map(drop)
    }

    fn accepted(&self, doing: &str, answer: Answer) -> Result<Answer, ProviderError> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        if answer.text("error") == Some("insufficient_scope") {
            let scope = answer.text("scope").unwrap_or("api");
            return Err(ProviderError::Rejected(format!(
                "this token may not {doing} at {}: it lacks the scope `{scope}`. Connect the account with a token that has it",
                self.0.vendor()
            )));
        }
        Err(self.0.refused(doing, &answer))
    }
}
