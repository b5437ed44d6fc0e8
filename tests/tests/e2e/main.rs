//! End-to-end tests: the real programs, real builds, real sockets.

mod api;
mod canary;
mod cancel;
mod containers;
mod failures;
mod identity;
mod masking;
mod recovery;
mod sites;
mod up;
mod variables;
mod vault;
