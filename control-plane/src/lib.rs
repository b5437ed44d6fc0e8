//! The Slipway control plane. It holds every credential, tells agents what to build, receives what
//! they built, publishes it, and serves REST, SSE and the web UI.
//!
//! Arrows point one way: `api` and `agents` use `deployments`, which uses `providers` and `store`.
//! The store never sees HTTP; a provider never moves a deployment.

mod accept;
pub mod access;
pub mod accounts;
pub mod agents;
pub mod api;
pub mod artifacts;
pub mod audit;
pub mod backup;
mod base64;
pub mod bus;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control_plane;
pub mod deployments;
pub mod error;
pub mod exports;
mod http_client;
pub mod http_server;
pub mod identity;
pub mod ids;
pub mod logs;
pub mod observe;
pub mod once;
pub mod providers;
pub mod public_url;
mod rate_limit;
pub mod retention;
pub mod secrets;
pub mod store;
pub mod variables;
pub mod webhooks;
