//! Which environment variables a build may be given: refused by the control plane when they are set,
//! and by the agent in any case.

/// Names that would change which code runs, not what it is told.
const REFUSED: [&str; 3] = ["BASH_ENV", "ENV", "IFS"];
const REFUSED_PREFIXES: [&str; 3] = ["LD_", "DYLD_", "SLIPWAY_"];

/// Whether every shell and program can have a variable of this name: letters, digits and `_`, not
/// beginning with a digit.
pub fn is_name(name: &str) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_first) && name.bytes().all(|byte| is_first(byte) || byte.is_ascii_digit())
}

/// Whether a variable of this name would change how programs start.
pub fn is_refused(name: &str) -> bool {
    REFUSED.contains(&name) || REFUSED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
