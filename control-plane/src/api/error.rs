//! Errors as problem documents (RFC 9457) with a stable `code`.

use std::any::Any;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use super::ANSWER_TIMEOUT;
use super::context::RequestId;
use crate::error::{Error, ErrorCode};

/// The body of every error answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Problem {
    /// Always `about:blank`: the `code` tells the kind.
    r#type: &'static str,
    /// The HTTP status in words.
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// Stable, for programs.
    #[schema(schema_with = code_schema)]
    code: &'static str,
    /// One sentence: the cause and the way out.
    detail: String,
    /// The request's `X-Request-Id`; the server's log has it beside what went wrong.
    request_id: Option<Uuid>,
}

fn code_schema() -> Schema {
    let codes = ErrorCode::ALL.map(ErrorCode::as_str);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Stable, for programs."))
        .enum_values(Some(codes))
        .build()
        .into()
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        self.log();
        let status = self.code().http();
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            code: self.code().as_str(),
            detail: self.message().to_owned(),
            request_id: RequestId::current().map(|id| id.0),
        };
        let mut response = (status, Json(problem)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        // For the audit log, which sees answers only.
        response.extensions_mut().insert(self.code());
        if let Some(wait) = self.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

pub(super) async fn no_such_route(uri: Uri) -> Error {
    Error::new(ErrorCode::NotFound, format!("there is nothing at {}", uri.path()))
}

pub(super) async fn no_such_method(method: Method, uri: Uri) -> Error {
    Error::new(ErrorCode::MethodNotAllowed, format!("{} does not answer {method}", uri.path()))
}

/// Answers in the handler's stead when it takes too long.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        let seconds = ANSWER_TIMEOUT.as_secs();
        Error::new(ErrorCode::Unavailable, format!("there was no answer within {seconds} seconds; try again"))
            .into_response()
    })
}

/// A panic is a defect; the caller learns nothing of it but that.
#[allow(clippy::needless_pass_by_value, reason = "the signature is tower-http's")]
pub(super) fn after_panic(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    Error::from(anyhow::anyhow!("a handler panicked: {text}")).into_response()
}
