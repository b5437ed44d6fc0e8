//! Real small projects, copied so that a test may change them.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A copy of a fixture, or an empty directory.
pub struct Project(TempDir);

impl Project {
    /// A copy of `tests/fixtures/<name>`.
    pub fn fixture(name: &str) -> Self {
        Self::copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name))
    }

    /// A copy of any directory.
    pub fn copy_of(source: &Path) -> Self {
        let project = Self::empty();
        copy(source, project.path());
        project
    }

    /// A directory without anything in it.
    pub fn empty() -> Self {
        Self(TempDir::with_prefix("slipway-project-").expect("a temporary directory"))
    }

    /// One page, and so many files that are all different.
    pub fn with_files(count: usize) -> Self {
        let project = Self::empty();
        project.write("index.html", "first");
        for number in 0..count {
            project.write(&format!("files/{number}.txt"), &format!("file {number}"));
        }
        project
    }

    /// A package whose build script is this JavaScript.
    pub fn with_build_script(script: &str) -> Self {
        let project = Self::empty();
        project.write(
            "package.json",
            r#"{ "name": "scripted", "private": true, "scripts": { "build": "node build.js" } }"#,
        );
        project.write("build.js", script);
        project
    }

    /// A build that says `up` and this mark, and goes on until somebody ends it.
    pub fn that_runs_on(mark: &str) -> Self {
        Self::with_build_script(&format!("console.log('up {mark}'); setInterval(() => {{}}, 1000);"))
    }

    /// Copies it to where nothing is yet.
    pub fn copy_to(&self, to: &Path) {
        std::fs::create_dir_all(to).expect("makes the directory");
        copy(self.path(), to);
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, making its directories.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a directory")).expect("makes the directory");
        std::fs::write(path, content).expect("writes");
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("readable");
        let target: PathBuf = to.join(entry.file_name());
        if entry.file_type().expect("has a type").is_dir() {
            std::fs::create_dir_all(&target).expect("makes the directory");
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copies");
        }
    }
}
