//! `slipway keys` and `slipway credential`: what is sealed, straight on the data directory and beside a
//! running `slipway serve`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, ensure};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::admin::{open, record, report, trail, user_id};
use super::{CredentialCommand, KeysCommand, OwnerArgs};
use crate::audit::{self, Action, Actor, Facts};
use crate::clock::Clock;
use crate::identity::Authority;
use crate::ids::{CredentialId, UserId};
use crate::secrets::{CredentialSecret, KeyId, rotate};
use crate::store::Store;

/// Tokens have some hundred bytes; a service account's key file some thousand.
const LARGEST_TOKEN_BYTES: u64 = 32 * 1024;
/// Providers that take credentials, as in the targets' `provider`.
const PROVIDERS: [&str; 12] = [
    "github",
    "gitlab",
    "vercel",
    "netlify",
    "cloudflare-pages",
    "ghcr",
    "dockerhub",
    "railway",
    "fly",
    "npm",
    "pypi",
    "cargo",
];

pub(super) async fn keys(command: KeysCommand) -> ExitCode {
    report(run_keys(command).await)
}

pub(super) async fn credential(command: CredentialCommand) -> ExitCode {
    report(run_credential(command).await)
}

async fn run_keys(command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::List { admin } => {
            let (store, _) = open(&admin).await?;
            for key in store.encryption_keys().await? {
                let id = KeyId::from_bytes(&key.id).context("a key's id is damaged")?;
                let records = store.count_sealed_with(&key.id).await?;
                let state = if key.is_current { "current" } else { "old" };
                println!("{id}  {state:7}  made {}  seals {records} records", key.created_at);
            }
        }
        KeysCommand::Rotate { admin } => {
            let (store, vault) = open(&admin).await?;
            let rotation = async {
                let rotated = rotate(&vault, Clock::system().now(), |progress| {
                    eprintln!("sealed {} of {} records again", progress.done, progress.total);
                })
                .await?;
                audit::note(|facts| facts.add("records", rotated.records));
                anyhow::Ok(rotated)
            };
            let rotated = trail(&store, Action::KeysRotate, Facts::default()).record(rotation).await?;
            if rotated.resumed {
                eprintln!("Finished the rotation that was interrupted; run it again for another key.");
            }
            println!("sealed {} records again, removed {} old keys", rotated.records, rotated.removed_keys);
            ensure!(
                rotated.unreadable == 0,
                "{} records do not open with any key and were left as they are; the log above names them",
                rotated.unreadable
            );
        }
        KeysCommand::RotateCa { admin } => {
            let (store, vault) = open(&admin).await?;
            let id = Authority::rotate(&store, &vault, Clock::system().now(), Actor::command_line()).await?;
            println!("{id}");
        }
    }
    Ok(())
}

async fn run_credential(command: CredentialCommand) -> anyhow::Result<()> {
    let clock = Clock::system();
    match command {
        CredentialCommand::Add { provider, label, username, token_file, owner, admin } => {
            ensure!(
                PROVIDERS.contains(&provider.as_str()),
                "there is no provider `{provider}` that takes credentials; there are {}",
                PROVIDERS.join(", ")
            );
            let token = read_token(&token_file)?;
            let (store, vault) = open(&admin).await?;
            let owner = account(&store, owner).await?;
            let secret = CredentialSecret { username, token, refresh_token: None };
            let row = vault.credential_row(owner, &provider, &label, &secret, clock.now()).await?;
            let mut tx = store.begin().await?;
            ensure!(tx.insert_credential(&row).await?, "there is a credential `{label}` for {provider} already");
            let facts =
                Facts::of(owner, "credential", row.id.as_uuid()).with("provider", provider).with("label", label);
            record(&mut tx, Action::CredentialCreate, facts).await?;
            tx.commit().await?;
            println!("{}", row.id);
        }
        CredentialCommand::List { owner, admin } => {
            let (store, _) = open(&admin).await?;
            let owner = account(&store, owner).await?;
            for row in store.credentials(owner).await? {
                println!("{}  {}  {}  stored {}", row.id, row.provider, row.label, row.created_at);
            }
        }
        CredentialCommand::Delete { id, owner, admin } => {
            let (store, _) = open(&admin).await?;
            let owner = account(&store, owner).await?;
            let id: CredentialId =
                id.parse().context("the id is not a UUID; `slipway credential list` shows the ids")?;
            let mut tx = store.begin().await?;
            if !tx.delete_credential(owner, id).await? {
                return Err(anyhow!("there is no such credential; `slipway credential list` shows them"));
            }
            record(&mut tx, Action::CredentialDelete, Facts::of(owner, "credential", id.as_uuid())).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

async fn account(store: &Store, owner: OwnerArgs) -> anyhow::Result<UserId> {
    let Some(team) = owner.team else { return user_id(store, &owner.user).await };
    let team = store.team(team).await?.context("there is no team with this id; `GET /api/teams` lists teams")?;
    Ok(team.id.into())
}

/// A token is no argument: arguments are seen by every user of the machine.
fn read_token(file: &PathBuf) -> anyhow::Result<SecretString> {
    let mut text = Zeroizing::new(String::new());
    let read = if file == Path::new("-") {
        std::io::stdin().lock().take(LARGEST_TOKEN_BYTES + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LARGEST_TOKEN_BYTES + 1).read_to_string(&mut text))
    };
    read.with_context(|| format!("the token cannot be read from {}", file.display()))?;
    ensure!(text.len() as u64 <= LARGEST_TOKEN_BYTES, "a token may have {LARGEST_TOKEN_BYTES} bytes");
    let token = text.trim_end_matches(['\r', '\n']);
    ensure!(!token.is_empty(), "the token is empty");
    ensure!(
        slipway_proto::mask::is_maskable(token.as_bytes()),
        "a token of fewer than {} characters cannot be told from other text, and so not be kept out of logs",
        slipway_proto::mask::SHORTEST_SECRET
    );
    Ok(token.to_owned().into())
}
