//! Noticing that this machine, or this process, has stood still: a snapshot of the sandbox, a laptop that slept.
//! Connections from before are most likely dead, whatever the kernel believes of them.

use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

use crate::clock::now_unix_ms;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(5);
/// Clocks that are apart by more than this have not run alike.
const LEAP: Duration = Duration::from_millis(LEAP_MS);
const LEAP_MS: u64 = 20_000;

/// The clocks at one moment.
struct Moment {
    /// Stands still while the machine sleeps.
    monotonic: Instant,
    /// Does not.
    boot: Duration,
    /// Is set anew after a snapshot is restored; milliseconds since 1970.
    wall: i64,
}

impl Moment {
    fn now() -> Self {
        // Where the clock is not known, it does not run, like the other.
        let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(Duration::from).unwrap_or_default();
        Self { monotonic: Instant::now(), boot, wall: now_unix_ms() }
    }

    /// Whether between these moments, `expected` apart, there was a pause.
    fn is_after_pause(&self, before: &Self, expected: Duration) -> bool {
        let monotonic = self.monotonic.duration_since(before.monotonic);
        let boot = self.boot.saturating_sub(before.boot);
        let wall = self.wall - before.wall;
        let is_set = (wall - i64::try_from(monotonic.as_millis()).unwrap_or(i64::MAX)).unsigned_abs() > LEAP_MS;
        monotonic > expected + LEAP || boot > monotonic + LEAP || is_set
    }
}

/// Returns after a pause.
pub(super) async fn stood_still() {
    let mut before = Moment::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = Moment::now();
        if now.is_after_pause(&before, LOOK) {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_shows_in_one_of_the_clocks() {
        let start = Moment::now();
        let after = |monotonic: u64, boot: u64, wall: i64| {
            Moment {
                monotonic: start.monotonic + Duration::from_secs(monotonic),
                boot: start.boot + Duration::from_secs(boot),
                wall: start.wall + wall * 1000,
            }
            .is_after_pause(&start, LOOK)
        };
        assert!(!after(5, 5, 5));
        assert!(!after(9, 9, 12), "a busy machine");
        assert!(after(40, 40, 40), "the process stood still");
        assert!(after(5, 60, 60), "the machine slept");
        assert!(after(5, 5, 3600), "a snapshot was restored");
        assert!(after(5, 5, -3600), "the clock was set back");
    }
}
