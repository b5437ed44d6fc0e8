//! Which step a line of the log is of: the last one whose first line is this one or an earlier one.

use super::status::Step;
use crate::store::StepRow;

/// Where the steps of one deployment begin in its log.
#[derive(Debug, Default)]
pub struct LineSteps(Vec<(i64, Step)>);

impl LineSteps {
    /// Of the steps of a deployment, in the order in which they run.
    pub fn new(steps: &[StepRow]) -> Self {
        Self(steps.iter().filter_map(|row| row.first_line.map(|line| (line, row.step))).collect())
    }

    /// Of the line with this number. What is said before anything has begun belongs to the first step.
    pub fn step_of(&self, line: i64) -> Step {
        self.0.iter().rev().find(|(first, _)| *first <= line).map_or(Step::Prepare, |(_, step)| *step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_of_the_step_that_begins_last_before_it() {
        // Nothing was said while it was installed.
        let steps = LineSteps(vec![(2, Step::Prepare), (5, Step::Install), (5, Step::Build), (9, Step::Deploy)]);
        let found: Vec<_> = [1, 2, 4, 5, 8, 9, 1000].map(|line| steps.step_of(line)).into();
        let (prepare, build, deploy) = (Step::Prepare, Step::Build, Step::Deploy);
        assert_eq!(found, [prepare, prepare, prepare, build, build, deploy, deploy]);
        assert_eq!(LineSteps::default().step_of(7), Step::Prepare);
    }
}
