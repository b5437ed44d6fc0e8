//! Finding and signalling every process below this one. Groups and sessions are no help: a process
//! leaves them with one call. Parenthood it cannot leave, because orphans come to the subreaper.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};
use zeroize::Zeroizing;

/// How much of an environment is looked at in one piece.
const ENVIRONMENT_PIECE: usize = 64 << 10;

/// How one of our children ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) pid: i32,
    /// As a shell tells it: 128 and the signal's number for one that was killed.
    pub(crate) code: u8,
}

/// Buries every child that has ended, adopted ones included.
pub(crate) fn reap() -> Vec<Exit> {
    let mut exits = Vec::new();
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => {
                exits.push(Exit { pid: pid.as_raw(), code: u8::try_from(code & 0xff).unwrap_or(u8::MAX) });
            }
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                exits.push(Exit {
                    pid: pid.as_raw(),
                    code: 128_u8.saturating_add(u8::try_from(signal as i32).unwrap_or(0)),
                });
            }
            Err(Errno::EINTR) => {}
            // Nothing (more) has ended, or there is no child.
            Ok(_) | Err(_) => return exits,
        }
    }
}

/// Living processes below this one. Dead ones that nobody has buried yet do not count.
pub(super) fn living() -> Vec<i32> {
    let mut children: HashMap<i32, Vec<(i32, bool)>> = HashMap::new();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // A process that ends meanwhile is no error.
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        if let Some((state, parent)) = parse_stat(&stat) {
            children.entry(parent).or_default().push((pid, !matches!(state, b'Z' | b'X')));
        }
    }
    let (mut living, mut open) = (Vec::new(), vec![getpid().as_raw()]);
    while let Some(parent) = open.pop() {
        for (pid, is_alive) in children.remove(&parent).unwrap_or_default() {
            open.push(pid); // threads of a dead leader can have children still
            if is_alive {
                living.push(pid);
            }
        }
    }
    living
}

/// Signals every living descendant and returns how many there were.
pub(super) fn signal(signal: Signal) -> usize {
    let living = living();
    for &pid in &living {
        let _ = kill(Pid::from_raw(pid), signal); // gone already, most likely
    }
    living.len()
}

/// Kills every process that was started with this in its environment, as far as we may look at it, and returns
/// how many there were.
pub(crate) fn kill_with_environment(entry: &[u8]) -> usize {
    let Ok(processes) = fs::read_dir("/proc") else { return 0 };
    // Where other programs run beside us, their environments are none of our business: nothing of them stays.
    let mut piece = Zeroizing::new(vec![0; ENVIRONMENT_PIECE]);
    let mut killed = 0;
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let Ok(environment) = File::open(process.path().join("environ")) else { continue };
        let is_wanted = has_variable(environment, entry, &mut piece).unwrap_or(false);
        if is_wanted && kill(Pid::from_raw(pid), Signal::SIGKILL).is_ok() {
            killed += 1;
        }
    }
    killed
}

/// Whether the environment, entries that end with a zero byte, has this one. It is read through `piece` alone, which
/// must be longer than the entry and both its neighbours.
fn has_variable(mut environment: impl Read, entry: &[u8], piece: &mut [u8]) -> io::Result<bool> {
    let wanted = [b"\0", entry, b"\0"].concat();
    // As if an entry had ended before the first.
    piece[0] = 0;
    let mut kept = 1;
    loop {
        let read = environment.read(&mut piece[kept..])?;
        if read == 0 {
            return Ok(false);
        }
        let filled = kept + read;
        if piece[..filled].windows(wanted.len()).any(|window| window == wanted) {
            return Ok(true);
        }
        // It may lie across the border to what comes next.
        let rest = filled.saturating_sub(wanted.len() - 1);
        piece.copy_within(rest..filled, 0);
        kept = filled - rest;
    }
}

/// State and parent from `/proc/PID/stat`. The name before them may hold anything, parentheses included.
fn parse_stat(stat: &[u8]) -> Option<(u8, i32)> {
    let end_of_name = stat.iter().rposition(|&byte| byte == b')')?;
    let mut fields = std::str::from_utf8(stat.get(end_of_name + 1..)?).ok()?.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some((state, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_found_whole_wherever_it_lies() {
        let has = |environment: &[u8], piece: usize| {
            has_variable(environment, b"MARK=1", &mut vec![0xff; piece]).expect("reads")
        };
        for piece in 9..40 {
            for found in [&b"MARK=1\0A=2\0"[..], b"A=2\0MARK=1\0", b"A=22222222222222222222\0MARK=1\0B=3\0"] {
                assert!(has(found, piece), "{piece}");
            }
            for other in [&b""[..], b"MARK=12\0", b"A=1\0XMARK=1\0", b"MARK=11111111111111111111\0", b"A=MARK=1\0"] {
                assert!(!has(other, piece), "{piece}");
            }
        }
    }

    #[test]
    fn names_cannot_forge_a_parent() {
        assert_eq!(parse_stat(b"12 (sh) S 7 12 12 0"), Some((b'S', 7)));
        assert_eq!(parse_stat(b"12 (a) S 1 (b) Z 7 12"), Some((b'Z', 7)));
        assert_eq!(parse_stat(b"12 (sh"), None);
        assert_eq!(parse_stat(b""), None);
    }
}
