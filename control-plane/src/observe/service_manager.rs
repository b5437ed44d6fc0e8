//! Telling systemd, or whatever started us and set `NOTIFY_SOCKET`, how we are: ready, stopping, alive.
//! Source: sd_notify(3). Without that variable nothing happens.

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// Everything is open.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The end has begun.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Shows signs of life as often as the watchdog wants them, as long as the database answers.
pub async fn keep_alive(store: Store, stop: CancellationToken) {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(limit / 2) => {}
        }
        match tokio::time::timeout(limit / 2, store.ping()).await {
            Ok(Ok(())) => tell(&[NotifyState::Watchdog]),
            Ok(Err(error)) => {
                tracing::error!(%error, "the database does not answer; the watchdog is not told that we live");
            }
            Err(_) => tracing::error!("the database does not answer; the watchdog is not told that we live"),
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}
