//! `ETag` and `If-Match`: whoever changes a configuration can say which one they have seen, and learns
//! when somebody else was faster (RFC 9110, sections 8.8.3 and 13.1.1).

use std::convert::Infallible;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, ErrorCode};
use crate::secrets::sha256;

/// Says which state of a record an answer shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ETag(String);

impl ETag {
    /// For records that count their changes.
    pub(super) fn of_version(version: i64) -> Self {
        Self(format!("\"{version}\""))
    }

    /// For all others: a digest of what can be changed about them.
    pub(super) fn of(state: &impl Serialize) -> Self {
        let json = serde_json::to_vec(state).unwrap_or_default();
        Self(format!("\"{}\"", data_encoding::HEXLOWER.encode(&sha256(&json)[..12])))
    }
}

/// A record in JSON, with its `ETag`.
pub(super) struct Tagged<T>(pub(super) ETag, pub(super) T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        let Self(ETag(tag), record) = self;
        let mut response = Json(record).into_response();
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The `If-Match` of a request.
pub(super) struct IfMatch(Option<String>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let lines: Vec<_> = parts.headers.get_all(header::IF_MATCH).iter().collect();
        // A tag that is no text is none of ours, so it matches nothing.
        let text = |line: &HeaderValue| line.to_str().unwrap_or_default().to_owned();
        Ok(Self((!lines.is_empty()).then(|| lines.into_iter().map(text).collect::<Vec<_>>().join(","))))
    }
}

impl IfMatch {
    /// Whether the caller has said what they have seen.
    pub(super) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Lets the change through if the record is what the caller has seen, or they did not say.
    ///
    /// # Errors
    /// `PreconditionFailed` when it is not.
    pub(super) fn check(&self, present: &ETag) -> Result<(), Error> {
        let is_seen = |tag: &str| tag == "*" || tag == present.0;
        match &self.0 {
            Some(seen) if !seen.split(',').map(str::trim).any(is_seen) => Err(has_changed()),
            _ => Ok(()),
        }
    }
}

/// Somebody else was faster.
pub(super) fn has_changed() -> Error {
    Error::new(ErrorCode::PreconditionFailed, "this has changed since it was read; read it again and repeat the change")
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[tokio::test]
    async fn a_change_needs_the_state_that_was_seen_if_one_is_named() {
        for (lines, expected) in [
            (&[][..], true),
            (&["\"7\""], true),
            (&["*"], true),
            (&["\"6\", \"7\""], true),
            (&["\"6\"", "\"7\""], true),
            (&["\"6\""], false),
            (&["7"], false),
            // A weak tag promises too little for a change.
            (&["W/\"7\""], false),
            (&[""], false),
        ] {
            let request =
                lines.iter().fold(Request::builder(), |request, line| request.header(header::IF_MATCH, *line));
            let (mut parts, ()) = request.body(()).expect("a request").into_parts();
            let Ok(if_match) = IfMatch::from_request_parts(&mut parts, &()).await;
            assert_eq!(if_match.check(&ETag::of_version(7)).is_ok(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_tag_follows_what_can_be_changed() {
        assert_eq!(ETag::of(&("shop", 1)), ETag::of(&("shop", 1)));
        assert_ne!(ETag::of(&("shop", 1)), ETag::of(&("shop", 2)));
    }
}
