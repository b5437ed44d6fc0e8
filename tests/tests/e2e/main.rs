//! End-to-end tests: the real programs, real builds, real sockets.

mod api;
mod canary;
mod cancel;
mod containers;
mod detection;
mod failures;
mod identity;
mod recovery;
mod sites;
mod up;
