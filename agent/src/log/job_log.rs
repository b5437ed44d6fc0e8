//! The log of one job: counted, digested and bounded as it is written, so that its end can say
//! exactly what it must amount to.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_proto::limits;
use slipway_proto::mask::{MaskSet, Masker};
use slipway_proto::v1::{LogBatch, LogClosed, LogStream};
use tokio::sync::Notify;

use super::lines::Line;
use super::spool::{Place, Spool, log_bytes};
use super::tail::{Dropped, Tail};
use crate::clock::now_unix_ms;

const FILE: &str = "log";
const MIB: u64 = 1024 * 1024;

/// Written by the job, read by the sender.
pub(crate) struct JobLog {
    state: Mutex<State>,
    news: Arc<Notify>,
    stored: Notify,
    masks: Arc<MaskSet>,
}

struct State {
    spool: Spool,
    /// Once the head is full.
    tail: Option<Tail>,
    account: Account,
    closed: Option<LogClosed>,
    stored_bytes: u64,
    /// Up to here somebody waits for the control plane to have it.
    urgent_bytes: u64,
}

/// What the kept lines amount to.
#[derive(Default)]
struct Account {
    digest: blake3::Hasher,
    finished_lines: u64,
    /// The last piece has no end yet.
    is_open_line: bool,
}

impl Account {
    fn add(&mut self, line: Line<'_>) {
        self.digest.update(line.text);
        self.is_open_line = line.continued;
        if !line.continued {
            self.digest.update(b"\n");
            self.finished_lines += 1;
        }
    }
}

/// What the sender could send.
pub(super) struct Pending {
    pub(super) bytes: u64,
    pub(super) records: u64,
    /// Do not wait for more lines to fill a batch.
    pub(super) is_urgent: bool,
}

impl JobLog {
    /// A log kept in `directory`; `news` is told of every line. Nothing in `masks` may be written to it.
    pub(crate) fn new(directory: &Path, news: Arc<Notify>, masks: Arc<MaskSet>) -> Self {
        Self::with(State::over(Spool::new(directory.join(FILE)), None), news, masks)
    }

    /// What a former process kept of a log, up to the last line that reached the disk. It takes no more lines.
    pub(crate) fn load(directory: &Path, news: Arc<Notify>) -> io::Result<Self> {
        let mut spool = Spool::load(directory.join(FILE))?;
        let tail = Tail::load(directory)?;
        if let Some(tail) = &tail {
            // What stands behind the head was copied there when the log was closed; that is done again.
            spool.truncate(tail.head_end())?;
        }
        let mut state = State::over(spool, tail);
        let account = &mut state.account;
        state.spool.for_each(|_, _, line| account.add(line))?;
        Ok(Self::with(state, news, Arc::default()))
    }

    fn with(state: State, news: Arc<Notify>, masks: Arc<MaskSet>) -> Self {
        Self { state: Mutex::new(state), news, stored: Notify::new(), masks }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What must not be written to it.
    pub(crate) fn masks(&self) -> Arc<MaskSet> {
        self.masks.clone()
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
        let mut kept = Ok(());
        each(&mut |line| {
            if kept.is_ok() {
                kept = state.push(stream, at_unix_ms, line);
            }
        });
        let flushed = kept.and_then(|()| state.flush());
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
        let offset = state.spool.end().offset;
        let dropped = state.append_tail().unwrap_or_else(|error| {
            tracing::warn!(%error, offset, "the end of a log cannot be kept");
            state.tail.as_ref().map(Tail::dropped).unwrap_or_default()
        });
        let closed = LogClosed {
            bytes: state.spool.end().offset,
            lines: state.account.finished_lines,
            blake3: state.account.digest.finalize().as_bytes().to_vec(),
            dropped_bytes: dropped.bytes,
            dropped_lines: dropped.lines,
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
    fn over(spool: Spool, tail: Option<Tail>) -> Self {
        Self { spool, tail, account: Account::default(), closed: None, stored_bytes: 0, urgent_bytes: 0 }
    }

    fn push(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) -> io::Result<()> {
        if self.tail.is_none() {
            if self.spool.end().offset + log_bytes(line) <= limits::LOG_HEAD_BYTES {
                self.keep(stream, at_unix_ms, line);
                return Ok(());
            }
            self.end_head(at_unix_ms)?;
        }
        match &mut self.tail {
            Some(tail) => tail.push(stream, at_unix_ms, line),
            None => Ok(()),
        }
    }

    /// From here on only the newest lines are kept, and those who watch are told.
    fn end_head(&mut self, at_unix_ms: i64) -> io::Result<()> {
        let (head, tail) = (limits::LOG_HEAD_BYTES / MIB, limits::LOG_TAIL_BYTES / MIB);
        self.say(
            at_unix_ms,
            &format!("the log has reached {head} MiB; of what follows, the last {tail} MiB are shown at the end"),
        );
        self.spool.flush()?;
        self.tail = Some(Tail::begin(self.spool.directory(), self.spool.end_position())?);
        Ok(())
    }

    /// Puts the tail behind the head, with a word about what is missing between.
    fn append_tail(&mut self) -> io::Result<Dropped> {
        let Some(mut tail) = self.tail.take() else { return self.spool.flush().map(|()| Dropped::default()) };
        tail.flush()?;
        let dropped = tail.dropped();
        if dropped.bytes > 0 {
            self.say(now_unix_ms(), &format!("{} bytes in {} lines were not kept here", dropped.bytes, dropped.lines));
        }
        let mut kept = Ok(());
        let copied = tail.for_each(|stream, at_unix_ms, line| {
            self.keep(stream, at_unix_ms, line);
            if kept.is_ok() && self.spool.is_due() {
                kept = self.spool.flush();
            }
        });
        self.tail = Some(tail);
        copied.and(kept).and_then(|()| self.spool.flush())?;
        Ok(dropped)
    }

    fn say(&mut self, at_unix_ms: i64, text: &str) {
        if self.account.is_open_line {
            self.keep(LogStream::Stdout, at_unix_ms, Line { text: b"", continued: false });
        }
        let marker = format!("[slipway: {text}]");
        self.keep(LogStream::Stdout, at_unix_ms, Line { text: marker.as_bytes(), continued: false });
    }

    fn flush(&mut self) -> io::Result<()> {
        self.spool.flush()?;
        self.tail.as_mut().map_or(Ok(()), Tail::flush)
    }

    fn keep(&mut self, stream: LogStream, at_unix_ms: i64, line: Line<'_>) {
        self.spool.push(stream, at_unix_ms, line);
        self.account.add(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(directory: &tempfile::TempDir) -> JobLog {
        JobLog::new(&directory.path().join("job"), Arc::default(), Arc::default())
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

    fn texts(log: &JobLog) -> Vec<Vec<u8>> {
        let mut texts = Vec::new();
        log.state().spool.for_each(|_, _, line| texts.push(line.text.to_vec())).unwrap();
        texts
    }

    /// Numbered lines, until both parts of the log have overflown.
    fn overflowing(log: &JobLog) -> u64 {
        let lines = (limits::LOG_HEAD_BYTES + 2 * limits::LOG_TAIL_BYTES) / 60_001;
        let mut text = vec![b'x'; 60_000];
        for number in 0..lines {
            text[..8].copy_from_slice(&number.to_be_bytes());
            log.append(LogStream::Stdout, |emit| emit(Line { text: &text, continued: false })).unwrap();
        }
        lines
    }

    fn check_overflown(log: &JobLog, closed: &LogClosed, lines: u64) {
        let texts = texts(log);
        let number = |text: &[u8]| u64::from_be_bytes(text[..8].try_into().unwrap());
        let head = usize::try_from(limits::LOG_HEAD_BYTES / 60_001).unwrap();
        assert!((0..head).all(|index| number(&texts[index]) == index as u64));
        assert!(texts[head].starts_with(b"[slipway: the log has reached 40 MiB"));
        let missing =
            format!("[slipway: {} bytes in {} lines were not kept here]", closed.dropped_bytes, closed.dropped_lines);
        assert_eq!(String::from_utf8_lossy(&texts[head + 1]), missing);
        let kept = &texts[head + 2..];
        assert_eq!(number(kept.last().unwrap()), lines - 1, "the last line is there");
        assert_eq!(closed.dropped_lines, lines - head as u64 - kept.len() as u64, "nothing else is missing");
        assert_eq!(closed.dropped_bytes, closed.dropped_lines * 60_001);
        assert_eq!(number(&kept[0]), head as u64 + closed.dropped_lines);
        assert_eq!(closed.lines, texts.len() as u64);
        assert_eq!(closed.bytes, log.produced_bytes());
        let whole: Vec<u8> = texts.iter().flat_map(|text| [text.as_slice(), b"\n"].concat()).collect();
        assert_eq!(closed.blake3, blake3::hash(&whole).as_bytes());
        let kept_bytes = kept.len() as u64 * 60_001;
        assert!((limits::LOG_TAIL_BYTES / 2..=limits::LOG_TAIL_BYTES).contains(&kept_bytes), "{kept_bytes}");
    }

    #[test]
    fn of_what_is_too_much_the_beginning_and_the_end_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let log = log(&directory);
        let lines = overflowing(&log);
        let closed = log.close();
        check_overflown(&log, &closed, lines);

        // The next process finds the same, also when this one died while it put the end behind the beginning.
        let again = JobLog::load(&directory.path().join("job"), Arc::default()).unwrap();
        assert_eq!(again.close(), closed);
        check_overflown(&again, &closed, lines);
    }

    #[test]
    fn the_next_process_closes_what_reached_the_disk() {
        let directory = tempfile::tempdir().unwrap();
        let log = log(&directory);
        log.say("one\ntwo").unwrap();
        drop(log);
        let log = JobLog::load(&directory.path().join("job"), Arc::default()).unwrap();
        let closed = log.close();
        assert_eq!((closed.bytes, closed.lines), (8, 2));
        assert_eq!(closed.blake3, blake3::hash(b"one\ntwo\n").as_bytes());
    }
}
