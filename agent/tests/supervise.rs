//! The supervisor as the agent uses it: no process of a command outlives it, however it tries.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Leaves its session, its group and its parents, and does not listen to SIGTERM.
const DAEMON: &str = r#"setsid sh -c '(trap "" TERM INT HUP; while :; do sleep 0.05; done) & exit 0' "$0" &"#;

struct Supervised {
    child: Child,
    /// In the command line of every process it starts, so that they can be found.
    marker: String,
}

impl Supervised {
    fn start(name: &str, grace_ms: u64, script: &str) -> Self {
        let marker = format!("slipway-test-{name}-{}", std::process::id());
        let child = Command::new(env!("CARGO_BIN_EXE_slipway-agent"))
            .args(["supervise", &format!("--grace-ms={grace_ms}"), "--", "/bin/sh", "-c", script, &marker])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the agent starts");
        Self { child, marker }
    }

    /// Reads the line with which the script says that it is where the test wants it.
    fn wait_until_ready(&mut self) {
        let stdout = self.child.stdout.as_mut().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
    }

    fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).expect("positive");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("it is there");
    }

    /// Waits, and checks that nothing is left.
    #[track_caller]
    fn ends_within(&mut self, limit: Duration) -> ExitStatus {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                // The supervisor itself is gone; so must be everything with the marker.
                assert_eq!(processes_with(&self.marker), Vec::<String>::new());
                return status;
            }
            assert!(Instant::now() < deadline, "still running: {:?}", processes_with(&self.marker));
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn processes_with(marker: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let command_lines = entries.flatten().filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    let texts = command_lines.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    texts.filter(|text| text.contains(marker)).collect()
}

#[test]
fn the_exit_code_is_the_commands() {
    let ends = |script| Supervised::start("code", 1_000, script).ends_within(Duration::from_secs(5)).code();
    assert_eq!(ends("exit 0"), Some(0));
    assert_eq!(ends("exit 7"), Some(7));
    assert_eq!(ends("kill -9 $$"), Some(128 + 9));
    assert_eq!(ends("no-such-program-here"), Some(127));
}

#[test]
fn signals_reach_the_command_as_usual() {
    let script = "grep -q 'SigBlk:.*0000000000000000' /proc/self/status && kill -TERM $$";
    let status = Supervised::start("mask", 1_000, script).ends_within(Duration::from_secs(5));
    assert_eq!(status.code(), Some(128 + 15));
}

#[test]
fn a_daemon_does_not_outlive_a_finished_command() {
    let mut supervised = Supervised::start("daemon", 10_000, &format!("{DAEMON} sleep 0.2; exit 3"));
    let status = supervised.ends_within(Duration::from_secs(5));
    assert_eq!(status.code(), Some(3));
}

#[test]
fn a_daemon_does_not_survive_cancelling() {
    let mut supervised = Supervised::start("cancel", 300, &format!("{DAEMON} sleep 0.2; echo ready; sleep 60"));
    supervised.wait_until_ready();
    assert!(processes_with(&supervised.marker).len() >= 3, "the daemon is there");
    let began = Instant::now();
    supervised.terminate();
    supervised.ends_within(Duration::from_secs(5));
    assert!(began.elapsed() >= Duration::from_millis(250), "it was given the grace");
}

#[test]
fn a_command_may_use_the_grace_to_tidy_up() {
    let script = "trap 'echo tidy; exit 4' TERM; echo ready; while :; do sleep 0.05; done";
    let mut supervised = Supervised::start("tidy", 10_000, script);
    supervised.wait_until_ready();
    supervised.terminate();
    assert_eq!(supervised.ends_within(Duration::from_secs(5)).code(), Some(4));
}

#[test]
fn a_second_request_cuts_the_grace_short() {
    let script = "trap '' TERM; echo ready; while :; do sleep 0.05; done";
    let mut supervised = Supervised::start("second", 60_000, script);
    supervised.wait_until_ready();
    supervised.terminate();
    std::thread::sleep(Duration::from_millis(200));
    assert!(supervised.child.try_wait().expect("a child").is_none(), "the grace is not over");
    supervised.terminate();
    assert_eq!(supervised.ends_within(Duration::from_secs(5)).code(), Some(128 + 9));
}

#[test]
fn a_fork_storm_ends_as_well() {
    let script =
        "trap '' TERM; echo ready; f() { (trap '' TERM; sleep 0.02; f) & }; f; f; f; while :; do sleep 0.05; done";
    let mut supervised = Supervised::start("storm", 100, script);
    supervised.wait_until_ready();
    supervised.terminate();
    supervised.ends_within(Duration::from_secs(5));
}

#[test]
fn nothing_outlives_an_agent_that_was_killed() {
    let marker = format!("slipway-test-orphan-{}", std::process::id());
    let agent = env!("CARGO_BIN_EXE_slipway-agent");
    // A shell stands in for the agent.
    let script = format!(
        r#""$1" supervise --grace-ms=100 -- /bin/sh -c '{} sleep 0.2; echo ready; sleep 60' "$0" & wait"#,
        DAEMON.replace('\'', r"'\''")
    );
    let mut parent =
        Command::new("/bin/sh").args(["-c", &script, &marker, agent]).stdout(Stdio::piped()).spawn().expect("a shell");
    let mut line = String::new();
    BufReader::new(parent.stdout.as_mut().expect("a pipe")).read_line(&mut line).expect("a line");
    assert_eq!(line, "ready\n");
    parent.kill().expect("it is there");
    assert_eq!(parent.wait().expect("a child").signal(), Some(9));
    let deadline = Instant::now() + Duration::from_secs(5);
    while !processes_with(&marker).is_empty() {
        assert!(Instant::now() < deadline, "left: {:?}", processes_with(&marker));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_command_runs_as_the_build_user() {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("skipped: only root can change the user");
        return;
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_slipway-agent"))
        .args(["supervise", "--uid=64738", "--gid=64739", "--", "/bin/sh", "-c"])
        .arg("id -u; id -g; id -G; grep NoNewPrivs /proc/self/status; cat /proc/$PPID/environ 2>/dev/null | wc -c")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the agent starts");
    let lines: Vec<String> = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(Result::unwrap).collect();
    assert!(child.wait().expect("a child").success());
    assert_eq!(lines, ["64738", "64739", "64739", "NoNewPrivs:\t1", "0"]);
}
