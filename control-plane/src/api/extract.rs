//! What handlers take from a request: who asks, ids, bodies, pages. All of them answer a problem
//! document when the request is wrong.

use std::fmt;
use std::marker::PhantomData;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::context::Identity;
use crate::access::Principal;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorCode};

const DEFAULT_PAGE: i64 = 20;
const LARGEST_PAGE: i64 = 100;

/// Whoever sent the request, by API token, session cookie or trusted JWT.
pub(super) type CurrentUser = Principal;

impl FromRequestParts<App> for Principal {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        match parts.extensions.get::<Identity>() {
            Some(Identity(known)) => known.clone(),
            None => app.access.principal(&parts.method, &parts.headers).await,
        }
    }
}

/// The `{id}` of a path. One that cannot be an id names nothing.
pub(super) struct Id<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Id<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let id = Path::<T>::from_request_parts(parts, app).await;
        id.map(|Path(id)| Self(id)).map_err(|_| {
            Error::new(ErrorCode::NotFound, "the id in the path is not a UUID, so there is no such record")
        })
    }
}

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        match axum::Json::<Object<T>>::from_request(request, app).await {
            Ok(axum::Json(Object(body))) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(rejection)) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Error::new(ErrorCode::TooLarge, format!("the body cannot be read: {rejection}")))
            }
            Err(JsonRejection::MissingJsonContentType(_)) => {
                Err(Error::new(ErrorCode::UnsupportedMediaType, "send the body as `Content-Type: application/json`"))
            }
            Err(rejection) => Err(Error::invalid(rejection.body_text())),
        }
    }
}

/// A JSON body that may be left out, or `null`: then all of it is as by default.
pub(super) struct OptionalBody<T>(pub(super) T);

impl<T: DeserializeOwned + Default> FromRequest<App> for OptionalBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        let (head, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(head.clone(), body), app).await;
        let bytes = bytes.map_err(|rejection| {
            Error::new(ErrorCode::TooLarge, format!("the body cannot be read: {}", rejection.body_text()))
        })?;
        if bytes.is_empty() || bytes.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        let Body(body) = Body::from_request(Request::from_parts(head, bytes.into()), app).await?;
        Ok(Self(body))
    }
}

/// Something that is an object in JSON. A derived `Deserialize` also takes a list of the members' values.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

/// An object within a body.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Object::deserialize(deserializer).map(|Object(value)| value)
}

/// A list of objects within a body.
pub(super) fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(value)| value).collect())
}

/// The query string.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let query = Query::<T>::from_request_parts(parts, app).await;
        query.map(|Query(query)| Self(query)).map_err(|rejection| Error::invalid(rejection.body_text()))
    }
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// At most so many items, 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 20, example = 20)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(format = Uuid)]
    cursor: Option<String>,
}

impl PageQuery {
    /// For queries that hold more than a page: `serde_urlencoded` cannot flatten numbers.
    pub(super) fn new(limit: Option<i64>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// The limit, within bounds.
    pub(super) fn limit(&self) -> Result<i64, Error> {
        match self.limit.unwrap_or(DEFAULT_PAGE) {
            limit @ 1..=LARGEST_PAGE => Ok(limit),
            _ => Err(Error::invalid(format!("`limit` must be from 1 to {LARGEST_PAGE}"))),
        }
    }

    /// The id after which the page begins.
    pub(super) fn cursor<T: std::str::FromStr>(&self) -> Result<Option<T>, Error> {
        let invalid = |_| Error::invalid("`cursor` is not one that a list has answered");
        self.cursor.as_deref().map(|cursor| cursor.parse().map_err(invalid)).transpose()
    }
}

/// A time in the query string.
pub(super) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Error> {
    let invalid = |_| Error::invalid(format!("`{field}` must be a time like `2026-01-20T09:30:00Z`"));
    text.map(|text| text.parse().map_err(invalid)).transpose()
}

/// Part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T: ToSchema> {
    #[schema(max_items = 100)]
    pub(super) items: Vec<T>,
    /// Where the next page begins; `null` at the end.
    pub(super) next_cursor: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// A page of rows that were read with a limit one larger than `limit`.
    pub(super) fn of<R>(rows: Vec<R>, limit: i64, id: impl Fn(&R) -> String, view: impl FnMut(R) -> T) -> Self {
        let (rows, next_cursor) = cut(rows, limit, id);
        Self { items: rows.into_iter().map(view).collect(), next_cursor }
    }
}

/// The rows of a page, read with a limit one larger than `limit`, and where the next page begins: the surplus row tells
/// that there is more.
pub(super) fn cut<R>(mut rows: Vec<R>, limit: i64, id: impl Fn(&R) -> String) -> (Vec<R>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| has_more).map(id);
    (rows, next_cursor)
}

/// A number without a fraction, however it is written: in JSON `30.0` is 30.
pub(super) fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    let number = Option::<f64>::deserialize(deserializer)?;
    let whole = |number: f64| number.to_string().parse().map_err(|_| D::Error::custom("it must be a whole number"));
    number.map(whole).transpose()
}

/// Of sandboxes, targets, tokens, teams and people.
pub(super) const LONGEST_NAME_CHARS: usize = 100;

/// Refuses names that are empty, long, or hold control characters.
pub(super) fn check_name(field: &str, name: &str) -> Result<(), Error> {
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "`{field}` must have 1 to {LONGEST_NAME_CHARS} characters and no control characters"
        )));
    }
    Ok(())
}

/// The same for people; `team:` begins the names of teams' accounts.
pub(crate) fn check_user_name(name: &str) -> Result<(), Error> {
    check_name("name", name)?;
    if name.trim() != name || name.starts_with("team:") {
        return Err(Error::invalid("`name` must not begin with `team:`, nor begin or end with a space"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Days {
        #[serde(default, deserialize_with = "whole_number")]
        days: Option<u32>,
    }

    #[track_caller]
    fn check(json: &str, expected: Result<Option<u32>, &str>) {
        match (serde_json::from_str::<Object<Days>>(json), expected) {
            (Ok(Object(found)), Ok(days)) => assert_eq!(found, Days { days }),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, _) => panic!("{json} gave {:?}", found.map(|Object(days)| days)),
        }
    }

    #[test]
    fn a_body_is_an_object_and_a_whole_number_is_one_however_it_is_written() {
        check(r#"{"days":30}"#, Ok(Some(30)));
        check(r#"{"days":30.0}"#, Ok(Some(30)));
        check(r#"{"days":null}"#, Ok(None));
        check("{}", Ok(None));
        check(r#"{"days":1.5}"#, Err("whole number"));
        check(r#"{"days":-1}"#, Err("whole number"));
        check(r#"{"days":1e300}"#, Err("whole number"));
        check(r#"{"more":1}"#, Err("more"));
        check("[30]", Err("an object"));
    }
}
