//! The detection corpus: real projects reduced to what a detector may look at, each with the answer
//! its own source expects. It is kept beside the repository, not in it, so a checkout may be without
//! one; then there is nothing to score, and whoever asked says so loudly.

mod agent;
mod answer;
mod place;
mod score;

use std::path::{Component, Path, PathBuf};

use anyhow::{Context, ensure};
use serde::Deserialize;

use crate::fixtures::Project;

pub use agent::{ask, ask_all};
pub use answer::Answer;
pub use score::{CONFIDENT, Miss, Score, Share};

/// One JSON object a line.
const CASES: &str = "detect.jsonl";
/// Of a path in a repository, counted from its end.
const SOURCE_PARTS: usize = 2;
/// Of the whole name of a source, so that a line fits a terminal.
const SOURCE_LENGTH: usize = 50;

/// All cases of a directory.
#[derive(Debug)]
pub struct Corpus {
    /// Where they were read from.
    pub directory: PathBuf,
    /// In the order of the file.
    pub cases: Vec<Case>,
}

impl Corpus {
    /// Reads the one that `SLIPWAY_CORPUS` names, or the one beside the repository. `None`, loudly, when
    /// there is none; also in CI, where a checkout stands alone.
    ///
    /// # Errors
    /// When there is one that cannot be read, or none where `SLIPWAY_CORPUS` says.
    pub fn find() -> anyhow::Result<Option<Self>> {
        let Some(directory) = place::find()? else {
            eprintln!("SKIPPED: no detection corpus beside the repository; SLIPWAY_CORPUS names another place");
            return Ok(None);
        };
        Self::read(&directory).map(Some)
    }

    /// Reads the cases in `directory`.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(CASES);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        let cases = text.lines().filter(|line| !line.trim().is_empty()).map(serde_json::from_str);
        let cases: Vec<Case> =
            cases.collect::<Result<_, _>>().with_context(|| format!("{} has a broken line", path.display()))?;
        ensure!(!cases.is_empty(), "{} is empty", path.display());
        Ok(Self { directory: directory.to_owned(), cases })
    }
}

/// One project and what it is.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Stable name.
    pub id: String,
    /// `owner/name` on GitHub.
    pub source_repo: String,
    /// Where in that repository it was found.
    pub source_path: String,
    /// What a detector may look at.
    pub files: Vec<CaseFile>,
    /// What its source says it is.
    pub expect: Expect,
}

/// A file of a case.
#[derive(Debug, Deserialize)]
pub struct CaseFile {
    /// Relative to the project.
    pub path: String,
    /// `None` where only the name is known.
    pub content: Option<String>,
}

/// The right answer. What is `None` is not scored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// Slug of the framework; `none` when no framework may be named.
    pub framework: Option<String>,
    /// Language of the project, for example `node`.
    pub runtime: Option<String>,
    /// Frameworks to accept as well.
    pub also_ok: Vec<String>,
    /// `npm`, `yarn-berry`, `cargo`, …
    pub package_manager: Option<String>,
    /// Package managers to accept as well.
    pub package_manager_also_ok: Vec<String>,
    /// Relative to the project.
    pub output_dir: Option<String>,
    /// Output directories to accept as well.
    pub output_dir_also_ok: Vec<String>,
    /// Whether the root declares a workspace or a monorepo tool.
    pub monorepo: bool,
}

impl Case {
    /// Writes the project into a temporary directory; a file whose content is not known is empty.
    pub fn project(&self) -> anyhow::Result<Project> {
        let project = Project::empty();
        for file in &self.files {
            let path = Path::new(&file.path);
            ensure!(
                path.components().all(|part| matches!(part, Component::Normal(_))),
                "{}: {} leads out of the project",
                self.id,
                file.path
            );
            project.write(&file.path, file.content.as_deref().unwrap_or_default());
        }
        Ok(project)
    }

    /// Where it comes from, `owner/name/…/last/parts`; what is longer loses its start.
    fn source(&self) -> String {
        let mut parts: Vec<_> = self.source_path.split('/').filter(|part| !part.is_empty()).collect();
        if let Some(left_out) = parts.len().checked_sub(SOURCE_PARTS + 1) {
            parts.splice(..=left_out, ["…"]);
        }
        parts.insert(0, &self.source_repo);
        let source = parts.join("/");
        let length = source.chars().count();
        if length <= SOURCE_LENGTH {
            return source;
        }
        std::iter::once('…').chain(source.chars().skip(length - SOURCE_LENGTH + 1)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(path: &str, content: Option<&str>) -> Case {
        Case {
            id: "0".into(),
            source_repo: "owner/name".into(),
            source_path: "examples/group/shop".into(),
            files: vec![CaseFile { path: path.into(), content: content.map(Into::into) }],
            expect: Expect::default(),
        }
    }

    #[test]
    fn a_project_has_all_files_also_those_without_content() {
        let known = case("src/index.html", Some("<p>")).project().expect("is written");
        assert_eq!(std::fs::read_to_string(known.path().join("src/index.html")).expect("readable"), "<p>");
        let listed = case("logo.png", None).project().expect("is written");
        assert_eq!(std::fs::read(listed.path().join("logo.png")).expect("readable"), b"");
    }

    #[test]
    fn no_file_leaves_the_project() {
        assert!(case("../escaped", None).project().is_err());
        assert!(case("/tmp/escaped", None).project().is_err());
    }

    #[test]
    fn a_source_is_its_repository_and_the_end_of_its_path() {
        let mut case = case("a", None);
        assert_eq!(case.source(), "owner/name/…/group/shop");
        case.source_path = format!("{}shop", "long-".repeat(20));
        assert_eq!(case.source(), format!("…{}shop", "long-".repeat(9)));
    }
}
