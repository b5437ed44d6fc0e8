//! The section `retention`: how long artifacts and logs are kept.

use std::time::Duration;

use super::{ConfigError, DAY, Settings, parse_days};

/// What is kept besides what is needed: the newest release of each target and environment, sites that `local`
/// serves, and deployments under way keep theirs in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Releases of each target and environment that keep their artifact, the newest first; `None` for all.
    pub releases: Option<u32>,
    /// How long after its end any deployment keeps its artifact, at least a day; `None` for ever.
    pub artifacts: Option<Duration>,
    /// How long after its end a deployment keeps its log; `None` for ever.
    pub logs: Option<Duration>,
}

impl Default for Retention {
    fn default() -> Self {
        // Ten releases are further than anybody rolls back; a month finds what was broken at the end of the last one.
        Self { releases: Some(10), artifacts: Some(30 * DAY), logs: Some(90 * DAY) }
    }
}

impl Settings {
    pub(super) fn retention(&mut self) -> Result<Retention, ConfigError> {
        let default = Retention::default();
        let releases: Option<u32> = self.parse("retention.releases")?;
        Ok(Retention {
            releases: releases.map_or(default.releases, |releases| (releases > 0).then_some(releases)),
            artifacts: self.read("retention.artifact_days", parse_days)?.unwrap_or(default.artifacts),
            logs: self.read("retention.log_days", parse_days)?.unwrap_or(default.logs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn load(settings: &[(&str, &str)]) -> Result<Retention, String> {
        let environment =
            settings.iter().map(|(key, value)| (format!("SLIPWAY_RETENTION__{key}"), (*value).to_owned()));
        Config::load(None, environment, []).map(|config| config.retention).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_is_the_default_and_0_is_without_end() {
        assert_eq!(load(&[]), Ok(Retention::default()));
        let some = [("RELEASES", "3"), ("ARTIFACT_DAYS", "7"), ("LOG_DAYS", "14")];
        let expected = Retention { releases: Some(3), artifacts: Some(7 * DAY), logs: Some(14 * DAY) };
        assert_eq!(load(&some), Ok(expected));
        let all = [("RELEASES", "0"), ("ARTIFACT_DAYS", "0"), ("LOG_DAYS", "0")];
        assert_eq!(load(&all), Ok(Retention { releases: None, artifacts: None, logs: None }));
        let error = load(&[("LOG_DAYS", "-1")]).expect_err("is no number of days");
        assert!(error.starts_with("`retention.log_days` (from SLIPWAY_RETENTION__LOG_DAYS)"), "{error}");
    }
}
