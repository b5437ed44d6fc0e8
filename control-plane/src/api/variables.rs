//! Variables of a target. Values of secrets can be written, and are never answered.

use std::collections::BTreeSet;

use axum::extract::State;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::etag::{ETag, IfMatch, Tagged, has_changed};
use super::extract::{Body, CurrentUser, Id, objects};
use super::targets::own_target;
use crate::access::Action;
use crate::audit;
use crate::clock::Timestamp;
use crate::error::Error;
use crate::ids::TargetId;
use crate::store::Target;
use crate::variables::{Change, Key, Scope, VariableEnvironment, Variables, Wanted, dotenv, sealed_rows};

/// All variables of a target.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VariablesView {
    /// Grows with each change; also the `ETag`.
    version: i64,
    /// The version that the latest release of the target was made with, in any environment; `null` when there is none.
    deployed_version: Option<i64>,
    variables: Vec<VariableView>,
}

/// A variable as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
struct VariableView {
    name: String,
    environment: VariableEnvironment,
    scope: Scope,
    secret: bool,
    /// `null` for a secret.
    value: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl VariablesView {
    async fn of(app: &App, target: &Target, variables: Variables) -> Result<Self, Error> {
        let view = |(key, variable): (Key, crate::variables::Variable)| VariableView {
            name: key.name,
            environment: key.environment,
            scope: key.scope,
            secret: variable.is_secret,
            value: (!variable.is_secret).then(|| variable.value.expose_secret().to_owned()),
            updated_at: variable.updated_at,
        };
        Ok(Self {
            version: variables.version,
            deployed_version: app.store.deployed_env_version(target.id).await?,
            variables: variables.variables.into_iter().map(view).collect(),
        })
    }
}

/// The target's variables. Values of secrets are `null`.
#[utoipa::path(get, path = "/api/deployments/targets/{id}/env", tag = "targets", operation_id = "get_target_variables", params(("id" = TargetId, Path)),
    responses((status = 200, description = "the variables", body = VariablesView, headers(("ETag" = String, description = "the version, for `If-Match`")))))]
pub(super) async fn get(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
) -> Result<Tagged<VariablesView>, Error> {
    let target = own_target(&app, &user, Action::Read, id).await?;
    let variables = Variables::of(&app.vault, target.id).await?;
    Ok(Tagged(ETag::of_version(variables.version), VariablesView::of(&app, &target, variables).await?))
}

/// A variable to be set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct VariableInput {
    /// Names that change how programs start, as `LD_PRELOAD`, are refused for builds.
    #[schema(format = "variable-name")]
    name: String,
    /// Left out: a variable that is there keeps its value.
    #[schema(value_type = Option<String>, format = "variable-value")]
    value: Option<SecretString>,
    /// For which deployments; their own value goes before the one for `all`.
    #[serde(default)]
    environment: VariableEnvironment,
    /// `build`: enters the sandbox. `runtime`: goes to the provider only.
    scope: Scope,
    /// A secret is never shown again, and masked in logs.
    #[serde(default = "yes")]
    secret: bool,
}

fn yes() -> bool {
    true
}

/// The variables a target is to have.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetVariables {
    /// Each name once for the same scope and environment.
    #[schema(max_items = 500)]
    #[serde(deserialize_with = "objects")]
    variables: Vec<VariableInput>,
    /// Leave variables that are not named as they are, instead of removing them.
    #[serde(default)]
    merge: bool,
}

/// Replaces the target's variables, or some of them. With `If-Match` only while the version is that one.
#[utoipa::path(put, path = "/api/deployments/targets/{id}/env", tag = "targets", operation_id = "set_target_variables",
    params(("id" = TargetId, Path), ("If-Match" = Option<String>, Header, description = "the `ETag` of what was read")),
    request_body = SetVariables,
    responses((status = 200, description = "the variables as they are now", body = VariablesView, headers(("ETag" = String, description = "the version, for `If-Match`"))),
        (status = 409, description = "somebody changed these variables at the same moment; send the request again")))]
pub(super) async fn set(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
    if_match: IfMatch,
    Body(request): Body<SetVariables>,
) -> Result<Tagged<VariablesView>, Error> {
    let target = own_target(&app, &user, Action::ManageTargets, id).await?;
    let before = current(&app, &target, &if_match).await?;
    let wanted = request.variables.into_iter().map(|input| Wanted {
        key: Key { name: input.name, scope: input.scope, environment: input.environment },
        is_secret: input.secret,
        value: input.value,
    });
    let change = before.change(wanted.collect(), |_| !request.merge, app.clock.now()).map_err(Error::invalid)?;
    note_change(&change);
    let version = store(&app, &target, before.version, &change, &if_match).await?;
    let after = Variables { version, variables: change.after };
    Ok(Tagged(ETag::of_version(version), VariablesView::of(&app, &target, after).await?))
}

/// A `.env` text to be taken over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImportVariables {
    /// Lines of `NAME=value`, quoted or not; comments and `export` are fine.
    #[schema(value_type = String)]
    text: SecretString,
    #[serde(default)]
    environment: VariableEnvironment,
    scope: Scope,
    #[serde(default = "yes")]
    secret: bool,
    /// Remove the variables of this scope and environment that are not in the text.
    #[serde(default)]
    replace: bool,
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
}

/// What an import changes: names, never values.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportView {
    dry_run: bool,
    /// Of the variables after the import; of those before it for a dry run.
    version: i64,
    added: BTreeSet<String>,
    changed: BTreeSet<String>,
    removed: BTreeSet<String>,
    unchanged: BTreeSet<String>,
}

/// Takes variables from a `.env` text, or says what would change. What is given for the body is
/// quoted in no error.
#[utoipa::path(post, path = "/api/deployments/targets/{id}/env/import", tag = "targets", operation_id = "import_target_variables",
    params(("id" = TargetId, Path), ("If-Match" = Option<String>, Header, description = "the `ETag` of what was read")),
    request_body = ImportVariables,
    responses((status = 200, description = "what the import changed, or would change", body = ImportView, headers(("ETag" = String, description = "the version, for `If-Match`"))),
        (status = 409, description = "somebody changed these variables at the same moment; send the request again")))]
pub(super) async fn import(
    State(app): State<App>,
    user: CurrentUser,
    Id(id): Id<TargetId>,
    if_match: IfMatch,
    Body(request): Body<ImportVariables>,
) -> Result<Tagged<ImportView>, Error> {
    let target = own_target(&app, &user, Action::ManageTargets, id).await?;
    let before = current(&app, &target, &if_match).await?;
    let (scope, environment) = (request.scope, request.environment);
    let parsed = dotenv::parse(request.text.expose_secret()).map_err(|error| Error::invalid(error.to_string()))?;
    let wanted = parsed.into_iter().map(|(name, value)| Wanted {
        key: Key { name, scope, environment },
        is_secret: request.secret,
        value: Some(value),
    });
    let goes = |key: &Key| request.replace && key.scope == scope && key.environment == environment;
    let change = before.change(wanted.collect(), goes, app.clock.now()).map_err(Error::invalid)?;
    note_change(&change);
    if request.dry_run {
        audit::note(|facts| facts.add("dry_run", true));
    }
    let version =
        if request.dry_run { before.version } else { store(&app, &target, before.version, &change, &if_match).await? };
    let names = |keys: &[Key]| keys.iter().map(|key| key.name.clone()).collect();
    let view = ImportView {
        dry_run: request.dry_run,
        version,
        added: names(&change.added),
        changed: names(&change.changed),
        removed: names(&change.removed),
        unchanged: names(&change.unchanged),
    };
    Ok(Tagged(ETag::of_version(version), view))
}

/// The variables as they are, if they are what the caller has seen.
async fn current(app: &App, target: &Target, if_match: &IfMatch) -> Result<Variables, Error> {
    let variables = Variables::of(&app.vault, target.id).await?;
    if_match.check(&ETag::of_version(variables.version))?;
    Ok(variables)
}

fn note_change(change: &Change) {
    audit::note(|facts| {
        for (word, keys) in [("added", &change.added), ("changed", &change.changed), ("removed", &change.removed)] {
            facts.names(word, keys.iter().map(|key| key.name.as_str()));
        }
    });
}

/// Writes a change, and answers the version there is then.
async fn store(app: &App, target: &Target, version: i64, change: &Change, if_match: &IfMatch) -> Result<i64, Error> {
    if change.is_empty() {
        return Ok(version);
    }
    let rows = sealed_rows(&app.vault, target, change).await?;
    let mut tx = app.store.begin().await?;
    if !tx.next_env_version(target.id, version).await? {
        return Err(if if_match.is_given() {
            has_changed()
        } else {
            Error::conflict("somebody changed these variables at the same moment; send the request again")
        });
    }
    for key in &change.removed {
        tx.delete_variable(target.id, &key.name, key.scope, key.environment).await?;
    }
    for row in &rows {
        tx.put_variable(row).await?;
    }
    tx.commit().await?;
    Ok(version + 1)
}
