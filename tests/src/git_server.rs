//! A git host: real repositories behind `git http-backend`, demanding a token, with hooks that refuse as protected
//! branches do. And git itself, as a person in a sandbox uses it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::ListenerExt;
use data_encoding::BASE64;
use futures::StreamExt;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// What becomes of the next push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is taken, and the connection breaks instead of an answer.
    TakeAndBreak,
    /// It is taken, and the answer is none of git's.
    TakeAndMumble,
    /// It is taken, and the answer comes after this time.
    TakeSlowly(Duration),
    /// It is not taken, and the connection breaks.
    Break,
    /// Too many requests; come back after so many seconds.
    Busy(u64),
    /// An error of the server, and nothing is taken.
    Fail,
}

#[derive(Default)]
struct Log {
    faults: Vec<Fault>,
    /// Requests that brought a pack.
    pushes: usize,
    /// Requests without a token, or with another one.
    unauthorised: usize,
    /// The token is worth nothing any more.
    is_revoked: bool,
    /// What happens when somebody looks, after the next push has arrived.
    before_look: Option<Box<dyn FnOnce() + Send>>,
    pushes_before_look: usize,
}

/// A running host.
#[derive(Clone)]
pub struct GitServer {
    root: Arc<TempDir>,
    /// `git-http-backend`.
    backend: Arc<PathBuf>,
    token: String,
    username: &'static str,
    log: Arc<Mutex<Log>>,
    /// Where it is, as in `SLIPWAY_PROVIDERS__GITHUB__GIT_URL`.
    pub url: String,
}

impl GitServer {
    /// Starts one that takes this token of this user; it ends with the test's runtime.
    pub async fn start(username: &'static str, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("has one"));
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let root = Arc::new(TempDir::with_prefix("slipway-git-").expect("a temporary directory"));
        let backend = Arc::new(Path::new(&git(root.path(), &["--exec-path"])).join("git-http-backend"));
        let server = Self { root, backend, token: token.to_owned(), username, log: Arc::default(), url };
        let router = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// An empty repository, as in `ada/shop`.
    pub fn repository(&self, name: &str) -> PathBuf {
        let path = self.path_of(name);
        fs::create_dir_all(&path).expect("makes the directory");
        git(&path, &["init", "--quiet", "--bare", "--initial-branch=main", "."]);
        git(&path, &["config", "http.receivepack", "true"]);
        git(&path, &["config", "core.logAllRefUpdates", "true"]);
        path
    }

    /// Where a repository of this name lies, or would.
    pub fn path_of(&self, name: &str) -> PathBuf {
        self.root.path().join(format!("{name}.git"))
    }

    /// Whether there is one.
    pub fn has_repository(&self, name: &str) -> bool {
        self.path_of(name).join("HEAD").is_file()
    }

    /// Whether the history of one commit has another; `None` when one of them is unknown.
    pub fn has_in_history(&self, name: &str, head: &str, commit: &str) -> Option<bool> {
        let output = Command::new("git")
            .args(["-c", "safe.directory=*", "merge-base", "--is-ancestor", commit, head])
            .current_dir(self.path_of(name))
            .output();
        match output.expect("git is installed").status.code() {
            Some(0) => Some(true),
            Some(1) => Some(false),
            _ => None,
        }
    }

    /// Has a script run before any push is taken; what it prints goes to the one who pushes.
    pub fn hook(repository: &Path, script: &str) {
        let hook = repository.join("hooks/pre-receive");
        fs::write(&hook, format!("#!/bin/sh\n{script}\n")).expect("writes");
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("is ours");
    }

    /// What becomes of the next pushes, in this order.
    pub fn break_with(&self, faults: impl IntoIterator<Item = Fault>) {
        self.log.lock().expect("nobody panics here").faults.extend(faults);
    }

    /// Something happens there after the next push has arrived, before anybody gets to see the branches.
    pub fn before_next_look(&self, happens: impl FnOnce() + Send + 'static) {
        let mut log = self.log.lock().expect("nobody panics here");
        log.before_look = Some(Box::new(happens));
        log.pushes_before_look = log.pushes;
    }

    /// The token is worth nothing any more.
    pub fn revoke(&self) {
        self.log.lock().expect("nobody panics here").is_revoked = true;
    }

    /// How many pushes arrived.
    pub fn pushes(&self) -> usize {
        self.log.lock().expect("nobody panics here").pushes
    }

    /// How many requests came without the token.
    pub fn unauthorised(&self) -> usize {
        self.log.lock().expect("nobody panics here").unauthorised
    }
}

async fn answer(State(server): State<GitServer>, request: Request) -> Response {
    let expected = format!("Basic {}", BASE64.encode(format!("{}:{}", server.username, server.token).as_bytes()));
    let (head, body) = request.into_parts();
    let header = |name: header::HeaderName| {
        head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned()
    };
    let is_revoked = server.log.lock().expect("nobody panics here").is_revoked;
    if is_revoked || header(header::AUTHORIZATION) != expected {
        server.log.lock().expect("nobody panics here").unauthorised += 1;
        return (
            StatusCode::UNAUTHORIZED,
            [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")],
            "Invalid username or token.",
        )
            .into_response();
    }
    let is_push = head.uri.path().ends_with("/git-receive-pack");
    let happens = {
        let mut log = server.log.lock().expect("nobody panics here");
        let is_due = !is_push && log.pushes > log.pushes_before_look;
        if is_due { log.before_look.take() } else { None }
    };
    if let Some(happens) = happens {
        tokio::task::spawn_blocking(happens).await.expect("happens");
    }
    let fault = is_push.then(|| {
        let mut log = server.log.lock().expect("nobody panics here");
        log.pushes += 1;
        if log.faults.is_empty() { None } else { Some(log.faults.remove(0)) }
    });
    let fault = fault.flatten();
    match fault {
        Some(Fault::Busy(seconds)) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], "slow down")
                .into_response();
        }
        Some(Fault::Fail) => return (StatusCode::BAD_GATEWAY, "sorry").into_response(),
        Some(Fault::Break) => return broken(),
        Some(Fault::TakeSlowly(wait)) => tokio::time::sleep(wait).await,
        Some(Fault::TakeAndBreak | Fault::TakeAndMumble) | None => {}
    }
    // Itself and not by way of `git`, so that it is what is ended.
    let mut backend = tokio::process::Command::new(server.backend.as_ref());
    backend.env_clear();
    // Without a length it reads to the end.
    if let Some(length) = head.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()) {
        backend.env("CONTENT_LENGTH", length);
    }
    let mut child = backend
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("GIT_PROJECT_ROOT", server.root.path())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "pusher")
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or(""))
        .env("REQUEST_METHOD", head.method.as_str())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Whoever pushes may go away in the middle; git would turn in circles at the end of what came.
        .kill_on_drop(true)
        .spawn()
        .expect("git is installed");
    let mut stdin = child.stdin.take().expect("is piped");
    // As it comes: what is large is on its way while it is looked through. What breaks off ends here, too.
    tokio::spawn(async move {
        let mut pieces = body.into_data_stream();
        while let Some(Ok(piece)) = pieces.next().await {
            if stdin.write_all(&piece).await.is_err() {
                return;
            }
        }
    });
    let output = child.wait_with_output().await.expect("git ends").stdout;
    match fault {
        Some(Fault::TakeAndBreak) => return broken(),
        Some(Fault::TakeAndMumble) => return (StatusCode::OK, "<html>").into_response(),
        _ => {}
    }
    let end = output.windows(4).position(|window| window == b"\r\n\r\n").expect("an answer of a CGI program");
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        response = match name {
            "Status" => response.status(value[..3].parse::<u16>().expect("a status")),
            name => response.header(name, value),
        };
    }
    response.body(Body::from(output[end + 4..].to_vec())).expect("a response")
}

/// An answer that ends before it is whole.
fn broken() -> Response {
    let chunks = futures::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("the connection breaks"))]);
    (StatusCode::OK, [(header::CONTENT_LENGTH, "100")], Body::from_stream(chunks)).into_response()
}

/// Runs git in a directory, as a person without settings of their own, and answers what it prints.
#[track_caller]
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "safe.directory=*"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .expect("git is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}
