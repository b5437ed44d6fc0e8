//! One static agent in containers of a private Docker Engine: Debian, an Alpine-like user land, and
//! nothing at all.

use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use slipway_tests::control_plane::{ControlPlane, get, text};
use slipway_tests::docker::{Container, Engine, Image, TokenFrom};
use slipway_tests::fixtures::Project;
use slipway_tests::sockets::listening_sockets;
use slipway_tests::{SOON, eventually};

/// What `docker stop` gives a container by default, before SIGKILL.
const DOCKER_GRACE: Duration = Duration::from_secs(10);
/// What an agent without a build, and one with a build that ignores SIGTERM, should need at most.
const IDLE_STOP: Duration = Duration::from_secs(3);
const BUSY_STOP: Duration = Duration::from_secs(7);

/// A control plane, and an agent in a container over the plain fixture.
struct Sandbox<'engine> {
    control_plane: ControlPlane,
    container: Container<'engine>,
    project: Project,
    id: String,
    target: String,
}

impl<'engine> Sandbox<'engine> {
    async fn start(engine: &'engine Engine, image: &Image, token_from: TokenFrom) -> Self {
        let control_plane = ControlPlane::start().await;
        let project = Project::fixture("plain-html");
        let id = control_plane.create_sandbox("container").await;
        let token = control_plane.enroll_token(&id).await;
        let container = Container::start(engine, image, &control_plane, project.path(), &token, token_from);
        control_plane.wait_online(&id).await;
        let target = control_plane.local_target().await;
        Self { control_plane, container, project, id, target }
    }

    async fn deploy(&self, more: Value) -> String {
        self.control_plane.deploy(&self.id, &self.target, more).await
    }

    async fn ships_plain_html(&self) {
        let id = self.deploy(json!({})).await;
        let deployment = self.control_plane.wait_for(&id, &["success"], SOON).await;
        let url = text(&deployment, "deployment_url");
        let (status, content_type, body) = get(&url).await;
        assert_eq!((status, content_type.as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
        assert_eq!(body, std::fs::read_to_string(self.project.path().join("index.html")).expect("readable"));
        let (status, content_type, _) = get(&format!("{url}images/pixel.png")).await;
        assert_eq!((status, content_type.as_str()), (StatusCode::OK, "image/png"));
    }

    /// With nothing but a shell: as another user, in a private copy, and no process is left.
    async fn ships_a_build(&self, place: &str) {
        let command = format!(
            "mkdir -p dist && echo '<h1>built in {place}</h1>' > dist/index.html && id -u > dist/user.txt \
             && (setsid sleep 3600 >/dev/null 2>&1 &) && echo building"
        );
        let id = self.deploy(json!({ "build_command": command, "output_dir": "dist" })).await;
        let deployment = self.control_plane.wait_for(&id, &["success"], SOON).await;
        let url = text(&deployment, "deployment_url");
        assert_eq!(get(&url).await.2, format!("<h1>built in {place}</h1>\n"));
        let user = get(&format!("{url}user.txt")).await.2;
        assert!(user.trim().parse::<u32>().is_ok_and(|user| user != 0), "built as user {user:?}");
        assert!(self.control_plane.log(&id).await.contains("building"));
        assert_eq!(self.container.other_processes(), Vec::<u32>::new());
        assert!(!self.project.path().join("dist").exists(), "the project itself was changed");
    }

    fn listens_on_nothing(&self) {
        for process in self.container.pids() {
            assert_eq!(listening_sockets(process), Vec::<String>::new());
        }
    }

    #[track_caller]
    fn stops_within(&self, limit: Duration) {
        let (code, took) = self.container.stop(DOCKER_GRACE);
        assert_eq!(code, 0, "after {took:?}");
        assert!(took < limit, "took {took:?}");
    }
}

#[tokio::test]
async fn debian() {
    let Some(engine) = Engine::start().await else { return };
    let Some(image) = Image::debian(&engine) else { return };
    let sandbox = Sandbox::start(&engine, &image, TokenFrom::File).await;
    sandbox.ships_plain_html().await;
    sandbox.ships_a_build("Debian").await;
    sandbox.listens_on_nothing();
    sandbox.stops_within(IDLE_STOP);
}

#[tokio::test]
async fn busybox() {
    let Some(engine) = Engine::start().await else { return };
    let Some(image) = Image::busybox(&engine) else { return };
    let sandbox = Sandbox::start(&engine, &image, TokenFrom::File).await;
    sandbox.ships_plain_html().await;
    sandbox.ships_a_build("busybox").await;
    sandbox.listens_on_nothing();

    let stubborn = "trap '' TERM; echo started; while true; do sleep 1; done";
    let id = sandbox.deploy(json!({ "build_command": stubborn, "output_dir": "." })).await;
    eventually("the build to start", SOON, || async {
        sandbox.control_plane.log(&id).await.contains("started").then_some(())
    })
    .await;
    sandbox.stops_within(BUSY_STOP);
}

#[tokio::test]
async fn scratch() {
    let Some(engine) = Engine::start().await else { return };
    let sandbox = Sandbox::start(&engine, &Image::scratch(&engine), TokenFrom::Stdin).await;
    sandbox.ships_plain_html().await;
    sandbox.listens_on_nothing();

    let id = sandbox.deploy(json!({ "build_command": "make site", "output_dir": "." })).await;
    let deployment = sandbox.control_plane.wait_for(&id, &["failed"], SOON).await;
    let message = text(&deployment, "error_message");
    assert!(message.contains("/bin/sh"), "{message}");
    sandbox.stops_within(IDLE_STOP);
}

/// Or the tests above would prove nothing.
#[test]
fn a_process_that_listens_is_found_out() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let _tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let _udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let _unix = UnixListener::bind(directory.path().join("socket")).expect("a path");
    let found = listening_sockets(std::process::id());
    for table in ["tcp:", "udp:", "unix:"] {
        assert!(found.iter().any(|row| row.starts_with(table)), "{table} {found:?}");
    }
}
