//! The certificate authority: a root that agents trust, and the intermediate it has certified, which signs
//! agents' certificates and the gateway's own.
//!
//! The intermediate is replaced while everything runs ([`Authority::maintain`]): the next one is prepared
//! when half of its life is over, and signs from five sixths on, when what the former signed last still has
//! days to go. Agents trust the root alone and are shown intermediates in each handshake, so they need not be
//! told. Keys lie in the database, sealed by the vault.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use rcgen::{Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::profile::{self, Life};
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::{Clock, Timestamp};
use crate::ids::{AuthorityId, SandboxId};
use crate::secrets::{Record, Vault, sha256};
use crate::store::{AgentCertificate, AuthorityKind, AuthorityRow, Store};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// At half of it the root is certified anew, with the same key and name.
const ROOT_LIFE: Duration = Duration::from_secs(5 * 365 * 24 * 60 * 60);
const INTERMEDIATE_LIFE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Of an intermediate's life, before the next one is made.
const PREPARE_AFTER: Duration = Duration::from_secs(15 * 24 * 60 * 60);
/// Of an intermediate's life, before the next one signs.
const ACTIVATE_AFTER: Duration = Duration::from_secs(25 * 24 * 60 * 60);
/// Of the gateway's certificate, which is replaced at half of it.
const SERVER_LIFE: Duration = Duration::from_secs(10 * 24 * 60 * 60);
const TABLE: &str = "certificate_authorities";

/// The authority, ready to sign.
pub struct Authority {
    store: Store,
    vault: Vault,
    clock: Clock,
    current: RwLock<Arc<Current>>,
}

/// Everything that a rollover replaces.
struct Current {
    /// Newest first. All have one name and one key.
    roots: Vec<CertificateDer<'static>>,
    /// Those that have not ended.
    intermediates: Vec<CertificateDer<'static>>,
    signer: Signer,
    server: Arc<ServerCertificate>,
}

/// The intermediate that signs now.
struct Signer {
    id: AuthorityId,
    issuer: Issuer<'static, KeyPair>,
    not_after: Timestamp,
}

/// What the gateway shows of itself.
pub struct ServerCertificate {
    /// Leaf, intermediate, roots: who knows only the root's fingerprint finds it here.
    pub chain: Vec<CertificateDer<'static>>,
    /// The leaf's key.
    pub key: PrivateKeyDer<'static>,
    renew_at: Timestamp,
}

/// A certificate made for an agent.
pub struct Issued {
    /// For the database.
    pub record: AgentCertificate,
    /// SHA-256 of the public key it certifies.
    pub key_sha256: [u8; 32],
}

impl Authority {
    /// Opens the stored authority, or makes one on the first start.
    pub async fn load_or_create(store: &Store, vault: &Vault, clock: Clock) -> anyhow::Result<Self> {
        let now = clock.now();
        ensure(store, vault, now).await?;
        let current = RwLock::new(Arc::new(Current::load(store, vault, now).await?));
        Ok(Self { store: store.clone(), vault: vault.clone(), clock, current })
    }

    /// Makes what is due, and goes over to what another process made. Whether the gateway has a new
    /// certificate to show.
    pub async fn maintain(&self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        ensure(&self.store, &self.vault, now).await?;
        let rows = self.store.authorities().await?;
        let is_current = {
            let current = self.current();
            signing_at(&rows, now).is_some_and(|row| row.id == current.signer.id) && now < current.server.renew_at
        };
        if is_current {
            return Ok(false);
        }
        let next = Current::load(&self.store, &self.vault, now).await?;
        tracing::info!(authority.id = %next.signer.id, "the gateway has a new certificate");
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
        Ok(true)
    }

    /// Makes a new intermediate that signs at once. A control plane that runs goes over to it within
    /// [`MAINTAIN_INTERVAL`](super::MAINTAIN_INTERVAL).
    pub async fn rotate(store: &Store, vault: &Vault, now: Timestamp, actor: Actor) -> anyhow::Result<AuthorityId> {
        ensure(store, vault, now).await?;
        let rows = store.authorities().await?;
        let made = make_intermediate(vault, &rows, now, now).await?;
        let id = made.id;
        insert(store, &rows, made, Some(actor), now).await?;
        Ok(id)
    }

    /// What agents must trust.
    pub fn roots(&self) -> Vec<CertificateDer<'static>> {
        self.current().roots.clone()
    }

    /// SHA-256 of the root's certificate: the pin in every enrolment token.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.current().roots.first().map(|root| sha256(root)).unwrap_or_default()
    }

    /// What the gateway shows of itself now.
    pub fn server(&self) -> Arc<ServerCertificate> {
        self.current().server.clone()
    }

    /// Certifies the public key of `csr_der` for a sandbox, for `life` or until the intermediate ends. It
    /// begins a lineage, unless it comes by renewal. Nothing else of the request counts.
    ///
    /// # Errors
    /// When the request is malformed or not signed with its own key.
    pub fn issue_agent(
        &self,
        sandbox: SandboxId,
        csr_der: &[u8],
        life: Duration,
        lineage: Option<&[u8]>,
    ) -> anyhow::Result<Issued> {
        let current = self.current();
        let now = self.clock.now();
        // Certificates know whole seconds, and the database must not believe one for longer than TLS does.
        let ends = now.plus(life).min(current.signer.not_after).whole_seconds();
        let leaf = profile::agent(sandbox, csr_der, &current.signer.issuer, Life { begins: now, ends })?;
        let record = AgentCertificate {
            sandbox_id: sandbox,
            lineage: lineage.unwrap_or(&leaf.serial).to_vec(),
            serial: leaf.serial,
            leaf_der: leaf.der,
            not_after: ends,
            first_used_at: None,
            superseded_at: None,
            revoked_at: None,
        };
        Ok(Issued { record, key_sha256: leaf.key_sha256 })
    }

    /// The certificate with the intermediate that signed it.
    pub fn chain_of(&self, leaf_der: &[u8]) -> Vec<Vec<u8>> {
        let current = self.current();
        let issuer = current.intermediates.iter().find(|issuer| profile::names_as_issuer(leaf_der, issuer));
        std::iter::once(leaf_der.to_vec()).chain(issuer.map(|issuer| issuer.to_vec())).collect()
    }

    fn current(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Current {
    async fn load(store: &Store, vault: &Vault, now: Timestamp) -> anyhow::Result<Self> {
        let rows = store.authorities().await?;
        let signing = signing_at(&rows, now).context("there is no certificate authority")?;
        let signer = Signer { id: signing.id, issuer: issuer(vault, signing).await?, not_after: signing.not_after };
        let valid = |kind| {
            let rows = rows.iter().filter(move |row| row.kind == kind && row.not_after > now);
            rows.map(|row| CertificateDer::from(row.certificate_der.clone())).collect::<Vec<_>>()
        };
        let (roots, intermediates) = (valid(AuthorityKind::Root), valid(AuthorityKind::Intermediate));

        let key = KeyPair::generate()?;
        let ends = now.plus(SERVER_LIFE).min(signer.not_after);
        let leaf = profile::gateway(&key, &signer.issuer, Life { begins: now, ends })?;
        let signed_by = CertificateDer::from(signing.certificate_der.clone());
        let chain = [leaf, signed_by].into_iter().chain(roots.iter().cloned()).collect();
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let server = Arc::new(ServerCertificate { chain, key, renew_at: now.plus(ends.since(now) / 2) });
        Ok(Self { roots, intermediates, signer, server })
    }
}

/// The intermediate that signs at this time: of those that have begun to, the last.
fn signing_at(rows: &[AuthorityRow], now: Timestamp) -> Option<&AuthorityRow> {
    let begun =
        |row: &&AuthorityRow| row.kind == AuthorityKind::Intermediate && row.active_from <= now && row.not_after > now;
    rows.iter().filter(begun).max_by_key(|row| row.active_from)
}

fn root_of(rows: &[AuthorityRow]) -> Option<&AuthorityRow> {
    rows.iter().find(|row| row.kind == AuthorityKind::Root)
}

/// Makes the root and the intermediate that are missing or due.
async fn ensure(store: &Store, vault: &Vault, now: Timestamp) -> anyhow::Result<()> {
    let rows = store.authorities().await?;
    let is_good = |root: &AuthorityRow| {
        let half = root.not_after.since(root.created_at) / 2;
        now < root.created_at.plus(half) && profile::may_certify_authorities(&root.certificate_der)
    };
    if !root_of(&rows).is_some_and(is_good) {
        let actor = root_of(&rows).map(|_| Actor::system());
        insert(store, &rows, make_root(vault, &rows, now).await?, actor, now).await?;
    }
    let rows = store.authorities().await?;
    if let Some(active_from) = next_active_from(&rows, now) {
        let is_first = !rows.iter().any(|row| row.kind == AuthorityKind::Intermediate);
        let actor = (!is_first).then(Actor::system);
        insert(store, &rows, make_intermediate(vault, &rows, active_from, now).await?, actor, now).await?;
    }
    Ok(())
}

/// When the next intermediate is to sign, if it is time to make it.
fn next_active_from(rows: &[AuthorityRow], now: Timestamp) -> Option<Timestamp> {
    let Some(signing) = signing_at(rows, now) else { return Some(now) };
    let is_prepared =
        rows.iter().any(|row| row.kind == AuthorityKind::Intermediate && row.active_from > signing.active_from);
    let is_time = now >= signing.active_from.plus(PREPARE_AFTER);
    (is_time && !is_prepared).then(|| signing.active_from.plus(ACTIVATE_AFTER).max(now))
}

/// A root. The one there is keeps its name and key, so that whoever trusts it trusts the new one.
async fn make_root(vault: &Vault, rows: &[AuthorityRow], now: Timestamp) -> anyhow::Result<AuthorityRow> {
    let id = AuthorityId::new();
    let (name, key) = match root_of(rows) {
        Some(root) => {
            let name = profile::name_of(&root.certificate_der).context("the stored authority is damaged")?;
            (name, key_of(vault, root).await?)
        }
        None => (format!("Slipway agents {id}"), KeyPair::generate()?),
    };
    let life = Life { begins: now, ends: now.plus(ROOT_LIFE) };
    seal(vault, id, AuthorityKind::Root, profile::root(&name, &key, life)?, &key, life).await
}

async fn make_intermediate(
    vault: &Vault,
    rows: &[AuthorityRow],
    active_from: Timestamp,
    now: Timestamp,
) -> anyhow::Result<AuthorityRow> {
    let (id, key) = (AuthorityId::new(), KeyPair::generate()?);
    let root = root_of(rows).context("there is no root authority")?;
    let ends = active_from.plus(INTERMEDIATE_LIFE).min(root.not_after);
    let name = format!("Slipway agents, intermediate {id}");
    let life = Life { begins: now, ends };
    let certificate = profile::intermediate(&name, &key, &issuer(vault, root).await?, life)?;
    let life = Life { begins: active_from, ends };
    let row = seal(vault, id, AuthorityKind::Intermediate, certificate, &key, life).await?;
    Ok(AuthorityRow { created_at: now, ..row })
}

async fn seal(
    vault: &Vault,
    id: AuthorityId,
    kind: AuthorityKind,
    certificate: CertificateDer<'_>,
    key: &KeyPair,
    life: Life,
) -> anyhow::Result<AuthorityRow> {
    Ok(AuthorityRow {
        id,
        kind,
        certificate_der: certificate.to_vec(),
        sealed_key: vault.seal(Record::of_installation(TABLE, id.as_bytes()), key.serialized_der()).await?,
        created_at: life.begins,
        active_from: life.begins,
        not_after: life.ends,
    })
}

/// Stores a new authority, unless another process was faster.
async fn insert(
    store: &Store,
    seen: &[AuthorityRow],
    made: AuthorityRow,
    actor: Option<Actor>,
    now: Timestamp,
) -> anyhow::Result<()> {
    let mut tx = store.begin().await?;
    if tx.authorities().await?.first().map(|row| row.id) != seen.first().map(|row| row.id) {
        return Ok(());
    }
    // Kept a day beyond their end, as an agent's last certificate may be.
    tx.forget_authorities(now.minus(DAY)).await?;
    tx.insert_authority(&made).await?;
    // The first ones are made with the installation; from then on it is a change.
    if let Some(actor) = actor {
        let facts = Facts::about("authority", made.id.as_uuid());
        let kind = if made.kind == AuthorityKind::Root { "root" } else { "intermediate" };
        let facts = facts.with("kind", kind).with("active_from", made.active_from.to_string());
        tx.record(&Entry::done(Action::AuthorityRotate, actor, facts, now)).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn issuer(vault: &Vault, row: &AuthorityRow) -> anyhow::Result<Issuer<'static, KeyPair>> {
    let certificate = CertificateDer::from(row.certificate_der.clone());
    Issuer::from_ca_cert_der(&certificate, key_of(vault, row).await?).context("the stored authority is damaged")
}

async fn key_of(vault: &Vault, row: &AuthorityRow) -> anyhow::Result<KeyPair> {
    let record = Record::of_installation(TABLE, row.id.as_bytes());
    Ok(KeyPair::try_from(vault.open(record, &row.sealed_key).await?.as_slice())?)
}

#[cfg(test)]
mod tests;
