//! The log of one job: counted, digested and bounded as it is written, so that its end can say
//! exactly what it must amount to.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::mask::{MaskSet, Masker};
use slipway_proto::v1::{LogBatch, LogClosed, LogStream};
use tokio::sync::Notify;

use super::lines::Line;
use super::spool::{Place, Spool, log_bytes};
use crate::clock::now_unix_ms;

/// Written by the job, read by the sender.
pub(crate) struct JobLog {
    state: Mutex<State>,
    news: Arc<Notify>,
    stored: Notify,
    masks: Arc<MaskSet>,
}

struct State {
    spool: Spool,
    digest: blake3::Hasher,
    finished_lines: u64,
    /// The last piece kept has no end yet.
    is_open_line: bool,
    dropped: Dropped,
    closed: Option<LogClosed>,
    stored_bytes: u64,
    /// Up to here somebody waits for the control plane to have it.
    urgent_bytes: u64,
}

#[derive(Default)]
struct Dropped {
    bytes: u64,
    lines: u64,
}

/// What the sender could send.
pub(super) struct Pending {
    pub(super) bytes: u64,
    pub(super) records: u64,
    /// Do not wait for more lines to fill a batch.
    pub(super) is_urgent: bool,
}

impl JobLog {
    /// A log kept in `path`; `news` is told of every line. Nothing in `masks` may be written to it.
    pub(crate) fn new(path: PathBuf, news: Arc<Notify>, masks: Arc<MaskSet>) -> Self {
        let state = State {
            spool: Spool::new(path),
            digest: blake3::Hasher::new(),
            finished_lines: 0,
            is_open_line: false,
            dropped: Dropped::default(),
            closed: None,
            stored_bytes: 0,
            urgent_bytes: 0,
        };
        Self { state: Mutex::new(state), news, stored: Notify::new(), masks }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A masker for one stream of a command, which must pass it before its lines are appended.
    pub(crate) fn masker(&self) -> Masker {
        Masker::new(self.masks.clone())
    }

    /// Appends lines, masked already: `each` is called with a function that takes one.
    ///
    /// # Errors
    /// When they cannot be kept. The log must not be used any further then, but to close it.
    pub(crate) fn append(&self, stream: LogStream, each: impl FnOnce(&mut dyn FnMut(Line<'_>))) -> io::Result<()> {
        let at_unix_ms = now_unix_ms();
        let mut state = self.state();
        if state.closed.is_some() {
            return Ok(()); // a process that outlived its command; nothing is announced any more
        }
        each(&mut |line| state.push(stream, at_unix_ms, line));
        let flushed = state.spool.flush();
        drop(state);
        self.news.notify_one();
        flushed
    }

    /// Appends one line of the agent's own.
    pub(crate) fn say(&self, text: &str) -> io::Result<()> {
        let text = self.masks.mask_text(text);
        self.append(LogStream::Stdout, |emit| {
            for line in text.split('\n') {
                emit(Line { text: &line.as_bytes()[..line.len().min(limits::LOG_LINE_BYTES)], continued: false });
            }
        })
    }

    /// Ends the log and tells what it amounts to. The sender then waits no longer for more lines.
    pub(crate) fn close(&self) -> LogClosed {
        let mut state = self.state();
        if let Some(closed) = &state.closed {
            return closed.clone();
        }
        let before = state.spool.end();
        let at_unix_ms = now_unix_ms();
        if state.dropped.bytes > 0 {
            if state.is_open_line {
                state.keep(LogStream::Stdout, at_unix_ms, Line { text: b"", continued: false });
            }
            let marker = format!(
                "[slipway: {} more bytes in {} lines were not kept; the log limit is {} MiB]",
                state.dropped.bytes,
                state.dropped.lines,
                limits::LOG_JOB_BYTES / (1024 * 1024)
            );
            state.keep(LogStream::Stdout, at_unix_ms, Line { text: marker.as_bytes(), continued: false });
        }
        if let Err(error) = state.spool.flush() {
            tracing::warn!(%error, offset = before.offset, "the end of a log cannot be kept");
        }
        let closed = LogClosed {
            bytes: state.spool.end().offset,
            lines: state.finished_lines,
            blake3: state.digest.finalize().as_bytes().to_vec(),
            dropped_bytes: state.dropped.bytes,
            dropped_lines: state.dropped.lines,
        };
        state.closed = Some(closed.clone());
        drop(state);
        self.news.notify_one();
        closed
    }

    /// Bytes produced.
    pub(crate) fn produced_bytes(&self) -> u64 {
        self.state().spool.end().offset
    }

    /// Bytes the control plane has stored.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.state().stored_bytes
    }

    /// The control plane has stored this much.
    pub(crate) fn set_stored_bytes(&self, bytes: u64) {
        self.state().stored_bytes = bytes;
        self.stored.notify_waiters();
    }

    /// Sends what is there and waits until the control plane has it, at most `limit`: what is
    /// reported next is then not shown before the lines that led to it.
    pub(crate) async fn deliver(&self, limit: Duration) {
        let end = {
            let mut state = self.state();
            state.urgent_bytes = state.spool.end().offset;
            state.urgent_bytes
        };
        self.news.notify_one();
        let delivered = async {
            loop {
                let stored = self.stored.notified();
                tokio::pin!(stored);
                stored.as_mut().enable();
                if self.stored_bytes() >= end {
                    return;
                }
                stored.await;
            }
        };
        // While the connection is away, the step goes on without it.
        let _ = tokio::time::timeout(limit, delivered).await;
    }

    /// Closed, and every byte of it stored.
    pub(crate) fn is_delivered(&self) -> bool {
        let state = self.state();
        state.closed.as_ref().is_some_and(|closed| state.stored_bytes >= closed.bytes)
    }

    pub(super) fn pending(&self, from: Place) -> Pending {
        let state = self.state();
        let end = state.spool.end();
        Pending {
            bytes: end.offset.saturating_sub(from.offset),
            records: end.records.saturating_sub(from.records),
            is_urgent: state.closed.is_some() || state.urgent_bytes > from.offset,
        }
    }

    pub(super) fn place_at(&self, offset: u64) -> io::Result<Place> {
        self.state().spool.place_at(offset)
    }

    pub(super) fn read(&self, job_id: &str, from: Place) -> io::Result<(LogBatch, Place)> {
        self.state().spool.read(job_id, from)
    }
}

impl State {
    fn push(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) {
        let is_full = self.spool.end().offset + log_bytes(line) > limits::LOG_JOB_BYTES;
        // Once something is missing, nothing after it is kept: a log with a hole would mislead.
        if is_full || self.dropped.bytes > 0 {
            self.dropped.bytes += log_bytes(line);
            self.dropped.lines += u64::from(!line.continued);
        } else {
            self.keep(stream, at_unix_ms, line);
        }
    }

    fn keep(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) {
        self.spool.push(stream, at_unix_ms, line);
        self.digest.update(line.text);
        self.is_open_line = line.continued;
        if !line.continued {
            self.digest.update(b"\n");
            self.finished_lines += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(directory: &tempfile::TempDir) -> JobLog {
        JobLog::new(directory.path().join("job"), Arc::default(), Arc::default())
    }

    #[test]
    fn the_end_says_what_the_log_amounts_to() {
        let directory = tempfile::tempdir().unwrap();
        let log = log(&directory);
        log.say("one\ntwo").unwrap();
        log.append(LogStream::Stderr, |emit| {
            emit(Line { text: b"thr", continued: true });
            emit(Line { text: b"ee", continued: false });
        })
        .unwrap();
        let closed = log.close();
        assert_eq!((closed.bytes, closed.lines), (14, 3));
        assert_eq!(closed.blake3, blake3::hash(b"one\ntwo\nthree\n").as_bytes());
        log.say("late").unwrap();
        assert_eq!(log.produced_bytes(), 14);
        assert!(!log.is_delivered());
        log.set_stored_bytes(14);
        assert!(log.is_delivered());
    }

    #[test]
    fn what_is_too_much_is_counted_and_said() {
        let directory = tempfile::tempdir().unwrap();
        let log = log(&directory);
        let text = vec![b'x'; 60_000];
        let lines = limits::LOG_JOB_BYTES / 60_001 + 3;
        for _ in 0..lines {
            log.append(LogStream::Stdout, |emit| emit(Line { text: &text, continued: false })).unwrap();
        }
        let kept = limits::LOG_JOB_BYTES / 60_001;
        let closed = log.close();
        assert_eq!(closed.lines, kept + 1);
        let end = log.place_at(kept * 60_001).unwrap();
        let (batch, _) = log.read("job", end).unwrap();
        let marker = format!("[slipway: {} more bytes in 3 lines were not kept; the log limit is 50 MiB]", 3 * 60_001);
        assert_eq!(batch.lines[0].text, marker.as_bytes());
    }
}
