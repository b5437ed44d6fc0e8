//! What would be built, and why. Rules are data (`rules/*.toml`); this is the engine that applies
//! them, explains itself in evidence, and lets people's settings win.
//!
//! Nothing of the project is executed here. Everything read is bounded and stays inside the workspace,
//! because the files belong to the sandbox's user.
//!
//! The way of one answer: [`files`] reads, [`manifest`] and [`settings`] understand, [`project`] is one directory
//! seen through both, [`reading`] applies the rules to it, [`choose`] takes the directory, [`plan`] adds commands.

mod choose;
mod data;
mod error;
mod files;
mod glob;
mod lock_file;
mod manifest;
mod members;
mod monorepo;
mod orchestrated;
mod output;
mod overrides;
mod package_json;
mod package_manager;
mod plan;
mod project;
mod reading;
mod report;
mod rules;
mod script;
mod settings;
mod toolchain;
mod versions;
mod words;
mod yaml;

use std::path::{Path, PathBuf};

use slipway_proto::plan::{BuildPlan, ProjectKind, Setting};

use self::files::Workspace;
use self::overrides::Settings;
use self::project::Project;
use self::rules::Rules;
use crate::build::SearchPath;

pub use self::error::DetectError;
pub use self::output::relative_dir;
pub use self::overrides::Overrides;
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
    /// A manifest that is there and could not be understood.
    broken_manifest: Option<DetectError>,
}

impl Detected {
    /// Accepts a project that ends as files.
    ///
    /// # Errors
    /// For one that ends as something else, with the way to get files out of it; for one nobody knows how to
    /// build; and for one whose manifest is broken, because everything else about it is a guess.
    pub fn into_static(self, workspace: &Path) -> Result<Self, DetectError> {
        let is_stated = self.plan.sources.get(&Setting::BuildCommand).is_some_and(|source| source == "request");
        match self.broken_manifest {
            Some(error) if !is_stated => return Err(error),
            _ => {}
        }
        let name = self.name.clone();
        match self.plan.kind {
            ProjectKind::Static => Ok(Self { broken_manifest: None, ..self }),
            ProjectKind::SsrServer => {
                let hint = self.static_hint.unwrap_or_else(|| "set output_dir to the files to publish".to_owned());
                Err(DetectError::NeedsServer { name, hint })
            }
            ProjectKind::BackendService | ProjectKind::Container | ProjectKind::Package => {
                Err(DetectError::NoFiles { name, what: report::noun(self.plan.kind) })
            }
            ProjectKind::Unknown => {
                let directory = match self.plan.root_dir.as_str() {
                    "." => workspace.to_owned(),
                    directory => workspace.join(directory),
                };
                Err(DetectError::Nothing { directory })
            }
        }
    }

    /// Whether anything of the project will be executed.
    pub fn runs_commands(&self) -> bool {
        self.plan.install_command.is_some() || self.plan.build_command.is_some()
    }
}

/// Finds out how to build what is in `workspace`, with the programs that are installed here.
///
/// # Errors
/// When there is no such directory or nothing in it, or a setting from outside cannot be used. A project that is
/// not recognised is no error: the plan says so.
pub fn detect(workspace: &Path, overrides: &Overrides) -> Result<Detected, DetectError> {
    detect_with(workspace, overrides, &SearchPath::from_environment())
}

/// The same with other programs.
///
/// # Errors
/// As [`detect`].
pub fn detect_with(workspace: &Path, overrides: &Overrides, tools: &SearchPath) -> Result<Detected, DetectError> {
    let workspace = Workspace::open(workspace)?;
    let rules = Rules::embedded();
    let mut settings = Settings::read(&workspace, overrides, rules)?;
    let root = Project::read(&workspace, ".".to_owned());
    let monorepo = monorepo::find(&root);
    let choice = match settings.get(Setting::RootDir) {
        Some(stated) => {
            if !workspace.has_directory(&stated.value) {
                return Err(DetectError::BadOverride {
                    field: "root_dir",
                    value: stated.value.clone(),
                    problem: "is not a directory of the workspace",
                });
            }
            // A broken manifest at the top is no matter of a project of its own further down.
            workspace.forgive();
            choose::named(&workspace, stated.value.clone(), &root, rules)
        }
        None => choose::choose(root, monorepo.as_ref(), rules),
    };
    settings.read_member(&workspace, &choice.project.directory, rules);
    let stated_framework = settings.get(Setting::Framework).and_then(|stated| rules.framework(&stated.value));
    let reading = match stated_framework {
        Some(framework) => Some(reading::named(&choice.project, rules, framework)),
        None => choice.reading,
    };
    Ok(plan::assemble(plan::Parts {
        project: &choice.project,
        reading,
        monorepo,
        alternatives: choice.alternatives,
        settings: &settings,
        rules,
        tools,
    }))
}

#[cfg(test)]
mod scratch;
#[cfg(test)]
mod tests;
