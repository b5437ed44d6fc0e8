//! Trying a target out: who its account is at the provider, and what it may do there. Nothing is changed.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::extract::{CurrentUser, Id};
use super::targets::own_target;
use crate::access::Action;
use crate::error::Error;
use crate::ids::TargetId;
use crate::providers::accounts::{Account, Permission};
use crate::providers::{Destination, GitRemote, Provider, ProviderError};
use crate::store::Target;

/// What a target's account may do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TargetTest {
    /// Whether a deployment can be expected to succeed.
    ok: bool,
    /// Its name at the provider; `null` for providers that need none.
    account: Option<String>,
    /// What was tried, in this order; it ends with the first that is not allowed.
    #[schema(max_items = 10)]
    checks: Vec<Check>,
    /// What the provider tells of the account's rights there, also of those that not every deployment needs.
    #[schema(max_items = 20)]
    permissions: Vec<Permission>,
}

/// One thing that was tried.
#[derive(Debug, Serialize, ToSchema)]
struct Check {
    #[schema(value_type = String)]
    what: &'static str,
    allowed: bool,
    /// What was found, or why not and what to do.
    detail: String,
}

impl TargetTest {
    /// Notes an answer of the provider; `None` when that was a no.
    fn note<T>(
        &mut self,
        what: &'static str,
        answer: Result<T, ProviderError>,
        detail: impl FnOnce(&T) -> String,
    ) -> Result<Option<T>, ProviderError> {
        let (found, detail) = match answer {
            Ok(found) => {
                let detail = detail(&found);
                (Some(found), detail)
            }
            Err(ProviderError::Rejected(message)) => (None, message),
            Err(error) => return Err(error),
        };
        self.checks.push(Check { what, allowed: found.is_some(), detail });
        self.ok = found.is_some();
        Ok(found)
    }
}

/// Asks the provider who the account is and whether it may deploy to this target. Nothing is changed there.
#[utoipa::path(post, path = "/api/deployments/targets/{id}/test", tag = "targets", operation_id = "test_target", params(("id" = TargetId, Path)),
    responses((status = 200, description = "what was found", body = TargetTest)))]
pub(super) async fn test(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
) -> Result<Json<TargetTest>, Error> {
    let target = own_target(&app, &user, Action::ManageTargets, id).await?;
    let provider = app
        .providers
        .get(&target.provider)
        .ok_or_else(|| Error::conflict(format!("this installation has no provider `{}` any more", target.provider)))?;
    let secrets = app.orchestrator.secrets_of_owners(&[target.user_id]).await?;
    let mut test = try_out(&app, &**provider, &target).await?;
    // What a provider answers may repeat what it was sent.
    for text in test.checks.iter_mut().map(|check| &mut check.detail) {
        *text = secrets.mask_text(text);
    }
    for text in test.permissions.iter_mut().map(|permission| &mut permission.why) {
        *text = secrets.mask_text(text);
    }
    Ok(Json(test))
}

async fn try_out(app: &App, provider: &dyn Provider, target: &Target) -> Result<TargetTest, ProviderError> {
    let mut test = TargetTest { ok: true, account: None, checks: Vec::new(), permissions: Vec::new() };
    let config = target.provider_config();
    let credential = match app.orchestrator.credential_of(Some(target)).await {
        Err(refused @ ProviderError::Rejected(_)) => {
            test.note("account", Err::<(), _>(refused), |()| String::new())?;
            return Ok(test);
        }
        other => other?,
    };
    let destination = Destination { config: &config, credential: credential.as_ref() };
    if let Some(accounts) = provider.accounts() {
        let answer = match destination.account() {
            Ok(credential) => accounts.validate(credential).await,
            Err(error) => Err(error),
        };
        let Some(account) = test.note("account", answer, about_account)? else { return Ok(test) };
        test.account = Some(account.name);
        match accounts.permissions(destination.account()?, &config).await {
            Ok(permissions) => test.permissions = permissions,
            refused => {
                test.note("look", refused, |_| String::new())?;
                return Ok(test);
            }
        }
    }
    if let Some(host) = provider.git() {
        test.note("push", host.remote(destination).await, about_remote)?;
    }
    Ok(test)
}

fn about_account(account: &Account) -> String {
    let scopes =
        if account.scopes.is_empty() { String::new() } else { format!(", with {}", account.scopes.join(", ")) };
    let end = account.expires_at.map_or_else(String::new, |end| format!(", until {end}"));
    format!("the credential is {}{scopes}{end}", account.name)
}

fn about_remote(remote: &GitRemote) -> String {
    match &remote.head {
        Some(head) => format!("the branch ends with {head}"),
        None => "the branch is made with the first deployment".to_owned(),
    }
}
