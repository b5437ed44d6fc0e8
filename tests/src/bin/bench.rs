//! Prints the benchmarks' table; see `slipway_tests::bench`.

use std::path::PathBuf;

use anyhow::Context;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: bench DIRECTORY-OF-BINARIES [PART]; or run `make bench`";
    let binaries = arguments.next().map(PathBuf::from).context(usage)?;
    let part = arguments.next().map(|part| part.to_string_lossy().into_owned());
    slipway_tests::bench::run(&binaries, part.as_deref()).await
}
