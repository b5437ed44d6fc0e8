//! One deployment's work in the sandbox: taken from the session, run step by step, and held until
//! the control plane has everything it had to say.

mod failure;
mod interrupt;
mod journal;
mod left_over;
mod output;
mod runner;
mod steps;
mod table;

pub(crate) use failure::{Failure, Halt, shorten};
pub(crate) use interrupt::{Interrupt, Reason};
pub(crate) use runner::Runner;
pub(crate) use steps::encode_plan;
pub(crate) use table::{Job, Jobs};
