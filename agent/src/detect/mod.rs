//! What would be built, and why. Rules are data (`rules/*.toml`); this is the engine that applies
//! them, explains itself in evidence, and lets a user's overrides win.
//!
//! Nothing of the project is executed here. Everything read is bounded and stays inside the workspace,
//! because the files belong to the sandbox's user.

mod choose;
mod config_value;
mod error;
mod files;
mod glob;
mod lock_file;
mod monorepo;
mod output;
mod package_json;
mod package_manager;
mod plan;
mod reading;
mod report;
mod rules;
mod words;

use std::path::{Path, PathBuf};

use slipway_proto::plan::{BuildPlan, Monorepo, ProjectKind};
use slipway_proto::v1::BuildOverrides;

use self::files::Workspace;
use self::package_json::PackageJson;
use self::rules::Rules;
use crate::build::SearchPath;

pub use self::error::DetectError;
pub use self::output::relative_dir;
pub use self::report::{print, report};

/// A build plan, and what only the agent needs to know to carry it out.
#[derive(Debug)]
pub struct Detected {
    /// What is shown to people.
    pub plan: BuildPlan,
    /// The framework's full name.
    pub name: String,
    /// Where the install command runs, relative to the workspace: beside the lock file.
    pub install_dir: PathBuf,
    /// Where to look for the output after the build, best first. Empty when the plan's `output_dir` is certain.
    pub output_candidates: Vec<String>,
    /// For a project that renders on a server: how to get files out of it.
    pub static_hint: Option<String>,
}

impl Detected {
    /// Accepts a project that ends as files.
    ///
    /// # Errors
    /// For one that needs a server to run on, with the way to get files out of it.
    pub fn require_static(&self) -> Result<(), DetectError> {
        match self.plan.kind {
            ProjectKind::Static => Ok(()),
            ProjectKind::SsrServer => Err(DetectError::NeedsServer {
                name: self.name.clone(),
                hint: self.static_hint.clone().unwrap_or_else(|| "set output_dir to the files to publish".to_owned()),
            }),
        }
    }

    /// Whether anything of the project will be executed.
    pub fn runs_commands(&self) -> bool {
        self.plan.install_command.is_some() || self.plan.build_command.is_some()
    }
}

/// Finds out how to build what is in `workspace`, with the programs that are installed here.
pub fn detect(workspace: &Path, overrides: &BuildOverrides) -> Result<Detected, DetectError> {
    detect_with(workspace, overrides, &SearchPath::from_environment())
}

/// The same with other programs.
pub fn detect_with(workspace: &Path, overrides: &BuildOverrides, tools: &SearchPath) -> Result<Detected, DetectError> {
    let workspace = Workspace::open(workspace)?;
    let rules = Rules::embedded();
    let (choice, monorepo) = if overrides.root_dir.is_empty() {
        let package = PackageJson::read(&workspace, ".")?;
        let monorepo = monorepo::find(&workspace, package.as_ref())?;
        (choose::choose(&workspace, package, monorepo.as_ref(), &rules)?, monorepo)
    } else {
        let directory = existing_dir(&workspace, &overrides.root_dir)?;
        let choice = choose::named(&workspace, directory, &rules)?;
        // A broken package.json at the top is no matter of a project of its own further down.
        let package = PackageJson::read(&workspace, ".").ok().flatten();
        (choice, monorepo::find(&workspace, package.as_ref())?)
    };
    if choice.reading.is_none() && overrides.output_dir.is_empty() {
        return Err(nothing(&workspace, &choice.project.directory, monorepo.as_ref(), &rules));
    }
    plan::assemble(&choice.project, choice.reading, monorepo, choice.alternatives, overrides, tools)
}

fn existing_dir(workspace: &Workspace, root_dir: &str) -> Result<String, DetectError> {
    let wrong = |problem| DetectError::BadOverride { field: "root_dir", value: root_dir.to_owned(), problem };
    let directory = relative_dir(root_dir).map_err(wrong)?;
    if workspace.has_directory(&directory) { Ok(directory) } else { Err(wrong("is not a directory of the workspace")) }
}

fn nothing(workspace: &Workspace, directory: &str, monorepo: Option<&Monorepo>, rules: &Rules) -> DetectError {
    let frameworks = rules.frameworks.iter().filter(|framework| !framework.needs_build_script);
    let frameworks = frameworks.map(|framework| framework.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut looked_for = vec![format!("package.json with {frameworks} or a `build` script")];
    for site in &rules.static_sites {
        let directories = site.directories.iter().filter(|directory| *directory != ".");
        let directories = directories.map(|directory| format!("{directory}/")).collect::<Vec<_>>().join(", ");
        looked_for.push(format!("{} at the top or in {directories}", site.index_file));
    }
    if let Some(monorepo) = monorepo {
        looked_for.push(format!("the same in its {} packages", monorepo.packages.len()));
    }
    DetectError::Nothing { directory: workspace.name_of(directory), looked_for: looked_for.join(", ") }
}

#[cfg(test)]
mod tests;
