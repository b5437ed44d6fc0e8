//! What a hostile agent, or somebody without any certificate, may try: it is refused, costs little memory, and
//! nobody else notices.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::path::Path;
use std::time::{Duration, Instant};

use prost::Message;
use reqwest::{Method, StatusCode};
use serde_json::json;
use slipway_proto::limits;
use slipway_proto::v1::agent_client::AgentClient;
use slipway_proto::v1::artifacts_client::ArtifactsClient;
use slipway_proto::v1::enrollment_client::EnrollmentClient;
use slipway_proto::v1::export_piece::Piece;
use slipway_proto::v1::exports_client::ExportsClient;
use slipway_proto::v1::{
    ArtifactKind, Capability, CommitRequest, ExportFailed, ExportFrame, ExportPiece, GitRemoteRequest, LogBatch,
    LogLine, Manifest, ManifestEntry, ManifestPart, PackFrame, RenewExpiredRequest,
};
use slipway_tests::binaries::binary;
use slipway_tests::control_plane::ControlPlane;
use slipway_tests::rogue::{self, RogueKey};
use slipway_tests::simulated::{Session, SimulatedAgent};
use slipway_tests::{SOON, eventually};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tonic::{Code, Request, Status};

/// What the hostile of these tests may cost, with what an allocator keeps.
const MEMORY_MIB: f64 = 160.0;

fn resident_mib(control_plane: &ControlPlane) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", control_plane.pid())).expect("is running");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().expect("a number") / 1024.0
}

async fn agent(control_plane: &ControlPlane, name: &str) -> (SimulatedAgent, Session) {
    let agent = SimulatedAgent::enrol(control_plane, name).await.expect("enrols");
    let session = agent.connect(control_plane).await.expect("connects");
    (agent, session)
}

/// A manifest of one small file, as it travels.
fn manifest(entries: usize) -> Vec<u8> {
    let entry = |number: usize| ManifestEntry {
        path: format!("file-{number:08}.txt"),
        size_bytes: 3,
        blake3: blake3::hash(b"abc").as_bytes().to_vec(),
        executable: false,
    };
    let manifest = Manifest { kind: ArtifactKind::Tree.into(), entries: (0..entries).map(entry).collect() };
    zstd::bulk::compress(&manifest.encode_to_vec(), 1).expect("compresses")
}

/// Every RPC of the protocol: what it says to the id of somebody else's record, and to one that never was. Those
/// that take no id are named with what they go by.
const RPCS: [(&str, bool); 11] = [
    ("Session", true),
    ("Logs", true),
    ("Offer", true),
    ("Upload", true),
    ("Commit", true),
    ("GitRemote", true),
    ("Export", true),
    // By a token, which says for which sandbox it is.
    ("Enroll", false),
    // Says nothing about anybody.
    ("ChallengeRenewal", false),
    // By the certificate and its key.
    ("RenewExpired", true),
    // By the certificate of the connection.
    ("Renew", false),
];

#[test]
fn no_rpc_is_missing_in_the_table() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/slipway/agent/v1");
    let mut declared = BTreeSet::new();
    for file in std::fs::read_dir(directory).expect("the protocol") {
        let text = std::fs::read_to_string(file.expect("readable").path()).expect("text");
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next());
        declared.extend(names.map(str::to_owned));
    }
    let known: BTreeSet<String> = RPCS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(declared, known);
}

#[tokio::test]
async fn every_rpc_refuses_what_is_somebody_elses_like_what_never_was() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let victim = SimulatedAgent::enrol(&control_plane, "victim").await.expect("enrols");
    let mut victims = victim.connect_with(&control_plane, &[Capability::ExportWorkspace]).await.expect("connects");
    control_plane.deploy(&victim.sandbox, &target, json!({})).await;
    let job = victims.begin_upload().await.expect("begins");
    let part = ManifestPart { job_id: job.clone(), data: manifest(1), after_event_seq: 2 };
    let offer = ArtifactsClient::new(victims.channel()).offer(tokio_stream::iter([part])).await.expect("is taken");
    let artifact = offer.into_inner().artifact_id;
    let path = format!("/api/sandboxes/{}/export/zip", victim.sandbox);
    let mut asked = std::pin::pin!(control_plane.refused(Method::POST, &path, None, StatusCode::UNPROCESSABLE_ENTITY));
    let export = tokio::select! {
        export = victims.next_export() => export.expect("is asked for"),
        answer = &mut asked => panic!("nobody has brought it, but the answer is {answer:?}"),
    };
    let (rogue_agent, rogues) = agent(&control_plane, "rogue").await;
    let never = "0199aaaa-0000-7000-8000-000000000000".to_owned();

    for (name, takes_id) in RPCS.into_iter().filter(|(_, takes_id)| *takes_id) {
        let (foreign, unknown) = match name {
            "Session" => continue, // `identity::a_sandbox_reaches_only_its_own_jobs`
            "Logs" => (logs(&rogues, &job).await, logs(&rogues, &never).await),
            "Offer" => (offered(&rogues, &job).await, offered(&rogues, &never).await),
            "Upload" => (uploaded(&rogues, &artifact).await, uploaded(&rogues, &never).await),
            "Commit" => (committed(&rogues, &artifact).await, committed(&rogues, &never).await),
            "GitRemote" => (remote_of(&rogues, &job).await, remote_of(&rogues, &never).await),
            "Export" => (exported(&rogues, &export).await, exported(&rogues, &[7; 16]).await),
            "RenewExpired" => {
                let channel = rogue::enrollment_channel(&control_plane).await.expect("connects");
                let of_victim = renewed(channel.clone(), victim.chain[0].to_vec()).await;
                let forged = RogueKey::generate().self_signed("spiffe://slipway.internal/sandbox/x");
                (of_victim, renewed(channel, forged[0].to_vec()).await)
            }
            other => panic!("{other} has no case here ({takes_id})"),
        };
        assert!(
            matches!(foreign.code(), Code::PermissionDenied | Code::Unavailable | Code::Unauthenticated),
            "{name}: {foreign}"
        );
        if name != "RenewExpired" {
            assert_eq!((foreign.code(), foreign.message()), (unknown.code(), unknown.message()), "{name}");
        }
    }
    drop(rogue_agent);
    // The victim's own export is as it was: refused to others, it still waits for its agent.
    let failed = ExportPiece { piece: Some(Piece::Failed(ExportFailed { message: "not now".to_owned() })) };
    let frame = ExportFrame { export_id: export, pieces: vec![failed] };
    let mut exports = ExportsClient::new(victims.channel());
    let ((_, said), taken) = tokio::join!(asked, exports.export(tokio_stream::iter([frame.clone()])));
    taken.expect("is taken");
    assert_eq!(said, "not now");
    assert_eq!(exports.export(tokio_stream::iter([frame])).await.expect_err("is over").code(), Code::PermissionDenied);
    // The victim's own upload is as it was.
    let frame =
        PackFrame { artifact_id: artifact.clone(), data: zstd::bulk::compress(b"abc", 1).expect("compresses").into() };
    let mut client = ArtifactsClient::new(victims.channel());
    client.upload(tokio_stream::iter([frame])).await.expect("is taken");
    client.commit(CommitRequest { artifact_id: artifact, after_event_seq: 2 }).await.expect("is committed");
    control_plane.wait_for(&job, &["success"], SOON).await;
}

async fn logs(session: &Session, job: &str) -> Status {
    let batch = LogBatch { job_id: job.to_owned(), lines: vec![LogLine::default()], ..LogBatch::default() };
    match AgentClient::new(session.channel()).logs(tokio_stream::iter([batch])).await {
        Ok(replies) => replies.into_inner().message().await.expect_err("is refused"),
        Err(status) => status,
    }
}

async fn offered(session: &Session, job: &str) -> Status {
    let part = ManifestPart { job_id: job.to_owned(), data: manifest(1), after_event_seq: 0 };
    ArtifactsClient::new(session.channel()).offer(tokio_stream::iter([part])).await.expect_err("is refused")
}

async fn uploaded(session: &Session, artifact: &str) -> Status {
    let frame = PackFrame { artifact_id: artifact.to_owned(), data: vec![1].into() };
    ArtifactsClient::new(session.channel()).upload(tokio_stream::iter([frame])).await.expect_err("is refused")
}

async fn committed(session: &Session, artifact: &str) -> Status {
    let request = CommitRequest { artifact_id: artifact.to_owned(), after_event_seq: 0 };
    ArtifactsClient::new(session.channel()).commit(request).await.expect_err("is refused")
}

async fn remote_of(session: &Session, job: &str) -> Status {
    let request = GitRemoteRequest { job_id: job.to_owned(), after_event_seq: 0 };
    ArtifactsClient::new(session.channel()).git_remote(request).await.expect_err("is refused")
}

async fn exported(session: &Session, export_id: &[u8]) -> Status {
    let frame = ExportFrame { export_id: export_id.to_vec(), pieces: Vec::new() };
    ExportsClient::new(session.channel()).export(tokio_stream::iter([frame])).await.expect_err("is refused")
}

async fn renewed(channel: tonic::transport::Channel, certificate_der: Vec<u8>) -> Status {
    let request =
        RenewExpiredRequest { certificate_der, nonce: vec![7; 32], signature: vec![7; 70], csr_der: vec![7; 70] };
    EnrollmentClient::new(channel).renew_expired(request).await.expect_err("is refused")
}

#[tokio::test]
async fn what_grows_when_it_is_unpacked_is_refused_in_little_memory() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let (hostile, mut session) = agent(&control_plane, "hostile").await;
    control_plane.deploy(&hostile.sandbox, &target, json!({})).await;
    let job = session.begin_upload().await.expect("begins");
    let bomb = zstd::bulk::compress(&vec![0; 256 * 1024 * 1024], 19).expect("compresses");
    let mut client = ArtifactsClient::new(session.channel()).max_encoding_message_size(64 * 1024 * 1024);

    for _ in 0..20 {
        let batch = LogBatch { job_id: job.clone(), compressed: bomb.clone(), ..LogBatch::default() };
        let mut replies =
            AgentClient::new(session.channel()).logs(tokio_stream::iter([batch])).await.expect("opens").into_inner();
        assert_eq!(replies.message().await.expect_err("is refused").code(), Code::InvalidArgument);
        let part = ManifestPart { job_id: job.clone(), data: bomb.clone(), after_event_seq: 2 };
        let refused = client.offer(tokio_stream::iter([part])).await.expect_err("is refused");
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    let part = ManifestPart { job_id: job.clone(), data: manifest(limits::ARTIFACT_FILES + 1), after_event_seq: 2 };
    let refused = client.offer(tokio_stream::iter([part])).await.expect_err("too many files");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");

    let part = ManifestPart { job_id: job.clone(), data: manifest(1), after_event_seq: 2 };
    let offer = client.offer(tokio_stream::iter([part])).await.expect("is taken").into_inner();
    let frame = PackFrame { artifact_id: offer.artifact_id, data: bomb.into() };
    let refused = client.upload(tokio_stream::iter([frame])).await.expect_err("is refused");
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");

    // Larger than a message may be, and more headers than a request may have.
    let part = ManifestPart { job_id: job, data: vec![0; limits::BULK_MESSAGE_BYTES + 1], after_event_seq: 2 };
    assert_eq!(client.offer(tokio_stream::iter([part])).await.expect_err("is refused").code(), Code::OutOfRange);
    let mut request = Request::new(CommitRequest::default());
    request.metadata_mut().insert("x-padding", "x".repeat(64 * 1024).parse().expect("ASCII"));
    client.commit(request).await.expect_err("too many headers");
    assert!(resident_mib(&control_plane) < MEMORY_MIB, "{} MiB", resident_mib(&control_plane));
}

#[tokio::test]
async fn a_flood_of_connections_that_say_nothing_or_nonsense_keeps_nobody_out() {
    let control_plane =
        ControlPlane::start_with(&[("SLIPWAY_AGENTS__UNAUTHENTICATED_CONNECTIONS_PER_ADDRESS", "64")]).await;
    let address = control_plane.agent_url.trim_start_matches("https://").to_owned();
    let mut open = Vec::new();
    for number in 0..2_000 {
        let Ok(mut stream) = TcpStream::connect(&address).await else { continue };
        if number % 2 == 0 {
            let _ = stream.write_all(&[0x16, 3, 1, 0xff, 0xff, 1, 2, 3, 4]).await;
        }
        open.push(stream);
    }
    let began = Instant::now();
    let honest = eventually("an honest agent to get in", SOON, || async {
        SimulatedAgent::enrol(&control_plane, &format!("honest-{}", began.elapsed().as_micros())).await.ok()
    })
    .await;
    honest.connect(&control_plane).await.expect("connects");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert!(resident_mib(&control_plane) < MEMORY_MIB, "{} MiB", resident_mib(&control_plane));
}

#[tokio::test]
async fn requests_that_are_reset_at_once_end_the_connection_and_nothing_else() {
    let control_plane = ControlPlane::start().await;
    let (hostile, _session) = agent(&control_plane, "hostile").await;
    let (other, _) = agent(&control_plane, "other").await;
    let stream = rogue::session_stream(&control_plane, &hostile.key, hostile.chain.clone()).await.expect("connects");
    let (mut sender, connection) = h2::client::handshake(stream).await.expect("speaks HTTP/2");
    let connection = tokio::spawn(connection);
    let mut sent = 0;
    while sent < 10_000 && poll_fn(|context| sender.poll_ready(context)).await.is_ok() {
        let request = http::Request::post("http://slipway/slipway.agent.v1.Agent/Session").body(()).expect("a request");
        let Ok((_answer, mut body)) = sender.send_request(request, false) else { break };
        body.send_reset(h2::Reason::CANCEL);
        sent += 1;
    }
    drop(sender);
    let ended = tokio::time::timeout(SOON, connection).await.expect("the connection ends").expect("no panic");
    println!("{sent} requests were reset; the connection ended with {ended:?}");
    other.connect(&control_plane).await.expect("others are served");
    assert!(resident_mib(&control_plane) < MEMORY_MIB, "{} MiB", resident_mib(&control_plane));
}

#[tokio::test]
async fn ten_thousand_tiny_batches_of_somebody_who_reads_no_answer_are_bounded() {
    let control_plane = ControlPlane::start().await;
    let target = control_plane.local_target().await;
    let (hostile, mut session) = agent(&control_plane, "hostile").await;
    let id = control_plane.deploy(&hostile.sandbox, &target, json!({})).await;
    let job_id = session.begin_upload().await.expect("begins");
    let batches = (0..10_000_u64).map({
        let job_id = job_id.clone();
        move |number| LogBatch {
            job_id: job_id.clone(),
            offset: number * 2,
            lines: vec![LogLine { text: b"x".as_slice().into(), ..LogLine::default() }],
            ..LogBatch::default()
        }
    });
    let stalled = AgentClient::new(session.channel()).logs(tokio_stream::iter(batches)).await.expect("opens");
    eventually("what fits to be stored", SOON, || async {
        let stored = control_plane.deployment(&id).await["log"]["bytes"].as_i64()?;
        (stored >= 100).then_some(())
    })
    .await;
    drop(stalled);
    // Whoever reads is served.
    let (other, mut others) = agent(&control_plane, "other").await;
    control_plane.deploy(&other.sandbox, &target, json!({})).await;
    others.begin_upload().await.expect("begins");
    assert!(resident_mib(&control_plane) < MEMORY_MIB, "{} MiB", resident_mib(&control_plane));
}

#[tokio::test]
async fn two_instances_on_one_database_file_are_refused() {
    let control_plane = ControlPlane::start().await;
    let database = control_plane.data_dir().join("slipway.db");
    let link = control_plane.data_dir().join("other-name.db");
    std::os::unix::fs::symlink(&database, &link).expect("links");
    for path in [&database, &link] {
        let other = tempfile::tempdir().expect("a temporary directory");
        let output = std::process::Command::new(binary("slipway"))
            .args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--data-dir"])
            .arg(other.path())
            .env("SLIPWAY_DATABASE_URL", format!("sqlite:{}", path.display()))
            .output();
        let output = output.expect("slipway starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("in use by another slipway process"), "{said}");
    }
    control_plane.call(Method::GET, "/api/me", None).await;
}
