//! Waiting before the next try: exponential with full jitter, so that ten thousand agents do not
//! come back in the same instant.

use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};

/// Doubles from a base to a cap.
pub(crate) struct Backoff {
    base: Duration,
    cap: Duration,
    ceiling: Duration,
}

impl Backoff {
    /// Starts at `base` and stays at `cap`.
    pub(crate) fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, ceiling: base }
    }

    /// For connections: 100 ms to 10 s.
    pub(crate) fn for_connections() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(10))
    }

    /// How long to wait now.
    pub(crate) fn next(&mut self) -> Duration {
        let ceiling = self.ceiling;
        self.ceiling = (ceiling * 2).min(self.cap);
        jitter(ceiling)
    }

    /// After a success.
    pub(crate) fn reset(&mut self) {
        self.ceiling = self.base;
    }
}

/// Anything from nothing to `ceiling`.
pub(crate) fn jitter(ceiling: Duration) -> Duration {
    ceiling.mul_f64(random_fraction())
}

/// From 0 to 1. Without randomness from the system it is 1: waiting longest is the safe side.
pub(crate) fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(350));
        for ceiling in [100, 200, 350, 350] {
            assert_eq!(backoff.ceiling, Duration::from_millis(ceiling));
            assert!(backoff.next() <= Duration::from_millis(ceiling));
        }
        backoff.reset();
        assert_eq!(backoff.ceiling, Duration::from_millis(100));
    }
}
