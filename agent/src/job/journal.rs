//! The numbered events of one job, kept until the control plane has acknowledged them.

use std::collections::VecDeque;

use slipway_proto::limits;
use slipway_proto::v1::JobEvent;
use slipway_proto::v1::job_event::Kind;

use crate::clock::now_unix_ms;

/// Numbers start at 1 and have no gaps.
#[derive(Default)]
pub(crate) struct Journal {
    produced: u64,
    waiting: VecDeque<JobEvent>,
}

impl Journal {
    /// Appends an event and returns its number.
    pub(crate) fn push(&mut self, job_id: &str, kind: Kind) -> u64 {
        // A job produces about fifteen; the limit only guards against a mistake of ours.
        if self.produced < limits::JOB_EVENTS {
            self.produced += 1;
            let event =
                JobEvent { job_id: job_id.to_owned(), seq: self.produced, at_unix_ms: now_unix_ms(), kind: Some(kind) };
            self.waiting.push_back(event);
        }
        self.produced
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

#[cfg(test)]
mod tests {
    use slipway_proto::v1::JobAccepted;

    use super::*;

    #[test]
    fn events_are_dense_and_kept_until_acknowledged() {
        let mut journal = Journal::default();
        for expected in 1..=5 {
            assert_eq!(journal.push("job", Kind::Accepted(JobAccepted {})), expected);
        }
        journal.acknowledge(2);
        let after = |journal: &Journal, seq| journal.after(seq).iter().map(|event| event.seq).collect::<Vec<_>>();
        assert_eq!(after(&journal, 0), [3, 4, 5]);
        assert_eq!(after(&journal, 4), [5]);
        journal.acknowledge(5);
        assert!(journal.is_delivered());
        assert_eq!(journal.produced(), 5);
    }
}
