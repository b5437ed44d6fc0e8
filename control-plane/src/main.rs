//! `slipway`: the control plane and its command line.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    slipway::cli::Cli::parse().run()
}
