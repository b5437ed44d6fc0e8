//! Looking for sockets on which a process can be reached.

use std::fs;
use std::path::{Path, PathBuf};

/// A state of TCP in `/proc/net/tcp` (proc_pid_net(5); the numbers are in the kernel's `tcp_states.h`).
const TCP_LISTEN: &str = "0A";
/// A UDP socket that is bound, but not connected.
const UDP_UNCONNECTED: &str = "07";
/// The flag of a Unix socket that accepts connections.
const UNIX_ACCEPTS: &str = "00010000";

/// A table of the kernel: its name, which columns say the state and the inode, and the state of a
/// socket that waits for others.
const TABLES: [(&str, usize, usize, &str); 5] = [
    ("tcp", 3, 9, TCP_LISTEN),
    ("tcp6", 3, 9, TCP_LISTEN),
    ("udp", 3, 9, UDP_UNCONNECTED),
    ("udp6", 3, 9, UDP_UNCONNECTED),
    ("unix", 3, 6, UNIX_ACCEPTS),
];

/// The lines of the kernel's tables about sockets of the process that wait for others.
pub fn listening_sockets(pid: u32) -> Vec<String> {
    let process = Path::new("/proc").join(pid.to_string());
    let owned = inodes(&process.join("fd"));
    let mut listening = Vec::new();
    for (table, state, inode, waiting) in TABLES {
        // Without IPv6 there are fewer tables.
        let rows = fs::read_to_string(process.join("net").join(table)).unwrap_or_default();
        for row in rows.lines().skip(1) {
            let columns: Vec<_> = row.split_whitespace().collect();
            let is_owned = columns.get(inode).is_some_and(|inode| owned.iter().any(|own| own == inode));
            if is_owned && columns[state] == waiting {
                listening.push(format!("{table}: {row}"));
            }
        }
    }
    listening
}

/// Of the open sockets among these descriptors.
fn inodes(descriptors: &Path) -> Vec<String> {
    let entries = fs::read_dir(descriptors).unwrap_or_else(|error| panic!("{}: {error}", descriptors.display()));
    let links = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    links
        .filter_map(|link: PathBuf| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect()
}
