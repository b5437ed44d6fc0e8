//! `slipway user`: people, straight on the data directory.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::UserCommand;
use super::admin::{open, record, report};
use crate::access::{Passwords, check_password};
use crate::api::check_user_name;
use crate::audit::{Action, Facts};
use crate::clock::{Clock, Timestamp};
use crate::store::{Tx, User};

pub(super) async fn run(command: UserCommand) -> ExitCode {
    report(run_command(command).await)
}

async fn run_command(command: UserCommand) -> anyhow::Result<()> {
    let now = Clock::system().now();
    match command {
        UserCommand::Add { name, admin, data } => {
            check_user_name(&name).map_err(|error| anyhow!("{}", error.message()))?;
            let (store, _) = open(&data).await?;
            if store.find_user(&name).await?.is_some() {
                return Err(anyhow!(
                    "there is somebody named `{name}` already; `slipway user password` sets a password"
                ));
            }
            let hash = Passwords::default().hash(read_password()?).await?;
            let mut tx = store.begin().await?;
            let user = tx.insert_user(&name, now).await.context("the name is taken")?;
            tx.set_password(user.id, &hash).await?;
            if admin {
                tx.set_admin(user.id).await?;
            }
            let facts = about(&user).with("is_admin", admin || user.is_admin);
            record(&mut tx, Action::UserCreate, facts).await?;
            tx.commit().await?;
            println!("{}", user.id);
        }
        UserCommand::List { data } => {
            let (store, _) = open(&data).await?;
            let mut cursor = None;
            loop {
                let page = store.users(cursor, 100).await?;
                let Some(last) = page.last() else { break };
                cursor = Some(last.id);
                for user in &page {
                    let mut about = Vec::new();
                    about.extend(user.is_admin.then_some("admin"));
                    about.extend(user.has_password.then_some("password"));
                    about.extend(user.disabled_at.map(|_| "disabled"));
                    println!("{}  {}  {}", user.id, user.name, about.join(" "));
                }
            }
        }
        UserCommand::Password { name, data } => {
            let (store, _) = open(&data).await?;
            let mut tx = store.begin().await?;
            let user = find(&mut tx, &name).await?;
            drop(tx);
            let hash = Passwords::default().hash(read_password()?).await?;
            let mut tx = store.begin().await?;
            tx.set_password(user.id, &hash).await?;
            record(&mut tx, Action::UserPassword, about(&user)).await?;
            tx.commit().await?;
        }
        UserCommand::Disable { name, data } => {
            let (store, _) = open(&data).await?;
            let mut tx = store.begin().await?;
            disable(&mut tx, &name, now).await?;
            tx.commit().await?;
        }
        UserCommand::Enable { name, data } => {
            let (store, _) = open(&data).await?;
            let mut tx = store.begin().await?;
            let user = find(&mut tx, &name).await?;
            tx.set_disabled(user.id, None).await?;
            record(&mut tx, Action::UserEnable, about(&user)).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

async fn disable(tx: &mut Tx, name: &str, now: Timestamp) -> anyhow::Result<()> {
    let user = find(tx, name).await?;
    if tx.is_last_admin(user.id).await? {
        return Err(anyhow!("{name} is the last administrator; add another with `slipway user add --admin` first"));
    }
    tx.set_disabled(user.id, Some(now)).await?;
    Ok(record(tx, Action::UserDisable, about(&user)).await?)
}

fn about(user: &User) -> Facts {
    Facts::of(user.id, "user", user.id.as_uuid()).with("name", user.name.as_str())
}

async fn find(tx: &mut Tx, name: &str) -> anyhow::Result<User> {
    tx.find_user(name)
        .await?
        .ok_or_else(|| anyhow!("there is nobody named `{name}`; `slipway user list` shows everybody"))
}

/// From a terminal twice and unseen, else one line of standard input.
fn read_password() -> anyhow::Result<SecretString> {
    let password = if std::io::stdin().is_terminal() {
        let password = ask("Password: ")?;
        anyhow::ensure!(
            password.expose_secret() == ask("Once more: ")?.expose_secret(),
            "the two passwords are not the same"
        );
        password
    } else {
        read_line()?
    };
    check_password(&password)?;
    Ok(password)
}

fn ask(prompt: &str) -> anyhow::Result<SecretString> {
    let stdin = std::io::stdin();
    eprint!("{prompt}");
    std::io::stderr().flush()?;
    let shown = tcgetattr(&stdin)?;
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &hidden)?;
    let password = read_line();
    tcsetattr(&stdin, SetArg::TCSAFLUSH, &shown)?;
    eprintln!();
    password
}

fn read_line() -> anyhow::Result<SecretString> {
    let mut line = Zeroizing::new(String::new());
    std::io::stdin().lock().read_line(&mut line).context("cannot read the password from standard input")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::in_memory;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    #[tokio::test]
    async fn the_last_administrator_stays() {
        let store = in_memory().await;
        let mut tx = store.begin().await.expect("begins");
        let admin = tx.user_named("admin", NOW).await.expect("is made");
        let ada = tx.user_named("ada", NOW).await.expect("is made");
        assert!((admin.is_admin, ada.is_admin) == (true, false));
        let error = disable(&mut tx, "admin", NOW).await.expect_err("is the last one").to_string();
        assert!(error.contains("last administrator"), "{error}");
        disable(&mut tx, "ada", NOW).await.expect("is none");
        tx.set_admin(ada.id).await.expect("sets");
        disable(&mut tx, "admin", NOW).await.expect_err("the other one is shut out");
        tx.set_disabled(ada.id, None).await.expect("enables");
        disable(&mut tx, "admin", NOW).await.expect("there is another");
    }
}
