//! So many a minute for each key, for as many keys as there may be: memory is bounded, whoever comes.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::HashMapStateStore;
use governor::{NotUntil, Quota};

/// Keys that are told apart; later ones share one allowance until others were quiet for a while.
const MOST_KEYS: usize = 50_000;
/// How often quiet keys are looked for when there are many.
const TIDY_INTERVAL: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

type Governor<K> = governor::RateLimiter<K, HashMapStateStore<K>, MonotonicClock, StateInformationMiddleware>;

/// Allows each key so many in a minute, all of them at once if it likes.
pub(crate) struct RateLimiter<K: Hash + Eq + Clone> {
    per_minute: NonZeroU32,
    governor: Governor<Option<K>>,
    clock: MonotonicClock,
    tidied_at: Mutex<Instant>,
}

/// What is left to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// All that it may have in a minute.
    pub(crate) limit: u32,
    /// What it may still have at once.
    pub(crate) remaining: u32,
    /// Until it has all of it again, if it stays quiet.
    pub(crate) reset: Duration,
}

/// Nothing is left for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted {
    /// All that the key may have in a minute.
    pub(crate) limit: u32,
    /// Until there is something again.
    pub(crate) wait: Duration,
}

impl<K: Hash + Eq + Clone> RateLimiter<K> {
    /// `None` for no limit.
    pub(crate) fn per_minute(limit: u32) -> Option<Self> {
        let per_minute = NonZeroU32::new(limit)?;
        let clock = MonotonicClock;
        let tidied_at = Mutex::new(clock.now());
        let governor = Governor::new(Quota::per_minute(per_minute), HashMapStateStore::default(), clock.clone());
        Some(Self { per_minute, governor, clock, tidied_at })
    }

    /// Takes one from the key's allowance.
    pub(crate) fn take(&self, key: K) -> Result<Allowance, Exhausted> {
        let key = self.has_room().then_some(key);
        let limit = self.per_minute.get();
        let taken: Result<StateSnapshot, NotUntil<Instant>> = self.governor.check_key(&key);
        match taken {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                let reset = MINUTE * limit.saturating_sub(remaining) / limit;
                Ok(Allowance { limit, remaining, reset })
            }
            Err(not_until) => Err(Exhausted { limit, wait: not_until.wait_time_from(self.clock.now()) }),
        }
    }

    fn has_room(&self) -> bool {
        if self.governor.len() < MOST_KEYS {
            return true;
        }
        let mut tidied_at = self.tidied_at.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        if now.duration_since(*tidied_at) >= TIDY_INTERVAL {
            *tidied_at = now;
            self.governor.retain_recent();
        }
        self.governor.len() < MOST_KEYS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_allowance() {
        let limiter = RateLimiter::per_minute(3).expect("is a limit");
        let first = limiter.take("ada").expect("is allowed");
        assert_eq!(first, Allowance { limit: 3, remaining: 2, reset: Duration::from_secs(20) });
        limiter.take("ada").expect("is allowed");
        assert_eq!(limiter.take("ada").expect("is allowed").remaining, 0);
        let exhausted = limiter.take("ada").expect_err("is too much");
        assert_eq!(exhausted.limit, 3);
        assert!(exhausted.wait > Duration::from_secs(15) && exhausted.wait <= Duration::from_secs(20));
        limiter.take("grace").expect("is somebody else");
    }

    #[test]
    fn zero_is_no_limit() {
        assert!(RateLimiter::<u32>::per_minute(0).is_none());
    }

    #[test]
    fn a_flood_of_keys_shares_one_allowance_and_takes_no_memory() {
        let limiter = RateLimiter::per_minute(5).expect("is a limit");
        for key in 0..MOST_KEYS {
            limiter.take(key).expect("is allowed");
        }
        let refused = (0..100).filter(|key| limiter.take(MOST_KEYS + key).is_err()).count();
        assert_eq!(refused, 95);
        assert!(limiter.governor.len() <= MOST_KEYS + 1);
    }
}
