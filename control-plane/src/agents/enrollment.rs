//! Giving a sandbox its identity: enrolment by a single-use token, renewal by the present certificate.
//!
//! A token is bound to the first key it is used with. The same key may ask again for ten minutes, so
//! that a lost answer is harmless; another key means that somebody else has the token, and what was
//! issued is revoked.

use std::net::IpAddr;

use data_encoding::HEXLOWER;
use subtle::ConstantTimeEq;
use tonic::{Request, Response, Status};

use slipway_proto::token::EnrollmentToken as Token;
use slipway_proto::v1::enrollment_server::Enrollment;
use slipway_proto::v1::identity_server::Identity;
use slipway_proto::v1::{EnrollRequest, EnrollResponse, IssuedCertificate, RenewRequest, RenewResponse};
use slipway_proto::{PROTOCOL, common_protocol, limits};

use super::Gateway;
use super::listener::check_identity;
use super::peer::{address_of, sandbox_of};
use crate::audit::{Action, Actor, Entry, Facts};
use crate::clock::{Clock, Timestamp};
use crate::error::Error;
use crate::identity::Authority;
use crate::ids::SandboxId;
use crate::secrets::{random_bytes, sha256};
use crate::store::{AgentCertificate, SandboxState, Store, TokenUse};

/// The answer to a request for a token. Shown once.
pub struct EnrollmentToken {
    /// The token, with the authority's fingerprint in it.
    pub token: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Makes a token for a sandbox.
pub async fn new_enrollment_token(
    store: &Store,
    authority: &Authority,
    clock: &Clock,
    sandbox: SandboxId,
) -> Result<EnrollmentToken, Error> {
    let token = Token { secret: random_bytes(), ca_fingerprint: authority.fingerprint() };
    let now = clock.now();
    let expires_at = now.plus(limits::ENROLLMENT_TOKEN_LIFE);
    let mut tx = store.begin().await?;
    tx.insert_enrollment_token(&sha256(&token.secret), sandbox, now, expires_at).await?;
    tx.commit().await?;
    Ok(EnrollmentToken { token: token.encode(), expires_at })
}

pub(super) struct EnrollmentApi(pub(super) Gateway);

#[tonic::async_trait]
impl Enrollment for EnrollmentApi {
    async fn enroll(&self, request: Request<EnrollRequest>) -> Result<Response<EnrollResponse>, Status> {
        let address = address_of(&request);
        let request = request.into_inner();
        if common_protocol(PROTOCOL, request.protocol.unwrap_or_default()).is_none() {
            return Err(incompatible(&request.agent_version));
        }
        let token = Token::parse(&request.token).map_err(|error| Status::invalid_argument(error.to_string()))?;
        let certificate = self.exchange(&token, &request.csr_der, address.map(|address| address.ip())).await?;
        tracing::info!(sandbox.id = %certificate.sandbox_id, ?address, "an agent enrolled");
        Ok(Response::new(EnrollResponse {
            sandbox_id: certificate.sandbox_id.to_string(),
            certificate: Some(self.0.answer(&certificate)),
        }))
    }
}

impl EnrollmentApi {
    async fn exchange(
        &self,
        token: &Token,
        csr_der: &[u8],
        address: Option<IpAddr>,
    ) -> Result<AgentCertificate, Status> {
        let digest = sha256(&token.secret);
        let now = self.0.clock.now();
        let mut tx = self.0.store.begin().await.map_err(Error::from)?;
        let Some(known) = tx.enrollment_token(&digest).await.map_err(Error::from)? else {
            return Err(Status::permission_denied("this enrolment token is not known here; create a new one"));
        };
        if known.expires_at <= now {
            return Err(Status::permission_denied(format!(
                "this enrolment token expired at {}; create a new one",
                known.expires_at
            )));
        }
        let sandbox = self.0.store.sandbox(known.sandbox_id).await.map_err(Error::from)?;
        let sandbox = sandbox
            .filter(|sandbox| sandbox.state == SandboxState::Active)
            .ok_or_else(|| Status::permission_denied("revoked: this sandbox may not connect any more"))?;
        let about_sandbox = |serial: &[u8]| {
            let facts = Facts::of(sandbox.user_id, "sandbox", sandbox.id.as_uuid());
            facts.with("certificate_serial", HEXLOWER.encode(serial))
        };
        let issued = self
            .0
            .authority
            .issue_agent(known.sandbox_id, csr_der)
            .map_err(|error| Status::invalid_argument(format!("{error:#}")))?;
        if let Some(answer) = repeated(&known, &issued.key_sha256) {
            let serial = known.used_serial.as_deref().unwrap_or_default();
            if !answer {
                let revoked = tx.certificate(serial).await.map_err(Error::from)?;
                let is_first = revoked.is_some_and(|certificate| certificate.revoked_at.is_none());
                tx.revoke_certificate(serial, now).await.map_err(Error::from)?;
                let facts = about_sandbox(serial).with("reason", "its enrolment token was used with two keys");
                let actor = Actor::system().by_request(None, address);
                if is_first {
                    tx.record(&Entry::done(Action::AgentRevoke, actor, facts, now)).await.map_err(Error::from)?;
                }
                tx.commit().await.map_err(Error::from)?;
                self.0.sessions.disconnect(known.sandbox_id);
                tracing::error!(sandbox.id = %known.sandbox_id, "an enrolment token was used with two keys; the certificate it gave is revoked");
                return Err(Status::permission_denied(
                    "this enrolment token was used with another key before; both are refused now. Create a new one",
                ));
            }
            let certificate = tx.certificate(serial).await.map_err(Error::from)?;
            return certificate.ok_or_else(|| Status::permission_denied("this enrolment token was used before"));
        }
        tx.insert_certificate(&issued.record, now).await.map_err(Error::from)?;
        tx.use_enrollment_token(&digest, now, &issued.key_sha256, &issued.record.serial).await.map_err(Error::from)?;
        let (actor, facts) = (Actor::agent(sandbox.id, &sandbox.name, address), about_sandbox(&issued.record.serial));
        tx.record(&Entry::done(Action::AgentEnroll, actor, facts, now)).await.map_err(Error::from)?;
        tx.commit().await.map_err(Error::from)?;
        Ok(issued.record)
    }
}

/// `None` for a fresh token, else whether the same key asks again.
fn repeated(known: &TokenUse, key_sha256: &[u8]) -> Option<bool> {
    known.used_key_sha256.as_ref().map(|used| used.as_slice().ct_eq(key_sha256).into())
}

pub(super) struct IdentityApi(pub(super) Gateway);

#[tonic::async_trait]
impl Identity for IdentityApi {
    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        let identity = sandbox_of(&request)?;
        let now = self.0.clock.now();
        check_identity(&identity, &self.0.store, now).await.map_err(Status::permission_denied)?;
        let issued = self
            .0
            .authority
            .issue_agent(identity.sandbox_id, &request.into_inner().csr_der)
            .map_err(|error| Status::invalid_argument(format!("{error:#}")))?;
        let mut tx = self.0.store.begin().await.map_err(Error::from)?;
        tx.insert_certificate(&issued.record, now).await.map_err(Error::from)?;
        tx.commit().await.map_err(Error::from)?;
        Ok(Response::new(RenewResponse { certificate: Some(self.0.answer(&issued.record)) }))
    }
}

impl Gateway {
    fn answer(&self, certificate: &AgentCertificate) -> IssuedCertificate {
        let authority = self.authority.certificate().to_vec();
        IssuedCertificate {
            chain_der: vec![certificate.leaf_der.clone(), authority.clone()],
            ca_bundle_der: vec![authority],
            not_after_unix_seconds: certificate.not_after.as_seconds(),
            server_time_unix_seconds: self.clock.now().as_seconds(),
        }
    }
}

/// Versions that do not meet say so plainly on both sides.
pub(super) fn incompatible(agent_version: &str) -> Status {
    Status::failed_precondition(format!(
        "slipway {} and slipway-agent {agent_version} do not understand each other; install versions at most one minor apart",
        env!("CARGO_PKG_VERSION")
    ))
}
