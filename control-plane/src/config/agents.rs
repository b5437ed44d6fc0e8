//! The section `agents`: certificates and connections of agents.

use std::ops::RangeInclusive;
use std::time::Duration;

use slipway_proto::limits;

use super::{ConfigError, Settings};

const CERTIFICATE_LIFE_SECONDS: RangeInclusive<u64> = 30..=24 * 60 * 60;
const EXPIRED_RENEWAL_HOURS: RangeInclusive<u64> = 0..=7 * 24;
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What agents are given, and how many may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentSettings {
    /// Life of an agent's certificate; it is renewed at half of it.
    pub certificate_life: Duration,
    /// How long after its end a certificate can still be renewed; zero for not at all.
    pub expired_renewal: Duration,
    /// Connections of all agents together; further ones wait.
    pub connections: u32,
    /// Connections of one sandbox; a further one ends the oldest.
    pub connections_per_sandbox: u32,
    /// Connections of one address that have not shown a certificate of ours, those that enrol included;
    /// further ones are closed. Agents behind one address are not counted once they have.
    pub unauthenticated_connections_per_address: u32,
    /// Handshakes begun in a second; further connections wait.
    pub handshakes_per_second: u32,
}

impl Default for AgentSettings {
    fn default() -> Self {
        Self {
            certificate_life: limits::CERTIFICATE_LIFE,
            expired_renewal: 24 * HOUR,
            connections: 12_000,
            connections_per_sandbox: 4,
            unauthenticated_connections_per_address: 256,
            handshakes_per_second: 200,
        }
    }
}

impl Settings {
    pub(super) fn agents(&mut self) -> Result<AgentSettings, ConfigError> {
        let mut agents = AgentSettings::default();
        if let Some(seconds) = self.within("agents.certificate_life_seconds", CERTIFICATE_LIFE_SECONDS, "seconds")? {
            agents.certificate_life = Duration::from_secs(seconds);
        }
        if let Some(hours) = self.within("agents.expired_renewal_hours", EXPIRED_RENEWAL_HOURS, "hours")? {
            agents.expired_renewal = Duration::from_secs(hours * HOUR.as_secs());
        }
        let most = u64::from(u32::MAX);
        for (key, limit) in [
            ("agents.connections", &mut agents.connections),
            ("agents.connections_per_sandbox", &mut agents.connections_per_sandbox),
            ("agents.unauthenticated_connections_per_address", &mut agents.unauthenticated_connections_per_address),
            ("agents.handshakes_per_second", &mut agents.handshakes_per_second),
        ] {
            if let Some(number) = self.within(key, 1..=most, "them")? {
                *limit = u32::try_from(number).unwrap_or(u32::MAX);
            }
        }
        Ok(agents)
    }

    fn within(&mut self, key: &str, range: RangeInclusive<u64>, unit: &str) -> Result<Option<u64>, ConfigError> {
        self.read(key, |text| match text.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!("is `{text}`, not a number of {unit} from {} to {}", range.start(), range.end())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn load(name: &str, value: &str) -> Result<AgentSettings, String> {
        let environment = [(format!("SLIPWAY_AGENTS__{name}"), value.to_owned())];
        Config::load(None, environment.into_iter(), []).map(|config| config.agents).map_err(|error| error.to_string())
    }

    #[test]
    fn lives_and_bounds_are_set_within_reason() {
        let agents = load("CERTIFICATE_LIFE_SECONDS", "30").expect("valid");
        assert_eq!(agents, AgentSettings { certificate_life: Duration::from_secs(30), ..AgentSettings::default() });
        assert_eq!(load("EXPIRED_RENEWAL_HOURS", "0").expect("valid").expired_renewal, Duration::ZERO);
        assert_eq!(load("CONNECTIONS", "20000").expect("valid").connections, 20_000);
        assert_eq!(
            load("CERTIFICATE_LIFE_SECONDS", "29").expect_err("is too short"),
            "`agents.certificate_life_seconds` (from SLIPWAY_AGENTS__CERTIFICATE_LIFE_SECONDS) is `29`, not a number of seconds from 30 to 86400"
        );
        for (name, value) in [("EXPIRED_RENEWAL_HOURS", "169"), ("HANDSHAKES_PER_SECOND", "0"), ("CONNECTIONS", "-1")] {
            assert!(load(name, value).is_err(), "{name}");
        }
    }
}
