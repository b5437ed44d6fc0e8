//! Login throttling: so many attempts per account and per address in a while. An attempt counts when
//! it begins, so that a hundred at once are a hundred; one that succeeds is taken back.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::secrets::sha256;

const WINDOW: Duration = Duration::from_secs(15 * 60);
const PER_ACCOUNT: u32 = 10;
/// More than one person may share an address.
const PER_ADDRESS: u32 = 50;
/// Counters kept; beyond that the one with the fewest attempts goes.
const COUNTERS: usize = 10_000;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account([u8; 32]),
    Address(IpAddr),
}

impl Key {
    fn limit(self) -> u32 {
        match self {
            Self::Account(_) => PER_ACCOUNT,
            Self::Address(_) => PER_ADDRESS,
        }
    }
}

#[derive(Clone, Copy)]
struct Counter {
    attempts: u32,
    since: Timestamp,
}

/// Counts attempts to sign in.
#[derive(Default)]
pub(super) struct Throttle(Mutex<HashMap<Key, Counter>>);

impl Throttle {
    /// Counts an attempt for a name, known or not, from an address.
    ///
    /// # Errors
    /// `RateLimited` when there were too many; the answer is the same whether the name is known.
    pub(super) fn attempt(&self, name: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), Error> {
        self.count(|| keys(name, address), now)
    }

    /// Counts an attempt that names nobody. Those whose address is unknown share one counter.
    pub(super) fn attempt_from(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), Error> {
        let key = Key::Address(network_of(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))));
        self.count(|| std::iter::once(key), now)
    }

    fn count<I: Iterator<Item = Key>>(&self, keys: impl Fn() -> I, now: Timestamp) -> Result<(), Error> {
        let mut counters = self.counters();
        for key in keys() {
            if let Some(counter) = counters.get(&key).filter(|counter| counter.attempts >= key.limit()) {
                let wait = WINDOW.saturating_sub(now.since(counter.since));
                if !wait.is_zero() {
                    return Err(Error::rate_limited("too many attempts to sign in; wait before the next one", wait));
                }
            }
        }
        for key in keys() {
            make_room(&mut counters, now);
            let counter = counters.entry(key).or_insert(Counter { attempts: 0, since: now });
            if now.since(counter.since) >= WINDOW {
                *counter = Counter { attempts: 0, since: now };
            }
            counter.attempts += 1;
        }
        Ok(())
    }

    /// Takes the attempt back: it was the right password.
    pub(super) fn succeeded(&self, name: &str, address: Option<IpAddr>) {
        let mut counters = self.counters();
        for key in keys(name, address) {
            match key {
                Key::Account(_) => drop(counters.remove(&key)),
                // Others may be guessing from the same address.
                Key::Address(_) => {
                    if let Some(counter) = counters.get_mut(&key) {
                        counter.attempts = counter.attempts.saturating_sub(1);
                    }
                }
            }
        }
    }

    fn counters(&self) -> MutexGuard<'_, HashMap<Key, Counter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn keys(name: &str, address: Option<IpAddr>) -> impl Iterator<Item = Key> {
    let account = Key::Account(sha256(name.as_bytes()));
    std::iter::once(account).chain(address.map(|address| Key::Address(network_of(address))))
}

/// One customer has a whole /64 of IPv6.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn make_room(counters: &mut HashMap<Key, Counter>, now: Timestamp) {
    if counters.len() < COUNTERS {
        return;
    }
    counters.retain(|_, counter| now.since(counter.since) < WINDOW);
    if counters.len() >= COUNTERS
        && let Some(least) = counters.iter().min_by_key(|(_, counter)| counter.attempts).map(|(key, _)| *key)
    {
        counters.remove(&least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    const START: Timestamp = Timestamp::from_micros(1_000_000_000_000);

    fn address(text: &str) -> Option<IpAddr> {
        text.parse().ok()
    }

    #[test]
    fn an_account_is_guessed_at_ten_times_in_a_quarter_of_an_hour() {
        let throttle = Throttle::default();
        for number in 0..PER_ACCOUNT {
            throttle.attempt("ada", address(&format!("10.0.0.{number}")), START).expect("is allowed");
        }
        let error = throttle.attempt("ada", address("10.0.1.1"), START).expect_err("is too many");
        assert_eq!((error.code(), error.retry_after()), (ErrorCode::RateLimited, Some(WINDOW)));
        throttle.attempt("grace", address("10.0.1.1"), START).expect("is somebody else");
        throttle.attempt("ada", address("10.0.1.1"), START.plus(WINDOW)).expect("is later");
    }

    #[test]
    fn an_address_cannot_try_one_password_on_everybody() {
        let throttle = Throttle::default();
        for number in 0..PER_ADDRESS {
            let from = address(&format!("2001:db8::{number:x}"));
            throttle.attempt(&format!("user-{number}"), from, START).expect("is allowed");
        }
        throttle.attempt("another", address("2001:db8::ffff"), START).expect_err("is the same network");
        throttle.attempt("another", address("2001:db8:1::1"), START).expect("is another network");
    }

    #[test]
    fn success_is_not_counted() {
        let throttle = Throttle::default();
        for _ in 0..3 * PER_ADDRESS {
            throttle.attempt("ada", address("10.0.0.1"), START).expect("is allowed");
            throttle.succeeded("ada", address("10.0.0.1"));
        }
    }

    #[test]
    fn many_names_do_not_push_out_the_one_that_is_guessed_at() {
        let throttle = Throttle::default();
        for _ in 0..PER_ACCOUNT {
            throttle.attempt("ada", None, START).expect("is allowed");
        }
        for number in 0..COUNTERS + 10 {
            throttle.attempt(&format!("user-{number}"), None, START).expect("is allowed");
        }
        throttle.attempt("ada", None, START).expect_err("is remembered");
        assert!(throttle.counters().len() <= COUNTERS);
    }
}
