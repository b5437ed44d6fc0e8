//! Administration straight on the data directory. Works beside a running `slipway serve`: SQLite
//! lets both write in turn.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context, anyhow};

use super::{AdminArgs, EXIT_FAILED, SandboxCommand, TokenCommand, fail, load_config, path_flag};
use crate::agents::new_enrollment_token;
use crate::api::check_user_name;
use crate::audit::{Action, Actor, Audit, Entry, Facts, Trail};
use crate::clock::Clock;
use crate::control_plane::{open_store, prepare_data_dir};
use crate::identity::Authority;
use crate::ids::{ApiTokenId, SandboxId, UserId};
use crate::secrets::{ApiToken, Vault};
use crate::store::{NewToken, SandboxState, Store, Tx, User};

pub(super) async fn token(command: TokenCommand) -> ExitCode {
    report(run_token(command).await)
}

pub(super) async fn sandbox(command: SandboxCommand) -> ExitCode {
    report(run_sandbox(command).await)
}

pub(super) fn report(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(EXIT_FAILED, &format!("{error:#}")),
    }
}

pub(super) async fn open(admin: &AdminArgs) -> anyhow::Result<(Store, Vault)> {
    let flags = path_flag("data_dir", admin.data_dir.as_ref()).into_iter().collect();
    let config = load_config(admin.config.as_ref(), flags)?;
    prepare_data_dir(&config.data_dir)?;
    open_store(&config, &Clock::system()).await
}

pub(super) async fn user_id(store: &Store, name: &str) -> anyhow::Result<UserId> {
    let mut tx = store.begin().await?;
    let user = user_named(&mut tx, name).await?;
    tx.commit().await?;
    Ok(user.id)
}

/// The person of this name, made when there is none.
pub(super) async fn user_named(tx: &mut Tx, name: &str) -> anyhow::Result<User> {
    check_user_name(name).map_err(|error| anyhow!("{}", error.message()))?;
    if let Some(user) = tx.find_user(name).await? {
        return Ok(user);
    }
    let user = tx.user_named(name, Clock::system().now()).await?;
    record(tx, Action::UserCreate, Facts::of(user.id, "user", user.id.as_uuid()).with("name", name)).await?;
    Ok(user)
}

fn sandbox_id(text: &str) -> anyhow::Result<SandboxId> {
    text.parse().context("the id is not a UUID; `slipway sandbox list` shows the ids")
}

fn no_such_sandbox() -> anyhow::Error {
    anyhow!("there is no such sandbox; `slipway sandbox list` shows them")
}

/// The row in the audit log of what this transaction changes.
pub(super) async fn record(tx: &mut Tx, action: Action, facts: Facts) -> Result<(), sqlx::Error> {
    tx.record(&Entry::done(action, Actor::command_line(), facts, Clock::system().now())).await
}

/// The same for a change that is more than one transaction.
pub(super) fn trail(store: &Store, action: Action, facts: Facts) -> Trail {
    Trail::new(Audit::new(store.clone(), Clock::system(), None), action, Actor::command_line(), facts)
}

async fn run_token(command: TokenCommand) -> anyhow::Result<()> {
    let now = Clock::system().now();
    match command {
        TokenCommand::Create { name, user, scope, expires, admin } => {
            let (store, _) = open(&admin).await?;
            let token = ApiToken::generate();
            let expires_at = expires.0.map(|life| now.plus(life));
            let mut tx = store.begin().await?;
            let owner = user_named(&mut tx, &user).await?;
            let new = NewToken { user: owner.id, name: &name, scopes: scope, expires_at, parent: None };
            let id = tx.insert_token(new, &token, now).await?;
            let facts = Facts::of(owner.id, "token", id.as_uuid()).with("name", name.as_str());
            record(&mut tx, Action::TokenCreate, facts.with("scopes", scope.to_string())).await?;
            tx.commit().await?;
            println!("{}", token.reveal());
            let ends = expires_at.map_or_else(|| "never expires".to_owned(), |at| format!("expires {at}"));
            eprintln!("Acts for {} with scope {scope}; {ends}. It is not shown again.", owner.name);
        }
        TokenCommand::List { user, admin } => {
            let (store, _) = open(&admin).await?;
            let owner = user_id(&store, &user).await?;
            let mut cursor = None;
            loop {
                let page = store.tokens(owner, cursor, 100).await?;
                let Some(last) = page.last() else { break };
                cursor = Some(last.id);
                for token in &page {
                    let expires = token.expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                    let used = token.last_used_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
                    println!("{}  {}  {}  expires {expires}  last used {used}", token.id, token.name, token.scopes);
                }
            }
        }
        TokenCommand::Delete { id, user, admin } => {
            let (store, _) = open(&admin).await?;
            let user = user_id(&store, &user).await?;
            let id: ApiTokenId = id.parse().context("the id is not a UUID; `slipway token list` shows the ids")?;
            let mut tx = store.begin().await?;
            if !tx.delete_token(user, id).await? {
                return Err(anyhow!("there is no such token; `slipway token list` shows them"));
            }
            record(&mut tx, Action::TokenDelete, Facts::of(user, "token", id.as_uuid())).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

async fn run_sandbox(command: SandboxCommand) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        SandboxCommand::Create { name, user, admin } => {
            let (store, _) = open(&admin).await?;
            let user = user_id(&store, &user).await?;
            let mut tx = store.begin().await?;
            let sandbox = tx.insert_sandbox(user, &name, BTreeMap::new(), clock.now()).await?;
            let sandbox = sandbox.ok_or_else(|| anyhow!("there is a sandbox named `{name}` already"))?;
            let facts = Facts::of(user, "sandbox", sandbox.id.as_uuid()).with("name", name);
            record(&mut tx, Action::SandboxCreate, facts).await?;
            tx.commit().await?;
            println!("{}", sandbox.id);
        }
        SandboxCommand::List { user, admin } => {
            let (store, _) = open(&admin).await?;
            let user = user_id(&store, &user).await?;
            let mut cursor = None;
            loop {
                let page = store.sandboxes(&[user], cursor, 100).await?;
                let Some(last) = page.last() else { break };
                cursor = Some(last.id);
                for sandbox in &page {
                    println!("{}  {}  made {}", sandbox.id, sandbox.name, sandbox.created_at);
                }
            }
        }
        SandboxCommand::EnrollToken { id, admin } => {
            let (store, vault) = open(&admin).await?;
            let id = sandbox_id(&id)?;
            let sandbox = store.sandbox(id).await?.ok_or_else(no_such_sandbox)?;
            let authority = Authority::load_or_create(&store, &vault, clock.clone()).await?;
            let facts = Facts::of(sandbox.user_id, "sandbox", sandbox.id.as_uuid());
            let trail = trail(&store, Action::SandboxEnrollToken, facts);
            let made = trail.record(new_enrollment_token(&store, &authority, &clock, id)).await?;
            println!("{}", made.token);
            eprintln!("Single use; expires {}.", made.expires_at);
        }
        SandboxCommand::Revoke { id, certificates, admin } => {
            let (store, _) = open(&admin).await?;
            let (id, now) = (sandbox_id(&id)?, clock.now());
            let mut tx = store.begin().await?;
            let sandbox = tx.sandbox(id).await?.ok_or_else(no_such_sandbox)?;
            let facts = Facts::of(sandbox.user_id, "sandbox", id.as_uuid());
            tx.revoke_certificates_of(id, now).await?;
            if certificates {
                record(&mut tx, Action::AgentRevoke, facts.with("reason", "on request")).await?;
            } else {
                tx.set_sandbox_state(id, SandboxState::Revoked).await?;
                record(&mut tx, Action::SandboxUpdate, facts.with("status", "revoked")).await?;
            }
            tx.commit().await?;
        }
    }
    Ok(())
}
