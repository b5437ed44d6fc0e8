//! Where programs are looked for.

use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// When the agent itself was started without `PATH`.
const DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An ordered list of directories.
#[derive(Debug, Clone)]
pub struct SearchPath(Vec<PathBuf>);

impl SearchPath {
    /// The agent's own `PATH`.
    pub fn from_environment() -> Self {
        let path = env::var_os("PATH").filter(|path| !path.is_empty()).unwrap_or_else(|| DEFAULT.into());
        // Relative entries would mean other programs in other directories.
        Self(env::split_paths(&path).filter(|directory| directory.is_absolute()).collect())
    }

    /// These directories.
    pub fn from_directories<P: Into<PathBuf>>(directories: impl IntoIterator<Item = P>) -> Self {
        Self(directories.into_iter().map(Into::into).collect())
    }

    /// Looks in `directory` before all others.
    #[must_use]
    pub fn with_first(mut self, directory: PathBuf) -> Self {
        self.0.insert(0, directory);
        self
    }

    /// The program a command of this name would start.
    pub fn find(&self, program: &str) -> Option<PathBuf> {
        self.0.iter().map(|directory| directory.join(program)).find(|path| is_executable(path))
    }

    /// As the value of `PATH`. Directories that cannot be written in it are left out.
    pub fn to_value(&self) -> OsString {
        let plain = self.0.iter().filter(|directory| !directory.as_os_str().as_encoded_bytes().contains(&b':'));
        env::join_paths(plain).unwrap_or_else(|_| DEFAULT.into())
    }
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_executable_files_are_programs() {
        let directory = tempfile::tempdir().unwrap();
        let tool = directory.path().join("tool");
        fs::write(&tool, "").unwrap();
        let path = SearchPath::from_directories(["/nonexistent"]).with_first(directory.path().to_owned());
        assert_eq!(path.find("tool"), None);
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(path.find("tool"), Some(tool));
        assert_eq!(path.find("other"), None);
        assert_eq!(path.to_value(), format!("{}:/nonexistent", directory.path().display()).as_str());
    }
}
