//! The next certificate, before the present one ends: a new key each time, at half-life, by the
//! connection that is open anyway.

use std::time::Duration;

use anyhow::{Context, anyhow};
use slipway_proto::limits;
use slipway_proto::v1::RenewRequest;
use slipway_proto::v1::identity_client::IdentityClient;
use tonic::transport::Channel;

use super::backoff::Backoff;
use super::identity::{CurrentIdentity, Identity, IdentityStore, new_key, signing_request};

/// Looked at this often, because a paused sandbox's timers stand still while certificates age.
const LOOK: Duration = Duration::from_secs(10);

/// Waits until renewal is due, and returns when the new identity is in place.
pub(super) async fn renew(channel: &Channel, current: &CurrentIdentity, store: &IdentityStore) {
    let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    while !current.get().is_due() {
        tokio::time::sleep(LOOK).await;
    }
    loop {
        match next(channel, &current.get()).await {
            Ok(identity) => {
                if let Err(error) = store.save(&identity) {
                    // It still serves until the agent ends.
                    tracing::warn!(%error, "the new certificate cannot be stored");
                }
                tracing::info!(certificate.seconds_left = identity.seconds_left(), "the certificate was renewed");
                current.replace(identity);
                return;
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the certificate cannot be renewed yet; trying again");
                tokio::time::sleep(backoff.next()).await;
            }
        }
    }
}

async fn next(channel: &Channel, current: &Identity) -> anyhow::Result<Identity> {
    let key = new_key()?;
    let mut request = tonic::Request::new(RenewRequest { csr_der: signing_request(&key)? });
    request.set_timeout(limits::UNARY_TIMEOUT);
    let mut client = IdentityClient::new(channel.clone()).max_decoding_message_size(limits::ENROLLMENT_MESSAGE_BYTES);
    let answer = client.renew(request).await.map_err(|status| anyhow!("{}", status.message()))?;
    let issued = answer.into_inner().certificate.context("the control plane answered without a certificate")?;
    current.renewed(&key, issued)
}
