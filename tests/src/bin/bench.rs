//! Prints the benchmarks' table; see `slipway_tests::bench`.

use std::path::PathBuf;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let binaries = std::env::args_os().nth(1).map(PathBuf::from);
    let binaries =
        binaries.ok_or_else(|| anyhow::anyhow!("usage: bench DIRECTORY-OF-BINARIES; or run `make bench`"))?;
    slipway_tests::bench::run(&binaries).await
}
