//! Where the programs under test are: in the directory this test was built into.

use std::path::PathBuf;

/// The directory this test was built into.
pub fn directory() -> PathBuf {
    install_tls();
    let test = std::env::current_exe().expect("a test has a path");
    let directory = test.ancestors().nth(2).expect("tests lie in target/…/deps").to_owned();
    for name in ["slipway", "slipway-agent"] {
        let path = directory.join(name);
        assert!(path.is_file(), "{} is missing: run `make test`, which builds it first", path.display());
    }
    directory
}

/// `slipway` or `slipway-agent`.
pub fn binary(name: &str) -> PathBuf {
    directory().join(name)
}

/// Built together with `slipway`, our HTTP client can speak TLS, and insists on knowing with what: to be called before
/// the first request. Tests do it by asking for their binaries.
pub(crate) fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
