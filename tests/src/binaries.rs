//! Where the programs under test are: in the directory this test was built into.

use std::path::PathBuf;

/// `slipway`, or another program of this workspace.
///
/// # Panics
/// When it has not been built; `make test` builds it first.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    let path = test.ancestors().nth(2).expect("tests lie in target/…/deps").join(name);
    assert!(
        path.is_file(),
        "{} is missing: build it first with `cargo build --workspace`, or run `make test`",
        path.display()
    );
    path
}
