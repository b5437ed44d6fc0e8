//! What agents and the gateway are given, and that a rollover of either authority breaks nobody's trust.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyUsagePurpose, SanType};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use slipway_proto::{ENROLL_SERVER_NAME, limits};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;
use crate::identity::{AgentVerifier, SandboxIdentity};

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const HOUR: Duration = Duration::from_secs(3_600);

struct Installation {
    store: Store,
    vault: Vault,
    clock: Clock,
}

impl Installation {
    async fn new() -> Self {
        let store = crate::store::in_memory().await;
        let vault = crate::secrets::vault_over(&store).await;
        Self { store, vault, clock: Clock::manual(START) }
    }

    async fn authority(&self) -> Authority {
        Authority::load_or_create(&self.store, &self.vault, self.clock.clone()).await.expect("authority")
    }

    async fn count(&self, kind: AuthorityKind) -> usize {
        self.store.authorities().await.expect("reads").iter().filter(|row| row.kind == kind).count()
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn csr() -> Vec<u8> {
    CertificateParams::default().serialize_request(&KeyPair::generate().expect("key")).expect("request").der().to_vec()
}

fn at(time: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(time.as_seconds().unsigned_abs()))
}

/// As an agent does it that trusts `root`, at a time by the agent's clock.
fn agent_trusts(root: &CertificateDer<'static>, chain: &[CertificateDer<'static>], time: Timestamp) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).expect("is a certificate");
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().expect("builds");
    let name = ServerName::try_from(ENROLL_SERVER_NAME).expect("is a name");
    verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], at(time)).is_ok()
}

/// As the gateway does it.
fn gateway_trusts(authority: &Authority, chain: &[Vec<u8>], clock: &Clock) -> bool {
    let verifier = AgentVerifier::new(authority.roots(), provider(), clock.clone()).expect("builds");
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    verifier.verify_client_cert(&chain[0], &chain[1..], UnixTime::now()).is_ok()
}

#[tokio::test]
async fn an_agents_certificate_says_what_we_say_whatever_it_asked_for() {
    let authority = Installation::new().await.authority().await;
    let key = KeyPair::generate().expect("key");
    let mut wish = CertificateParams::new(vec!["evil.example".to_owned()]).expect("params");
    wish.distinguished_name.push(DnType::CommonName, "root");
    wish.subject_alt_names.push(SanType::URI("spiffe://slipway.internal/sandbox/x".try_into().expect("ascii")));
    let csr = wish.serialize_request(&key).expect("request");

    let sandbox = SandboxId::new();
    let issued = authority.issue_agent(sandbox, csr.der(), HOUR, None).expect("issued");
    let identity = SandboxIdentity::from_certificate(&issued.record.leaf_der).expect("one identity");
    assert_eq!(identity.sandbox_id, sandbox);
    assert_eq!(identity.serial, issued.record.serial);
    assert_eq!(identity.not_after, START.plus(HOUR));

    let (_, certificate) = X509Certificate::from_der(&issued.record.leaf_der).expect("parses");
    assert_eq!(certificate.subject().iter().count(), 0);
    let names = certificate.subject_alternative_name().expect("well-formed").expect("present");
    assert!(names.critical, "an empty subject makes the names critical (RFC 5280, 4.2.1.6)");
    assert_eq!(names.value.general_names.len(), 1);
    assert!(!certificate.is_ca());
    let usage = certificate.extended_key_usage().expect("well-formed").expect("present").value;
    assert!(usage.client_auth && !usage.server_auth);
}

#[tokio::test]
async fn a_request_that_is_not_signed_with_its_key_is_refused() {
    let authority = Installation::new().await.authority().await;
    let mut der = csr();
    let last = der.len() - 1;
    der[last] ^= 1;
    assert!(authority.issue_agent(SandboxId::new(), &der, HOUR, None).is_err());
    assert!(authority.issue_agent(SandboxId::new(), &[0; limits::CSR_BYTES + 1], HOUR, None).is_err());
}

#[tokio::test]
async fn a_server_certificate_is_no_agent() {
    let authority = Installation::new().await.authority().await;
    assert!(SandboxIdentity::from_certificate(&authority.server().chain[0]).is_err());
}

#[tokio::test]
async fn clocks_that_are_five_minutes_off_do_no_harm() {
    let installation = Installation::new().await;
    let authority = installation.authority().await;
    let five_minutes = Duration::from_secs(300);
    let (root, chain) = (authority.roots().remove(0), &authority.server().chain);
    for time in [START.minus(five_minutes), START, START.plus(five_minutes)] {
        assert!(agent_trusts(&root, chain, time), "at {time}");
    }
    // The other way round only our clock counts, also when it was set back since.
    let issued = authority.issue_agent(SandboxId::new(), &csr(), HOUR, None).expect("issued");
    let chain = authority.chain_of(&issued.record.leaf_der);
    for time in [START.minus(five_minutes), START.plus(2 * HOUR)] {
        assert!(gateway_trusts(&authority, &chain, &Clock::manual(time)), "whether it has ended is said later");
    }
}

#[tokio::test]
async fn an_intermediate_gives_way_to_the_next_one_while_everything_runs() {
    let installation = Installation::new().await;
    let authority = installation.authority().await;
    let root = authority.roots().remove(0);
    let first = authority.issue_agent(SandboxId::new(), &csr(), 24 * HOUR, None).expect("issued").record.leaf_der;
    let issuer_of = |leaf: &[u8]| authority.chain_of(leaf).get(1).cloned();
    let first_issuer = issuer_of(&first).expect("comes with its intermediate");

    installation.clock.advance(14 * DAY);
    authority.maintain().await.expect("maintains");
    assert_eq!(installation.count(AuthorityKind::Intermediate).await, 1);
    installation.clock.advance(2 * DAY);
    authority.maintain().await.expect("maintains");
    assert_eq!(installation.count(AuthorityKind::Intermediate).await, 2, "the next one is prepared");
    let last = authority.issue_agent(SandboxId::new(), &csr(), 24 * HOUR, None).expect("issued").record.leaf_der;
    assert_eq!(issuer_of(&last), Some(first_issuer.clone()), "and does not sign yet");

    installation.clock.advance(9 * DAY);
    assert!(authority.maintain().await.expect("maintains"), "the gateway shows another certificate");
    assert!(!authority.maintain().await.expect("maintains"), "once");
    let next = authority.issue_agent(SandboxId::new(), &csr(), 24 * HOUR, None).expect("issued").record.leaf_der;
    assert_ne!(issuer_of(&next), Some(first_issuer));
    let now = installation.clock.now();
    assert!(agent_trusts(&root, &authority.server().chain, now), "agents need not be told");
    for leaf in [&last, &next] {
        assert!(gateway_trusts(&authority, &authority.chain_of(leaf), &installation.clock));
    }
    assert_eq!(authority.fingerprint(), sha256(&root), "tokens that are out stay good");
    let rows = installation.store.audit_words().await;
    assert_eq!(rows, ["authority.rotate"], "the first one is part of the installation");

    // Another control plane over the same database signs with the same one.
    let other = installation.authority().await;
    assert_eq!(other.current().signer.id, authority.current().signer.id);
}

#[tokio::test]
async fn a_server_that_was_off_for_months_has_an_intermediate_again() {
    let installation = Installation::new().await;
    let root = installation.authority().await.roots().remove(0);
    installation.clock.advance(100 * DAY);
    let authority = installation.authority().await;
    assert!(agent_trusts(&root, &authority.server().chain, installation.clock.now()));
    let issued = authority.issue_agent(SandboxId::new(), &csr(), HOUR, None).expect("issued");
    assert_eq!(issued.record.not_after, installation.clock.now().plus(HOUR));
}

#[tokio::test]
async fn the_gateways_own_certificate_is_renewed_before_it_ends() {
    let installation = Installation::new().await;
    let authority = installation.authority().await;
    let first = authority.server().chain[0].clone();
    installation.clock.advance(SERVER_LIFE / 2);
    assert!(authority.maintain().await.expect("maintains"));
    assert_ne!(authority.server().chain[0], first);
}

#[tokio::test]
async fn nothing_outlives_what_signed_it() {
    let installation = Installation::new().await;
    let authority = installation.authority().await;
    installation.clock.advance(29 * DAY + 20 * HOUR);
    // Nobody maintained it: it signs to its end, and no longer.
    let issued = authority.issue_agent(SandboxId::new(), &csr(), 24 * HOUR, None).expect("issued");
    assert_eq!(issued.record.not_after, START.plus(INTERMEDIATE_LIFE));
}

#[tokio::test]
async fn an_intermediate_made_by_hand_signs_at_once() {
    let installation = Installation::new().await;
    let authority = installation.authority().await;
    installation.clock.advance(HOUR);
    let now = installation.clock.now();
    let made = Authority::rotate(&installation.store, &installation.vault, now, Actor::command_line()).await;
    assert!(authority.maintain().await.expect("maintains"));
    assert_eq!(authority.current().signer.id, made.expect("rotates"));
    // The next one is due as long after it as after any other.
    installation.clock.advance(14 * DAY);
    authority.maintain().await.expect("maintains");
    assert_eq!(installation.count(AuthorityKind::Intermediate).await, 2);
}

#[tokio::test]
async fn an_authority_that_may_not_have_intermediates_is_certified_anew() {
    // As installations have it that are older than intermediates.
    let installation = Installation::new().await;
    let (id, key) = (AuthorityId::new(), KeyPair::generate().expect("key"));
    let mut old = CertificateParams::default();
    old.distinguished_name = rcgen::DistinguishedName::new();
    old.distinguished_name.push(DnType::CommonName, format!("Slipway agents {id}"));
    old.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    old.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    old.not_before = START.minus(DAY).to_datetime();
    old.not_after = START.plus(ROOT_LIFE).to_datetime();
    let old = old.self_signed(&key).expect("signs").der().clone();
    let life = Life { begins: START.minus(HOUR), ends: START.plus(ROOT_LIFE) };
    let row = seal(&installation.vault, id, AuthorityKind::Root, old.clone(), &key, life).await.expect("seals");
    let mut tx = installation.store.begin().await.expect("begins");
    tx.insert_authority(&row).await.expect("inserts");
    tx.commit().await.expect("commits");
    let old_issuer = Issuer::from_ca_cert_der(&old, key).expect("reads");
    let leaf_life = Life { begins: START, ends: START.plus(HOUR) };
    let old_leaf = profile::agent(SandboxId::new(), &csr(), &old_issuer, leaf_life).expect("issued").der;

    let authority = installation.authority().await;
    let roots = authority.roots();
    assert_eq!(roots.len(), 2);
    assert_eq!(authority.fingerprint(), sha256(&roots[0]));
    assert_ne!(roots[0], old);
    for root in [&roots[0], &old] {
        assert!(agent_trusts(root, &authority.server().chain, START), "who trusts either trusts the gateway");
    }
    // Tokens with the old fingerprint find that certificate in the chain.
    assert!(authority.server().chain.contains(&old));
    assert_eq!(authority.chain_of(&old_leaf), std::slice::from_ref(&old_leaf));
    assert!(gateway_trusts(&authority, &authority.chain_of(&old_leaf), &installation.clock));
    let words = installation.store.audit_words().await;
    assert_eq!(words, ["authority.rotate"], "the root; its first intermediate belongs to it");

    // Once is enough.
    installation.authority().await;
    assert_eq!(installation.count(AuthorityKind::Root).await, 2);
}
