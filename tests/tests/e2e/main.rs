//! End-to-end tests: the real programs, real builds, real sockets.

mod access;
mod api;
mod audit;
mod canary;
mod cancel;
mod containers;
mod crashes;
mod detection;
mod docs;
mod failures;
mod http;
mod identity;
mod limits;
mod masking;
mod oidc;
mod people;
mod publishing;
mod recovery;
mod rotation;
mod schemathesis;
mod sites;
mod supervision;
mod trusted_jwt;
mod up;
mod variables;
mod vault;
