//! How much one address and one user may ask for, told in the `RateLimit` fields of every answer
//! (draft-ietf-httpapi-ratelimit-headers-10).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use super::context::{ClientAddress, Identity};
use crate::access::network_of;
use crate::config::Limits;
use crate::error::Error;
use crate::ids::UserId;
use crate::observe::metrics;
use crate::rate_limit::{Allowance, Exhausted, RateLimiter};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What is left to everybody.
pub struct Allowances {
    addresses: Option<RateLimiter<IpAddr>>,
    users: Option<RateLimiter<UserId>>,
    log_streams_per_user: u32,
    log_streams: Mutex<HashMap<UserId, u32>>,
}

impl Allowances {
    /// Everything is left.
    pub fn new(limits: &Limits) -> Self {
        Self {
            addresses: RateLimiter::per_minute(limits.requests_per_minute_per_address),
            users: RateLimiter::per_minute(limits.requests_per_minute_per_user),
            log_streams_per_user: limits.log_streams_per_user,
            log_streams: Mutex::default(),
        }
    }

    fn log_streams(&self) -> MutexGuard<'_, HashMap<UserId, u32>> {
        self.log_streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses what is too much for one address. Before anything is asked of the database.
pub(super) async fn per_address(State(app): State<App>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ClientAddress>().and_then(|address| address.0);
    take("address", app.allowances.addresses.as_ref().zip(address.map(network_of)), request, next).await
}

/// Refuses what is too much for one user, with whatever credentials.
pub(super) async fn per_user(State(app): State<App>, request: Request, next: Next) -> Response {
    let user = request.extensions().get::<Identity>().and_then(|identity| identity.0.as_ref().ok()).map(|user| user.id);
    take("user", app.allowances.users.as_ref().zip(user), request, next).await
}

async fn take<K: std::hash::Hash + Eq + Clone>(
    policy: &str,
    charged: Option<(&RateLimiter<K>, K)>,
    request: Request,
    next: Next,
) -> Response {
    let Some((limiter, key)) = charged else { return next.run(request).await };
    match limiter.take(key) {
        Ok(allowance) => {
            let mut response = next.run(request).await;
            tell(&mut response, policy, allowance);
            response
        }
        Err(Exhausted { limit, wait }) => {
            let message = format!("too many requests: {limit} in a minute for one {policy}");
            let mut response = Error::rate_limited(message, wait).into_response();
            tell(&mut response, policy, Allowance { limit, remaining: 0, reset: wait });
            response
        }
    }
}

/// The innermost policy is the one that matters to the caller; it has answered first.
fn tell(response: &mut Response, policy: &str, allowance: Allowance) {
    let Allowance { limit, remaining, reset } = allowance;
    let reset = reset.as_secs() + u64::from(reset.subsec_nanos() > 0);
    let fields = [
        (RATE_LIMIT, format!("\"{policy}\";r={remaining};t={reset}")),
        (RATE_LIMIT_POLICY, format!("\"{policy}\";q={limit};w=60")),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().entry(name).or_insert(value);
        }
    }
}

/// A log that is being followed; counts until it is dropped.
pub(super) struct LogStream {
    allowances: Arc<Allowances>,
    user: UserId,
}

impl LogStream {
    /// Counts one more.
    ///
    /// # Errors
    /// `RateLimited` when the user follows too many.
    pub(super) fn begin(allowances: &Arc<Allowances>, user: UserId) -> Result<Self, Error> {
        const WAIT: std::time::Duration = std::time::Duration::from_secs(5);
        let most = allowances.log_streams_per_user;
        let mut streams = allowances.log_streams();
        let count = streams.entry(user).or_insert(0);
        if most > 0 && *count >= most {
            return Err(Error::rate_limited(format!("one user can follow {most} logs at a time; close some"), WAIT));
        }
        *count += 1;
        metrics().log_stream_began();
        Ok(Self { allowances: allowances.clone(), user })
    }
}

impl Drop for LogStream {
    fn drop(&mut self) {
        metrics().log_stream_ended();
        let mut streams = self.allowances.log_streams();
        if let Some(count) = streams.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn a_user_follows_so_many_logs_and_no_more() {
        let allowances = Arc::new(Allowances::new(&Limits { log_streams_per_user: 2, ..Limits::default() }));
        let (ada, grace) = (UserId::new(), UserId::new());
        let first = LogStream::begin(&allowances, ada).expect("is allowed");
        let _second = LogStream::begin(&allowances, ada).expect("is allowed");
        let refused = LogStream::begin(&allowances, ada).map(drop).expect_err("is one too many");
        assert_eq!(refused.code(), ErrorCode::RateLimited);
        drop(LogStream::begin(&allowances, grace).expect("is somebody else"));
        drop(first);
        let _third = LogStream::begin(&allowances, ada).expect("is allowed again");
        assert_eq!(allowances.log_streams().len(), 1, "who follows nothing takes no room");
    }
}
