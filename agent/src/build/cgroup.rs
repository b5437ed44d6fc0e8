//! A control group (cgroup v2) for each build, where this sandbox lets the agent make one: what bounds memory,
//! processes and CPU of the build as a whole, tells when the kernel killed something in it, and ends all of
//! it at once. Source: the kernel's Documentation/admin-guide/cgroup-v2.rst.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

const MOUNT: &str = "/sys/fs/cgroup";
/// The part for the agent itself.
const AGENT: &str = "slipway-agent";
const CONTROLLERS: &str = "+memory +pids +cpu";
/// Processes of one build.
pub(crate) const MOST_PROCESSES: u32 = 2048;
/// Half of what others get when everybody wants the CPU.
const CPU_WEIGHT: u32 = 50;
/// Of the sandbox's own memory limit, in percent: the agent needs the rest to tell what happened.
const MEMORY_PERCENT: u64 = 90;

/// The group in which groups of builds are made.
#[derive(Debug, Clone)]
pub(crate) struct Cgroups {
    root: PathBuf,
    memory_limit: Option<u64>,
}

impl Cgroups {
    /// The agent's own group, when there is a cgroup v2 that it may divide; the agent moves to a part of it, with
    /// the process above it, if there is one.
    pub(crate) fn prepare(parent: Option<Pid>) -> Option<Self> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let path = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let own = Path::new(MOUNT).join(path);
        Self::divide(undivided(&own), parent).ok()
    }

    fn divide(root: &Path, parent: Option<Pid>) -> io::Result<Self> {
        let available = fs::read_to_string(root.join("cgroup.controllers"))?;
        if !["memory", "pids", "cpu"]
            .iter()
            .all(|wanted| available.split_ascii_whitespace().any(|name| name == *wanted))
        {
            return Err(io::ErrorKind::Unsupported.into());
        }
        // A group with parts may hold no process itself.
        let agent = root.join(AGENT);
        make(&agent)?;
        if let Some(parent) = parent {
            fs::write(agent.join("cgroup.procs"), parent.to_string())?;
        }
        fs::write(agent.join("cgroup.procs"), "0")?;
        fs::write(root.join("cgroup.subtree_control"), CONTROLLERS)?;
        let limit = fs::read_to_string(root.join("memory.max")).ok().and_then(|text| text.trim().parse::<u64>().ok());
        Ok(Self { root: root.to_owned(), memory_limit: limit.map(|limit| limit / 100 * MEMORY_PERCENT) })
    }

    /// Bytes that one build may use; `None` when nothing bounds it.
    pub(crate) fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// A group for one job.
    pub(crate) fn for_job(&self, job_id: &str) -> io::Result<BuildCgroup> {
        let group = BuildCgroup { path: self.root.join(format!("slipway-build-{job_id}")) };
        make(&group.path)?;
        if let Some(limit) = self.memory_limit {
            group.set("memory.max", limit)?;
        }
        group.set("pids.max", MOST_PROCESSES)?;
        group.set("cpu.weight", CPU_WEIGHT)?;
        // All of it or nothing: half of a build is none.
        group.set("memory.oom.group", 1)?;
        Ok(group)
    }
}

/// An agent that was started again finds itself in the part that the one before it made.
fn undivided(own: &Path) -> &Path {
    own.parent().filter(|_| own.ends_with(AGENT)).unwrap_or(own)
}

fn make(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// The group of one build; gone, with all that runs in it, when it is dropped.
#[derive(Debug)]
pub(crate) struct BuildCgroup {
    path: PathBuf,
}

impl BuildCgroup {
    fn set(&self, name: &str, value: impl std::fmt::Display) -> io::Result<()> {
        fs::write(self.path.join(name), value.to_string())
    }

    fn number(&self, name: &str) -> Option<u64> {
        fs::read_to_string(self.path.join(name)).ok()?.trim().parse().ok()
    }

    /// Where a process joins it: by writing `0` to this file.
    pub(crate) fn processes_file(&self) -> PathBuf {
        self.path.join("cgroup.procs")
    }

    /// Whether the kernel killed something in it for want of memory.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        let events = fs::read_to_string(self.path.join("memory.events")).unwrap_or_default();
        let kills = events.lines().find_map(|line| line.strip_prefix("oom_kill "));
        kills.and_then(|count| count.trim().parse::<u64>().ok()).is_some_and(|count| count > 0)
    }

    /// Processes and bytes in it.
    pub(crate) fn usage(&self) -> (u32, u64) {
        let processes = self.number("pids.current").unwrap_or(0);
        (u32::try_from(processes).unwrap_or(u32::MAX), self.number("memory.current").unwrap_or(0))
    }
}

impl Drop for BuildCgroup {
    fn drop(&mut self) {
        let _ = self.set("cgroup.kill", 1);
        // A dead process stays for a moment; the next job's start finds the empty group otherwise.
        let _ = fs::remove_dir(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as the kernel has them; in a real cgroup they are there with the directory.
    fn fake(controllers: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("cgroup.controllers"), controllers).unwrap();
        fs::write(root.path().join("memory.max"), "1000000000\n").unwrap();
        root
    }

    #[test]
    fn a_build_gets_limits_of_its_own() {
        let root = fake("cpuset cpu io memory pids\n");
        let cgroups = Cgroups::divide(root.path(), None).unwrap();
        let read = |path: &str| fs::read_to_string(root.path().join(path)).unwrap();
        assert_eq!(read("slipway-agent/cgroup.procs"), "0");
        assert_eq!(read("cgroup.subtree_control"), CONTROLLERS);
        assert_eq!(cgroups.memory_limit(), Some(900_000_000));
        let group = cgroups.for_job("job").unwrap();
        assert_eq!(read("slipway-build-job/memory.max"), "900000000");
        assert_eq!(read("slipway-build-job/pids.max"), "2048");
        assert!(!group.is_out_of_memory());
        fs::write(group.path.join("memory.events"), "low 0\nhigh 3\nmax 9\noom 1\noom_kill 2\n").unwrap();
        assert!(group.is_out_of_memory());
        fs::write(group.path.join("pids.current"), "7\n").unwrap();
        fs::write(group.path.join("memory.current"), "4096\n").unwrap();
        assert_eq!(group.usage(), (7, 4096));
        let path = group.path.clone();
        drop(group);
        assert_eq!(fs::read_to_string(path.join("cgroup.kill")).unwrap(), "1");
    }

    #[test]
    fn without_the_controllers_there_are_no_groups() {
        let root = fake("cpuset io\n");
        assert!(Cgroups::divide(root.path(), None).is_err());
        assert!(!root.path().join("slipway-agent").exists(), "nothing was changed");
        let empty = tempfile::tempdir().unwrap();
        assert!(Cgroups::divide(empty.path(), None).is_err());
    }

    #[test]
    fn an_agent_that_was_started_again_divides_the_same_group() {
        let first = Path::new("/sys/fs/cgroup/sandbox");
        assert_eq!(undivided(first), first);
        assert_eq!(undivided(&first.join(AGENT)), first);
    }
}
