//! Every bound of the agent channel, in one place. The server enforces them; the agent keeps to
//! them so that it can say in a good sentence what would be refused.

use std::time::Duration;

/// Largest message of the enrolment and identity services.
pub const ENROLLMENT_MESSAGE_BYTES: usize = 16 * 1024;
/// Largest `AgentMessage` or `ServerMessage`.
pub const SESSION_MESSAGE_BYTES: usize = 64 * 1024;
/// Largest `LogBatch`.
pub const LOG_MESSAGE_BYTES: usize = 512 * 1024;
/// Largest `ManifestPart` or `PackFrame`.
pub const BULK_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// HTTP/2 header list of one request.
pub const HEADER_LIST_BYTES: u32 = 16 * 1024;
/// Requests under way on one connection.
pub const CONCURRENT_STREAMS: u32 = 32;
/// HTTP/2 window of one stream on the control connection (the protocol's default of 65,535 bytes stalls at 50 ms of latency).
pub const CONTROL_STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// HTTP/2 window of the whole control connection.
pub const CONTROL_CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// HTTP/2 window of one stream on the bulk connection.
pub const BULK_STREAM_WINDOW_BYTES: u32 = 2 * 1024 * 1024;
/// HTTP/2 window of the whole bulk connection.
pub const BULK_CONNECTION_WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Time to connect, and again to finish the TLS handshake.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for `Welcome` to answer `Hello`.
pub const WELCOME_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a unary call.
pub const UNARY_TIMEOUT: Duration = Duration::from_secs(30);
/// HTTP/2 PING interval of the agent, also while idle.
pub const AGENT_PING_INTERVAL: Duration = Duration::from_secs(20);
/// HTTP/2 PING interval of the server.
pub const SERVER_PING_INTERVAL: Duration = Duration::from_secs(30);
/// Time for the answer to a PING before the connection counts as dead.
pub const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// Interval of `Heartbeat`.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);

/// Longest life of an enrolment token.
pub const ENROLLMENT_TOKEN_LIFE: Duration = Duration::from_secs(10 * 60);
/// Life of an agent's certificate.
pub const CERTIFICATE_LIFE: Duration = Duration::from_secs(60 * 60);
/// Largest PKCS#10 request.
pub const CSR_BYTES: usize = 4 * 1024;

/// Events of one job.
pub const JOB_EVENTS: u64 = 10_000;
/// A build plan as JSON.
pub const PLAN_BYTES: usize = 32 * 1024;
/// A message, reason or version in an event.
pub const EVENT_TEXT_BYTES: usize = 1024;

/// Longest line of a log before it is split into pieces.
pub const LOG_LINE_BYTES: usize = 64 * 1024;
/// A batch closes at this many bytes of text,
pub const LOG_BATCH_BYTES: usize = 64 * 1024;
/// or at this many lines,
pub const LOG_BATCH_LINES: usize = 2_000;
/// or this long after its first line.
pub const LOG_BATCH_DELAY: Duration = Duration::from_millis(100);
/// A batch as it is before compression: its text, its longest line's surplus, and what each line costs besides.
pub const LOG_BATCH_RAW_BYTES: usize = 384 * 1024;
/// Text a job may log: so much from its beginning,
pub const LOG_HEAD_BYTES: u64 = 40 * 1024 * 1024;
/// and so much from its end. What comes between is counted and dropped, and the log says so.
pub const LOG_TAIL_BYTES: u64 = 10 * 1024 * 1024;
/// Both.
pub const LOG_JOB_BYTES: u64 = LOG_HEAD_BYTES + LOG_TAIL_BYTES;

/// Files of one artifact.
pub const ARTIFACT_FILES: usize = 50_000;
/// One file of an artifact.
pub const ARTIFACT_FILE_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// All files of an artifact.
pub const ARTIFACT_BYTES: u64 = 2 * 1024 * 1024 * 1024;
/// An encoded manifest.
pub const MANIFEST_BYTES: usize = 16 * 1024 * 1024;
/// Raw bytes of one `PackFrame`.
pub const FRAME_RAW_BYTES: usize = 1024 * 1024;
/// Path of one file.
pub const PATH_BYTES: usize = 1024;
/// One part of a path.
pub const PATH_PART_BYTES: usize = 255;

/// Paths and data in one `ExportFrame`,
pub const EXPORT_FRAME_BYTES: usize = 256 * 1024;
/// which is never larger than this: one piece may pass the bound, and each has a few bytes of its own.
pub const EXPORT_MESSAGE_BYTES: usize = 512 * 1024;
/// Path of one entry of an export, or the target of a link.
pub const EXPORT_PATH_BYTES: usize = 4096;
/// Entries of one export.
pub const EXPORT_ENTRIES: u64 = 1_000_000;
/// Data of one export.
pub const EXPORT_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// Exports of one sandbox at the same time.
pub const EXPORTS_AT_ONCE: usize = 2;
/// Longest run of an export.
pub const EXPORT_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// Longest run of a job, from its start in the agent to the committed artifact.
pub const JOB_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// From SIGTERM to SIGKILL when a job is cancelled.
pub const CANCEL_GRACE: Duration = Duration::from_secs(10);
