//! Parts of a log as JSON, for whoever shows a long one and moves about in it.

use std::collections::VecDeque;

use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::logs::{LARGEST_EVENT_ID, LineView};
use crate::deployments::follow;
use crate::deployments::line_steps::LineSteps;
use crate::error::Error;
use crate::store::{Deployment, LogLine};

/// Unless asked for otherwise.
const LINES: i64 = 1_000;
const MOST_LINES: i64 = 5_000;
/// Text of one part. One line more may pass it, and a line is bounded.
const PART_BYTES: usize = 2 * 1024 * 1024;

/// A part of a log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LogRange {
    /// In order.
    #[schema(max_items = 5000)]
    lines: Vec<LineView>,
    /// Number of the first of them; `null` when there are none.
    #[schema(minimum = 1)]
    first_seq: Option<i64>,
    /// Number of the last of them; `null` when there are none.
    #[schema(minimum = 1)]
    last_seq: Option<i64>,
    /// How many lines the log has now.
    #[schema(minimum = 0)]
    total_lines: i64,
    /// Whether the log is whole: it will have no more lines than now.
    is_complete: bool,
}

/// Which part: the first lines behind `after`, else the last ones before `before`, else the last of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    after: Option<i64>,
    before: Option<i64>,
    limit: i64,
}

impl Wanted {
    /// What the query says.
    pub(super) fn new(after: Option<i64>, before: Option<i64>, limit: Option<i64>) -> Result<Self, Error> {
        let limit = limit.unwrap_or(LINES);
        if !(1..=MOST_LINES).contains(&limit) {
            return Err(Error::invalid(format!("`limit` must be from 1 to {MOST_LINES}")));
        }
        let is_number = |smallest, line: i64| (smallest..=LARGEST_EVENT_ID).contains(&line);
        if !after.is_none_or(|after| is_number(0, after)) || !before.is_none_or(|before| is_number(1, before)) {
            return Err(Error::invalid("`after` and `before` must be numbers of lines"));
        }
        Ok(Self { after, before, limit })
    }

    /// Numbers of the first line and of the one behind the last, in a log of so many lines.
    fn bounds(self, total: i64) -> (i64, i64) {
        let end = self.before.unwrap_or(i64::MAX).min(total + 1);
        match self.after {
            Some(after) => {
                let first = after.saturating_add(1);
                (first, first.saturating_add(self.limit).min(end))
            }
            None => ((end - self.limit).max(1), end),
        }
    }
}

impl LogRange {
    /// Reads a part of the deployment's log.
    pub(super) async fn read(app: &App, deployment: &Deployment, wanted: Wanted) -> Result<Self, Error> {
        // A log that was removed because of its age still knows how long it was.
        let total_lines = if deployment.log_removed_at.is_some() { 0 } else { deployment.log_lines };
        let (first, end) = wanted.bounds(total_lines);
        let mut part = Part { keeps_end: wanted.after.is_none(), ..Part::default() };
        let mut next = first;
        while next < end && !part.is_full() {
            let read = app.logs.lines(deployment.id, next).await?;
            let Some((last, _)) = read.last() else { break };
            next = last + 1;
            read.into_iter().filter(|(number, _)| *number < end).for_each(|line| part.add(line));
        }
        let lines = part.lines;
        let steps = LineSteps::new(&app.store.steps(deployment.id).await?);
        Ok(Self {
            first_seq: lines.front().map(|(number, _)| *number),
            last_seq: lines.back().map(|(number, _)| *number),
            lines: lines.iter().map(|(number, line)| LineView::new(*number, steps.step_of(*number), line)).collect(),
            total_lines,
            is_complete: follow::is_over(deployment, app.clock.now()),
        })
    }
}

/// Lines of a part while it is read: from its beginning as many as it may hold, or those at its end.
#[derive(Default)]
struct Part {
    lines: VecDeque<(i64, LogLine)>,
    bytes: usize,
    keeps_end: bool,
}

impl Part {
    /// Whether nothing that comes now would be kept.
    fn is_full(&self) -> bool {
        !self.keeps_end && self.bytes >= PART_BYTES
    }

    fn add(&mut self, line: (i64, LogLine)) {
        if self.is_full() {
            return;
        }
        self.bytes += line.1.text.len();
        self.lines.push_back(line);
        while self.keeps_end
            && let Some((_, first)) = self.lines.front()
            && self.bytes - first.text.len() >= PART_BYTES
        {
            self.bytes -= first.text.len();
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(after: Option<i64>, before: Option<i64>, limit: i64, total: i64, expected: (i64, i64)) {
        assert_eq!(Wanted::new(after, before, Some(limit)).expect("is right").bounds(total), expected);
    }

    #[test]
    fn a_part_lies_within_the_log() {
        check(None, None, 10, 100, (91, 101));
        check(Some(20), Some(40), 10, 100, (21, 31));
        check(Some(20), Some(25), 10, 100, (21, 25));
        check(Some(40), Some(20), 10, 100, (41, 20));
        check(None, None, 1000, 100, (1, 101));
        check(None, None, 10, 0, (1, 1));
        check(Some(0), None, 10, 100, (1, 11));
        check(Some(95), None, 10, 100, (96, 101));
        check(Some(100), None, 10, 100, (101, 101));
        check(Some(LARGEST_EVENT_ID), None, 10, 100, (LARGEST_EVENT_ID + 1, 101));
        check(None, Some(91), 10, 100, (81, 91));
        check(None, Some(5), 10, 100, (1, 5));
        check(None, Some(1), 10, 100, (1, 1));
        check(None, Some(LARGEST_EVENT_ID), 10, 100, (91, 101));
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for (after, before, limit) in
            [(Some(-1), None, None), (None, Some(0), None), (None, None, Some(0)), (None, None, Some(MOST_LINES + 1))]
        {
            assert!(Wanted::new(after, before, limit).is_err(), "{after:?} {before:?} {limit:?}");
        }
    }

    #[test]
    fn long_lines_make_a_part_short() {
        let lengths = [PART_BYTES - 1, 1, PART_BYTES * 2, PART_BYTES - 1, 1];
        for (keeps_end, expected) in [(false, 1..=2), (true, 4..=5)] {
            let mut part = Part { keeps_end, ..Part::default() };
            for (number, bytes) in (1..).zip(lengths) {
                part.add((number, LogLine { text: vec![b'x'; bytes], ..LogLine::default() }));
            }
            let kept: Vec<_> = part.lines.iter().map(|(number, _)| *number).collect();
            assert_eq!(kept, expected.collect::<Vec<_>>());
        }
        // One that is longer than a part is one.
        let mut part = Part { keeps_end: true, ..Part::default() };
        part.add((1, LogLine { text: vec![b'x'; PART_BYTES * 2], ..LogLine::default() }));
        assert_eq!(part.lines.len(), 1);
    }
}
