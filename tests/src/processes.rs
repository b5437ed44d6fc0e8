//! Looking for processes that a build left behind, and stopping whole families of them.

use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Command lines of the processes that have `needle` in their command line or environment.
pub fn processes_with(needle: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("Linux").flatten() {
        let is_process = entry.file_name().to_string_lossy().parse::<u32>().is_ok_and(|pid| pid != std::process::id());
        if !is_process {
            continue;
        }
        let command = read(&entry.path().join("cmdline"));
        if command.contains(needle) || read(&entry.path().join("environ")).contains(needle) {
            found.push(command);
        }
    }
    found
}

/// The processes that this one, with any of its threads, has started and that are not buried yet.
pub fn children_of(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children: String = threads.map(|thread| read(&thread.path().join("children")) + " ").collect();
    children.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

/// Sends a signal to a process and to all that descend from it.
pub fn signal_family(pid: u32, signal: Signal) {
    let _ = kill(Pid::from_raw(i32::try_from(pid).expect("a pid")), signal);
    for child in children_of(pid) {
        signal_family(child, signal);
    }
}

/// A process that ended meanwhile, or that we may not read, has nothing.
fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).replace('\0', " ")
}
