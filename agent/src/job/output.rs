//! Finding what a build wrote, and saying clearly when it is not there.

use std::path::{Path, PathBuf};

use slipway_proto::v1::FailureCode;

use super::{Failure, Halt};
use crate::artifact::{SourceRules, is_empty_tree};
use crate::detect::Detected;

/// Directories named as what was found instead.
const NAMED: usize = 10;

/// Where the output should be.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// What the build could see: nothing outside is published.
    tree: PathBuf,
    project: PathBuf,
    /// Relative to the project, in the order in which they are tried.
    directories: Vec<String>,
    /// The last command that ran.
    command: Option<String>,
}

impl Output {
    pub(super) fn of(detected: &Detected, tree: PathBuf, project: PathBuf) -> Self {
        let plan = &detected.plan;
        let directories = match detected.output_candidates.as_slice() {
            [] => vec![plan.output_dir.clone()],
            candidates => candidates.to_vec(),
        };
        let command = plan.build_command.clone().or_else(|| plan.install_command.clone());
        Self { tree, project, directories, command }
    }

    /// The first directory with something in it, and what of it is to be published.
    pub(super) fn find(&self) -> Result<(PathBuf, SourceRules), Halt> {
        for directory in &self.directories {
            let path = self.project.join(directory);
            if path.is_dir() && !is_empty_tree(&path) {
                return self.check(directory, &path);
            }
        }
        Err(self.missing().into())
    }

    fn check(&self, shown: &str, path: &Path) -> Result<(PathBuf, SourceRules), Halt> {
        let canonical = |path: &Path| {
            path.canonicalize().map_err(|error| Failure::io(FailureCode::OutputRefused, "packaging", path, &error))
        };
        let (output, tree, project) = (canonical(path)?, canonical(&self.tree)?, canonical(&self.project)?);
        if !output.starts_with(&tree) {
            let message = format!("`{shown}` leads out of the project; set output_dir to a directory inside of it");
            return Err(Failure::new(FailureCode::OutputRefused, message).into());
        }
        let rules = match &self.command {
            None => SourceRules::Sources,
            Some(_) if project.starts_with(&output) => SourceRules::BuiltInPlace,
            Some(_) => SourceRules::Output,
        };
        Ok((output, rules))
    }

    fn missing(&self) -> Failure {
        let first = self.directories.first().map_or(".", String::as_str);
        let listed = self.directories.iter().map(|directory| format!("`{directory}`")).collect::<Vec<_>>().join(", ");
        let problem = match self.directories.as_slice() {
            [_] if self.project.join(first).is_dir() => format!("{listed} is empty"),
            [_] if self.project.join(first).exists() => format!("{listed} is a file, not a directory"),
            [_] => format!("{listed} does not exist"),
            _ => format!("none of {listed} holds anything"),
        };
        let mut message = match &self.command {
            Some(command) => {
                format!("`{command}` succeeded, but {problem}. Set output_dir to the directory the build writes")
            }
            None => format!("{problem}. Set output_dir to the directory to publish"),
        };
        let found = self.directories_there();
        if !found.is_empty() {
            message.push_str("; found: ");
            message.push_str(&found.join(", "));
        }
        Failure::new(FailureCode::OutputMissing, message)
    }

    fn directories_there(&self) -> Vec<String> {
        let Ok(entries) = self.project.read_dir() else { return Vec::new() };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_empty_tree(&entry.path()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && name != "node_modules")
            .map(|name| format!("{name}/"))
            .collect();
        names.sort();
        names.truncate(NAMED);
        names
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    struct Project(tempfile::TempDir);

    impl Project {
        fn new(files: &[&str]) -> Self {
            let project = Self(tempfile::tempdir().unwrap());
            for file in files {
                let path = project.0.path().join("site").join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
            project
        }

        fn output(&self, directories: &[&str], command: Option<&str>) -> Output {
            Output {
                tree: self.0.path().to_owned(),
                project: self.0.path().join("site"),
                directories: directories.iter().map(|&directory| directory.to_owned()).collect(),
                command: command.map(str::to_owned),
            }
        }

        #[track_caller]
        fn refuses(&self, directories: &[&str], code: FailureCode, message: &str) {
            match self.output(directories, Some("npm run build")).find() {
                Err(Halt::Failed(failure)) => assert_eq!((failure.code, failure.message.as_str()), (code, message)),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn the_first_directory_with_something_in_it_is_taken() {
        let project = Project::new(&["build/index.html", "index.html"]);
        fs::create_dir(project.0.path().join("site/dist")).unwrap();
        let found = |directories: &[&str], command| {
            let (path, rules) = project.output(directories, command).find().unwrap();
            (path.file_name().unwrap().to_str().unwrap().to_owned(), rules)
        };
        assert_eq!(found(&["dist", "build"], Some("make")), ("build".to_owned(), SourceRules::Output));
        assert_eq!(found(&["."], Some("make")), ("site".to_owned(), SourceRules::BuiltInPlace));
        assert_eq!(found(&["."], None), ("site".to_owned(), SourceRules::Sources));
    }

    #[test]
    fn missing_output_says_what_is_there() {
        let project = Project::new(&["build/index.html", "public/a.png", "node_modules/a/b", "note"]);
        let start = "`npm run build` succeeded, but ";
        let end = ". Set output_dir to the directory the build writes; found: build/, public/";
        let missing = FailureCode::OutputMissing;
        project.refuses(&["dist"], missing, &format!("{start}`dist` does not exist{end}"));
        project.refuses(&["note"], missing, &format!("{start}`note` is a file, not a directory{end}"));
        project.refuses(&["dist", "out"], missing, &format!("{start}none of `dist`, `out` holds anything{end}"));
        fs::create_dir(project.0.path().join("site/dist")).unwrap();
        project.refuses(&["dist"], missing, &format!("{start}`dist` is empty{end}"));
        symlink("/usr", project.0.path().join("site/out")).unwrap();
        let message = "`out` leads out of the project; set output_dir to a directory inside of it";
        project.refuses(&["out"], FailureCode::OutputRefused, message);
    }
}
