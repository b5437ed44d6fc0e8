//! Settings: `slipway.toml`, overridden by `SLIPWAY_…` variables, overridden by flags. Parsed once
//! at start, read-only afterwards; every error names the key and where its value came from.

mod agents;
mod limits;
mod people;
mod providers;
mod retention;

pub use agents::AgentSettings;
pub use limits::Limits;
pub use people::{OidcSettings, TrustedJwtSettings};
pub use providers::{ProviderSettings, ProvidersSettings};
pub use retention::Retention;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::secrets::MasterKeySource;

const HTTP_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7070);
const GRPC_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7071);
/// Below Linux' default ephemeral range (32768–60999), so that a port stays ours across restarts.
const PREVIEW_PORTS: RangeInclusive<u16> = 20_000..=29_999;
const BOOTSTRAP_TOKEN_MIN_CHARS: usize = 32;
const MASTER_KEY_SETTINGS: [&str; 3] = ["master_key_file", "master_key", "master_key_command"];
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A year is what auditors ask for first.
const AUDIT_RETENTION: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A century; more is a mistyped number.
const MOST_DAYS: u32 = 36_500;
const FILE_NAME: &str = "slipway.toml";
const METRICS_TOKEN_MIN_CHARS: usize = 16;
const ENVIRONMENT_PREFIX: &str = "SLIPWAY_";
/// Variables with our prefix that configure something other than the control plane.
const NOT_SETTINGS: [&str; 2] = ["agent_", "log"];

/// Everything `slipway serve` can be told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where REST and the web UI listen.
    pub http_listen: SocketAddr,
    /// Where agents connect.
    pub grpc_listen: SocketAddr,
    /// The directory of the embedded column: database, packs, master key.
    pub data_dir: PathBuf,
    /// The SQLite file; `data_dir/slipway.db` unless set.
    pub database_file: PathBuf,
    /// The directory of packs and manifests; `data_dir/blobs` unless set.
    pub blob_dir: PathBuf,
    /// Where the master key comes from: a file, `data_dir/master.key`, unless set otherwise.
    pub master_key: MasterKeySource,
    /// How people reach us, for links.
    pub public_url: Option<Url>,
    /// How agents reach us, as told to them with an enrolment token.
    pub agent_url: Option<Url>,
    /// Ports for the sites of the `local` provider.
    pub preview_ports: RangeInclusive<u16>,
    /// First start: creates the admin with this API token.
    pub bootstrap_token: Option<SecretString>,
    /// Sign-in at an OpenID Connect issuer.
    pub oidc: Option<OidcSettings>,
    /// JWTs of a platform that stand for its users.
    pub trusted_jwt: Option<TrustedJwtSettings>,
    /// Reverse proxies whose `X-Forwarded-For` tells where a request comes from.
    pub trusted_proxies: Vec<IpAddr>,
    /// Sites whose pages may call the API with tokens of their own; none unless set.
    pub cors_origins: Vec<HeaderValue>,
    /// Sites that may show the Deploy button of the UI in a frame; none unless set.
    pub embed_origins: Vec<HeaderValue>,
    /// How much one user may ask for.
    pub limits: Limits,
    /// Certificates and connections of agents.
    pub agents: AgentSettings,
    /// How long rows of the audit log are kept; `None` for ever.
    pub audit_retention: Option<Duration>,
    /// What reads `/metrics` from other machines; without it only this one may.
    pub metrics_token: Option<SecretString>,
    /// How long artifacts and logs are kept.
    pub retention: Retention,
    /// Where vendors are and who we are there.
    pub providers: ProvidersSettings,
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConfigError {
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the configuration file {} is not valid TOML: {message}", path.display())]
    NotToml { path: PathBuf, message: String },
    #[error("`{key}` (from {origin}) {problem}")]
    Value { key: String, origin: String, problem: String },
    #[error("`{key}` (from {origin}) is not a setting; known settings are {}, {}", KNOWN.join(", "), providers::known())]
    Unknown { key: String, origin: String },
}

const KNOWN: &[&str] = &[
    "http_listen",
    "grpc_listen",
    "data_dir",
    "database_url",
    "blob_url",
    "master_key_file",
    "master_key",
    "master_key_command",
    "public_url",
    "agent_url",
    "preview_ports",
    "bootstrap_token",
    "oidc.issuer",
    "oidc.client_id",
    "oidc.client_secret",
    "oidc.client_secret_file",
    "oidc.scopes",
    "oidc.allowed_domains",
    "oidc.allowed_groups",
    "trusted_jwt.issuer",
    "trusted_jwt.jwks_url",
    "trusted_jwt.audience",
    "trusted_jwt.user_claim",
    "trusted_jwt.name_claim",
    "trusted_jwt.teams_claim",
    "trusted_proxies",
    "cors_origins",
    "embed_origins",
    "limits.requests_per_minute_per_user",
    "limits.requests_per_minute_per_address",
    "limits.deployments_per_day",
    "limits.unfinished_deployments",
    "limits.log_streams_per_user",
    "agents.certificate_life_seconds",
    "agents.expired_renewal_hours",
    "agents.connections",
    "agents.connections_per_sandbox",
    "agents.unauthenticated_connections_per_address",
    "agents.handshakes_per_second",
    "audit.retention_days",
    "metrics.token",
    "retention.releases",
    "retention.artifact_days",
    "retention.log_days",
];

impl Config {
    /// Reads all three sources. `file` is the one named by `--config`; without it `slipway.toml`
    /// in the working directory is read when there is one.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        flags: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, ConfigError> {
        let mut settings = Settings::default();
        match file {
            Some(path) => settings.add_file(path)?,
            None if Path::new(FILE_NAME).is_file() => settings.add_file(Path::new(FILE_NAME))?,
            None => {}
        }
        settings.add_environment(environment);
        settings.add_flags(flags);
        settings.into_config()
    }
}

/// Raw values with their origin, strongest last.
#[derive(Default)]
struct Settings(BTreeMap<String, (String, String)>);

impl Settings {
    fn add_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| ConfigError::NotToml {
            path: path.to_owned(),
            message: error.message().to_owned(),
        })?;
        self.add_table("", table, path);
        Ok(())
    }

    /// A table is a section: its keys are `section.key`. A list is one text, apart by commas.
    fn add_table(&mut self, section: &str, table: toml::Table, path: &Path) {
        for (key, value) in table {
            let key = format!("{section}{key}");
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Table(table) => {
                    self.add_table(&format!("{key}."), table, path);
                    continue;
                }
                toml::Value::Array(items) => {
                    let items = items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                    items.collect::<Vec<_>>().join(",")
                }
                other => other.to_string(),
            };
            self.0.insert(key, (text, path.display().to_string()));
        }
    }

    fn add_environment(&mut self, environment: impl Iterator<Item = (String, String)>) {
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX).map(str::to_ascii_lowercase) else { continue };
            let key = providers::key_of_variable(key.replace("__", "."));
            // The environment is shared with other programs, a file is not: here an unknown key only warns.
            if KNOWN.contains(&key.as_str()) || providers::is_known(&key) {
                self.0.insert(key, (value, name));
            } else if !NOT_SETTINGS.iter().any(|prefix| key.starts_with(prefix)) {
                tracing::warn!("ignoring the environment variable {name}: it is not a setting of this version");
            }
        }
    }

    fn add_flags(&mut self, flags: impl IntoIterator<Item = (&'static str, String)>) {
        for (key, value) in flags {
            self.0.insert(key.to_owned(), (value, format!("--{}", key.replace('_', "-"))));
        }
    }

    fn into_config(mut self) -> Result<Config, ConfigError> {
        let data_dir: PathBuf = self.parse("data_dir")?.unwrap_or_else(default_data_dir);
        let config = Config {
            http_listen: self.parse("http_listen")?.unwrap_or(HTTP_LISTEN),
            grpc_listen: self.parse("grpc_listen")?.unwrap_or(GRPC_LISTEN),
            database_file: self.path_of_url("database_url", "sqlite")?.unwrap_or_else(|| data_dir.join("slipway.db")),
            blob_dir: self.path_of_url("blob_url", "file")?.unwrap_or_else(|| data_dir.join("blobs")),
            master_key: self.master_key_source()?.unwrap_or_else(|| MasterKeySource::File(data_dir.join("master.key"))),
            public_url: self.parse("public_url")?,
            agent_url: self.parse("agent_url")?,
            preview_ports: self.read("preview_ports", parse_ports)?.unwrap_or(PREVIEW_PORTS),
            bootstrap_token: self.read("bootstrap_token", parse_bootstrap_token)?,
            oidc: self.oidc()?,
            trusted_jwt: self.trusted_jwt()?,
            trusted_proxies: self.trusted_proxies()?,
            cors_origins: self.read("cors_origins", parse_origins)?.unwrap_or_default(),
            embed_origins: self.read("embed_origins", parse_origins)?.unwrap_or_default(),
            limits: self.limits()?,
            agents: self.agents()?,
            audit_retention: self.read("audit.retention_days", parse_days)?.unwrap_or(Some(AUDIT_RETENTION)),
            metrics_token: self.read("metrics.token", parse_metrics_token)?,
            retention: self.retention()?,
            providers: self.providers()?,
            data_dir,
        };
        match self.0.into_iter().next() {
            Some((key, (_, origin))) => Err(ConfigError::Unknown { key, origin }),
            None => Ok(config),
        }
    }

    fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, ConfigError> {
        let Some((text, origin)) = self.0.remove(key) else { return Ok(None) };
        parse(&text).map(Some).map_err(|problem| ConfigError::Value { key: key.to_owned(), origin, problem })
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, key: &str) -> Result<Option<T>, ConfigError> {
        self.read(key, |text| text.parse().map_err(|error| format!("is `{text}`, which cannot be used: {error}")))
    }

    /// One of three settings; more than one would leave open which counts.
    fn master_key_source(&mut self) -> Result<Option<MasterKeySource>, ConfigError> {
        let set: Vec<&str> = MASTER_KEY_SETTINGS.into_iter().filter(|key| self.0.contains_key(*key)).collect();
        if let [_, second, ..] = set[..] {
            let origin = self.0.get(second).map(|(_, origin)| origin.clone()).unwrap_or_default();
            let problem = format!("is set together with {}; set one of them", set.join(" and "));
            return Err(ConfigError::Value { key: second.to_owned(), origin, problem });
        }
        let file = self.parse("master_key_file")?.map(MasterKeySource::File);
        let inline = self.read("master_key", |text| Ok(MasterKeySource::Inline(text.to_owned().into())))?;
        let command = self.read("master_key_command", |text| Ok(MasterKeySource::Command(text.to_owned())))?;
        Ok(file.or(inline).or(command))
    }

    fn path_of_url(&mut self, key: &str, scheme: &str) -> Result<Option<PathBuf>, ConfigError> {
        self.read(key, |text| match text.split_once(':') {
            Some((found, path)) if found == scheme && !path.trim_start_matches('/').is_empty() => {
                Ok(PathBuf::from(path.strip_prefix("//").unwrap_or(path)))
            }
            _ => Err(format!("must be `{scheme}:PATH`; this version stores nowhere else")),
        })
    }
}

fn parse_ports(text: &str) -> Result<RangeInclusive<u16>, String> {
    let problem = || format!("is `{text}`, not a range of ports like `20000-29999`");
    let (first, last) = text.split_once('-').ok_or_else(problem)?;
    let range = first.trim().parse().map_err(|_| problem())?..=last.trim().parse().map_err(|_| problem())?;
    if *range.start() == 0 || range.is_empty() { Err(problem()) } else { Ok(range) }
}

/// `scheme://host[:port]` each, as browsers send it.
fn parse_origins(text: &str) -> Result<Vec<HeaderValue>, String> {
    let parse = |origin: &str| {
        let is_origin = Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == origin);
        let problem = || format!("has `{origin}`, not an origin like `https://app.example.com`");
        if is_origin { HeaderValue::from_str(origin).map_err(|_| problem()) } else { Err(problem()) }
    };
    text.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(parse).collect()
}

/// A number of days, 0 for ever.
fn parse_days(text: &str) -> Result<Option<Duration>, String> {
    match text.parse() {
        Ok(days @ 0..=MOST_DAYS) => Ok((days > 0).then(|| DAY * days)),
        _ => Err(format!("is `{text}`, not a number of days from 0, which is for ever, to {MOST_DAYS}")),
    }
}

fn parse_metrics_token(text: &str) -> Result<SecretString, String> {
    if text.len() < METRICS_TOKEN_MIN_CHARS {
        return Err(format!("must have {METRICS_TOKEN_MIN_CHARS} characters or more"));
    }
    Ok(text.to_owned().into())
}

fn parse_bootstrap_token(text: &str) -> Result<SecretString, String> {
    let token = SecretString::from(text.to_owned());
    if token.expose_secret().starts_with("slw_") && token.expose_secret().len() >= BOOTSTRAP_TOKEN_MIN_CHARS {
        Ok(token)
    } else {
        Err(format!("must begin with `slw_` and have {BOOTSTRAP_TOKEN_MIN_CHARS} characters or more"))
    }
}

fn default_data_dir() -> PathBuf {
    if nix::unistd::Uid::effective().is_root() {
        return PathBuf::from("/var/lib/slipway");
    }
    user_data_dir().unwrap_or_else(|| PathBuf::from("slipway-data"))
}

/// `slipway` under the user's data directory (XDG Base Directory Specification).
pub fn user_data_dir() -> Option<PathBuf> {
    let base = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")))?;
    Some(base.join("slipway"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(environment: &[(&str, &str)], flags: Vec<(&'static str, String)>) -> Result<Config, ConfigError> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(None, environment, flags)
    }

    /// The settings of a file with this text, and of these variables.
    pub(super) fn load_text(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("slipway.toml");
        std::fs::write(&file, text).expect("write");
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::load(Some(&file), environment, []).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_beat_the_environment_and_the_environment_beats_the_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("slipway.toml");
        std::fs::write(&file, "http_listen = \"127.0.0.1:1\"\ngrpc_listen = \"127.0.0.1:2\"\ndata_dir = \"/d\"\n")
            .expect("write");
        let environment = [("SLIPWAY_GRPC_LISTEN", "127.0.0.1:3"), ("SLIPWAY_HTTP_LISTEN", "127.0.0.1:4")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::load(Some(&file), environment.into_iter(), [("http_listen", "127.0.0.1:5".to_owned())])
            .expect("valid");
        assert_eq!(config.http_listen.port(), 5);
        assert_eq!(config.grpc_listen.port(), 3);
        assert_eq!(config.database_file, Path::new("/d/slipway.db"));
    }

    #[track_caller]
    fn check_error(name: &str, value: &str, expected: &str) {
        let error = load(&[(name, value)], vec![]).expect_err("must be refused").to_string();
        assert_eq!(error, expected);
    }

    #[test]
    fn errors_name_the_key_and_its_origin() {
        check_error(
            "SLIPWAY_HTTP_LISTEN",
            "7070",
            "`http_listen` (from SLIPWAY_HTTP_LISTEN) is `7070`, which cannot be used: invalid socket address syntax",
        );
        check_error(
            "SLIPWAY_BOOTSTRAP_TOKEN",
            "secret",
            "`bootstrap_token` (from SLIPWAY_BOOTSTRAP_TOKEN) must begin with `slw_` and have 32 characters or more",
        );
        check_error(
            "SLIPWAY_DATABASE_URL",
            "postgres://localhost/slipway",
            "`database_url` (from SLIPWAY_DATABASE_URL) must be `sqlite:PATH`; this version stores nowhere else",
        );
        check_error(
            "SLIPWAY_PREVIEW_PORTS",
            "9-8",
            "`preview_ports` (from SLIPWAY_PREVIEW_PORTS) is `9-8`, not a range of ports like `20000-29999`",
        );
        for wrong in ["*", "null", "app.example.com", "https://app.example.com/", "https://APP.example.com"] {
            let expected = format!(
                "`cors_origins` (from SLIPWAY_CORS_ORIGINS) has `{wrong}`, not an origin like `https://app.example.com`"
            );
            check_error("SLIPWAY_CORS_ORIGINS", wrong, &expected);
        }
    }

    #[test]
    fn the_audit_log_is_kept_for_a_year_unless_said() {
        let kept = |value| load(&[("SLIPWAY_AUDIT__RETENTION_DAYS", value)], vec![]).expect("valid").audit_retention;
        assert_eq!(load(&[], vec![]).expect("valid").audit_retention, Some(365 * DAY));
        assert_eq!((kept("30"), kept("0")), (Some(30 * DAY), None));
        for wrong in ["-1", "forever", "36501"] {
            check_error(
                "SLIPWAY_AUDIT__RETENTION_DAYS",
                wrong,
                &format!(
                    "`audit.retention_days` (from SLIPWAY_AUDIT__RETENTION_DAYS) is `{wrong}`, not a number of days from 0, which is for ever, to 36500"
                ),
            );
        }
    }

    #[test]
    fn the_master_key_comes_from_one_place_and_is_never_shown() {
        let key = "ab".repeat(32);
        let config = load(&[("SLIPWAY_MASTER_KEY", &key)], vec![]).expect("valid");
        assert!(matches!(config.master_key, MasterKeySource::Inline(_)));
        assert!(!format!("{config:?}").contains(&key));
        let both = [("SLIPWAY_MASTER_KEY", key.as_str()), ("SLIPWAY_MASTER_KEY_COMMAND", "kms")];
        let error = load(&both, vec![]).expect_err("is refused").to_string();
        assert_eq!(
            error,
            "`master_key_command` (from SLIPWAY_MASTER_KEY_COMMAND) is set together with master_key and master_key_command; set one of them"
        );
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error_and_the_agents_variables_are_not_ours() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let file = dir.path().join("slipway.toml");
        std::fs::write(&file, "colour = \"blue\"\n").expect("write");
        let error = Config::load(Some(&file), std::iter::empty(), []).expect_err("unknown").to_string();
        assert!(error.starts_with("`colour` (from "), "{error}");
        assert!(load(&[("SLIPWAY_AGENT_WORKSPACE", "/w"), ("SLIPWAY_LOG", "debug")], vec![]).is_ok());
    }
}
