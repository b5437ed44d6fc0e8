//! What both hosts do when somebody wants a token by OAuth: RFC 6749, 7636 (S256 only), 8628. Where they differ, the
//! hosts say so themselves.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use data_encoding::BASE64URL_NOPAD;
use ring::digest;

use super::random;

/// Whom the hosts know.
pub const CLIENT_ID: &str = "Iv1.slipway-client";
/// With characters that must be encoded on the way.
pub const CLIENT_SECRET: &str = "canary-client-secret/+%&=";

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Codes of the web flow.
const CODE_LIFE: Duration = Duration::from_secs(10 * 60);

/// What somebody agreed to.
#[derive(Debug, Clone)]
struct Code {
    challenge: String,
    redirect_uri: String,
    made_at: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DeviceState {
    Pending,
    Approved,
    Denied,
    Expired,
}

#[derive(Debug, Clone)]
struct Device {
    user_code: String,
    state: DeviceState,
    interval: Duration,
    asked_at: Option<Instant>,
}

/// A pair that is to be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
}

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) error: &'static str,
    pub(super) interval: Option<u64>,
}

impl From<&'static str> for Refused {
    fn from(error: &'static str) -> Self {
        Self { error, interval: None }
    }
}

/// How a host differs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) prefix: &'static str,
    /// `bad_verification_code`, or `invalid_grant`.
    pub(super) bad_code: &'static str,
    pub(super) bad_refresh: &'static str,
    pub(super) bad_client: &'static str,
    /// Whether the host gives refresh tokens.
    pub(super) refreshes: bool,
    /// Whether refreshing repeats the redirect URI.
    pub(super) refresh_names_redirect: bool,
    /// Whether the answer to a hasty question says the new interval.
    pub(super) tells_interval: bool,
}

/// The client, and what was given to it.
pub(super) struct OAuth {
    pub(super) rules: Rules,
    pub(super) redirect_uri: String,
    pub(super) denies: bool,
    pub(super) iss: Option<String>,
    pub(super) interval: Duration,
    codes: HashMap<String, Code>,
    devices: HashMap<String, Device>,
    /// By refresh token, the access token it came with.
    refreshable: HashMap<String, String>,
    /// Access tokens that are worth nothing any more.
    pub(super) dead: Vec<String>,
    /// Every secret that was given out.
    pub(super) given: Vec<String>,
    /// How often a pair was renewed.
    pub(super) renewals: usize,
    /// How often devices asked.
    pub(super) polls: usize,
}

type Fields = HashMap<String, String>;

impl OAuth {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            redirect_uri: String::new(),
            denies: false,
            iss: None,
            interval: Duration::from_secs(1),
            codes: HashMap::new(),
            devices: HashMap::new(),
            refreshable: HashMap::new(),
            dead: Vec::new(),
            given: Vec::new(),
            renewals: 0,
            polls: 0,
        }
    }

    /// Where the page sends the browser when the person has agreed, or not.
    pub(super) fn authorize(&mut self, query: &Fields) -> Result<String, String> {
        let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if get("client_id") != CLIENT_ID || get("redirect_uri") != self.redirect_uri {
            return Err(format!("an unknown client or redirect URI: {query:?}"));
        }
        if get("state").len() < 22 || get("code_challenge").len() != 43 || get("code_challenge_method") != "S256" {
            return Err(format!("no state of 128 bits, or no PKCE: {query:?}"));
        }
        let mut back = url::Url::parse(&self.redirect_uri).expect("a URL");
        back.query_pairs_mut().append_pair("state", get("state"));
        if let Some(iss) = &self.iss {
            back.query_pairs_mut().append_pair("iss", iss);
        }
        if self.denies {
            back.query_pairs_mut()
                .append_pair("error", "access_denied")
                .append_pair("error_description", "The user has denied your application access.");
            return Ok(back.into());
        }
        let code = random(20);
        let challenge = get("code_challenge").to_owned();
        let made = Code { challenge, redirect_uri: self.redirect_uri.clone(), made_at: Instant::now() };
        self.codes.insert(code.clone(), made);
        back.query_pairs_mut().append_pair("code", &code);
        Ok(back.into())
    }

    /// Begins a device flow: device code, user code.
    pub(super) fn device(&mut self, fields: &Fields, user_code: String) -> Result<(String, String), Refused> {
        if fields.get("client_id").map(String::as_str) != Some(CLIENT_ID) {
            return Err(self.rules.bad_client.into());
        }
        let code = random(40);
        let (state, interval) = (DeviceState::Pending, self.interval);
        let device = Device { user_code: user_code.clone(), state, interval, asked_at: Some(Instant::now()) };
        self.devices.insert(code.clone(), device);
        self.given.push(code.clone());
        Ok((code, user_code))
    }

    fn set_device(&mut self, user_code: &str, state: DeviceState) {
        let found = self.devices.values_mut().find(|device| device.user_code == user_code);
        found.expect("somebody has this code").state = state;
    }

    pub(super) fn approve(&mut self, user_code: &str) {
        self.set_device(user_code, DeviceState::Approved);
    }

    pub(super) fn refuse(&mut self, user_code: &str) {
        self.set_device(user_code, DeviceState::Denied);
    }

    pub(super) fn expire(&mut self, user_code: &str) {
        self.set_device(user_code, DeviceState::Expired);
    }

    /// The token endpoint.
    pub(super) fn token(&mut self, fields: &Fields) -> Result<Pair, Refused> {
        let get = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        if get("client_id") != CLIENT_ID {
            return Err(self.rules.bad_client.into());
        }
        match get("grant_type") {
            DEVICE_GRANT => self.poll(get("device_code")),
            grant => {
                if get("client_secret") != CLIENT_SECRET {
                    return Err(self.rules.bad_client.into());
                }
                match grant {
                    "authorization_code" | "" => self.exchange(fields),
                    "refresh_token" => self.renew(fields),
                    _ => Err("unsupported_grant_type".into()),
                }
            }
        }
    }

    fn exchange(&mut self, fields: &Fields) -> Result<Pair, Refused> {
        let get = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        // Removed whatever comes of it: a code counts once.
        let code = self.codes.remove(get("code")).ok_or(self.rules.bad_code)?;
        let verifier = get("code_verifier");
        let challenge = BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref());
        let is_long_enough = (43..=128).contains(&verifier.len());
        if code.made_at.elapsed() > CODE_LIFE || !is_long_enough || challenge != code.challenge {
            return Err(self.rules.bad_code.into());
        }
        if get("redirect_uri") != code.redirect_uri {
            return Err("redirect_uri_mismatch".into());
        }
        Ok(self.give())
    }

    fn poll(&mut self, device_code: &str) -> Result<Pair, Refused> {
        self.polls += 1;
        let tells_interval = self.rules.tells_interval;
        let device = self.devices.get_mut(device_code).ok_or("incorrect_device_code")?;
        let is_hasty = device.asked_at.is_some_and(|at| at.elapsed() < device.interval);
        device.asked_at = Some(Instant::now());
        match device.state {
            DeviceState::Expired => Err("expired_token".into()),
            DeviceState::Denied => Err("access_denied".into()),
            _ if is_hasty => {
                device.interval += Duration::from_secs(5);
                let interval = tells_interval.then_some(device.interval.as_secs());
                Err(Refused { error: "slow_down", interval })
            }
            DeviceState::Pending => Err("authorization_pending".into()),
            DeviceState::Approved => {
                self.devices.remove(device_code);
                Ok(self.give())
            }
        }
    }

    fn renew(&mut self, fields: &Fields) -> Result<Pair, Refused> {
        let get = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        if self.rules.refresh_names_redirect && get("redirect_uri") != self.redirect_uri {
            return Err(self.rules.bad_refresh.into());
        }
        // The pair before is worth nothing from this moment on.
        let access = self.refreshable.remove(get("refresh_token")).ok_or(self.rules.bad_refresh)?;
        self.dead.push(access);
        self.renewals += 1;
        Ok(self.give())
    }

    /// A new pair.
    fn give(&mut self) -> Pair {
        let access = format!("{}{}", self.rules.prefix, random(36));
        let refresh = self.rules.refreshes.then(|| format!("ghr_{}", random(60)));
        self.given.push(access.clone());
        if let Some(refresh) = &refresh {
            self.refreshable.insert(refresh.clone(), access.clone());
            self.given.push(refresh.clone());
        }
        Pair { access, refresh }
    }

    /// Nobody's access is renewed any more.
    pub(super) fn forget_refresh_tokens(&mut self) {
        self.refreshable.clear();
    }

    pub(super) fn revoke(&mut self, token: &str) {
        self.dead.push(token.to_owned());
    }
}
