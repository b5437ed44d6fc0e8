//! Crash points: places where a process can be told to die, to prove that nothing is lost when it does.
//!
//! With `CRASH_POINT=name` a debug build ends like after `kill -9` when it reaches the point of that
//! name; `name#3` means the third time. With `CRASH_POINT_TRACE=file` the name of each point reached is
//! appended to the file, so that a test can find out which points there are. In release builds a point
//! is nothing.

/// Dies here, if the environment says so.
#[cfg(debug_assertions)]
pub fn point(name: impl std::fmt::Display) {
    if let Some(plan) = debug::plan() {
        plan.reach(&name.to_string());
    }
}

/// Nothing, in a release build.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn point(_name: impl std::fmt::Display) {}

#[cfg(debug_assertions)]
mod debug {
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::path::PathBuf;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    pub(super) struct Plan {
        /// Where to die, at which time of reaching it.
        crash: Option<(String, u32)>,
        reached: AtomicU32,
        trace: Option<PathBuf>,
    }

    /// What the environment of this process says, read once.
    pub(super) fn plan() -> Option<&'static Plan> {
        static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
        PLAN.get_or_init(|| {
            let crash = std::env::var("CRASH_POINT").ok().map(|value| parse(&value));
            let trace = std::env::var_os("CRASH_POINT_TRACE").map(PathBuf::from);
            (crash.is_some() || trace.is_some()).then(|| Plan { crash, reached: AtomicU32::new(0), trace })
        })
        .as_ref()
    }

    impl Plan {
        pub(super) fn reach(&self, name: &str) {
            if let Some(trace) = &self.trace {
                // One write per line, so that threads and processes do not mix theirs.
                let file = OpenOptions::new().create(true).append(true).open(trace);
                let _ = file.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
            }
            if let Some((_, time)) = self.crash.as_ref().filter(|(wanted, _)| wanted == name)
                && self.reached.fetch_add(1, Ordering::SeqCst) + 1 == *time
            {
                // Neither destructors nor buffers get a say, as with SIGKILL.
                std::process::abort();
            }
        }
    }

    fn parse(value: &str) -> (String, u32) {
        match value.rsplit_once('#') {
            Some((name, time)) => (name.to_owned(), time.parse().unwrap_or(1)),
            None => (value.to_owned(), 1),
        }
    }
}
