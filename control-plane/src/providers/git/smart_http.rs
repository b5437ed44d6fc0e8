//! Pushing over smart HTTP (gitprotocol-http(5), gitprotocol-pack(5)). The pack that the agent made goes to the
//! server as it is. That is why this is not libgit2's push: that one packs everything once more, updates a branch
//! whatever it was before, and brings a TLS library of its own. Here the server is told which commit the branch
//! must still end with, and refuses if it does not; tokens travel with the first request and to no other host.

use std::io;
use std::time::Duration;

use axum::http::{StatusCode, header};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use reqwest::{Body, Client, Response};
use secrecy::{ExposeSecret, SecretString};
use slipway_proto::git::is_name;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use url::Url;

use super::pkt_line::{self, Damaged};
use super::refusal;
use crate::providers::ProviderError;

/// Names of objects that are not there.
pub(super) const NOTHING: &str = "0000000000000000000000000000000000000000";
/// A pack of no objects, for a branch that moves to what the server has.
const EMPTY_PACK: &[u8] =
    b"PACK\0\0\0\x02\0\0\0\0\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e";
/// A list of branches and tags; a hundred thousand of them have less.
const ADVERTISEMENT_BYTES: usize = 16 * 1024 * 1024;
/// What a server has to say about a push.
const REPORT_BYTES: usize = 1024 * 1024;
/// The text of an error.
const ERROR_BYTES: usize = 16 * 1024;
/// From the first byte of a push to the server's last word; large packs are checked there for minutes.
const PUSH_LIMIT: Duration = Duration::from_secs(25 * 60);
const ADVERTISEMENT_LIMIT: Duration = Duration::from_secs(30);
const AGENT: &str = concat!("agent=slipway/", env!("CARGO_PKG_VERSION"));

/// A repository at its server, and who we are there.
pub(super) struct Remote<'a> {
    pub(super) client: &'a Client,
    /// Ends with `.git`.
    pub(super) url: &'a Url,
    /// What goes with the token; hosts of OAuth tokens want a certain word.
    pub(super) username: &'a str,
    pub(super) token: &'a SecretString,
}

/// What a repository has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Advertised {
    /// Name of each branch and tag, and of the object it leads to.
    pub(super) references: Vec<(String, String)>,
    capabilities: Vec<String>,
}

impl Advertised {
    /// The object that a reference leads to.
    pub(super) fn get(&self, reference: &str) -> Option<&str> {
        self.references.iter().find(|(name, _)| name == reference).map(|(_, object)| object.as_str())
    }

    fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|other| other == capability)
    }
}

/// A pack on its way, piece by piece; an error among them ends the push, and the server throws away what it has.
pub(super) struct PackBody {
    pub(super) bytes: u64,
    pub(super) pieces: mpsc::Receiver<io::Result<Bytes>>,
}

/// Moves a branch.
pub(super) struct Update<'a> {
    /// As in `refs/heads/main`.
    pub(super) reference: &'a str,
    /// Where it must be now; [`NOTHING`] when it must not be there.
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// What the server may lack for it.
    pub(super) pack: Option<PackBody>,
}

impl Remote<'_> {
    /// Asks what the repository has. The token has to be one that may push.
    pub(super) async fn advertised(&self) -> Result<Advertised, ProviderError> {
        let mut url = self.url_of("info/refs");
        url.set_query(Some("service=git-receive-pack"));
        let request = self.client.get(url).basic_auth(self.username, Some(self.token.expose_secret()));
        let answer = async {
            let response = request.send().await.map_err(failed)?;
            let response = self.accepted(response).await?;
            bounded(response, ADVERTISEMENT_BYTES).await
        };
        let body = tokio::time::timeout(ADVERTISEMENT_LIMIT, answer).await.map_err(|_| too_slow())??;
        parse_advertisement(&body).map_err(|error| ProviderError::Failed(error.into()))
    }

    /// Pushes. What the server has refused is `Rejected` in words for people; it has changed nothing then.
    pub(super) async fn push(&self, advertised: &Advertised, update: Update<'_>) -> Result<(), ProviderError> {
        if !advertised.can("report-status") {
            let message = "this git server does not say what becomes of a push, so nothing was sent";
            return Err(ProviderError::Rejected(message.to_owned()));
        }
        let wanted = ["report-status", "side-band-64k", "object-format=sha1"];
        let agreed = wanted.into_iter().filter(|capability| advertised.can(capability)).chain([AGENT]);
        let agreed = agreed.collect::<Vec<_>>().join(" ");
        let command = format!("{} {} {}\0 {agreed}", update.from, update.to, update.reference);
        let mut head = pkt_line::line(command.as_bytes());
        head.extend_from_slice(pkt_line::FLUSH);

        let (length, body) = match update.pack {
            None => {
                head.extend_from_slice(EMPTY_PACK);
                (head.len() as u64, Body::from(head))
            }
            Some(pack) => {
                let length = head.len() as u64 + pack.bytes;
                let head = stream::iter([Ok(Bytes::from(head))]);
                (length, Body::wrap_stream(head.chain(ReceiverStream::new(pack.pieces))))
            }
        };
        let request = self
            .client
            .post(self.url_of("git-receive-pack"))
            .basic_auth(self.username, Some(self.token.expose_secret()))
            .header(header::CONTENT_TYPE, "application/x-git-receive-pack-request")
            .header(header::ACCEPT, "application/x-git-receive-pack-result")
            .header(header::CONTENT_LENGTH, length)
            .body(body);
        let answer = async {
            let response = request.send().await.map_err(failed)?;
            let response = self.accepted(response).await?;
            bounded(response, REPORT_BYTES).await
        };
        let body = tokio::time::timeout(PUSH_LIMIT, answer).await.map_err(|_| too_slow())??;
        let is_multiplexed = advertised.can("side-band-64k");
        let report = Report::parse(&body, is_multiplexed).map_err(|error| ProviderError::Failed(error.into()))?;
        report.outcome(update.reference)
    }

    fn url_of(&self, path: &str) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        url
    }

    /// Anything but 200 as a sentence.
    async fn accepted(&self, response: Response) -> Result<Response, ProviderError> {
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
        let text = bounded(response, ERROR_BYTES).await.unwrap_or_default();
        let text = refusal::plain(&String::from_utf8_lossy(&text));
        let host = self.url.host_str().unwrap_or("the git server");
        Err(match status {
            StatusCode::UNAUTHORIZED => ProviderError::Rejected(format!(
                "{host} does not accept the credential of this target: it is wrong, expired or revoked. Connect the account again"
            )),
            StatusCode::TOO_MANY_REQUESTS => ProviderError::Busy { retry_after },
            StatusCode::PAYLOAD_TOO_LARGE => ProviderError::Rejected(format!(
                "{host}, or a proxy before it, does not take a push of this size; push less at once, or have its limit raised"
            )),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                ProviderError::Rejected(refusal::of_status(status, host, self.url.path(), &text))
            }
            status if status.is_redirection() => ProviderError::Rejected(format!(
                "the repository is not at {} any more; name its new place in the target",
                self.url
            )),
            status if status.is_server_error() => {
                ProviderError::Failed(anyhow::anyhow!("{host} answered {status}: {text}"))
            }
            status => ProviderError::Rejected(format!("{host} does not take this push ({status}): {text}")),
        })
    }
}

fn failed(error: reqwest::Error) -> ProviderError {
    ProviderError::Failed(error.without_url().into())
}

fn too_slow() -> ProviderError {
    ProviderError::Failed(anyhow::anyhow!("the git server did not answer in time"))
}

async fn bounded(response: Response, limit: usize) -> Result<Vec<u8>, ProviderError> {
    let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(failed)?;
        if body.len() + chunk.len() > limit {
            return Err(ProviderError::Failed(anyhow::anyhow!("the answer is larger than {limit} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn parse_advertisement(body: &[u8]) -> Result<Advertised, Damaged> {
    let lines = pkt_line::lines(body)?;
    let [service, references @ ..] = lines.as_slice() else { return Err(Damaged) };
    if service.trim_ascii_end() != b"# service=git-receive-pack" {
        return Err(Damaged);
    }
    let mut advertised = Advertised::default();
    for (index, line) in references.iter().enumerate() {
        let line = std::str::from_utf8(line).map_err(|_| Damaged)?.trim_end_matches('\n');
        let (reference, capabilities) = line.split_once('\0').unwrap_or((line, ""));
        if index == 0 {
            advertised.capabilities = capabilities.split(' ').map(str::to_owned).collect();
        }
        let (object, name) = reference.split_once(' ').ok_or(Damaged)?;
        if !is_name(object) {
            return Err(Damaged);
        }
        if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
            advertised.references.push((name.to_owned(), object.to_owned()));
        }
    }
    Ok(advertised)
}

/// What a server said about a push.
#[derive(Debug, Default, PartialEq, Eq)]
struct Report {
    /// What became of the pack: `ok`, or why not.
    unpack: String,
    /// Of each reference: nothing when it was moved, or why it was not.
    references: Vec<(String, Option<String>)>,
    /// For people.
    text: String,
}

impl Report {
    fn parse(body: &[u8], is_multiplexed: bool) -> Result<Self, Damaged> {
        let mut report = Self::default();
        let mut status = Vec::new();
        if is_multiplexed {
            for line in pkt_line::lines(body)? {
                match line.split_first() {
                    Some((1, data)) => status.extend_from_slice(data),
                    Some((2 | 3, text)) => report.text.push_str(&String::from_utf8_lossy(text)),
                    _ => return Err(Damaged),
                }
            }
        } else {
            status.extend_from_slice(body);
        }
        for line in pkt_line::lines(&status)? {
            let line = std::str::from_utf8(line).map_err(|_| Damaged)?.trim_end_matches('\n');
            if let Some(result) = line.strip_prefix("unpack ") {
                result.clone_into(&mut report.unpack);
            } else if let Some(name) = line.strip_prefix("ok ") {
                report.references.push((name.to_owned(), None));
            } else if let Some((name, reason)) = line.strip_prefix("ng ").and_then(|rest| rest.split_once(' ')) {
                report.references.push((name.to_owned(), Some(reason.to_owned())));
            } else {
                return Err(Damaged);
            }
        }
        Ok(report)
    }

    /// Moved only if the server says so of this very reference.
    fn outcome(&self, reference: &str) -> Result<(), ProviderError> {
        let text = refusal::plain(&self.text);
        match self.references.iter().find(|(name, _)| name == reference) {
            Some((_, None)) if self.unpack == "ok" => Ok(()),
            Some((_, Some(reason))) => Err(ProviderError::Rejected(refusal::of_push(reason, &text))),
            _ if !self.unpack.is_empty() => Err(ProviderError::Rejected(refusal::of_push(&self.unpack, &text))),
            _ => Err(ProviderError::Failed(anyhow::anyhow!(
                "the git server did not say what became of the push: {text}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn body(lines: &[&[u8]]) -> Vec<u8> {
        lines.iter().flat_map(|line| if line.is_empty() { b"0000".to_vec() } else { pkt_line::line(line) }).collect()
    }

    #[test]
    fn an_advertisement_lists_branches_and_tags() {
        let first = format!("{A} refs/heads/main\0report-status side-band-64k\n");
        let pull = format!("{A} refs/pull/1/head\n");
        let bytes = body(&[b"# service=git-receive-pack\n", b"", first.as_bytes(), pull.as_bytes(), b""]);
        let advertised = parse_advertisement(&bytes).expect("is well formed");
        assert_eq!(advertised.references, [("refs/heads/main".to_owned(), A.to_owned())]);
        assert!(advertised.can("side-band-64k") && !advertised.can("atomic"));

        let empty = format!("{NOTHING} capabilities^{{}}\0report-status\n");
        let bytes = body(&[b"# service=git-receive-pack\n", b"", empty.as_bytes(), b""]);
        assert_eq!(parse_advertisement(&bytes).expect("is well formed").references, []);
        for wrong in [&b"<html>"[..], b"", b"0000", &body(&[b"# service=git-upload-pack\n"])] {
            assert_eq!(parse_advertisement(wrong), Err(Damaged));
        }
    }

    #[track_caller]
    fn check(status: &[&[u8]], text: &[u8], expected: &str) {
        let inner = body(status);
        let bytes = body(&[&[&[2], text].concat(), &[&[1], inner.as_slice()].concat(), b""]);
        let outcome = Report::parse(&bytes, true).expect("is well formed").outcome("refs/heads/main");
        match outcome {
            Ok(()) => assert_eq!(expected, "moved"),
            Err(ProviderError::Rejected(message)) => assert!(message.contains(expected), "{message}"),
            Err(error) => assert_eq!(expected, "failed", "{error:?}"),
        }
    }

    #[test]
    fn only_a_reference_that_is_named_has_moved() {
        check(&[b"unpack ok\n", b"ok refs/heads/main\n", b""], b"Resolving deltas\n", "moved");
        check(
            &[b"unpack ok\n", b"ng refs/heads/main pre-receive hook declined\n", b""],
            b"no\n",
            "pre-receive hook declined",
        );
        check(&[b"unpack index-pack failed\n", b"ng refs/heads/main unpacker error\n", b""], b"x\n", "unpacker error");
        check(&[b"unpack ok\n", b"ok refs/heads/other\n", b""], b"x\n", "ok");
        check(&[], b"x\n", "failed");
    }

    #[test]
    fn an_empty_pack_has_its_own_checksum() {
        let (content, checksum) = EMPTY_PACK.split_at(12);
        assert_eq!(<sha1::Sha1 as sha1::Digest>::digest(content).as_slice(), checksum);
    }
}
