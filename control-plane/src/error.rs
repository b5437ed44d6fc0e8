//! The one list of errors the outside sees: a stable code, its HTTP status and its gRPC status.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tonic::Code;

use crate::providers::ProviderError;

/// What a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The request is understood and wrong.
    InvalidInput,
    /// No valid credential came with the request.
    Unauthenticated,
    /// The credential is valid and does not reach this far.
    Forbidden,
    /// Not there, or not the caller's: the answer is the same.
    NotFound,
    /// The method is not offered at this path.
    MethodNotAllowed,
    /// It contradicts the present state.
    Conflict,
    /// The record is no longer as the caller has seen it.
    PreconditionFailed,
    /// The body is larger than this endpoint takes.
    TooLarge,
    /// The body is of a kind this endpoint does not take.
    UnsupportedMediaType,
    /// Too many requests; `Retry-After` says when.
    RateLimited,
    /// The account has used up what it may use; `Retry-After` says when there is more, if that is known.
    QuotaExceeded,
    /// Something we lean on is away.
    Unavailable,
    /// A defect; the message is withheld and logged.
    Internal,
}

impl ErrorCode {
    /// Every code, for the API document. Of two with one status the more general one stands first.
    pub const ALL: [Self; 13] = [
        Self::InvalidInput,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The `code` member of a problem document. Stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::PreconditionFailed => "precondition_failed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The HTTP column.
    pub fn http(self) -> StatusCode {
        match self {
            Self::InvalidInput => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RateLimited | Self::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code of an error of this status that does not say its code itself.
    pub fn of_status(status: StatusCode) -> Option<Self> {
        let known = Self::ALL.into_iter().find(|code| code.http() == status);
        known.or(match status {
            status if status.is_client_error() => Some(Self::InvalidInput),
            status if status.is_server_error() => Some(Self::Internal),
            _ => None,
        })
    }

    /// The gRPC column.
    pub fn grpc(self) -> Code {
        match self {
            Self::InvalidInput | Self::TooLarge | Self::UnsupportedMediaType => Code::InvalidArgument,
            Self::Unauthenticated => Code::Unauthenticated,
            Self::Forbidden => Code::PermissionDenied,
            Self::NotFound => Code::NotFound,
            Self::MethodNotAllowed => Code::Unimplemented,
            Self::Conflict | Self::PreconditionFailed => Code::FailedPrecondition,
            Self::RateLimited | Self::QuotaExceeded => Code::ResourceExhausted,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

/// An error on its way to a caller.
#[derive(Debug, Clone)]
pub struct Error {
    code: ErrorCode,
    message: String,
    retry_after: Option<Duration>,
    source: Option<Arc<anyhow::Error>>,
}

impl Error {
    /// An error with a sentence for the caller.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None, source: None }
    }

    /// The request is wrong; `message` says what and how to mend it.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidInput, message)
    }

    /// There is no such `thing`, as far as the caller may know.
    pub fn not_found(thing: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {thing}"))
    }

    /// The state does not allow it.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// The credential is valid and may not do this; `message` says what it lacks.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// Too many requests; the caller may come back after `wait`.
    pub fn rate_limited(message: impl Into<String>, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Self::new(ErrorCode::RateLimited, message) }
    }

    /// The account has used up what it may use; there is more after `wait`, if that is known.
    pub fn quota_exceeded(message: impl Into<String>, wait: Option<Duration>) -> Self {
        Self { retry_after: wait, ..Self::new(ErrorCode::QuotaExceeded, message) }
    }

    /// Something we lean on is away; it may be back after `wait`, if that is known.
    pub fn unavailable(message: impl Into<String>, wait: Option<Duration>) -> Self {
        Self { retry_after: wait, ..Self::new(ErrorCode::Unavailable, message) }
    }

    /// When the caller may come back, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// What kind of error this is.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Logs what the caller must not see. Called once, where the error leaves the program.
    pub fn log(&self) {
        if let Some(source) = &self.source {
            tracing::error!(error = format!("{source:#}"), "request failed");
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(source) = &self.source {
            write!(f, ": {source:#}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Anything unforeseen is internal: logged with its chain, withheld from the caller.
impl From<anyhow::Error> for Error {
    fn from(source: anyhow::Error) -> Self {
        Self {
            code: ErrorCode::Internal,
            message: "something went wrong on the server; its log has the details".to_owned(),
            retry_after: None,
            source: Some(Arc::new(source)),
        }
    }
}

/// What a provider said to somebody who waits for it. The request was understood, so a refusal is about its content.
impl From<ProviderError> for Error {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Rejected(sentence) => Self::invalid(sentence),
            ProviderError::Busy { retry_after } => {
                Self::unavailable("the provider wants us to wait; try again in a minute", retry_after)
            }
            ProviderError::Failed(source) => Self {
                source: Some(Arc::new(source)),
                ..Self::unavailable("the provider gives no answer, so nothing was changed; try again", None)
            },
        }
    }
}

impl From<crate::secrets::VaultError> for Error {
    fn from(source: crate::secrets::VaultError) -> Self {
        anyhow::Error::new(source).into()
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        if crate::store::is_sealed_with_removed_key(&source) {
            return Self::new(
                ErrorCode::Unavailable,
                "the encryption key was replaced at this moment; send the request again",
            );
        }
        anyhow::Error::new(source).context("database").into()
    }
}

impl From<Error> for tonic::Status {
    fn from(error: Error) -> Self {
        error.log();
        Self::new(error.code.grpc(), error.message)
    }
}
