//! A deployment's log, as compressed runs of lines. Lines are numbered from 1 over the whole
//! deployment; that number is the resume point of every viewer.

use prost::Message;
use sqlx::FromRow;

use super::{Store, Tx};
use crate::clock::Timestamp;
use crate::deployments::status::Step;
use crate::ids::{DeploymentId, SandboxId};

/// Fast, and log text shrinks tenfold at any level.
const ZSTD_LEVEL: i32 = 1;
/// Larger runs of lines than this are damage: what is written at once stays below it.
const RUN_RAW_BYTES: usize = 8 * 1024 * 1024;
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

/// A run of lines in the object of a finished log.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LogRun {
    /// Number of the first.
    #[prost(int64, tag = "1")]
    pub first_line: i64,
    /// How many.
    #[prost(int64, tag = "2")]
    pub line_count: i64,
    /// Where they begin in the object.
    #[prost(uint64, tag = "3")]
    pub offset: u64,
    /// Bytes in the object.
    #[prost(uint64, tag = "4")]
    pub length: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Runs {
    #[prost(message, repeated, tag = "1")]
    runs: Vec<LogRun>,
}

/// A log in its last form.
pub struct FinishedLog {
    /// Of its object.
    pub size_bytes: i64,
    /// Where in it which lines are.
    pub runs: Vec<LogRun>,
    /// Lines in it, of the agent and of the control plane.
    pub lines: i64,
    /// Text and line ends of the agent's lines.
    pub agent_bytes: i64,
    /// Whole lines of the agent.
    pub agent_lines: i64,
    /// BLAKE3 digest of the agent's text and line ends.
    pub agent_blake3: Vec<u8>,
}

/// How far the log of a job is, for what comes next.
#[derive(Debug, Clone, FromRow)]
pub struct LogPosition {
    /// Whose job it is.
    pub sandbox_id: SandboxId,
    /// Bytes of the agent's log that are stored.
    pub log_bytes: i64,
    /// Nothing more is taken.
    pub log_is_finished: bool,
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
const STEPS_WITHOUT_LINE: &str = "
    SELECT step, agent_started_at, started_at FROM deployment_steps
    WHERE deployment_id = $1 AND first_line IS NULL AND started_at IS NOT NULL";
const SET_FIRST_LINE: &str = "UPDATE deployment_steps SET first_line = $3 WHERE deployment_id = $1 AND step = $2";
const LAST: &str = "
    SELECT first_line, content FROM log_segments WHERE deployment_id = $1 ORDER BY first_line DESC LIMIT $2";
const REPLACE: &str = "UPDATE log_segments SET content = $3 WHERE deployment_id = $1 AND first_line = $2";
const FROM_LINE: &str = "
    SELECT first_line, content FROM log_segments
    WHERE deployment_id = $1 AND first_line + line_count > $2
    ORDER BY first_line LIMIT $3";

const POSITION: &str = "SELECT sandbox_id, log_bytes, log_is_finished FROM deployments WHERE id = $1";
const DUE: &str = "
    SELECT id FROM deployments
    WHERE log_is_finished = 0 AND completed_at IS NOT NULL
      AND (completed_at < $1 OR last_event_seq = 0 OR log_announced_bytes <= log_bytes)
    LIMIT $2";
const FINISH: &str =
    "UPDATE deployments SET log_is_finished = 1 WHERE id = $1 AND log_is_finished = 0 AND log_lines = $2";
const INSERT_FINISHED: &str = "
    INSERT INTO finished_logs (deployment_id, size_bytes, runs, lines, agent_bytes, agent_lines, agent_blake3, is_complete,
        finished_at)
    SELECT id, $2, $3, $4, $5, $6, $7,
        CASE WHEN log_announced_bytes IS NULL THEN last_event_seq = 0
             ELSE log_announced_bytes = $5 AND log_announced_lines = $6 AND log_announced_blake3 = $7 END, $8
    FROM deployments WHERE id = $1";
const DELETE_SEGMENTS: &str = "DELETE FROM log_segments WHERE deployment_id = $1 AND first_line <= $2";
const RUNS: &str = "SELECT runs FROM finished_logs WHERE deployment_id = $1";

/// Lines as they are stored: one zstd frame.
pub fn encode_lines(lines: Vec<LogLine>, level: i32) -> std::io::Result<Vec<u8>> {
    zstd::bulk::compress(&Segment { lines }.encode_to_vec(), level)
}

/// The same back.
pub fn decode_lines(content: &[u8]) -> Result<Vec<LogLine>, anyhow::Error> {
    Ok(Segment::decode(zstd::bulk::decompress(content, RUN_RAW_BYTES)?.as_slice())?.lines)
}

impl Store {
    /// Lines from number `first_line` on, with their numbers: as many as lie in a few segments,
    /// none at the end.
    pub async fn log_lines(&self, id: DeploymentId, first_line: i64) -> Result<Vec<(i64, LogLine)>, anyhow::Error> {
        let segments: Vec<SegmentRow> =
            sqlx::query_as(FROM_LINE).bind(id).bind(first_line).bind(SEGMENTS_PER_READ).fetch_all(&self.pool).await?;
        let mut lines = Vec::new();
        for segment in segments {
            let numbered = (segment.first_line..).zip(decode_lines(&segment.content)?);
            lines.extend(numbered.filter(|(number, _)| *number >= first_line));
        }
        Ok(lines)
    }

    /// Where in the object of a finished log which lines are; `None` while it is not finished.
    pub async fn finished_log_runs(&self, id: DeploymentId) -> Result<Option<Vec<LogRun>>, anyhow::Error> {
        let runs: Option<Vec<u8>> = sqlx::query_scalar(RUNS).bind(id).fetch_optional(&self.pool).await?;
        Ok(runs.map(|runs| Runs::decode(runs.as_slice())).transpose()?.map(|decoded| decoded.runs))
    }

    /// Ended deployments whose log is whole and not finished, or that ended before `late`.
    pub async fn unfinished_logs(&self, late: Timestamp, limit: i64) -> Result<Vec<DeploymentId>, sqlx::Error> {
        sqlx::query_scalar(DUE).bind(late).bind(limit).fetch_all(&self.pool).await
    }
}

impl Tx {
    /// How far the log of a deployment is.
    pub async fn log_position(&mut self, id: DeploymentId) -> Result<Option<LogPosition>, sqlx::Error> {
        sqlx::query_as(POSITION).bind(id).fetch_optional(&mut *self.0).await
    }

    /// Puts the finished log in the place of its segments; `false` when the log has grown since it was read.
    pub async fn finish_log(
        &mut self,
        id: DeploymentId,
        log: &FinishedLog,
        now: Timestamp,
    ) -> Result<bool, anyhow::Error> {
        if sqlx::query(FINISH).bind(id).bind(log.lines).execute(&mut *self.0).await?.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query(INSERT_FINISHED)
            .bind(id)
            .bind(log.size_bytes)
            .bind(Runs { runs: log.runs.clone() }.encode_to_vec())
            .bind(log.lines)
            .bind(log.agent_bytes)
            .bind(log.agent_lines)
            .bind(&log.agent_blake3)
            .bind(now)
            .execute(&mut *self.0)
            .await?;
        sqlx::query(DELETE_SEGMENTS).bind(id).bind(log.lines).execute(&mut *self.0).await?;
        Ok(true)
    }

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
        self.find_first_lines(id, last - count + 1, &lines).await?;
        let content = encode_lines(lines, ZSTD_LEVEL)?;
        sqlx::query(INSERT).bind(id).bind(last - count + 1).bind(count).bind(content).execute(&mut *self.0).await?;
        Ok(())
    }

    /// Notes where steps begin that have begun and had no line so far. A line counts for a step when its writer's clock
    /// says so: the agent's for the steps of the agent, ours for our own.
    async fn find_first_lines(&mut self, id: DeploymentId, first: i64, lines: &[LogLine]) -> Result<(), sqlx::Error> {
        let steps: Vec<(Step, Option<Timestamp>, Timestamp)> =
            sqlx::query_as(STEPS_WITHOUT_LINE).bind(id).fetch_all(&mut *self.0).await?;
        for (step, by_agent, by_us) in steps {
            let began = by_agent.unwrap_or(by_us).as_millis();
            let is_writer = |line: &LogLine| (line.source == i32::from(LogSource::System)) == by_agent.is_none();
            let found = lines.iter().position(|line| is_writer(line) && line.at_unix_ms >= began);
            if let Some(place) = found.and_then(|place| i64::try_from(place).ok()) {
                sqlx::query(SET_FIRST_LINE).bind(id).bind(step).bind(first + place).execute(&mut *self.0).await?;
            }
        }
        Ok(())
    }

    /// The last segments, in order: as many as hold what a secret may extend over.
    pub async fn last_segments(&mut self, id: DeploymentId) -> Result<Vec<LogSegment>, anyhow::Error> {
        let rows: Vec<SegmentRow> =
            sqlx::query_as(LAST).bind(id).bind(SEGMENTS_LOOKED_BACK).fetch_all(&mut *self.0).await?;
        let (mut segments, mut bytes) = (Vec::new(), 0);
        for row in rows {
            let lines = decode_lines(&row.content)?;
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
        let content = encode_lines(segment.lines, ZSTD_LEVEL)?;
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
