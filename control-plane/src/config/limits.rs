//! The section `limits`: how much one user may ask for.

use super::{ConfigError, Settings};

/// Bounds against abuse; 0 takes one away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one user in a minute; as many may come at once.
    pub requests_per_minute_per_user: u32,
    /// Requests from one address in a minute, whoever they are from; as many may come at once.
    pub requests_per_minute_per_address: u32,
    /// Deployments that one user or team may start in a day (UTC).
    pub deployments_per_day: u32,
    /// Deployments of one user or team that may wait or run at the same time.
    pub unfinished_deployments: u32,
    /// Logs that one user may follow at the same time.
    pub log_streams_per_user: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests_per_minute_per_user: 6_000,
            requests_per_minute_per_address: 12_000,
            deployments_per_day: 10_000,
            unfinished_deployments: 1_000,
            log_streams_per_user: 200,
        }
    }
}

impl Settings {
    pub(super) fn limits(&mut self) -> Result<Limits, ConfigError> {
        let mut limits = Limits::default();
        for (key, limit) in [
            ("limits.requests_per_minute_per_user", &mut limits.requests_per_minute_per_user),
            ("limits.requests_per_minute_per_address", &mut limits.requests_per_minute_per_address),
            ("limits.deployments_per_day", &mut limits.deployments_per_day),
            ("limits.unfinished_deployments", &mut limits.unfinished_deployments),
            ("limits.log_streams_per_user", &mut limits.log_streams_per_user),
        ] {
            *limit = self.parse(key)?.unwrap_or(*limit);
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn load(name: &str, value: &str) -> Result<Limits, String> {
        let environment = [(name.to_owned(), value.to_owned())];
        Config::load(None, environment.into_iter(), []).map(|config| config.limits).map_err(|error| error.to_string())
    }

    #[test]
    fn one_limit_is_set_and_the_others_stay() {
        let limits = load("SLIPWAY_LIMITS__DEPLOYMENTS_PER_DAY", "7").expect("valid");
        assert_eq!(limits, Limits { deployments_per_day: 7, ..Limits::default() });
        let error = load("SLIPWAY_LIMITS__LOG_STREAMS_PER_USER", "-1").expect_err("is no number of anything");
        assert!(
            error.starts_with("`limits.log_streams_per_user` (from SLIPWAY_LIMITS__LOG_STREAMS_PER_USER)"),
            "{error}"
        );
    }
}
