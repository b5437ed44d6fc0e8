//! The last form of a log: one object instead of many rows, with the proof that nothing of it is missing.

use std::time::Duration;

use anyhow::Context;
use object_store::ObjectStoreExt;
use slipway_proto::crash;

use super::{Logs, object};
use crate::ids::DeploymentId;
use crate::store::{FinishedLog, LogLine, LogRun, LogSource, encode_lines};

/// How long after its end a deployment still takes the rest of its log.
pub const LATE_LOG: Duration = Duration::from_secs(15 * 60);
/// Text of one run: what is read at once of a finished log.
const RUN_BYTES: usize = 256 * 1024;
/// Lines of one run.
const RUN_LINES: usize = 8 * 1024;
/// Written once and read often.
const ZSTD_LEVEL: i32 = 6;
/// Logs finished at one sweep.
const AT_ONCE: i64 = 50;

/// What the agent's part of a log amounts to.
struct Account {
    bytes: i64,
    lines: i64,
    digest: blake3::Hasher,
}

impl Account {
    fn add(&mut self, line: &LogLine) {
        if line.source == i32::from(LogSource::System) {
            return; // ours
        }
        self.digest.update(&line.text);
        self.bytes += i64::try_from(line.text.len()).unwrap_or(i64::MAX);
        if !line.continued {
            self.digest.update(b"\n");
            self.bytes += 1;
            self.lines += 1;
        }
    }
}

impl Logs {
    /// Finishes the logs that are whole, or of which nothing more will come.
    pub async fn finish_due(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        for id in self.store.unfinished_logs(now.minus(LATE_LOG), AT_ONCE).await? {
            if let Err(error) = self.finish(id).await {
                tracing::error!(deployment.id = %id, error = format!("{error:#}"), "cannot finish a log; it stays where it is");
            }
        }
        Ok(())
    }

    async fn finish(&self, id: DeploymentId) -> anyhow::Result<()> {
        let mut account = Account { bytes: 0, lines: 0, digest: blake3::Hasher::new() };
        let (mut content, mut runs, mut open, mut open_bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
        let mut next_line = 1;
        loop {
            let lines = self.store.log_lines(id, next_line).await?;
            let is_end = lines.is_empty();
            for (number, line) in lines {
                anyhow::ensure!(number == next_line, "line {next_line} is missing");
                next_line = number + 1;
                account.add(&line);
                open_bytes += line.text.len();
                open.push(line);
                if open_bytes >= RUN_BYTES || open.len() >= RUN_LINES {
                    close_run(&mut content, &mut runs, &mut open, next_line)?;
                    open_bytes = 0;
                }
            }
            if is_end {
                break;
            }
        }
        close_run(&mut content, &mut runs, &mut open, next_line)?;
        let finished = FinishedLog {
            size_bytes: i64::try_from(content.len())?,
            runs,
            lines: next_line - 1,
            agent_bytes: account.bytes,
            agent_lines: account.lines,
            agent_blake3: account.digest.finalize().as_bytes().to_vec(),
        };
        if !content.is_empty() {
            crash::point("before a finished log is written");
            self.objects.put(&object(id), content.into()).await.context("cannot write a finished log")?;
            crash::point("after a finished log is written");
        }
        let mut tx = self.store.begin().await?;
        // `false`: a line came meanwhile, and the next sweep begins again.
        if tx.finish_log(id, &finished, self.clock.now()).await? {
            tx.commit().await?;
        }
        Ok(())
    }
}

fn close_run(
    content: &mut Vec<u8>,
    runs: &mut Vec<LogRun>,
    lines: &mut Vec<LogLine>,
    next_line: i64,
) -> anyhow::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let line_count = i64::try_from(lines.len())?;
    let encoded = encode_lines(std::mem::take(lines), ZSTD_LEVEL)?;
    let (offset, length) = (content.len() as u64, encoded.len() as u64);
    runs.push(LogRun { first_line: next_line - line_count, line_count, offset, length });
    content.extend(encoded);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use object_store::memory::InMemory;

    use super::*;
    use crate::clock::{Clock, Timestamp};
    use crate::store::{AnnouncedLog, Move, Store, in_memory, stored_deployment};

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    fn line(source: LogSource, text: &str, continued: bool) -> LogLine {
        LogLine { source: source.into(), at_unix_ms: 7, text: text.as_bytes().to_vec(), continued }
    }

    async fn ended(store: &Store, lines: Vec<Vec<LogLine>>, announced: Option<AnnouncedLog>) -> DeploymentId {
        let id = stored_deployment(store).await;
        let mut tx = store.begin().await.expect("begins");
        tx.set_event_seq(id, 1).await.expect("sets");
        for lines in lines {
            let bytes: usize = lines
                .iter()
                .filter(|line| line.source != i32::from(LogSource::System))
                .map(|line| line.text.len() + usize::from(!line.continued))
                .sum();
            tx.append_log(id, lines, i64::try_from(bytes).expect("small")).await.expect("appends");
        }
        if let Some(announced) = announced {
            tx.set_log_announced(id, &announced).await.expect("announces");
        }
        let deployment = tx.deployment(id).await.expect("reads").expect("exists");
        assert!(tx.move_deployment(&deployment, Move::Cancel, NOW).await.expect("moves"));
        tx.commit().await.expect("commits");
        id
    }

    fn announcing(text: &[u8], lines: i64) -> AnnouncedLog {
        AnnouncedLog {
            bytes: i64::try_from(text.len()).expect("small"),
            lines,
            blake3: blake3::hash(text).as_bytes().to_vec(),
            dropped_bytes: 0,
            dropped_lines: 0,
        }
    }

    async fn all_lines(logs: &Logs, id: DeploymentId) -> Vec<(i64, LogLine)> {
        let mut all: Vec<(i64, LogLine)> = Vec::new();
        loop {
            let next = all.last().map_or(1, |(number, _)| number + 1);
            let lines = logs.lines(id, next).await.expect("reads");
            if lines.is_empty() {
                return all;
            }
            all.extend(lines);
        }
    }

    #[tokio::test]
    async fn a_finished_log_reads_as_before_and_proves_itself() {
        let store = in_memory().await;
        let logs = Logs::new(store.clone(), Arc::new(InMemory::new()), Clock::manual(NOW));
        let out = |text| line(LogSource::Stdout, text, false);
        let segments = vec![
            vec![out("one"), line(LogSource::Stderr, "tw", true)],
            vec![line(LogSource::System, "ours", false)],
            vec![line(LogSource::Stderr, "o", false)],
        ];
        let id = ended(&store, segments, Some(announcing(b"one\ntwo\n", 2))).await;
        let before = all_lines(&logs, id).await;
        assert_eq!(before.len(), 4);

        logs.finish_due().await.expect("finishes");
        assert!(store.log_lines(id, 1).await.expect("reads").is_empty(), "no segment is left");
        assert_eq!(all_lines(&logs, id).await, before);
        assert_eq!(logs.lines(id, 3).await.expect("reads"), before[2..]);
        let deployment = store.deployment(id).await.expect("reads").expect("exists");
        assert_eq!(deployment.log_is_complete, Some(true));
        assert_eq!(deployment.log_blake3.as_deref(), Some(&blake3::hash(b"one\ntwo\n").as_bytes()[..]));

        // What the control plane says later comes behind it.
        let mut tx = store.begin().await.expect("begins");
        tx.append_system_line(id, "late", NOW).await.expect("appends");
        tx.commit().await.expect("commits");
        let after = all_lines(&logs, id).await;
        assert_eq!((after.len(), after[4].0, after[4].1.text.as_slice()), (5, 5, &b"late"[..]));
    }

    #[tokio::test]
    async fn a_log_that_is_not_what_was_announced_is_not_called_complete() {
        for (text, lines) in [(&b"one\ntwx\n"[..], 2), (b"one\ntwo\n", 3), (b"one\ntwo\nx\n", 3)] {
            let store = in_memory().await;
            let clock = Clock::manual(NOW);
            let logs = Logs::new(store.clone(), Arc::new(InMemory::new()), clock.clone());
            let segment = vec![line(LogSource::Stdout, "one", false), line(LogSource::Stdout, "two", false)];
            let id = ended(&store, vec![segment], Some(announcing(text, lines))).await;
            logs.finish_due().await.expect("finishes");
            clock.advance(LATE_LOG + Duration::from_secs(1));
            logs.finish_due().await.expect("finishes");
            let deployment = store.deployment(id).await.expect("reads").expect("exists");
            assert_eq!(deployment.log_is_complete, Some(false), "{}", String::from_utf8_lossy(text));
        }
    }

    #[tokio::test]
    async fn the_rest_of_a_log_is_waited_for() {
        let store = in_memory().await;
        let clock = Clock::manual(NOW);
        let logs = Logs::new(store.clone(), Arc::new(InMemory::new()), clock.clone());
        let segment = vec![line(LogSource::Stdout, "one", false)];
        let id = ended(&store, vec![segment], Some(announcing(b"one\ntwo\n", 2))).await;
        logs.finish_due().await.expect("looks");
        let is_complete = async || store.deployment(id).await.expect("reads").expect("exists").log_is_complete;
        assert_eq!(is_complete().await, None);
        let mut tx = store.begin().await.expect("begins");
        tx.append_log(id, vec![line(LogSource::Stdout, "two", false)], 4).await.expect("appends");
        tx.commit().await.expect("commits");
        logs.finish_due().await.expect("finishes");
        assert_eq!(is_complete().await, Some(true));
    }

    #[tokio::test]
    async fn long_logs_lie_in_runs() {
        let store = in_memory().await;
        let logs = Logs::new(store.clone(), Arc::new(InMemory::new()), Clock::manual(NOW));
        let text = "x".repeat(1000);
        let segments = (0..10).map(|_| (0..100).map(|_| line(LogSource::Stdout, &text, false)).collect()).collect();
        let whole = format!("{text}\n").repeat(1000);
        let id = ended(&store, segments, Some(announcing(whole.as_bytes(), 1000))).await;
        logs.finish_due().await.expect("finishes");
        let runs = store.finished_log_runs(id).await.expect("reads").expect("is finished");
        assert_eq!(runs.len(), 4);
        assert_eq!(all_lines(&logs, id).await.len(), 1000);
        let deployment = store.deployment(id).await.expect("reads").expect("exists");
        assert_eq!(deployment.log_is_complete, Some(true));
    }
}
