//! Logs on standard error, for people or as JSON, and traces for OpenTelemetry when `OTEL_*` asks for them.
//!
//! Spans hold ids and names of steps, nothing that a user wrote and no secret. An exporter that fails
//! costs a line in the log; its queue is bounded.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span as _, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::clock::Timestamp;

/// What is logged, unless something else is asked for.
const FILTER_VARIABLE: &str = "SLIPWAY_LOG";
const FORMAT_VARIABLE: &str = "SLIPWAY_LOG_FORMAT";
/// One of these turns traces on, as in every OpenTelemetry SDK.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const DISABLED: &str = "OTEL_SDK_DISABLED";
/// For the last spans to leave at the end.
const FLUSH: Duration = Duration::from_secs(2);
/// The key of W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// Traces that are being exported; ends when it is flushed.
pub struct Telemetry(Option<SdkTracerProvider>);

impl Telemetry {
    /// Starts logging, and exporting traces when the environment asks for it.
    ///
    /// # Errors
    /// A sentence about a variable that cannot be used.
    pub fn start(default_filter: &str) -> Result<Self, String> {
        let filter = EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(default_filter));
        let provider = tracer_provider()?;
        let traces = provider.as_ref().map(|provider| {
            let tracer = provider.tracer("slipway");
            // What is not worth a line can still be worth a span; dependencies are worth neither.
            tracing_opentelemetry::layer().with_tracer(tracer).with_filter(EnvFilter::new("slipway=info"))
        });
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let lines = match std::env::var(FORMAT_VARIABLE).as_deref() {
            Ok("json") => lines.json().flatten_event(true).with_current_span(false).with_span_list(true).boxed(),
            Ok("human") | Err(_) => lines.with_target(false).with_ansi(std::io::stderr().is_terminal()).boxed(),
            Ok(other) => return Err(format!("{FORMAT_VARIABLE} is `{other}`; it must be `human` or `json`")),
        };
        tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces).init();
        Ok(Self(provider))
    }

    /// Sends what is left, within two seconds.
    pub fn flush(self) {
        let Some(provider) = self.0 else { return };
        if let Err(error) = provider.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

fn tracer_provider() -> Result<Option<SdkTracerProvider>, String> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if !ENDPOINTS.into_iter().any(is_set)
        || std::env::var(DISABLED).is_ok_and(|value| value.eq_ignore_ascii_case("true"))
    {
        return Ok(None);
    }
    if let Some((name, other)) = PROTOCOLS
        .into_iter()
        .find_map(|name| Some((name, std::env::var(name).ok()?)))
        .filter(|(_, protocol)| protocol != "http/protobuf")
    {
        return Err(format!("{name} is `{other}`; traces are exported by `http/protobuf` only"));
    }
    crate::http_client::install_tls();
    let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).build();
    let exporter = exporter.map_err(|error| format!("traces cannot be exported as OTEL_* asks for: {error}"))?;
    // Endpoint, headers, time limits, sampling, names: the SDK reads the standard variables itself.
    let mut resource = Resource::builder();
    if !is_set("OTEL_SERVICE_NAME") {
        resource = resource.with_service_name("slipway");
    }
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    opentelemetry::global::set_tracer_provider(provider.clone());
    Ok(Some(provider))
}

/// The W3C trace context of the span we are in; `None` when it is not traced.
pub fn traceparent() -> Option<String> {
    let context = Span::current().context();
    if !context.span().span_context().is_valid() {
        return None;
    }
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(&context, &mut headers);
    headers.remove(TRACEPARENT)
}

/// Something that has happened, as a span.
pub struct Past {
    /// Of the span.
    pub name: &'static str,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What else is known; no text that a user wrote.
    pub attributes: Vec<(&'static str, String)>,
}

/// Exports what has happened and its parts as spans of a trace; nothing when no traces are exported.
pub fn record_past(traceparent: &str, whole: &Past, parts: impl Iterator<Item = Past>) {
    let tracer = opentelemetry::global::tracer("slipway");
    let headers = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let parent = TraceContextPropagator::new().extract(&headers);
    let start = |past: &Past, parent: &Context| {
        let attributes = past.attributes.iter().map(|(key, value)| KeyValue::new(*key, value.clone())).collect();
        let builder = tracer.span_builder(past.name).with_attributes::<Vec<KeyValue>>(attributes);
        builder.with_start_time(past.began.to_datetime()).start_with_context(&tracer, parent)
    };
    let span = start(whole, &parent);
    let context = parent.with_span(span);
    for part in parts {
        start(&part, &context).end_with_timestamp(part.ended.to_datetime().into());
    }
    context.span().end_with_timestamp(whole.ended.to_datetime().into());
}

/// Makes a span part of a trace that began elsewhere.
pub fn continue_trace(span: &Span, traceparent: &str) {
    let headers = HashMap::from([(TRACEPARENT.to_owned(), traceparent.to_owned())]);
    let context = TraceContextPropagator::new().extract(&headers);
    if context.span().span_context().is_valid() {
        let _ = span.set_parent(context);
    }
}
