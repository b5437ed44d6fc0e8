//! The numbered events of one job, kept until the control plane has acknowledged them: on disk before
//! anybody hears of them, so that they survive this process.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use prost::Message;
use slipway_proto::v1::JobEvent;
use slipway_proto::v1::job_event::Kind;
use slipway_proto::{crash, limits};

use crate::clock::now_unix_ms;

const FILE: &str = "journal";
/// Before each record: its length, and the beginning of its BLAKE3 digest.
const HEADER_BYTES: usize = 4 + CHECKSUM_BYTES;
const CHECKSUM_BYTES: usize = 8;

/// Numbers start at 1 and have no gaps.
#[derive(Default)]
pub(crate) struct Journal {
    produced: u64,
    waiting: VecDeque<JobEvent>,
    disk: Disk,
}

/// Where events are written.
#[derive(Default)]
enum Disk {
    /// Nowhere: there is no directory that can be written, or nobody wants the job any more.
    #[default]
    Memory,
    /// Nothing has been reported yet.
    Planned(PathBuf),
    Open(File),
}

impl Journal {
    /// The journal of a new job, in its directory, which is made with the first event: a job of which nothing
    /// was reported is one that never began.
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { disk: Disk::Planned(directory), ..Self::default() }
    }

    /// What a former process has written of a job, oldest first. A record that it did not finish does not count.
    pub(crate) fn load(directory: &Path) -> io::Result<Self> {
        let path = directory.join(FILE);
        let bytes = fs::read(&path)?;
        let (mut waiting, mut end) = (VecDeque::new(), 0);
        while let Some((event, length)) = decode(&bytes[end..]) {
            if event.seq != waiting.len() as u64 + 1 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its events are not in order"));
            }
            waiting.push_back(event);
            end += length;
        }
        let file = File::options().append(true).open(&path)?;
        file.set_len(end as u64)?;
        Ok(Self { produced: waiting.len() as u64, waiting, disk: Disk::Open(file) })
    }

    /// Appends an event and returns its number.
    pub(crate) fn push(&mut self, job_id: &str, kind: Kind) -> u64 {
        // A job produces about fifteen; the limit only guards against a mistake of ours.
        if self.produced < limits::JOB_EVENTS {
            self.produced += 1;
            let event =
                JobEvent { job_id: job_id.to_owned(), seq: self.produced, at_unix_ms: now_unix_ms(), kind: Some(kind) };
            if let Err(error) = self.write(&event) {
                tracing::warn!(job.id = job_id, %error, "what this job reports cannot be kept on disk; it is lost if the agent ends now");
                self.disk = Disk::Memory;
            }
            self.waiting.push_back(event);
        }
        self.produced
    }

    fn write(&mut self, event: &JobEvent) -> io::Result<()> {
        let name = event.kind.as_ref().map_or("nothing", name);
        crash::point(format_args!("before the agent's journal has {name}"));
        if let Disk::Planned(directory) = &self.disk {
            DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
            let file = File::options().append(true).create(true).mode(0o600).open(directory.join(FILE))?;
            // The file is there for the next process only when its name is.
            File::open(directory)?.sync_all()?;
            self.disk = Disk::Open(file);
        }
        if let Disk::Open(file) = &mut self.disk {
            file.write_all(&encode(event))?;
            file.sync_data()?;
        }
        crash::point(format_args!("after the agent's journal has {name}"));
        Ok(())
    }

    /// Writes nothing more: nobody wants to hear of the job.
    pub(crate) fn close(&mut self) {
        self.disk = Disk::Memory;
    }

    /// Number of the last event.
    pub(crate) fn produced(&self) -> u64 {
        self.produced
    }

    /// Forgets what has been applied.
    pub(crate) fn acknowledge(&mut self, last: u64) {
        while self.waiting.front().is_some_and(|event| event.seq <= last) {
            self.waiting.pop_front();
        }
    }

    /// Events after a number, oldest first.
    pub(crate) fn after(&self, seq: u64) -> Vec<JobEvent> {
        self.waiting.iter().filter(|event| event.seq > seq).cloned().collect()
    }

    /// Nothing waits for acknowledgement.
    pub(crate) fn is_delivered(&self) -> bool {
        self.waiting.is_empty()
    }
}

fn name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Accepted(_) => "accepted",
        Kind::StepStarted(_) => "step started",
        Kind::StepFinished(_) => "step finished",
        Kind::PlanDetected(_) => "plan detected",
        Kind::ArtifactCommitted(_) => "artifact committed",
        Kind::Failed(_) => "failed",
        Kind::Cancelled(_) => "cancelled",
        Kind::LogClosed(_) => "log closed",
        Kind::SourceFound(_) => "source found",
    }
}

fn encode(event: &JobEvent) -> Vec<u8> {
    let payload = event.encode_to_vec();
    let mut record = Vec::with_capacity(HEADER_BYTES + payload.len());
    record.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes());
    record.extend(&blake3::hash(&payload).as_bytes()[..CHECKSUM_BYTES]);
    record.extend(payload);
    record
}

/// The first event of these bytes and what it takes; `None` when it is not there as a whole.
fn decode(bytes: &[u8]) -> Option<(JobEvent, usize)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<CHECKSUM_BYTES>()?;
    let payload = rest.get(..u32::from_le_bytes(*length) as usize)?;
    if blake3::hash(payload).as_bytes()[..CHECKSUM_BYTES] != checksum[..] {
        return None;
    }
    Some((JobEvent::decode(payload).ok()?, HEADER_BYTES + payload.len()))
}

#[cfg(test)]
mod tests {
    use slipway_proto::v1::{JobAccepted, JobFailed};

    use super::*;

    fn after(journal: &Journal, seq: u64) -> Vec<u64> {
        journal.after(seq).iter().map(|event| event.seq).collect()
    }

    #[test]
    fn events_are_dense_and_kept_until_acknowledged() {
        let mut journal = Journal::default();
        for expected in 1..=5 {
            assert_eq!(journal.push("job", Kind::Accepted(JobAccepted {})), expected);
        }
        journal.acknowledge(2);
        assert_eq!(after(&journal, 0), [3, 4, 5]);
        assert_eq!(after(&journal, 4), [5]);
        journal.acknowledge(5);
        assert!(journal.is_delivered());
        assert_eq!(journal.produced(), 5);
    }

    #[test]
    fn a_journal_is_read_up_to_its_last_whole_record_wherever_it_was_cut() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(directory.path().join("job"));
        let failed = Kind::Failed(JobFailed { message: "no".to_owned(), ..JobFailed::default() });
        let mut ends = vec![0];
        let path = directory.path().join("job").join(FILE);
        for kind in [Kind::Accepted(JobAccepted {}), failed.clone(), Kind::Accepted(JobAccepted {})] {
            journal.push("job", kind);
            ends.push(fs::metadata(&path).unwrap().len());
        }
        let whole = fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = Journal::load(&directory.path().join("job")).unwrap();
            let events = ends.iter().filter(|&&end| end > 0 && end <= cut as u64).count() as u64;
            assert_eq!(after(&journal, 0), (1..=events).collect::<Vec<_>>(), "cut at {cut}");
            // What comes next is read again behind what was left.
            journal.push("job", failed.clone());
            let again = Journal::load(&directory.path().join("job")).unwrap();
            assert_eq!(again.produced(), events + 1, "cut at {cut}");
        }
    }

    #[test]
    fn a_changed_byte_ends_a_journal() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::new(directory.path().to_owned());
        journal.push("job", Kind::Accepted(JobAccepted {}));
        let path = directory.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(Journal::load(directory.path()).unwrap().produced(), 0, "byte {index}");
        }
    }

    #[test]
    fn without_a_disk_events_are_kept_in_memory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut journal = Journal::new(file.path().join("under a file"));
        assert_eq!(journal.push("job", Kind::Accepted(JobAccepted {})), 1);
        assert_eq!(after(&journal, 0), [1]);
    }
}
