//! Asking the real agent.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use super::{Answer, Case};

/// Cases asked about at once: enough to keep a small machine busy.
const AT_ONCE: usize = 4;
/// The exit code of an agent that knows why there is no plan; a panic has another.
const FOUND_NOTHING: i32 = 1;
/// Of an agent's words: how they begin is enough to find them.
const REASON_LENGTH: usize = 60;

/// What `agent detect` says about the project in `directory`.
pub fn ask(agent: &Path, directory: &Path) -> Answer {
    let output = Command::new(agent).arg("detect").arg(directory).arg("--json").output();
    let output = output.unwrap_or_else(|error| panic!("{} does not start: {error}", agent.display()));
    if output.status.success() {
        return match serde_json::from_slice::<Value>(&output.stdout) {
            Ok(plan) => Answer::from_plan(&plan),
            Err(error) => Answer::crashed(format!("not JSON: {error}")),
        };
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let reason = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("said nothing");
    let reason = reason.trim_start_matches("slipway-agent: ").replace(&directory.display().to_string(), "DIR");
    let reason = shortened(&reason);
    if output.status.code() == Some(FOUND_NOTHING) {
        Answer::failed(reason)
    } else {
        Answer::crashed(format!("{}: {reason}", output.status))
    }
}

fn shortened(reason: &str) -> String {
    if reason.chars().count() <= REASON_LENGTH {
        return reason.to_owned();
    }
    reason.chars().take(REASON_LENGTH - 1).chain(['…']).collect()
}

/// The same for every case, in their order.
pub fn ask_all(agent: &Path, cases: &[Case]) -> anyhow::Result<Vec<Answer>> {
    let next = AtomicUsize::new(0);
    let answers = Mutex::new(Vec::with_capacity(cases.len()));
    thread::scope(|scope| {
        let ask_some = || -> anyhow::Result<()> {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(index) else { return Ok(()) };
                let answer = ask(agent, case.project()?.path());
                answers.lock().expect("nobody panics with it").push((index, answer));
            }
        };
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(ask_some)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("asks"))
    })?;
    let mut answers = answers.into_inner().expect("nobody panics with it");
    answers.sort_by_key(|(index, _)| *index);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
