//! The life of an identity, told by what an agent does and what it is answered.

use std::net::Ipv4Addr;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use slipway_proto::renewal_proof;
use slipway_proto::v1::RenewExpiredRequest;
use tonic::Code;

use super::super::renewal::Challenges;
use super::*;
use crate::secrets::sha256;

const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const LIFE: Duration = Duration::from_secs(60 * 60);
const MINUTE: Duration = Duration::from_secs(60);
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

struct Fixture {
    admission: Admission,
    challenges: Challenges,
    sandbox: SandboxId,
}

/// What an agent has of itself.
#[derive(Clone)]
struct Holder {
    key_der: Vec<u8>,
    certificate: AgentCertificate,
}

impl Holder {
    fn identity(&self) -> SandboxIdentity {
        SandboxIdentity::from_certificate(&self.certificate.leaf_der).expect("names a sandbox")
    }
}

fn key_and_csr() -> (KeyPair, Vec<u8>) {
    let key = KeyPair::generate().expect("key");
    let csr = CertificateParams::default().serialize_request(&key).expect("request").der().to_vec();
    (key, csr)
}

impl Fixture {
    async fn new() -> Self {
        let store = crate::store::in_memory().await;
        let vault = crate::secrets::vault_over(&store).await;
        let clock = Clock::manual(START);
        let authority = Authority::load_or_create(&store, &vault, clock.clone()).await.expect("authority");
        let mut tx = store.begin().await.expect("begins");
        let owner = tx.user_named("ada", START).await.expect("user").id;
        let sandbox = tx.insert_sandbox(owner, "s", std::collections::BTreeMap::new(), START).await;
        let sandbox = sandbox.expect("inserts").expect("is new").id;
        tx.commit().await.expect("commits");
        let settings = AgentSettings::default();
        let admission = Admission::new(store, Arc::new(authority), Arc::default(), settings, clock);
        Self { admission, challenges: Challenges::default(), sandbox }
    }

    fn pass(&self, time: Duration) {
        self.admission.clock.advance(time);
    }

    async fn enroll(&self) -> Holder {
        let (key, csr) = key_and_csr();
        let issued = self.admission.authority.issue_agent(self.sandbox, &csr, LIFE, None).expect("issues").record;
        let mut tx = self.admission.store.begin().await.expect("begins");
        tx.insert_certificate(&issued, self.admission.clock.now()).await.expect("inserts");
        tx.commit().await.expect("commits");
        Holder { key_der: key.serialize_der(), certificate: issued }
    }

    async fn connect(&self, holder: &Holder) -> Result<(), Refusal> {
        self.admission.admit(&holder.identity(), ADDRESS).await
    }

    async fn renew(&self, holder: &Holder) -> Result<Holder, Code> {
        let (key, csr) = key_and_csr();
        let next = self.admission.renew(&holder.identity(), &csr).await.map_err(|status| status.code())?;
        Ok(Holder { key_der: key.serialize_der(), certificate: next })
    }

    async fn renew_expired(&self, holder: &Holder) -> Result<Holder, Status> {
        self.renew_with_proof_by(holder, &holder.key_der).await
    }

    async fn renew_with_proof_by(&self, holder: &Holder, key_der: &[u8]) -> Result<Holder, Status> {
        let (key, csr_der) = key_and_csr();
        let nonce = self.challenges.nonce(self.admission.clock.now());
        let random = SystemRandom::new();
        let signer = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key_der, &random).expect("a key");
        let signature = signer.sign(&random, &renewal_proof(&nonce, &sha256(&csr_der))).expect("signs");
        let certificate_der = holder.certificate.leaf_der.clone();
        let signature = signature.as_ref().to_vec();
        let request = RenewExpiredRequest { certificate_der, csr_der, nonce, signature };
        let next = self.admission.renew_expired(&self.challenges, &request, None).await?;
        Ok(Holder { key_der: key.serialize_der(), certificate: next })
    }

    async fn state(&self) -> SandboxState {
        self.admission.store.sandbox(self.sandbox).await.expect("reads").expect("is there").state
    }

    async fn words(&self) -> Vec<String> {
        self.admission.store.audit_words().await
    }
}

#[tokio::test]
async fn the_former_certificate_is_good_until_the_next_one_is_used() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE / 2);
    let second = fixture.renew(&first).await.expect("renews");
    // The agent died before it used it, and its answer may have been lost.
    fixture.connect(&first).await.expect("nothing has changed");
    fixture.connect(&second).await.expect("the first use");
    // An upload that was being connected when that happened.
    fixture.pass(MINUTE / 2);
    fixture.connect(&first).await.expect("is an honest race");
    assert_eq!(fixture.admission.check_in_use(&first.identity()).await, Err(Refusal::Superseded));
    assert_eq!(fixture.renew(&first).await.err(), Some(Code::Aborted));
    fixture.admission.check_in_use(&second.identity()).await.expect("is the one in use");
    // What is open with the former one may go on: an upload takes as long as it takes.
    fixture.pass(5 * MINUTE);
    fixture.admission.check(&first.identity()).await.expect("its connection was admitted");
    assert_eq!(fixture.state().await, SandboxState::Active);
    assert!(fixture.words().await.is_empty(), "renewals are no rows");
}

#[tokio::test]
async fn lost_answers_are_harmless_and_the_last_one_counts() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE / 2);
    for _ in 0..3 {
        fixture.renew(&first).await.expect("its answer is lost");
    }
    let last = fixture.renew(&first).await.expect("renews");
    fixture.connect(&last).await.expect("is the pending one");
    fixture.pass(LIFE / 2);
    fixture.renew(&last).await.expect("and so on");
}

#[tokio::test]
async fn a_copy_that_comes_back_after_the_rotation_puts_both_out() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    let copy = first.clone();
    fixture.pass(LIFE / 2);
    let second = fixture.renew(&first).await.expect("renews");
    fixture.connect(&second).await.expect("the first use");
    fixture.pass(2 * MINUTE);
    assert_eq!(fixture.connect(&copy).await, Err(Refusal::Quarantined));
    assert_eq!(fixture.state().await, SandboxState::Quarantined);
    assert_eq!(fixture.connect(&second).await, Err(Refusal::Quarantined), "nobody can tell which one is right");
    assert_eq!(fixture.connect(&copy).await, Err(Refusal::Quarantined));
    assert_eq!(fixture.words().await, ["agent.clone_detected"], "once");

    // Lifted: what was revoked stays revoked, and a new enrolment works.
    let mut tx = fixture.admission.store.begin().await.expect("begins");
    tx.set_sandbox_state(fixture.sandbox, SandboxState::Active).await.expect("sets");
    tx.commit().await.expect("commits");
    assert_eq!(fixture.connect(&second).await, Err(Refusal::Revoked));
    assert_eq!(fixture.connect(&copy).await, Err(Refusal::Revoked));
    fixture.connect(&fixture.enroll().await).await.expect("a new token makes a new identity");
    assert_eq!(fixture.state().await, SandboxState::Active);
}

#[tokio::test]
async fn two_that_renew_one_certificate_are_found_out_by_the_answer_that_was_replaced() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE / 2);
    let (ours, theirs) = (fixture.renew(&first).await.expect("renews"), fixture.renew(&first).await.expect("renews"));
    fixture.connect(&theirs).await.expect("is the pending one");
    fixture.pass(2 * MINUTE);
    assert_eq!(fixture.connect(&ours).await, Err(Refusal::Quarantined));
}

#[tokio::test]
async fn an_expired_certificate_is_renewed_by_its_key_for_a_day() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE);
    assert_eq!(fixture.connect(&first).await, Err(Refusal::Expired));
    let (other, _) = key_and_csr();
    let stranger = fixture.renew_with_proof_by(&first, &other.serialize_der()).await;
    assert_eq!(stranger.err().expect("is no proof").code(), Code::Unauthenticated);

    fixture.pass(23 * LIFE);
    let second = fixture.renew_expired(&first).await.expect("within the day");
    fixture.connect(&second).await.expect("the first use");
    // Its answer was not lost, so asking again with the first is somebody else.
    assert_eq!(fixture.renew_expired(&first).await.err().expect("is refused").code(), Code::PermissionDenied);
    assert_eq!(fixture.state().await, SandboxState::Quarantined);
}

#[tokio::test]
async fn an_answer_that_was_stored_and_never_used_is_as_good_as_one_in_use() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE / 2);
    let second = fixture.renew(&first).await.expect("renews, and the sandbox is paused");
    fixture.pass(2 * LIFE);
    let third = fixture.renew_expired(&second).await.expect("is the newest");
    fixture.connect(&third).await.expect("the first use");
    assert_eq!(fixture.state().await, SandboxState::Active);
}

#[tokio::test]
async fn an_expired_certificate_whose_renewal_was_lost_is_still_the_newest() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE / 2);
    fixture.renew(&first).await.expect("the answer is lost");
    fixture.pass(LIFE);
    let second = fixture.renew_expired(&first).await.expect("is the newest that was used");
    fixture.connect(&second).await.expect("the first use");
}

#[tokio::test]
async fn after_the_day_and_when_revoked_a_new_token_is_needed() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    fixture.pass(LIFE + AgentSettings::default().expired_renewal);
    let refused = fixture.renew_expired(&first).await.err().expect("is too late");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("for 24 hours only"), "{refused}");

    let second = fixture.enroll().await;
    fixture.connect(&second).await.expect("the first use");
    let mut tx = fixture.admission.store.begin().await.expect("begins");
    assert!(tx.revoke_certificate(&second.certificate.serial, START).await.expect("revokes"));
    tx.commit().await.expect("commits");
    assert_eq!(fixture.connect(&second).await, Err(Refusal::Revoked));
    fixture.pass(LIFE);
    let refused = fixture.renew_expired(&second).await.err().expect("is revoked");
    assert!(refused.message().starts_with("revoked"), "{refused}");
    assert_eq!(fixture.state().await, SandboxState::Active);
}

#[tokio::test]
async fn another_enrolment_takes_the_place_of_the_former_without_an_alarm() {
    let fixture = Fixture::new().await;
    let former = fixture.enroll().await;
    fixture.connect(&former).await.expect("the first use");
    let next = fixture.enroll().await;
    fixture.connect(&former).await.expect("a token that was not used yet changes nothing");
    fixture.connect(&next).await.expect("the first use");
    assert_eq!(fixture.connect(&former).await, Err(Refusal::Revoked));
    fixture.pass(2 * MINUTE);
    assert_eq!(fixture.connect(&former).await, Err(Refusal::Revoked));
    assert_eq!(fixture.state().await, SandboxState::Active);
    assert_eq!(fixture.words().await, ["agent.revoke"]);
}

#[tokio::test]
async fn renewing_has_a_pace() {
    let fixture = Fixture::new().await;
    let first = fixture.enroll().await;
    fixture.connect(&first).await.expect("the first use");
    assert_eq!(fixture.renew(&first).await.err(), Some(Code::ResourceExhausted));
    fixture.pass(LIFE / 10);
    fixture.renew(&first).await.expect("is old enough");
}

#[tokio::test]
async fn agents_that_take_turns_are_put_out() {
    let fixture = Fixture::new().await;
    let holder = fixture.enroll().await;
    fixture.connect(&holder).await.expect("the first use");
    let identity = holder.identity();
    for boot_id in [[1], [2], [1], [2]] {
        fixture.admission.check_rivals(&identity, &boot_id).await.expect("may be a restart");
    }
    assert_eq!(fixture.admission.check_rivals(&identity, &[1]).await, Err(Refusal::Quarantined));
    assert_eq!(fixture.state().await, SandboxState::Quarantined);
    assert_eq!(fixture.words().await, ["agent.clone_detected"]);
}

#[tokio::test]
async fn whoever_changes_the_database_is_heard() {
    let fixture = Fixture::new().await;
    let store = &fixture.admission.store;
    let holder = fixture.enroll().await;
    let seen = store.last_revocation().await.expect("reads");
    assert_eq!(seen, 0);
    store.execute("UPDATE agent_certificates SET revoked_at = 1").await.expect("revokes a certificate");
    store.execute("UPDATE sandboxes SET state = 'revoked'").await.expect("revokes the sandbox");
    store.execute("DELETE FROM sandboxes").await.expect("deletes it");
    let heard = store.revocations_after(seen, 10).await.expect("reads");
    let heard: Vec<_> = heard.into_iter().map(|one| (one.sandbox_id, one.serial)).collect();
    let of = |serial| (fixture.sandbox, serial);
    assert_eq!(heard, [of(Some(holder.certificate.serial)), of(None), of(None)]);
}
