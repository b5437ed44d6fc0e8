//! A deployment's log, as compressed runs of lines. Lines are numbered from 1 over the whole
//! deployment; that number is the resume point of every viewer.

use prost::Message;
use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::ids::DeploymentId;

/// Fast, and log text shrinks tenfold at any level.
const ZSTD_LEVEL: i32 = 1;
/// A segment comes from one batch of at most 512 KiB; more than this is damage.
const SEGMENT_RAW_BYTES: usize = 4 * 1024 * 1024;
/// Segments read at once.
const SEGMENTS_PER_READ: i64 = 16;

/// When a secret is searched for, so much of what is stored before new lines is looked at again,
const BYTES_LOOKED_BACK: usize = 32 * 1024;
/// or at most so many segments.
const SEGMENTS_LOOKED_BACK: i64 = 32;

/// Who wrote a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum LogSource {
    /// A command's standard output.
    Stdout = 1,
    /// A command's standard error.
    Stderr = 2,
    /// The control plane; no agent can write as this.
    System = 3,
}

impl LogSource {
    /// As shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::System => "system",
        }
    }
}

/// One stored line.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LogLine {
    /// Who wrote it.
    #[prost(enumeration = "LogSource", tag = "1")]
    pub source: i32,
    /// When, in milliseconds since 1970; an agent's claim.
    #[prost(int64, tag = "2")]
    pub at_unix_ms: i64,
    /// Opaque bytes without the line end.
    #[prost(bytes = "vec", tag = "3")]
    pub text: Vec<u8>,
    /// Whether the next line continues this one.
    #[prost(bool, tag = "4")]
    pub continued: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Segment {
    #[prost(message, repeated, tag = "1")]
    lines: Vec<LogLine>,
}

/// Stored lines that were written together.
pub struct LogSegment {
    /// Number of the first.
    pub first_line: i64,
    /// All of them.
    pub lines: Vec<LogLine>,
}

#[derive(FromRow)]
struct SegmentRow {
    first_line: i64,
    content: Vec<u8>,
}

const INSERT: &str = "
    INSERT INTO log_segments (deployment_id, first_line, line_count, content) VALUES ($1, $2, $3, $4)";
const COUNT_LINES: &str = "
    UPDATE deployments SET log_lines = log_lines + $2, log_bytes = log_bytes + $3 WHERE id = $1
    RETURNING log_lines";
const LAST: &str = "
    SELECT first_line, content FROM log_segments WHERE deployment_id = $1 ORDER BY first_line DESC LIMIT $2";
const REPLACE: &str = "UPDATE log_segments SET content = $3 WHERE deployment_id = $1 AND first_line = $2";
const FROM_LINE: &str = "
    SELECT first_line, content FROM log_segments
    WHERE deployment_id = $1 AND first_line + line_count > $2
    ORDER BY first_line LIMIT $3";

fn encode(lines: Vec<LogLine>) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(&Segment { lines }.encode_to_vec(), ZSTD_LEVEL)
}

fn decode(content: &[u8]) -> Result<Vec<LogLine>, anyhow::Error> {
    Ok(Segment::decode(zstd::bulk::decompress(content, SEGMENT_RAW_BYTES)?.as_slice())?.lines)
}

impl Store {
    /// Lines from number `first_line` on, with their numbers: as many as lie in a few segments,
    /// none at the end.
    pub async fn log_lines(&self, id: DeploymentId, first_line: i64) -> Result<Vec<(i64, LogLine)>, anyhow::Error> {
        let segments: Vec<SegmentRow> =
            sqlx::query_as(FROM_LINE).bind(id).bind(first_line).bind(SEGMENTS_PER_READ).fetch_all(&self.pool).await?;
        let mut lines = Vec::new();
        for segment in segments {
            let numbered = (segment.first_line..).zip(decode(&segment.content)?);
            lines.extend(numbered.filter(|(number, _)| *number >= first_line));
        }
        Ok(lines)
    }
}

impl Tx {
    /// Appends lines; `agent_bytes` is how far they move the agent's log, 0 for our own lines.
    pub async fn append_log(
        &mut self,
        id: DeploymentId,
        lines: Vec<LogLine>,
        agent_bytes: i64,
    ) -> Result<(), anyhow::Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(lines.len())?;
        let last: i64 =
            sqlx::query_scalar(COUNT_LINES).bind(id).bind(count).bind(agent_bytes).fetch_one(&mut *self.0).await?;
        let content = encode(lines)?;
        sqlx::query(INSERT).bind(id).bind(last - count + 1).bind(count).bind(content).execute(&mut *self.0).await?;
        Ok(())
    }

    /// The last segments, in order: as many as hold what a secret may extend over.
    pub async fn last_segments(&mut self, id: DeploymentId) -> Result<Vec<LogSegment>, anyhow::Error> {
        let rows: Vec<SegmentRow> =
            sqlx::query_as(LAST).bind(id).bind(SEGMENTS_LOOKED_BACK).fetch_all(&mut *self.0).await?;
        let (mut segments, mut bytes) = (Vec::new(), 0);
        for row in rows {
            let lines = decode(&row.content)?;
            bytes += lines.iter().map(|line| line.text.len()).sum::<usize>();
            segments.push(LogSegment { first_line: row.first_line, lines });
            if bytes >= BYTES_LOOKED_BACK {
                break;
            }
        }
        segments.reverse();
        Ok(segments)
    }

    /// Stores a segment anew with as many lines.
    pub async fn replace_segment(&mut self, id: DeploymentId, segment: LogSegment) -> Result<(), anyhow::Error> {
        let content = encode(segment.lines)?;
        sqlx::query(REPLACE).bind(id).bind(segment.first_line).bind(content).execute(&mut *self.0).await?;
        Ok(())
    }

    /// Appends one line of the control plane itself.
    pub async fn append_system_line(
        &mut self,
        id: DeploymentId,
        text: &str,
        now: Timestamp,
    ) -> Result<(), anyhow::Error> {
        let line = LogLine {
            source: LogSource::System.into(),
            at_unix_ms: now.as_millis(),
            text: text.as_bytes().to_vec(),
            continued: false,
        };
        self.append_log(id, vec![line], 0).await
    }
}
