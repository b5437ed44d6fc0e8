//! What a build prints: cut into lines, kept on disk, sent until it is stored. Bytes are opaque and
//! none is lost while the connection is away.

mod job_log;
mod lines;
mod sender;
mod spool;
mod tail;

pub(crate) use job_log::JobLog;
pub(crate) use lines::{Line, LineSplitter};
pub(crate) use sender::send_logs;
