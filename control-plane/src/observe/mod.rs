//! What an operator sees from outside: numbers for Prometheus ([`metrics`]), logs and traces ([`telemetry`]),
//! and what the process that started us wants to know ([`service_manager`]).

pub mod metrics;
mod process;
pub mod service_manager;
pub mod telemetry;

pub use metrics::metrics;
