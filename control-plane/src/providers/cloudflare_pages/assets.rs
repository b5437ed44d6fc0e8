//! Files, as Cloudflare stores them for all deployments of a project: it says which it lacks, and gets those in buckets.
//! None of this is in its documents; it is what wrangler does (`src/pages/upload.ts`), but for what goes wrong: a token
//! is renewed before it ends, a bucket that fails is halved, and nothing waits for longer than two minutes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use axum::http::Method;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use super::api::{PagesApi, Scope, hashes};
use super::bucket::{Asset, Bucket, buckets};
use super::envelope::{expect, is_expired_jwt, result};
use super::jwt::UploadToken;
use crate::providers::ProviderError;
use crate::providers::http::{Answer, Authorization, Call};

/// Of one request. One that takes longer is not worth waiting for: it is sent again in halves.
const PATIENCE: Duration = Duration::from_secs(120);
/// Buckets under way at the same time.
const PARALLEL: usize = 3;
/// How often a file is sent at most.
const TRIES: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// When Cloudflare asks for more, it is left alone, and the deployment waits instead.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How often a new token is asked for when one was not taken.
const RENEWALS: usize = 2;
/// Names in one request: its answer must stay small.
const ASKED_TOGETHER: usize = 20_000;

/// The files of a project at Cloudflare.
pub(super) struct AssetStore<'a> {
    api: &'a PagesApi,
    scope: Scope<'a>,
    project: &'a str,
    token: Mutex<UploadToken>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Uploaded {
    unsuccessful_keys: Vec<String>,
}

impl<'a> AssetStore<'a> {
    /// That of a project.
    pub(super) async fn open(api: &'a PagesApi, scope: Scope<'a>, project: &'a str) -> Result<Self, ProviderError> {
        let token = Mutex::new(new_token(api, scope, project).await?);
        Ok(Self { api, scope, project, token })
    }

    /// How many files a deployment may have.
    pub(super) async fn max_files(&self) -> usize {
        self.token.lock().await.max_files
    }

    /// Those of these files that Cloudflare lacks.
    pub(super) async fn missing(&self, names: &[&str]) -> Result<Vec<String>, ProviderError> {
        const DOING: &str = "say which files it lacks";
        let mut missing = Vec::new();
        for names in names.chunks(ASKED_TOGETHER) {
            let body = hashes(names);
            let answer = self.ask("pages/assets/check-missing", |call| call.json(&body).repeatable()).await?;
            missing.extend(result::<Vec<String>>(&answer, DOING)?);
        }
        Ok(missing)
    }

    /// Keeps these files from being forgotten. A failure costs only time, at the next deployment.
    pub(super) async fn keep(&self, names: &[&str]) {
        for names in names.chunks(ASKED_TOGETHER) {
            let body = hashes(names);
            let answer = self.ask("pages/assets/upsert-hashes", |call| call.json(&body).repeatable()).await;
            if let Err(error) = answer.and_then(|answer| expect(&answer, "keep files")) {
                tracing::warn!(error = &error as &dyn std::error::Error, "files may have to be sent again next time");
            }
        }
    }

    /// Sends files; `progress` hears how many have arrived. Ends at the first that cannot be sent.
    pub(super) async fn upload<Told: Future<Output = ()>>(
        &self,
        assets: Vec<Asset>,
        progress: impl Fn(u64, u64) -> Told,
    ) -> Result<(), ProviderError> {
        let (mut done, total) = (0, assets.len() as u64);
        let mut waiting: VecDeque<_> = buckets(assets).into();
        let mut sending = FuturesUnordered::new();
        let mut parallel = PARALLEL;
        loop {
            while sending.len() < parallel
                && let Some(bucket) = waiting.pop_front()
            {
                sending.push(self.send(bucket));
            }
            let Some((bucket, outcome)) = sending.next().await else { return Ok(()) };
            match outcome {
                Ok(refused) => {
                    parallel = PARALLEL.min(parallel + 1);
                    done += bucket.len() as u64 - refused.len() as u64;
                    progress(done, total).await;
                    if !refused.is_empty() {
                        waiting.extend(again(bucket.only(&refused), unsuccessful(&refused), FIRST_WAIT)?);
                    }
                }
                Err(error @ ProviderError::Failed(_)) => {
                    // Too much for the line, or for them.
                    parallel = 1;
                    let wait = FIRST_WAIT * 2_u32.pow(bucket.attempt);
                    waiting.extend(again(bucket, error, wait)?);
                }
                Err(ProviderError::Busy { retry_after: Some(wait) }) if wait <= LONGEST_WAIT => {
                    parallel = 1;
                    let error = ProviderError::Busy { retry_after: Some(wait) };
                    waiting.extend(again(bucket, error, wait)?);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a bucket; answers what of it was not stored.
    async fn send(&self, bucket: Bucket) -> (Bucket, Result<Vec<String>, ProviderError>) {
        tokio::time::sleep(bucket.wait).await;
        let body = bucket.body();
        let (size_bytes, open) = (body.size_bytes(), body.open());
        let with_body = |call: Call| call.streaming_as("application/json", size_bytes, open.clone());
        let outcome = self.ask("pages/assets/upload", with_body).await.and_then(|answer| {
            expect(&answer, "take files")?;
            // Only what it says of failures counts.
            Ok(result::<Uploaded>(&answer, "take files").unwrap_or_default().unsuccessful_keys)
        });
        (bucket, outcome)
    }

    /// One request with a token that is good for a while, and again with a new one when it is not taken.
    async fn ask(&self, template: &'static str, completed: impl Fn(Call) -> Call) -> Result<Answer, ProviderError> {
        let mut renewals = 0;
        loop {
            let token = self.fresh_token().await?;
            let call = Call::new(Method::POST, &self.api.base, template, &[])?;
            let call = completed(call.authorized(Authorization::Bearer(token.clone())).within(PATIENCE));
            let answer = self.api.uploads.send(call).await?;
            if !is_expired_jwt(&answer) || renewals >= RENEWALS {
                return Ok(answer);
            }
            renewals += 1;
            self.renew(&token).await?;
        }
    }

    async fn fresh_token(&self) -> Result<SecretString, ProviderError> {
        let mut token = self.token.lock().await;
        if token.is_old(Instant::now()) {
            *token = new_token(self.api, self.scope, self.project).await?;
        }
        Ok(token.secret.clone())
    }

    /// Replaces a token that was not taken, once for all who have used it.
    async fn renew(&self, refused: &SecretString) -> Result<(), ProviderError> {
        let mut token = self.token.lock().await;
        if token.secret.expose_secret() == refused.expose_secret() {
            *token = new_token(self.api, self.scope, self.project).await?;
        }
        Ok(())
    }
}

async fn new_token(api: &PagesApi, scope: Scope<'_>, project: &str) -> Result<UploadToken, ProviderError> {
    let asked = Instant::now();
    let secret = api.upload_token(scope, project).await?;
    Ok(UploadToken::new(secret, asked, OffsetDateTime::now_utc().unix_timestamp()))
}

/// What is sent instead of a bucket that has failed.
fn again(bucket: Bucket, error: ProviderError, wait: Duration) -> Result<impl Iterator<Item = Bucket>, ProviderError> {
    if bucket.attempt + 1 >= TRIES { Err(error) } else { Ok(bucket.halves(wait)) }
}

fn unsuccessful(refused: &[String]) -> ProviderError {
    ProviderError::Failed(anyhow::anyhow!("Cloudflare did not store {} of the files that it took", refused.len()))
}
