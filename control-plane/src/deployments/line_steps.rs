//! Which step a line of the log is of. Lines and steps come by different ways, so neither refers to the other; what
//! both have is the time, by the same clock: lines of a build and the steps of the agent by the agent's, our own lines
//! and all steps as we heard of them by ours.

use super::status::Step;
use crate::clock::Timestamp;
use crate::store::{LogLine, LogSource, StepRow};

/// When the steps of one deployment began.
#[derive(Debug, Default)]
pub struct LineSteps {
    by_agent: Vec<(Timestamp, Step)>,
    by_us: Vec<(Timestamp, Step)>,
}

impl LineSteps {
    /// Of the steps of a deployment, in the order in which they run.
    pub fn new(steps: &[StepRow]) -> Self {
        let began = |time: fn(&StepRow) -> Option<Timestamp>| {
            steps.iter().filter_map(|row| time(row).map(|at| (at, row.step))).collect()
        };
        Self { by_agent: began(|row| row.agent_started_at), by_us: began(|row| row.started_at) }
    }

    /// The last step that had begun when the line was written; before the first, the first.
    pub fn step_of(&self, line: &LogLine) -> Step {
        let is_ours = line.source == i32::from(LogSource::System);
        let began = if is_ours { &self.by_us } else { &self.by_agent };
        let at = Timestamp::from_millis(line.at_unix_ms);
        // Lines have milliseconds, and what is written within one is of the later step.
        let has_begun = |began: Timestamp| began.as_millis() <= at.as_millis();
        began.iter().rev().find(|(start, _)| has_begun(*start)).map_or(Step::Prepare, |(_, step)| *step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployments::status::StepState;

    fn row(step: Step, ours: i64, agents: Option<i64>) -> StepRow {
        StepRow {
            step,
            state: StepState::Done,
            started_at: Some(Timestamp::from_millis(ours)),
            completed_at: None,
            progress_done: None,
            progress_total: None,
            agent_started_at: agents.map(Timestamp::from_millis),
        }
    }

    #[test]
    fn a_line_is_of_the_step_that_had_begun_by_its_own_clock() {
        // The agent's clock is a second behind ours.
        let steps =
            [row(Step::Prepare, 1_000, Some(0)), row(Step::Build, 1_100, Some(100)), row(Step::Deploy, 1_200, None)];
        let steps = LineSteps::new(&steps);
        let step_of = |source: LogSource, at_unix_ms| {
            steps.step_of(&LogLine { source: source.into(), at_unix_ms, ..LogLine::default() })
        };
        assert_eq!(step_of(LogSource::Stdout, -5), Step::Prepare);
        assert_eq!(step_of(LogSource::Stdout, 99), Step::Prepare);
        assert_eq!(step_of(LogSource::Stderr, 100), Step::Build);
        assert_eq!(step_of(LogSource::Stdout, 900_000), Step::Build, "a build never writes what is of our own step");
        assert_eq!(step_of(LogSource::System, 1_150), Step::Build);
        assert_eq!(step_of(LogSource::System, 1_200), Step::Deploy);
        assert_eq!(LineSteps::default().step_of(&LogLine::default()), Step::Prepare);
    }
}
