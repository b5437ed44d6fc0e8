//! A deploy from nothing to all its files, and until it can be visited.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;

use super::output::{Output, Part, PartKind};
use super::release::{Deploy, Stage};
use super::{ASKED, LOOKS, Netlify, Place, title};
use crate::providers::static_host::{Entry, Making, upload};
use crate::providers::{DeployContext, ProviderError, Taken};

/// How often Netlify may say that it lacks files.
const ROUNDS: usize = 3;
/// How long Netlify may compare the files of a deploy, and how often it is asked whether it has.
const COMPARED_WITHIN: Duration = Duration::from_secs(10 * 60);
const COMPARED_POLL: Duration = Duration::from_secs(2);
/// Files count as requests, of which a minute has a number: one that is held up waits for the next minute, so often.
const LONGEST_WAIT: Duration = Duration::from_secs(90);
const MOST_WAITS: usize = 20;

impl Netlify {
    /// A deploy from where it is to where it can be visited.
    pub(super) async fn publish(
        &self,
        context: &DeployContext<'_>,
        place: Place<'_>,
        output: &Output,
        entry: &Entry<'_>,
    ) -> Result<Taken, ProviderError> {
        let found = self.find(context, place.token, place.site).await?;
        let found = found.filter(|found| !matches!(found.stage(), Stage::Failed(_)));
        let deploy = match found {
            Some(found) => {
                let mut making = entry.making.lock().await;
                making.goes_on()?;
                *making = Making::Made(found.id.clone());
                drop(making);
                context.notes.begun(&found.id).await?;
                if found.stage() == Stage::Comparing { self.compared(place, found).await? } else { found }
            }
            None => self.begin(context, place, entry).await?,
        };
        let deploy = match deploy.stage() {
            Stage::Empty | Stage::Lacking => self.fill(context, place, output, entry, &deploy.id).await?,
            _ => deploy,
        };
        self.watch(place, deploy).await
    }

    /// An empty deploy; whoever cancels waits for its name.
    async fn begin(
        &self,
        context: &DeployContext<'_>,
        place: Place<'_>,
        entry: &Entry<'_>,
    ) -> Result<Deploy, ProviderError> {
        let mut making = entry.making.lock().await;
        making.goes_on()?;
        context.notes.begun(ASKED).await?;
        let body = place.audience.tell(json!({}));
        let deploy = self.api.create_deploy(place.token, &place.site.id, &title(context), &body).await?;
        *making = Making::Made(deploy.id.clone());
        context.notes.begun(&deploy.id).await?;
        Ok(deploy)
    }

    /// Tells a deploy its files and sends what Netlify lacks, until it lacks nothing.
    async fn fill(
        &self,
        context: &DeployContext<'_>,
        place: Place<'_>,
        output: &Output,
        entry: &Entry<'_>,
        id: &str,
    ) -> Result<Deploy, ProviderError> {
        let body = place.audience.tell(output.announcement());
        let is_later = body["async"] == true;
        for round in 0..ROUNDS {
            let deploy = {
                let making = entry.making.lock().await;
                making.goes_on()?;
                self.api.announce(place.token, &place.site.id, id, &body).await?
            };
            let deploy = if is_later { self.compared(place, deploy).await? } else { deploy };
            let lacking = output.lacking(deploy.required(), deploy.required_functions(), round > 0)?;
            if lacking.is_empty() {
                return Ok(deploy);
            }
            let send = |part: Part| async move { self.send_patiently(place.token, id, &part).await };
            upload(lacking, send, |done, total| context.notes.progress(done, total)).await?;
            if let Some(deploy) = self.complete(place, id).await? {
                return Ok(deploy);
            }
        }
        Err(ProviderError::Failed(anyhow::anyhow!(
            "Netlify says again and again that it lacks files which it has taken"
        )))
    }

    /// Sends once more what was held up by a limit that ends soon.
    async fn send_patiently(&self, token: &SecretString, id: &str, part: &Part) -> Result<(), ProviderError> {
        for _ in 0..MOST_WAITS {
            match self.send(token, id, part).await {
                Err(ProviderError::Busy { retry_after: Some(wait) }) if wait <= LONGEST_WAIT => {
                    tokio::time::sleep(wait.max(LOOKS[0])).await;
                }
                outcome => return outcome,
            }
        }
        self.send(token, id, part).await
    }

    async fn send(&self, token: &SecretString, id: &str, part: &Part) -> Result<(), ProviderError> {
        match &part.kind {
            PartKind::File(path) => self.api.upload(token, id, path, part.size_bytes, part.open.clone()).await,
            PartKind::Function(name, runtime) => {
                self.api.upload_function(token, id, name, runtime, (part.size_bytes, part.open.clone())).await
            }
        }
    }

    /// The deploy when Netlify has looked which of its files it has.
    async fn compared(&self, place: Place<'_>, mut deploy: Deploy) -> Result<Deploy, ProviderError> {
        let mut waits = LOOKS.into_iter();
        let until = tokio::time::Instant::now() + COMPARED_WITHIN;
        while matches!(deploy.stage(), Stage::Empty | Stage::Comparing) {
            if tokio::time::Instant::now() >= until {
                return Err(ProviderError::Failed(anyhow::anyhow!("Netlify compares files for too long")));
            }
            tokio::time::sleep(waits.next().unwrap_or(COMPARED_POLL)).await;
            deploy = self.there(place, &deploy.id).await?;
        }
        Ok(deploy)
    }

    /// The deploy when Netlify has noticed that it lacks nothing any more; `None` when it does not notice.
    async fn complete(&self, place: Place<'_>, id: &str) -> Result<Option<Deploy>, ProviderError> {
        for wait in LOOKS {
            let deploy = self.there(place, id).await?;
            if deploy.stage() != Stage::Lacking {
                return Ok(Some(deploy));
            }
            tokio::time::sleep(wait).await;
        }
        Ok(None)
    }

    /// A deploy that must be there.
    async fn there(&self, place: Place<'_>, id: &str) -> Result<Deploy, ProviderError> {
        let deploy = self.api.deploy(place.token, &place.site.id, id).await?;
        deploy.ok_or_else(|| ProviderError::Failed(anyhow::anyhow!("the deploy is gone at Netlify")))
    }
}
