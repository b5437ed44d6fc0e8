//! The agent's program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    slipway_agent::cli::main()
}
