//! The Slipway agent: it runs inside a sandbox, dials out to the control plane, and builds, packages
//! and streams what it is asked for. Nothing here listens, and nothing here can name a provider
//! credential: the protocol has no field for one.
//!
//! A job goes through [`job`]: `workspace` makes a snapshot, `build` runs commands under a
//! supervisor of their own, `log` keeps what they print, `artifact` packages and uploads. `export` hands the workspace
//! to its user as it is. `channel`
//! holds the identity and the connections; a lost connection never fails a job.

mod artifact;
mod beneath;
pub mod build;
mod channel;
pub mod cli;
mod clock;
pub mod detect;
mod directories;
mod export;
mod git;
mod job;
mod log;
mod parent;
mod run;
mod signals;
mod workspace;
