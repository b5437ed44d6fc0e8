//! The one request that makes a release: it cannot be repeated, and its answer may be lost. That it was sent is noted
//! first; for a while after that, a vendor that shows nothing of it is not believed.

use std::time::Duration;

use time::OffsetDateTime;

use crate::providers::{DeployContext, ProviderError};

/// What a request that we gave up may still take to arrive there and be seen in lists.
const SETTLES: Duration = Duration::from_secs(5);
/// What begins a note that a release was asked for; milliseconds since 1970 follow.
const ASKED: &str = "asked@";
/// How far a vendor's clock may be behind ours.
const CLOCKS_DIFFER: Duration = Duration::from_secs(10 * 60);

/// A release is often live at once: it is looked at so soon, before the deployment is given back until later.
pub(in crate::providers) const LOOKS: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// A note that it is asked for now.
pub(super) fn asked_now() -> String {
    format!("{ASKED}{}", now_in_millis())
}

/// What the vendor calls what was begun, when that is known.
pub(in crate::providers) fn begun_id<'a>(context: &DeployContext<'a>) -> Option<&'a str> {
    context.begun.filter(|begun| is_name(begun))
}

/// Whether a reference is what the vendor calls a release, and no note that it was asked for.
pub(in crate::providers) fn is_name(provider_ref: &str) -> bool {
    !provider_ref.starts_with(ASKED)
}

/// Whether a vendor is believed that shows nothing of a release.
///
/// # Errors
/// `Busy` as long as a request that has no answer may still become one.
pub(in crate::providers) fn believe_nothing(context: &DeployContext<'_>) -> Result<(), ProviderError> {
    match still_settles(context) {
        Some(wait) => Err(ProviderError::Busy { retry_after: Some(wait) }),
        None => Ok(()),
    }
}

fn still_settles(context: &DeployContext<'_>) -> Option<Duration> {
    let asked: u64 = context.begun?.strip_prefix(ASKED)?.parse().ok()?;
    let since = Duration::from_millis(now_in_millis().saturating_sub(asked));
    SETTLES.checked_sub(since).filter(|wait| !wait.is_zero())
}

/// Nothing of this deployment was made before then, in seconds since 1970.
pub(in crate::providers) fn made_after(context: &DeployContext<'_>) -> Option<u64> {
    let (seconds, _) = context.deployment_id.as_uuid().get_timestamp()?.to_unix();
    Some(seconds.saturating_sub(CLOCKS_DIFFER.as_secs()))
}

/// What names the artifact: the same for the same files.
pub(in crate::providers) fn root_of(context: &DeployContext<'_>) -> String {
    data_encoding::HEXLOWER.encode(&context.artifact.root)
}

fn now_in_millis() -> u64 {
    u64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}
