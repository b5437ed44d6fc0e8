//! Which answers mean "not now", and how long to wait.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use super::call::Answer;
use crate::http_client::HttpError;
use crate::providers::ProviderError;
use crate::secrets::random_bytes;

/// Waits before the second and third try are below this and twice this.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// GitHub asks for this much after a secondary limit that names no time.
const SECONDARY_LIMIT_WAIT: Duration = Duration::from_secs(60);
/// Whatever a vendor says, it is asked again within a day.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// When a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delay {
    /// It may not: it could do twice what it should do once, or it will not help.
    Never,
    /// After this time, which the vendor named.
    Said(Duration),
    /// After a time of our choice.
    Ours,
}

/// No answer that can be used.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) delay: Delay,
    /// What it is when it is not tried again.
    pub(super) error: ProviderError,
}

/// Sorts what came back: an answer, or a failure for the moment.
pub(super) fn judge(
    outcome: Result<Answer, HttpError>,
    is_repeatable: bool,
    now: OffsetDateTime,
) -> Result<Answer, Failure> {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(error) => {
            let is_transport = matches!(error, HttpError::NoAnswer(_));
            let delay = if is_repeatable && is_transport { Delay::Ours } else { Delay::Never };
            return Err(Failure { delay, error: ProviderError::Failed(error.into()) });
        }
    };
    let status = answer.status().as_u16();
    let said = said_wait(&answer, now);
    if is_limited(&answer) || (status == 503 && said.is_some()) {
        let delay = match said {
            Some(wait) if is_repeatable => Delay::Said(wait),
            // Who is over a limit and is not told for how long had better be left alone.
            _ => Delay::Never,
        };
        return Err(Failure { delay, error: ProviderError::Busy { retry_after: said } });
    }
    if matches!(status, 502..=504) {
        let delay = if is_repeatable { Delay::Ours } else { Delay::Never };
        return Err(Failure { delay, error: ProviderError::Failed(anyhow::anyhow!("the provider answered {status}")) });
    }
    Ok(answer)
}

/// 429, and what GitHub says with 403 as well: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
fn is_limited(answer: &Answer) -> bool {
    match answer.status().as_u16() {
        429 => true,
        403 => {
            answer.header("x-ratelimit-remaining") == Some("0")
                || answer.header("retry-after").is_some()
                || is_secondary(answer)
        }
        _ => false,
    }
}

fn is_secondary(answer: &Answer) -> bool {
    answer.text().to_ascii_lowercase().contains("secondary rate limit")
}

/// How long the vendor asks us to wait.
fn said_wait(answer: &Answer, now: OffsetDateTime) -> Option<Duration> {
    let until = |at: OffsetDateTime| Duration::try_from(at - now).unwrap_or(Duration::ZERO);
    let wait = if let Some(text) = answer.header("retry-after") {
        match text.trim().parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => until(moment(text)?),
        }
    } else if let Some(text) = reset(answer) {
        until(moment(text)?)
    } else if is_secondary(answer) {
        SECONDARY_LIMIT_WAIT
    } else {
        return None;
    };
    Some(wait.min(LONGEST_WAIT))
}

/// When a limit that is used up begins anew. Who answers 429 need not say besides that nothing is left.
fn reset(answer: &Answer) -> Option<&str> {
    let is_used_up = match answer.header("x-ratelimit-remaining") {
        Some(left) => left == "0",
        None => answer.status() == 429,
    };
    answer.header("x-ratelimit-reset").filter(|_| is_used_up)
}

/// A time as vendors write it: seconds since 1970, as in a letter, or as Netlify does, `2022-01-27 22:20:17 UTC`.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return OffsetDateTime::from_unix_timestamp(seconds).ok();
    }
    let in_utc = || Some(format!("{}Z", text.strip_suffix(" UTC")?.replacen(' ', "T", 1)));
    OffsetDateTime::parse(text, &Rfc2822).ok().or_else(|| OffsetDateTime::parse(&in_utc()?, &Rfc3339).ok())
}

/// Full jitter: anything up to a bound that doubles, so that many who failed together do not come back together.
pub(super) fn backoff(attempt: u32) -> Duration {
    let ceiling = FIRST_WAIT * 2_u32.saturating_pow(attempt.saturating_sub(1));
    let millis = u64::try_from(ceiling.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(u64::from_ne_bytes(random_bytes()) % millis.max(1))
}
