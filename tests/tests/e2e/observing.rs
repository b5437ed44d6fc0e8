//! What an operator sees: numbers, traces, and what systemd is told.

use std::collections::BTreeMap;
use std::os::unix::net::UnixDatagram;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};
use slipway_tests::fixtures::Project;
use slipway_tests::rehearsal::{Behaviour, Rehearsal};
use slipway_tests::{BUILD, SOON, eventually};
use tokio::net::TcpListener;

/// Reads the OpenMetrics text strictly: each sample belongs to a family that was announced with its type and its
/// help, labels are quoted, values are numbers, the end is marked.
fn parse(text: &str) -> BTreeMap<String, f64> {
    let (mut types, mut helped, mut samples) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    let body = text.strip_suffix("# EOF\n").expect("ends with # EOF");
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} twice");
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(help.ends_with('.'), "{line}");
            helped.push(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').expect("a unit");
            assert!(name.ends_with(&format!("_{unit}")), "{line}");
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a sample");
            let name = series.split('{').next().expect("a name");
            let suffixes = ["_total", "_bucket", "_sum", "_count", "_info", ""];
            let family = suffixes.iter().find_map(|suffix| types.get_key_value(name.strip_suffix(suffix)?));
            let (family, _) = family.unwrap_or_else(|| panic!("{line} was not announced"));
            assert!(helped.contains(family), "{family} has no help");
            if let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) {
                assert!(labels.starts_with('{') && labels.ends_with("\"}"), "{line}");
            }
            let value = value.parse().unwrap_or_else(|_| panic!("{line} has no number"));
            assert!(samples.insert(series.to_owned(), value).is_none(), "{series} twice");
        }
    }
    samples
}

#[tokio::test]
async fn numbers_tell_what_happened_and_name_nobody() {
    let project = Project::fixture("plain-html");
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox-of-somebody").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    for _ in 0..2 {
        let id = control_plane.deploy(&sandbox, &target, json!({})).await;
        control_plane.wait_for(&id, &["success"], BUILD).await;
    }
    let id = control_plane
        .deploy(&sandbox, &target, json!({ "build_command": "echo one; exit 3", "output_dir": "x" }))
        .await;
    control_plane.wait_for(&id, &["failed"], BUILD).await;
    let metrics = reqwest::get(format!("{}/metrics", control_plane.url)).await.expect("answers");
    assert!(metrics.headers()["content-type"].to_str().expect("text").starts_with("application/openmetrics-text"));
    let page = metrics.text().await.expect("is text");
    let samples = parse(&page);
    let value = |series: &str| *samples.get(series).unwrap_or_else(|| panic!("{series} is missing in {page}"));
    assert!((value(r#"slipway_deployments_total{provider="local",outcome="success"}"#) - 2.0).abs() < 0.1);
    assert!((value(r#"slipway_deployments_total{provider="local",outcome="failed"}"#) - 1.0).abs() < 0.1);
    assert!(
        (value(r#"slipway_provider_requests_total{provider="local",operation="deploy",outcome="done"}"#) - 2.0).abs()
            < 0.1
    );
    assert!((value("slipway_agents_connected") - 1.0).abs() < 0.1);
    assert!(value(r#"slipway_agent_handshakes_total{outcome="accepted"}"#) >= 2.0, "to enrol, and for the session");
    assert!((value(r#"slipway_enrollments_total{outcome="enrolled"}"#) - 1.0).abs() < 0.1);
    assert!(value("slipway_artifact_bytes_total") > 10.0);
    assert!(value("slipway_log_lines_total") >= 2.0 && value("slipway_log_bytes_total") > 5.0);
    assert!(value(r#"slipway_http_requests_total{method="GET",route="/api/deployments/{id}",status="200"}"#) >= 3.0);
    assert!(value("slipway_deployment_queue_wait_seconds_count") >= 3.0);
    assert!(value(r#"slipway_deployment_step_duration_seconds_count{step="upload"}"#) >= 2.0);
    assert!(value("slipway_store_transaction_seconds_count") > 10.0);
    assert!(value("process_resident_memory_bytes") > 1e6 && value("process_open_fds") > 5.0);
    for private in [id.as_str(), &sandbox, "sandbox-of-somebody", TOKEN] {
        assert!(!page.contains(private), "{private} is in the metrics");
    }
    // Somebody who came through a proxy is not this machine.
    let client = reqwest::Client::builder().build().expect("a client");
    let proxied = client.get(format!("{}/metrics", control_plane.url)).header("x-forwarded-for", "127.0.0.1");
    assert_eq!(proxied.send().await.expect("answers").status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_opens_the_numbers_to_others_and_only_the_token() {
    let control_plane = ControlPlane::start_with(&[("SLIPWAY_METRICS__TOKEN", "metrics-token-0123456789")]).await;
    let get = async |token: &str| {
        let request = reqwest::Client::builder()
            .build()
            .expect("a client")
            .get(format!("{}/metrics", control_plane.url))
            .bearer_auth(token);
        request.send().await.expect("answers").status()
    };
    assert_eq!(get("metrics-token-0123456789").await, StatusCode::OK);
    for wrong in ["", "metrics-token-012345678", "metrics-token-01234567890", TOKEN] {
        assert_eq!(get(wrong).await, StatusCode::UNAUTHORIZED, "{wrong}");
    }
}

/// An OTLP receiver; keeps the bodies.
async fn collector() -> (String, Arc<Mutex<Vec<Bytes>>>) {
    let received: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let keep = async |State(received): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes| {
        received.lock().expect("nobody panics here").push(body);
    };
    let router = Router::new().route("/v1/traces", post(keep)).with_state(received.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("has one"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

#[tokio::test]
async fn one_trace_goes_from_the_request_through_the_build_to_the_release() {
    let (url, received) = collector().await;
    let project = Project::fixture("plain-html");
    let control_plane = ControlPlane::start_with(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &url),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_SERVICE_NAME", "slipway-under-test"),
    ])
    .await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let response = reqwest::Client::builder()
        .build()
        .expect("a client")
        .post(format!("{}/api/sandboxes/{sandbox}/deploy", control_plane.url))
        .bearer_auth(TOKEN)
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .json(&json!({
            "target_id": target,
            "build_command": "echo trace=$TRACEPARENT; mkdir dist; echo x > dist/index.html",
            "output_dir": "dist",
        }))
        .send()
        .await
        .expect("answers");
    let id = text(&response.json::<Value>().await.expect("is JSON"), "id");
    control_plane.wait_for(&id, &["success"], BUILD).await;
    assert!(control_plane.log(&id).await.contains(&format!("trace=00-{trace}-")), "the build is told of the trace");

    let trace_id = data_encoding::HEXLOWER.decode(trace.as_bytes()).expect("hexadecimal");
    let contains = |body: &Bytes, needle: &[u8]| body.windows(needle.len()).any(|window| window == needle);
    eventually("spans of the whole way", SOON, || async {
        let received = received.lock().expect("nobody panics here");
        let of_trace: Vec<_> = received.iter().filter(|body| contains(body, &trace_id)).collect();
        let has = |name: &str| of_trace.iter().any(|body| contains(body, name.as_bytes()));
        (has("slipway-under-test") && has("request") && has("deployment") && has("build") && has("provider request"))
            .then_some(())
    })
    .await;
    let received = received.lock().expect("nobody panics here");
    assert!(!received.iter().any(|body| contains(body, TOKEN.as_bytes()) || contains(body, b"echo trace")));
}

#[tokio::test]
async fn a_collector_that_is_away_holds_nothing_up() {
    let control_plane = ControlPlane::start_with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    assert!(!sandbox.is_empty());
    let began = Instant::now();
    assert!(control_plane.terminate(), "ends in order");
    assert!(began.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn systemd_is_told_when_it_is_ready_alive_and_stopping() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(SOON)).expect("a timeout");
    let control_plane =
        ControlPlane::start_with(&[("NOTIFY_SOCKET", path.to_str().expect("UTF-8")), ("WATCHDOG_USEC", "400000")])
            .await;
    let receive = || {
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).expect("is told");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let first = receive();
    assert!(first.contains("READY=1") && first.contains("STATUS=serving REST on"), "{first}");
    assert!(receive().contains("WATCHDOG=1"));
    assert!(control_plane.terminate());
    let rest: Vec<String> = std::iter::from_fn(|| {
        let _ = socket.set_nonblocking(true);
        let mut buffer = [0; 1024];
        let length = socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    })
    .collect();
    assert!(rest.iter().any(|state| state.contains("STOPPING=1")), "{rest:?}");
}

#[tokio::test]
async fn an_end_in_order_is_bounded_and_what_it_gives_up_goes_on_at_the_next_start() {
    let vendor = Rehearsal::start().await;
    vendor.behave([Behaviour::Hold(Duration::from_secs(120))]);
    let project = Project::fixture("plain-html");
    let control_plane = ControlPlane::start_with(&[("REHEARSAL_URL", &vendor.url)]).await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let body = json!({ "provider": "rehearsal", "name": "rehearsal", "config": {} });
    let target = text(&control_plane.call(Method::POST, "/api/deployments/targets", Some(body)).await, "id");
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    eventually("the vendor to be asked", SOON, || async { (vendor.requests() > 0).then_some(()) }).await;
    let began = Instant::now();
    let (stopped, is_success) = control_plane.stop_in_order();
    assert!(is_success);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    vendor.release_all();
    let control_plane = stopped.start().await;
    control_plane.wait_for(&id, &["success"], SOON).await;
    assert_eq!((vendor.made().len(), vendor.requests()), (1, 1));
}
