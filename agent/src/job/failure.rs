//! Why a job did not reach its end.

use std::io;
use std::path::Path;

use slipway_proto::limits;
use slipway_proto::v1::FailureCode;

/// What is reported: a code for programs and one sentence for people, with the cause and the way out.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: FailureCode,
    pub(crate) message: String,
    /// Of the command that failed.
    pub(crate) exit_code: Option<i32>,
}

impl Failure {
    pub(crate) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: shorten(message.into(), limits::EVENT_TEXT_BYTES), exit_code: None }
    }

    /// An I/O error with the path it happened at. A full disk is named as what it is, whatever was being done.
    pub(crate) fn io(code: FailureCode, doing: &str, path: &Path, error: &io::Error) -> Self {
        if is_disk_full(error) {
            let message = format!(
                "the sandbox's disk is full: {doing} stopped at {}; free space and deploy again",
                path.display()
            );
            return Self::new(FailureCode::DiskFull, message);
        }
        Self::new(code, format!("{doing} failed at {}: {error}", path.display()))
    }
}

/// Whether an error means that there is no room.
pub(crate) fn is_disk_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Cuts a text at a character border, with a mark.
pub(crate) fn shorten(mut text: String, max_bytes: usize) -> String {
    const MARK: char = '…';
    if text.len() > max_bytes {
        text.truncate(text.floor_char_boundary(max_bytes - MARK.len_utf8()));
        text.push(MARK);
    }
    text
}

/// The two ways in which a step ends early.
#[derive(Debug)]
pub(crate) enum Halt {
    Failed(Failure),
    /// Somebody wanted it to end; [`super::interrupt::Interrupt`] knows why.
    Interrupted,
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named() {
        let error = io::Error::from(io::ErrorKind::StorageFull);
        let failure = Failure::io(FailureCode::Internal, "copying the workspace", Path::new("/x/y"), &error);
        assert_eq!(failure.code, FailureCode::DiskFull);
        assert!(failure.message.contains("/x/y"));
    }

    #[test]
    fn messages_are_cut_at_characters() {
        assert_eq!(shorten("äää".to_owned(), 6), "äää");
        assert_eq!(shorten("ääää".to_owned(), 6), "ä…");
    }
}
