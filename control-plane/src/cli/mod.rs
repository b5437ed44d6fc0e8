//! The command line of `slipway`.

mod admin;
mod audit;
mod backup;
mod keys;
mod serve;
mod up;
mod user;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::access::Scopes;
use crate::clock::Timestamp;
use crate::config::{Config, ConfigError};
use crate::ids::TeamId;

/// Could not begin: wrong usage, a port in use, a locked data directory.
const EXIT_USAGE: u8 = 2;
/// Began and did not succeed.
const EXIT_FAILED: u8 = 1;
/// Ended by Ctrl-C (128 + SIGINT), as shells report it.
const EXIT_INTERRUPTED: u8 = 130;

/// Ship what was built in a sandbox to anywhere, without one secret ever entering the sandbox.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the control plane: REST and web UI for people, mutual-TLS gRPC for agents.
    Serve(ServeArgs),
    /// Ship a project from this machine to a live local URL: no account, no database, no container engine.
    ///
    /// Exit code: 0 when the deployment succeeded, 1 when it failed, 2 when it could not begin
    /// (wrong usage, a port in use, a data directory that is locked), 130 after Ctrl-C.
    Up(UpArgs),
    /// Add people, set their passwords, shut them out, straight on the data directory.
    #[command(subcommand)]
    User(UserCommand),
    /// Make, list and delete API tokens, straight on the data directory.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make and list sandboxes and enrol their agents, straight on the data directory.
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// List and rotate the keys that seal secrets in the database.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Store, list and delete credentials at providers, straight on the data directory.
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Read the audit log: who changed what, when, from where.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Copy database and stored objects into a new directory, while the server may run. The master key is
    /// not in it.
    Backup(BackupArgs),
    /// Make a new data directory of a backup. Deployments that were under way are marked as failed.
    Restore(RestoreArgs),
    /// Collect at once what `retention` no longer keeps; a running server does so every hour.
    Gc(GcArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Settings; `slipway.toml` in the working directory is read when there is one.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where REST and the web UI listen [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Where agents connect [default: 127.0.0.1:7071]
    #[arg(long, value_name = "ADDR")]
    grpc: Option<SocketAddr>,
    /// Database, artifacts and master key [default: /var/lib/slipway as root, else ~/.local/share/slipway]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct UpArgs {
    /// The project.
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// End after the deployment instead of serving it until Ctrl-C.
    #[arg(long)]
    exit: bool,
    /// Print one JSON event per line: first `ready`, last `done`.
    #[arg(long)]
    json: bool,
    /// Where REST and the web UI listen [default: 127.0.0.1:7070, or a free port when that is in use]
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Where the project's deployments are kept [default: one directory per project below ~/.local/share/slipway/up]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct AdminArgs {
    /// Settings; `slipway.toml` in the working directory is read when there is one.
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// The data directory of the control plane.
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make an API token and print it. It is shown only this once.
    Create {
        /// What it is for.
        #[arg(long, default_value = "cli")]
        name: String,
        /// Whom it acts for; made when there is no such user.
        #[arg(long, default_value = crate::control_plane::ADMIN)]
        user: String,
        /// What it may do: read, deploy, targets, accounts, admin; several apart by commas. Each includes
        /// reading, admin includes all.
        #[arg(long, default_value = "admin", value_name = "SCOPES")]
        scope: Scopes,
        /// When it ends: `12h`, `30d` or `never`.
        #[arg(long, default_value = "30d", value_name = "TIME", value_parser = parse_expiry)]
        expires: Expiry,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List a user's API tokens.
    List {
        /// Whose.
        #[arg(long, default_value = crate::control_plane::ADMIN)]
        user: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Delete an API token; it ends at once.
    Delete {
        /// The token's id, as in `token list`.
        id: String,
        /// Whose.
        #[arg(long, default_value = crate::control_plane::ADMIN)]
        user: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// In how long a token ends; `None` for never.
#[derive(Debug, Clone, Copy)]
struct Expiry(Option<Duration>);

fn parse_expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry(None));
    }
    let problem = || "must be hours or days like `12h` or `30d`, or `never`".to_owned();
    let (number, hours) = match text.strip_suffix('d') {
        Some(days) => (days, 24),
        None => (text.strip_suffix('h').ok_or_else(problem)?, 1),
    };
    let number: u32 = number.parse().ok().filter(|number| (1..=100_000).contains(number)).ok_or_else(problem)?;
    Ok(Expiry(Some(Duration::from_secs(60 * 60) * hours * number)))
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Add a person who signs in with a password: asked for on a terminal, else the first line of
    /// standard input. The first person administers the installation.
    Add {
        /// Unique; what they type to sign in.
        name: String,
        /// They administer the installation.
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        data: AdminArgs,
    },
    /// List everybody.
    List {
        #[command(flatten)]
        data: AdminArgs,
    },
    /// Set a person's password. Wherever they are signed in, they no longer are.
    Password {
        /// Whose.
        name: String,
        #[command(flatten)]
        data: AdminArgs,
    },
    /// Shut a person out: sessions end, API tokens no longer count. What they own stays.
    Disable {
        /// Whom.
        name: String,
        #[command(flatten)]
        data: AdminArgs,
    },
    /// Let a person in again; their API tokens count again.
    Enable {
        /// Whom.
        name: String,
        #[command(flatten)]
        data: AdminArgs,
    },
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Make a sandbox and print its id.
    Create {
        /// Unique per user.
        name: String,
        /// Whose.
        #[arg(long, default_value = crate::control_plane::ADMIN)]
        user: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List a user's sandboxes.
    List {
        /// Whose.
        #[arg(long, default_value = crate::control_plane::ADMIN)]
        user: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Print a single-use token, valid for ten minutes, with which the sandbox's agent enrols.
    EnrollToken {
        /// The sandbox's id.
        id: String,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Cut a sandbox's agent off within two seconds, for good.
    Revoke {
        /// The sandbox's id.
        id: String,
        /// Revoke its agent's certificates only: an agent can be enrolled again.
        #[arg(long)]
        certificates: bool,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List the keys: which is current, and how many records each seals.
    List {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Make a new key and seal every record again with it.
    ///
    /// The server may run meanwhile. A rotation that is interrupted loses nothing; start it again and
    /// it goes on. The master key stays as it is.
    Rotate {
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Make a new intermediate certificate authority for agents, in use within ten seconds.
    ///
    /// This happens by itself every 25 days. Agents notice nothing, and certificates that were signed by the
    /// former one stay valid to their end.
    RotateCa {
        #[command(flatten)]
        admin: AdminArgs,
    },
}

#[derive(Debug, Subcommand)]
enum CredentialCommand {
    /// Store a credential, sealed. It is searched for in all that sandboxes send from then on.
    Add {
        /// Id of the provider, as in targets.
        #[arg(long)]
        provider: String,
        /// Tells it from others at this provider.
        #[arg(long)]
        label: String,
        /// For registries that want one.
        #[arg(long)]
        username: Option<String>,
        /// File with the token, `-` for standard input.
        #[arg(long, value_name = "FILE", default_value = "-")]
        token_file: PathBuf,
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// List the credentials of a user or team, without what is secret of them.
    List {
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
    /// Delete a credential.
    Delete {
        /// Its id, as in `credential list`.
        id: String,
        #[command(flatten)]
        owner: OwnerArgs,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

/// Whose a record is.
#[derive(Debug, Args)]
struct OwnerArgs {
    /// Of this user.
    #[arg(long, default_value = crate::control_plane::ADMIN, conflicts_with = "team")]
    user: String,
    /// Of the team with this id instead.
    #[arg(long, value_name = "ID")]
    team: Option<TeamId>,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Print every row, newest first, as a line of JSON each.
    Export {
        /// Only what began then or later, like `2026-01-20T09:30:00Z`.
        #[arg(long, value_name = "TIME")]
        since: Option<Timestamp>,
        /// Only what began before.
        #[arg(long, value_name = "TIME")]
        until: Option<Timestamp>,
        #[command(flatten)]
        admin: AdminArgs,
    },
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    /// The backup: a directory that is made.
    #[arg(value_name = "DIR")]
    destination: Option<PathBuf>,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// Check that a backup is whole, byte for byte. Changes nothing.
    Verify {
        /// The backup.
        #[arg(value_name = "DIR")]
        backup: PathBuf,
    },
}

#[derive(Debug, Args)]
struct RestoreArgs {
    /// The backup.
    #[arg(value_name = "DIR")]
    backup: PathBuf,
    #[command(flatten)]
    admin: AdminArgs,
}

#[derive(Debug, Args)]
struct GcArgs {
    #[command(flatten)]
    admin: AdminArgs,
}

impl Cli {
    /// Does what was asked and answers the exit code.
    pub fn run(self) -> ExitCode {
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return fail(EXIT_USAGE, &format!("cannot start: {error}")),
        };
        let outcome = match self.command {
            Command::Serve(args) => runtime.block_on(serve::run(args)),
            Command::Up(args) => runtime.block_on(up::run(args)),
            Command::User(command) => runtime.block_on(user::run(command)),
            Command::Token(command) => runtime.block_on(admin::token(command)),
            Command::Sandbox(command) => runtime.block_on(admin::sandbox(command)),
            Command::Keys(command) => runtime.block_on(keys::keys(command)),
            Command::Credential(command) => runtime.block_on(keys::credential(command)),
            Command::Audit(command) => runtime.block_on(audit::run(command)),
            Command::Backup(args) => runtime.block_on(backup::backup(args)),
            Command::Restore(args) => runtime.block_on(backup::restore(args)),
            Command::Gc(args) => runtime.block_on(backup::gc(args)),
        };
        // What still runs on threads (a build that does not end) must not hold up the exit.
        runtime.shutdown_background();
        outcome
    }
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("slipway: {message}");
    ExitCode::from(code)
}

/// Human-readable logs on standard error, filtered by `SLIPWAY_LOG`.
fn load_config(file: Option<&PathBuf>, flags: Vec<(&'static str, String)>) -> Result<Config, ConfigError> {
    // A variable whose name or value is not UTF-8 cannot be a setting.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(file.map(PathBuf::as_path), environment, flags)
}

fn path_flag(key: &'static str, path: Option<&PathBuf>) -> Option<(&'static str, String)> {
    path.map(|path| (key, path.to_string_lossy().into_owned()))
}
