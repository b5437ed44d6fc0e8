//! Enrolment: a single-use token and a fresh key become a certificate. A lost answer is harmless,
//! because the same token with the same key may ask again.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use ring::digest::{SHA256, digest};
use slipway_proto::token::EnrollmentToken;
use slipway_proto::v1::enrollment_client::EnrollmentClient;
use slipway_proto::v1::{EnrollRequest, EnrollResponse};
use slipway_proto::{ENROLL_SERVER_NAME, PROTOCOL, limits};
use tonic::Code;

use super::backoff::Backoff;
use super::connection::{Address, ConnectError, Purpose, connect};
use super::identity::{Identity, IdentityStore, signing_request};
use super::tls;

/// More than any token has.
const TOKEN_FILE_BYTES: u64 = 4096;

/// A token and where it came from.
pub(crate) struct Token {
    text: String,
    parsed: EnrollmentToken,
    file: Option<PathBuf>,
}

impl Token {
    /// Names the token without telling it.
    pub(crate) fn sha256(&self) -> Vec<u8> {
        digest(&SHA256, self.text.as_bytes()).as_ref().to_vec()
    }
}

/// Reads the token from a file, or from standard input when the path is `-`.
pub(crate) fn read_token(path: &Path) -> anyhow::Result<Token> {
    let mut text = String::new();
    let is_stdin = path == Path::new("-");
    let read = if is_stdin {
        io::stdin().take(TOKEN_FILE_BYTES).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(TOKEN_FILE_BYTES).read_to_string(&mut text))
    };
    let source = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
    read.with_context(|| format!("the enrolment token cannot be read from {source}"))?;
    let parsed = EnrollmentToken::parse(&text).with_context(|| format!("{source} holds no enrolment token"))?;
    Ok(Token { text: text.trim().to_owned(), parsed, file: (!is_stdin).then(|| path.to_owned()) })
}

enum Attempt {
    Later(anyhow::Error),
    Never(anyhow::Error),
}

/// Exchanges the token for an identity, as often as it takes. Ends with an error only when trying
/// again cannot help.
pub(crate) async fn enroll(address: &Address, token: &Token, store: &IdentityStore) -> anyhow::Result<Identity> {
    let key = store.enrolling_key()?;
    let request = EnrollRequest {
        token: token.text.clone(),
        csr_der: signing_request(&key)?,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: Some(PROTOCOL),
    };
    let mut backoff = Backoff::for_connections();
    let response = loop {
        match exchange(address, token, &request).await {
            Ok(response) => break response,
            Err(Attempt::Never(error)) => return Err(error),
            Err(Attempt::Later(error)) => {
                let wait = backoff.next();
                tracing::warn!(error = format!("{error:#}"), "cannot enrol yet; trying again");
                tokio::time::sleep(wait).await;
            }
        }
    };
    let certificate =
        response.certificate.ok_or_else(|| anyhow!("the control plane answered without a certificate"))?;
    let identity = Identity::new(response.sandbox_id, &key, certificate, token.sha256())?;
    store.save(&identity).context("the certificate cannot be stored")?;
    if let Some(file) = &token.file {
        // It is used up; a directory that cannot be written to is no reason to stop.
        let _ = fs::remove_file(file);
    }
    Ok(identity)
}

async fn exchange(address: &Address, token: &Token, request: &EnrollRequest) -> Result<EnrollResponse, Attempt> {
    let config = tls::enrollment_config(token.parsed.ca_fingerprint).map_err(Attempt::Never)?;
    let channel =
        connect(address, config, ENROLL_SERVER_NAME, Purpose::Control).await.map_err(|error| match error {
            ConnectError::OtherAuthority { .. } | ConnectError::Setup(_) => Attempt::Never(error.into()),
            ConnectError::Unreachable { .. }
            | ConnectError::TimedOut { .. }
            | ConnectError::Handshake { .. }
            | ConnectError::Http { .. } => Attempt::Later(error.into()),
        })?;
    let mut client = EnrollmentClient::new(channel).max_decoding_message_size(limits::ENROLLMENT_MESSAGE_BYTES);
    let mut call = tonic::Request::new(request.clone());
    call.set_timeout(limits::UNARY_TIMEOUT);
    let answer = tokio::time::timeout(limits::UNARY_TIMEOUT, client.enroll(call)).await;
    match answer {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => match status.code() {
            Code::PermissionDenied | Code::InvalidArgument | Code::FailedPrecondition | Code::Unimplemented => {
                Err(Attempt::Never(anyhow!("{}", status.message())))
            }
            _ => Err(Attempt::Later(anyhow!("the control plane cannot enrol this agent now: {}", status.message()))),
        },
        Err(_) => Err(Attempt::Later(anyhow!("the control plane did not answer in time"))),
    }
}
