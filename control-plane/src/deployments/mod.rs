//! What a deployment is and how it moves. [`orchestrator`] is the only place that changes a status;
//! [`follow`] is how everybody watches.

pub mod build_settings;
pub mod display;
pub mod follow;
pub mod line_steps;
pub mod orchestrator;
pub mod status;
