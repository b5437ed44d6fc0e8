//! Sending many files: several at a time, each tried again by itself.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::providers::ProviderError;

/// Files under way at the same time; bounds memory to this many pieces of packs. Most of the time of a small file is
/// the way to the vendor and back. Vercel's own CLI sends 50 at a time, Netlify's 5.
const PARALLEL: usize = 16;
/// How often one file is sent at most.
const TRIES: u32 = 4;
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A vendor that asks for more is left alone, and the deployment waits instead.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Sends each of `files` by `send`; `progress` hears how many have arrived. Ends at the first that cannot be sent.
pub(in crate::providers) async fn upload<F: Clone, Sending, Told>(
    files: Vec<F>,
    send: impl Fn(F) -> Sending,
    progress: impl Fn(u64, u64) -> Told,
) -> Result<(), ProviderError>
where
    Sending: Future<Output = Result<(), ProviderError>>,
    Told: Future<Output = ()>,
{
    let (mut done, total) = (0, files.len() as u64);
    let mut waiting = files.into_iter();
    let mut sending: FuturesUnordered<_> = waiting.by_ref().take(PARALLEL).map(|file| one(file, &send)).collect();
    while let Some(outcome) = sending.next().await {
        outcome?;
        done += 1;
        progress(done, total).await;
        sending.extend(waiting.next().map(|file| one(file, &send)));
    }
    Ok(())
}

async fn one<F: Clone, Sending>(file: F, send: &impl Fn(F) -> Sending) -> Result<(), ProviderError>
where
    Sending: Future<Output = Result<(), ProviderError>>,
{
    let mut attempt = 1;
    while let Err(error) = send(file.clone()).await {
        let wait = match &error {
            ProviderError::Failed(_) => FIRST_WAIT * 2_u32.pow(attempt - 1),
            ProviderError::Busy { retry_after: Some(wait) } if *wait <= LONGEST_WAIT => *wait,
            ProviderError::Busy { .. } | ProviderError::Rejected(_) => return Err(error),
        };
        if attempt >= TRIES {
            return Err(error);
        }
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    async fn nobody_hears(_: u64, _: u64) {}

    #[tokio::test]
    async fn one_file_that_fails_for_the_moment_is_sent_again_alone() {
        let (tries, arrived) = (&AtomicU64::new(0), &AtomicU64::new(0));
        let send = |file: usize| async move {
            let before = tries.fetch_add(1, Ordering::Relaxed);
            if file == 7 && before < 10 { Err(ProviderError::Failed(anyhow::anyhow!("500"))) } else { Ok(()) }
        };
        let heard = |done, _| async move { arrived.store(done, Ordering::Relaxed) };
        upload((0..20).collect(), send, heard).await.expect("arrives");
        assert_eq!(arrived.load(Ordering::Relaxed), 20);
        assert_eq!(tries.load(Ordering::Relaxed), 21);
    }

    #[tokio::test]
    async fn a_refusal_ends_it_and_a_long_wait_is_not_waited_for_here() {
        let refused = upload(vec![1], async |_| Err(ProviderError::Rejected("no".to_owned())), nobody_hears).await;
        assert!(matches!(refused, Err(ProviderError::Rejected(_))));
        let hour = Some(Duration::from_secs(3600));
        let began = tokio::time::Instant::now();
        let busy = upload(vec![1], async |_| Err(ProviderError::Busy { retry_after: hour }), nobody_hears).await;
        assert!(matches!(busy, Err(ProviderError::Busy { .. })) && began.elapsed() < LONGEST_WAIT);
    }
}
