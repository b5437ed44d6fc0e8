//! Who the agent is: a private key and the certificate that names its sandbox.
//!
//! Both are kept on disk only when the agent is root, in a directory that builds (which then run as
//! another user) cannot read. Otherwise they live in memory, and a restarted agent needs a new token.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use data_encoding::HEXLOWER;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use serde::{Deserialize, Serialize};
use slipway_proto::crash;
use slipway_proto::v1::IssuedCertificate;

use super::backoff::random_fraction;
use crate::clock::now_unix_ms;

const IDENTITY_FILE: &str = "identity.json";
/// The key of an enrolment under way: a repeated request must come with the same one.
const ENROLLING_KEY_FILE: &str = "enrolling.key";

/// A key with its certificate. Has no `Debug`: the key is a secret.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// Which sandbox this is.
    pub(crate) sandbox_id: String,
    #[serde(with = "hex")]
    pub(super) key_der: Vec<u8>,
    #[serde(with = "hex_list")]
    pub(super) chain_der: Vec<Vec<u8>>,
    #[serde(with = "hex_list")]
    pub(super) ca_bundle_der: Vec<Vec<u8>>,
    /// The token it came from, to know a used one from a new one.
    #[serde(with = "hex")]
    token_sha256: Vec<u8>,
    /// By our own clock: the life the server granted, counted from when we received it.
    expires_at_unix_ms: i64,
    renew_at_unix_ms: i64,
}

impl Identity {
    /// From what the server answered.
    pub(super) fn new(
        sandbox_id: String,
        key: &KeyPair,
        issued: IssuedCertificate,
        token_sha256: Vec<u8>,
    ) -> anyhow::Result<Self> {
        anyhow::ensure!(
            !issued.chain_der.is_empty() && !issued.ca_bundle_der.is_empty(),
            "the control plane answered without a certificate"
        );
        let life_ms = (issued.not_after_unix_seconds - issued.server_time_unix_seconds).max(0).saturating_mul(1000);
        let now = now_unix_ms();
        Ok(Self {
            sandbox_id,
            token_sha256,
            key_der: key.serialize_der(),
            chain_der: issued.chain_der,
            ca_bundle_der: issued.ca_bundle_der,
            expires_at_unix_ms: now.saturating_add(life_ms),
            renew_at_unix_ms: now.saturating_add(renewal_delay_ms(life_ms)),
        })
    }

    /// How long until it is time for the next certificate.
    pub(super) fn due_in(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.renew_at_unix_ms.saturating_sub(now_unix_ms())).unwrap_or(0))
    }

    /// Proves that we hold the key: ECDSA over P-256 with SHA-256, ASN.1.
    pub(super) fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.key_der, &random);
        let signature = key.map_err(|_| anyhow!("the stored key is damaged"))?.sign(&random, message);
        Ok(signature.map_err(|_| anyhow!("the system gives no random bytes"))?.as_ref().to_vec())
    }

    /// Whether the certificate has ended.
    pub(super) fn is_expired(&self) -> bool {
        now_unix_ms() >= self.expires_at_unix_ms
    }

    /// Seconds until the certificate ends.
    pub(super) fn seconds_left(&self) -> i64 {
        (self.expires_at_unix_ms - now_unix_ms()) / 1000
    }

    /// The same sandbox with the next certificate.
    pub(super) fn renewed(&self, key: &KeyPair, issued: IssuedCertificate) -> anyhow::Result<Self> {
        Self::new(self.sandbox_id.clone(), key, issued, self.token_sha256.clone())
    }

    /// Whether this token has become this identity already.
    pub(crate) fn is_from(&self, token_sha256: &[u8]) -> bool {
        self.token_sha256 == token_sha256
    }
}

/// Half the life, give or take ten percent.
fn renewal_delay_ms(life_ms: i64) -> i64 {
    let life = Duration::from_millis(life_ms.unsigned_abs());
    i64::try_from(life.mul_f64(0.45 + 0.1 * random_fraction()).as_millis()).unwrap_or(life_ms)
}

/// The identity in use. Shared by the session, which renews it, and uploads.
#[derive(Clone)]
pub(crate) struct CurrentIdentity(Arc<Mutex<Arc<Identity>>>);

impl CurrentIdentity {
    /// Begins with this one.
    pub(crate) fn new(identity: Identity) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(identity))))
    }

    /// The one to connect with now.
    pub(crate) fn get(&self) -> Arc<Identity> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections made from now on use the new one.
    pub(super) fn replace(&self, identity: Identity) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(identity);
    }
}

/// A fresh key. Never leaves this process but for the root-only directory.
pub(super) fn new_key() -> anyhow::Result<KeyPair> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).context("no key could be made")
}

/// A request that names nothing: the server decides what the certificate says.
pub(super) fn signing_request(key: &KeyPair) -> anyhow::Result<Vec<u8>> {
    let mut parameters = CertificateParams::new(Vec::new())?;
    parameters.distinguished_name = DistinguishedName::new();
    Ok(parameters.serialize_request(key).context("no signing request could be made")?.der().to_vec())
}

/// Where the identity survives a restart, if anywhere.
pub(crate) struct IdentityStore(Option<PathBuf>);

impl IdentityStore {
    /// Keeps it under `state_dir` when the agent is root, else only in memory.
    pub(crate) fn open(state_dir: &Path) -> io::Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Ok(Self(None));
        }
        let directory = state_dir.join("identity");
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        Ok(Self(Some(directory)))
    }

    /// The stored identity, expired or not. A damaged one counts as none.
    pub(crate) fn load(&self) -> Option<Identity> {
        let text = fs::read(self.0.as_ref()?.join(IDENTITY_FILE)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Replaces the stored identity in one step.
    pub(super) fn save(&self, identity: &Identity) -> io::Result<()> {
        self.write(IDENTITY_FILE, &serde_json::to_vec(identity)?)?;
        self.remove(ENROLLING_KEY_FILE);
        Ok(())
    }

    /// The key to enrol with: the one of an attempt that broke off, or a new one, stored before it is used.
    pub(super) fn enrolling_key(&self) -> anyhow::Result<KeyPair> {
        let stored = self.0.as_ref().and_then(|directory| fs::read_to_string(directory.join(ENROLLING_KEY_FILE)).ok());
        if let Some(key) = stored.and_then(|text| KeyPair::from_pem(&text).ok()) {
            return Ok(key);
        }
        let key = new_key()?;
        self.write(ENROLLING_KEY_FILE, key.serialize_pem().as_bytes()).context("the key cannot be stored")?;
        Ok(key)
    }

    /// Removes the stored identity, if there is one.
    pub(super) fn forget_identity(&self) -> io::Result<()> {
        let Some(directory) = &self.0 else { return Ok(()) };
        match fs::remove_file(directory.join(IDENTITY_FILE)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Forgets everything: the sandbox was revoked.
    pub(crate) fn erase(&self) {
        self.remove(IDENTITY_FILE);
        self.remove(ENROLLING_KEY_FILE);
    }

    fn remove(&self, name: &str) {
        if let Some(directory) = &self.0 {
            let _ = fs::remove_file(directory.join(name)); // most often it is not there
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let Some(directory) = &self.0 else { return Ok(()) };
        let (path, fresh) = (directory.join(name), directory.join(format!("{name}.new")));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        crash::point(format_args!("before {name} is replaced"));
        fs::rename(&fresh, &path)?;
        crash::point(format_args!("after {name} is replaced"));
        Ok(())
    }
}

mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::HEXLOWER.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        super::HEXLOWER.decode(String::deserialize(deserializer)?.as_bytes()).map_err(D::Error::custom)
    }
}

mod hex_list {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|bytes| super::HEXLOWER.encode(bytes)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Vec<u8>>, D::Error> {
        let list = Vec::<String>::deserialize(deserializer)?;
        list.iter().map(|text| super::HEXLOWER.decode(text.as_bytes()).map_err(D::Error::custom)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(life_seconds: i64) -> Identity {
        let issued = IssuedCertificate {
            chain_der: vec![vec![1], vec![2]],
            ca_bundle_der: vec![vec![2]],
            not_after_unix_seconds: 1_000 + life_seconds,
            server_time_unix_seconds: 1_000,
        };
        Identity::new("sandbox".to_owned(), &new_key().unwrap(), issued, vec![7]).unwrap()
    }

    #[test]
    fn an_identity_survives_on_disk() {
        let directory = tempfile::tempdir().unwrap();
        let store = IdentityStore(Some(directory.path().to_owned()));
        assert!(store.load().is_none());
        let key = store.enrolling_key().unwrap().serialize_der();
        assert_eq!(store.enrolling_key().unwrap().serialize_der(), key, "a repeated request has the same key");
        store.save(&identity(3600)).unwrap();
        let stored = store.load().unwrap();
        assert_eq!(stored.chain_der, [[1], [2]]);
        assert!(stored.is_from(&[7]) && !stored.is_expired());
        assert_ne!(store.enrolling_key().unwrap().serialize_der(), key);
        store.save(&identity(0)).unwrap();
        assert!(store.load().unwrap().is_expired());
        store.forget_identity().unwrap();
        store.forget_identity().unwrap();
        assert!(store.load().is_none());
        store.save(&identity(3600)).unwrap();
        store.erase();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn renewal_is_near_half_life() {
        for _ in 0..100 {
            let delay = renewal_delay_ms(3_600_000);
            assert!((1_620_000..=1_980_000).contains(&delay), "{delay}");
        }
        assert!(!identity(3600).due_in().is_zero());
        assert!(identity(0).due_in().is_zero());
    }
}
