//! What a build sees of the environment: an allow-list of the agent's, settings that keep tools quiet,
//! and the variables the user marked for builds. Nothing else, because the agent's own environment
//! may hold what a build must not know.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::env;
use std::ffi::OsString;
use std::path::Path;

use slipway_proto::variable::{is_name, is_refused};

use super::search_path::SearchPath;

/// Passed on when the agent has them: language, time zone, certificates, proxies, registries.
const PASSED_ON: [&str; 18] = [
    "LANG",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "npm_config_registry",
    "NPM_CONFIG_REGISTRY",
];
const PASSED_ON_PREFIX: &str = "LC_";

/// No terminal, no questions, no telemetry, no "a new version is available".
const FIXED: [(&str, &str); 8] = [
    ("CI", "true"),
    ("TERM", "dumb"),
    ("NO_UPDATE_NOTIFIER", "1"),
    ("npm_config_update_notifier", "false"),
    ("npm_config_fund", "false"),
    ("npm_config_audit", "false"),
    ("ASTRO_TELEMETRY_DISABLED", "1"),
    ("NEXT_TELEMETRY_DISABLED", "1"),
];

/// A variable that a build may not be given.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EnvironmentError {
    #[error("`{name}` is no name for an environment variable; use letters, digits and _, not beginning with a digit")]
    Name { name: String },
    #[error("the build variable `{name}` is not allowed, because it would change how programs start; remove it")]
    Refused { name: String },
    #[error("the value of the build variable `{name}` contains a NUL character; remove it")]
    Value { name: String },
}

/// The whole environment of a command.
#[derive(Debug, Clone)]
pub(crate) struct Environment(BTreeMap<OsString, OsString>);

impl Environment {
    /// Puts it together; a user's variable wins over ours.
    pub(crate) fn new(
        search_path: &SearchPath,
        home: &Path,
        temporary: &Path,
        build: &HashMap<String, String>,
    ) -> Result<Self, EnvironmentError> {
        Self::from(env::vars_os(), search_path, home, temporary, build)
    }

    fn from(
        own: impl Iterator<Item = (OsString, OsString)>,
        search_path: &SearchPath,
        home: &Path,
        temporary: &Path,
        build: &HashMap<String, String>,
    ) -> Result<Self, EnvironmentError> {
        let is_passed_on = |name: &OsString| {
            name.to_str().is_some_and(|name| PASSED_ON.contains(&name) || name.starts_with(PASSED_ON_PREFIX))
        };
        let mut variables: BTreeMap<_, _> = own.filter(|(name, _)| is_passed_on(name)).collect();
        variables.extend(FIXED.map(|(name, value)| (name.into(), value.into())));
        variables.insert("PATH".into(), search_path.to_value());
        variables.insert("HOME".into(), home.into());
        variables.insert("TMPDIR".into(), temporary.into());
        for (name, value) in build {
            check(name, value)?;
            variables.insert(name.into(), value.into());
        }
        Ok(Self(variables))
    }

    /// Name and value of each.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.0.iter()
    }
}

fn check(name: &str, value: &str) -> Result<(), EnvironmentError> {
    let named = || name.to_owned();
    if !is_name(name) {
        Err(EnvironmentError::Name { name: named() })
    } else if is_refused(name) {
        Err(EnvironmentError::Refused { name: named() })
    } else if value.contains('\0') {
        Err(EnvironmentError::Value { name: named() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(
        own: &[(&str, &str)],
        build: &[(&str, &str)],
    ) -> Result<BTreeMap<OsString, OsString>, EnvironmentError> {
        let own = own.iter().map(|(name, value)| (name.into(), value.into()));
        let build = build.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let path = SearchPath::from_directories(["/project/node_modules/.bin", "/usr/bin"]);
        Environment::from(own, &path, Path::new("/home"), Path::new("/tmp"), &build).map(|environment| environment.0)
    }

    #[test]
    fn only_the_list_is_passed_on() {
        let own = [
            ("LC_ALL", "C.UTF-8"),
            ("https_proxy", "http://proxy"),
            ("AWS_SECRET_ACCESS_KEY", "canary"),
            ("HOME", "/root"),
        ];
        let seen = environment(&own, &[("API_URL", "https://api"), ("CI", "1")]).unwrap();
        assert_eq!(seen.len(), 2 + FIXED.len() + 3 + 1);
        let value = |name: &str| seen[&OsString::from(name)].to_str().unwrap();
        assert_eq!(value("PATH"), "/project/node_modules/.bin:/usr/bin");
        assert_eq!((value("HOME"), value("CI"), value("LC_ALL")), ("/home", "1", "C.UTF-8"));
    }

    #[test]
    fn names_that_change_how_programs_start_are_refused() {
        for name in ["LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "IFS", "SLIPWAY_AGENT_TOKEN_FILE"] {
            assert_eq!(environment(&[], &[(name, "x")]), Err(EnvironmentError::Refused { name: name.to_owned() }));
        }
        for name in ["", "1A", "A-B", "A=B", "Ä"] {
            assert_eq!(environment(&[], &[(name, "x")]), Err(EnvironmentError::Name { name: name.to_owned() }));
        }
        assert!(environment(&[], &[("A", "x\0")]).is_err());
        assert!(environment(&[], &[("_a1", "x\ny")]).is_ok());
    }
}
