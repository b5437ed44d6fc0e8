//! The next certificate: a new key each time, at half-life, by the connection that is open anyway. When the
//! present one has ended meanwhile, as it does while a sandbox is paused, its key proves who asks.
//!
//! The next one is stored before it is used. Its first use ends the one before, for good: an agent that came
//! back with that one after a restart would look like a copy of itself.

use std::io;
use std::time::Duration;

use anyhow::{Context, anyhow};
use ring::digest::{SHA256, digest};
use slipway_proto::v1::enrollment_client::EnrollmentClient;
use slipway_proto::v1::identity_client::IdentityClient;
use slipway_proto::v1::{ChallengeRenewalRequest, IssuedCertificate, RenewExpiredRequest, RenewRequest};
use slipway_proto::{ENROLL_SERVER_NAME, limits, renewal_proof};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::backoff::Backoff;
use super::connection::{Address, ConnectError, Purpose, connect};
use super::identity::{CurrentIdentity, Identity, IdentityStore, new_key, signing_request};
use super::session::{Ended, REVOKED};
use super::tls;

/// Looked at this often at least, because a paused sandbox's timers stand still while certificates age.
const LOOK: Duration = Duration::from_secs(10);

/// Between tries, from one second to a minute.
fn patience() -> Backoff {
    Backoff::new(Duration::from_secs(1), Duration::from_secs(60))
}

/// Waits until renewal is due, and returns when the new identity is in place.
pub(super) async fn renew(channel: &Channel, current: &CurrentIdentity, store: &IdentityStore) {
    let mut backoff = patience();
    loop {
        let due_in = current.get().due_in();
        if due_in.is_zero() {
            break;
        }
        tokio::time::sleep(due_in.min(LOOK)).await;
    }
    loop {
        match next(channel, &current.get()).await.and_then(|identity| Ok(adopt(identity, current, store)?)) {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the certificate cannot be renewed yet; trying again");
                tokio::time::sleep(backoff.next()).await;
            }
        }
    }
}

/// Renews a certificate that has ended, as often as it takes. Ends with an error only when trying again
/// cannot help.
pub(super) async fn renew_expired(
    address: &Address,
    current: &CurrentIdentity,
    store: &IdentityStore,
) -> Result<(), Ended> {
    let mut backoff = patience();
    loop {
        let error = match next_after_expiry(address, &current.get()).await {
            Ok(identity) => match adopt(identity, current, store) {
                Ok(()) => return Ok(()),
                Err(error) => anyhow!(error).context("the new certificate cannot be stored"),
            },
            Err(Failed::Never(ended)) => return Err(ended),
            Err(Failed::Later(error)) => error,
        };
        tracing::warn!(error = format!("{error:#}"), "the expired certificate cannot be renewed yet; trying again");
        tokio::time::sleep(backoff.next()).await;
    }
}

/// Stores an identity and connects with it from now on. When it can be stored nowhere, the one before must
/// not stay there either; then a restarted agent needs a token.
fn adopt(identity: Identity, current: &CurrentIdentity, store: &IdentityStore) -> io::Result<()> {
    if let Err(error) = store.save(&identity) {
        store.forget_identity()?;
        tracing::warn!(%error, "the new certificate cannot be stored; it serves until this agent ends");
    }
    tracing::info!(certificate.seconds_left = identity.seconds_left(), "the certificate was renewed");
    current.replace(identity);
    Ok(())
}

async fn next(channel: &Channel, current: &Identity) -> anyhow::Result<Identity> {
    let key = new_key()?;
    let mut request = Request::new(RenewRequest { csr_der: signing_request(&key)? });
    request.set_timeout(limits::UNARY_TIMEOUT);
    let mut client = IdentityClient::new(channel.clone()).max_decoding_message_size(limits::ENROLLMENT_MESSAGE_BYTES);
    let answer = client.renew(request).await.map_err(|status| anyhow!("{}", status.message()))?;
    current.renewed(&key, issued(answer.into_inner().certificate)?)
}

fn issued(certificate: Option<IssuedCertificate>) -> anyhow::Result<IssuedCertificate> {
    certificate.context("the control plane answered without a certificate")
}

enum Failed {
    Later(anyhow::Error),
    Never(Ended),
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Self {
        Self::Later(error)
    }
}

impl From<Status> for Failed {
    fn from(status: Status) -> Self {
        let message = status.message().to_owned();
        match status.code() {
            Code::PermissionDenied if message.starts_with(REVOKED) => Self::Never(Ended::Revoked(message)),
            Code::Unauthenticated
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::InvalidArgument
            | Code::Unimplemented => Self::Never(Ended::Expired(message)),
            _ => Self::Later(anyhow!("the control plane cannot renew it now: {message}")),
        }
    }
}

async fn next_after_expiry(address: &Address, current: &Identity) -> Result<Identity, Failed> {
    let config = tls::server_authenticated_config(current)?;
    let channel =
        connect(address, config, ENROLL_SERVER_NAME, Purpose::Control).await.map_err(|error| match error {
            ConnectError::OtherAuthority { .. } => Failed::Never(Ended::Expired(error.to_string())),
            error => Failed::Later(error.into()),
        })?;
    let mut client = EnrollmentClient::new(channel).max_decoding_message_size(limits::ENROLLMENT_MESSAGE_BYTES);
    let mut request = Request::new(ChallengeRenewalRequest {});
    request.set_timeout(limits::UNARY_TIMEOUT);
    let nonce = client.challenge_renewal(request).await?.into_inner().nonce;
    let key = new_key()?;
    let csr_der = signing_request(&key)?;
    let signature = current.sign(&renewal_proof(&nonce, digest(&SHA256, &csr_der).as_ref()))?;
    let certificate_der = current.chain_der.first().cloned().unwrap_or_default();
    let mut request = Request::new(RenewExpiredRequest { certificate_der, csr_der, nonce, signature });
    request.set_timeout(limits::UNARY_TIMEOUT);
    let answer = client.renew_expired(request).await?;
    Ok(current.renewed(&key, issued(answer.into_inner().certificate)?)?)
}
