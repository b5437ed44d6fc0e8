//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;

use crate::build::{ExecOptions, SuperviseOptions, exec, supervise};
use crate::detect;
use crate::parent;
use crate::run::{RunOptions, run};

/// For copying, packaging and reading ahead; more would only cost memory.
const BLOCKING_THREADS: usize = 6;
const IDLE_THREADS_END_AFTER: Duration = Duration::from_secs(2);
/// For work that cannot be interrupted, when the agent ends.
const LINGER: Duration = Duration::from_millis(200);
const LOG_VARIABLE: &str = "SLIPWAY_AGENT_LOG";

/// Builds the project in a sandbox and streams it to a Slipway control plane
///
/// It dials out and listens on nothing. Logs go to standard error; SLIPWAY_AGENT_LOG says how much,
/// for example `debug` or `slipway_agent=debug,warn`.
#[derive(Debug, Parser)]
#[command(name = "slipway-agent", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Enrol if needed, then build what the control plane asks for
    Run(RunOptions),
    /// Say what would be built, and why
    Detect {
        /// The project's directory
        #[arg(value_name = "DIR")]
        directory: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a command and end all its processes (used by the agent itself)
    #[command(hide = true)]
    Supervise(SuperviseOptions),
    /// Become a command (used by `supervise`)
    #[command(hide = true)]
    Exec(ExecOptions),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Supervise(options) => return supervise(&options),
        Command::Exec(options) => return exec(&options),
        Command::Detect { directory, json } => return detect::print(&directory, json),
        Command::Run(options) if parent::is_wanted(options.supervise) => return parent::run(),
        Command::Run(options) => serve(options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slipway-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(options: RunOptions) -> anyhow::Result<()> {
    if parent::restarts().is_some() {
        prctl::set_pdeathsig(Signal::SIGTERM).context("the end of the parent cannot be noticed")?;
    }
    // The key is in this memory: no debugger of the same user, no core file.
    prctl::set_dumpable(false).context("this process cannot be protected")?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).context("core files cannot be turned off")?;
    start_logging()?;
    on_this_thread(run(options))?
}

/// Runs something to its end on a runtime of this thread's own.
pub(crate) fn on_this_thread<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .thread_keep_alive(IDLE_THREADS_END_AFTER)
        .build()
        .context("the runtime cannot be started")?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(LINGER);
    Ok(outcome)
}

fn start_logging() -> anyhow::Result<()> {
    let filter = match std::env::var(LOG_VARIABLE) {
        Ok(filter) => filter.parse::<Targets>().with_context(|| format!("{LOG_VARIABLE} is not a log filter"))?,
        Err(_) => Targets::new().with_default(LevelFilter::INFO),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    tracing_subscriber::registry().with(filter).with(lines).init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
