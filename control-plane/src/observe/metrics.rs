//! Numbers for Prometheus. They are counted where things happen; no label holds an id, a name or anything else
//! that a user chose, so that their number is bounded.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::process::Process;
use crate::deployments::status::{Status, Step};

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// The numbers of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

/// From a tenth of a second to an hour: builds.
const LONG: [f64; 12] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0];
/// From half a millisecond to ten seconds: requests, transactions.
const SHORT: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    provider: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStep {
    step: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InStatus {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderRequest {
    provider: String,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpRequest {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WithOutcome {
    outcome: &'static str,
}

type Durations<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

fn long() -> Histogram {
    Histogram::new(LONG)
}

fn short() -> Histogram {
    Histogram::new(SHORT)
}

/// All of them. The documentation of each is its help text.
pub struct Metrics {
    registry: Registry,
    deployments: Family<Ended, Counter>,
    deployment_duration: Durations<Ended>,
    step_duration: Durations<OfStep>,
    queue_wait: Histogram,
    in_progress: Family<InStatus, Gauge>,
    agents_connected: Gauge,
    sessions: Family<WithOutcome, Counter>,
    handshakes: Family<WithOutcome, Counter>,
    enrollments: Family<WithOutcome, Counter>,
    provider_requests: Family<ProviderRequest, Counter>,
    provider_request_duration: Durations<ProviderRequest>,
    masked_secrets: Counter,
    log_bytes: Counter,
    log_lines: Counter,
    artifact_bytes: Counter,
    http_requests: Family<HttpRequest, Counter>,
    http_request_duration: Durations<Route>,
    log_streams: Gauge,
    transactions: Histogram,
}

impl Metrics {
    fn new() -> Self {
        let mut metrics = Self {
            deployments: Family::default(),
            deployment_duration: Family::new_with_constructor(long),
            step_duration: Family::new_with_constructor(long),
            queue_wait: long(),
            in_progress: Family::default(),
            agents_connected: Gauge::default(),
            sessions: Family::default(),
            handshakes: Family::default(),
            enrollments: Family::default(),
            provider_requests: Family::default(),
            provider_request_duration: Family::new_with_constructor(short),
            masked_secrets: Counter::default(),
            log_bytes: Counter::default(),
            log_lines: Counter::default(),
            artifact_bytes: Counter::default(),
            http_requests: Family::default(),
            http_request_duration: Family::new_with_constructor(short),
            log_streams: Gauge::default(),
            transactions: short(),
            registry: Registry::default(),
        };
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Process));
        metrics.register(registry.sub_registry_with_prefix("slipway"));
        metrics.registry = registry;
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        let seconds = Unit::Seconds;
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which slipway this is", version);
        registry.register("deployments", "Deployments that have ended", self.deployments.clone());
        registry.register_with_unit(
            "deployment_duration",
            "From the request for a deployment to its end",
            seconds.clone(),
            self.deployment_duration.clone(),
        );
        registry.register_with_unit(
            "deployment_step_duration",
            "From the beginning of a step to its end",
            seconds.clone(),
            self.step_duration.clone(),
        );
        registry.register_with_unit(
            "deployment_queue_wait",
            "From the request for a deployment to the beginning of its work",
            seconds.clone(),
            self.queue_wait.clone(),
        );
        registry.register(
            "deployments_in_progress",
            "Deployments that have not ended, as of the last sweep",
            self.in_progress.clone(),
        );
        registry.register("agents_connected", "Agents with a session here", self.agents_connected.clone());
        registry.register("agent_sessions", "Sessions of agents that have ended", self.sessions.clone());
        registry.register("agent_handshakes", "TLS handshakes of agents", self.handshakes.clone());
        registry.register("enrollments", "Enrolment tokens that were presented", self.enrollments.clone());
        registry.register("provider_requests", "Requests to providers", self.provider_requests.clone());
        registry.register_with_unit(
            "provider_request_duration",
            "From a request to a provider to its answer",
            seconds.clone(),
            self.provider_request_duration.clone(),
        );
        registry.register(
            "masked_secrets",
            "Stored credentials that were found in what sandboxes sent, and hidden",
            self.masked_secrets.clone(),
        );
        registry.register_with_unit("log", "Text of builds that was stored", Unit::Bytes, self.log_bytes.clone());
        registry.register("log_lines", "Lines of builds that were stored", self.log_lines.clone());
        registry.register_with_unit(
            "artifact",
            "Bytes of artifacts that were received, without those that were stored already",
            Unit::Bytes,
            self.artifact_bytes.clone(),
        );
        registry.register("http_requests", "Requests to the API", self.http_requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "From a request to the API to the head of its answer",
            seconds.clone(),
            self.http_request_duration.clone(),
        );
        registry.register("log_streams", "Clients that follow a log", self.log_streams.clone());
        registry.register_with_unit(
            "store_transaction",
            "From the beginning of a transaction that writes to its commit",
            seconds,
            self.transactions.clone(),
        );
    }

    /// As OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to memory does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// A deployment has ended.
    pub fn deployment_ended(&self, provider: &str, status: Status, took: Duration) {
        let labels = Ended { provider: provider.to_owned(), outcome: status.as_str() };
        self.deployments.get_or_create(&labels).inc();
        self.deployment_duration.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Work on a deployment has begun.
    pub fn deployment_began(&self, waited: Duration) {
        self.queue_wait.observe(waited.as_secs_f64());
    }

    /// A step has ended.
    pub fn step_ended(&self, step: Step, took: Duration) {
        self.step_duration.get_or_create(&OfStep { step: step.as_str() }).observe(took.as_secs_f64());
    }

    /// So many deployments are in each status that is not the last.
    pub fn set_in_progress(&self, statuses: impl Iterator<Item = Status>) {
        let mut counts = [0; Status::ALL.len()];
        statuses.for_each(|status| counts[status as usize] += 1);
        for status in Status::ALL.into_iter().filter(|status| !status.is_final()) {
            self.in_progress.get_or_create(&InStatus { status: status.as_str() }).set(counts[status as usize]);
        }
    }

    /// So many agents have a session here.
    pub fn set_agents_connected(&self, count: usize) {
        self.agents_connected.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A session has ended: `closed`, `lost`, `superseded`, `revoked`, `shutdown`.
    pub fn session_ended(&self, outcome: &'static str) {
        self.sessions.get_or_create(&WithOutcome { outcome }).inc();
    }

    /// A TLS handshake has ended: `accepted`, `refused`, `failed`.
    pub fn handshake_ended(&self, outcome: &'static str) {
        self.handshakes.get_or_create(&WithOutcome { outcome }).inc();
    }

    /// A token was presented: `enrolled`, `refused`.
    pub fn enrollment_ended(&self, outcome: &'static str) {
        self.enrollments.get_or_create(&WithOutcome { outcome }).inc();
    }

    /// A provider has answered, or not.
    pub fn provider_answered(&self, provider: &str, operation: &'static str, outcome: &'static str, took: Duration) {
        let labels = ProviderRequest { provider: provider.to_owned(), operation, outcome };
        self.provider_requests.get_or_create(&labels).inc();
        self.provider_request_duration.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Credentials were found and hidden.
    pub fn secrets_masked(&self, count: usize) {
        self.masked_secrets.inc_by(count as u64);
    }

    /// Lines were stored.
    pub fn log_stored(&self, bytes: u64, lines: usize) {
        self.log_bytes.inc_by(bytes);
        self.log_lines.inc_by(lines as u64);
    }

    /// A pack was received.
    pub fn artifact_received(&self, bytes: u64) {
        self.artifact_bytes.inc_by(bytes);
    }

    /// A request was answered. `route` is the path's template.
    pub fn http_answered(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.http_requests.get_or_create(&HttpRequest { method, route: route.to_owned(), status }).inc();
        let route = Route { method, route: route.to_owned() };
        self.http_request_duration.get_or_create(&route).observe(took.as_secs_f64());
    }

    /// A client has begun to follow a log.
    pub fn log_stream_began(&self) {
        self.log_streams.inc();
    }

    /// It has ended.
    pub fn log_stream_ended(&self) {
        self.log_streams.dec();
    }

    /// A transaction that began then was committed.
    pub fn committed(&self, began: Instant) {
        self.transactions.observe(began.elapsed().as_secs_f64());
    }
}
