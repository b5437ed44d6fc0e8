//! What would be built, and why. Rules are data (`rules/*.toml`); this is the engine that applies
//! them, explains itself in evidence, and lets a user's overrides win.
//!
//! Nothing of the project is executed here. Everything read is bounded, because the files belong to
//! the sandbox's user.

mod config_value;
mod files;
mod monorepo;
mod output;
mod package_json;
mod package_manager;
mod plan;
mod reading;
mod rules;

use std::io;
use std::path::{Path, PathBuf};

use slipway_proto::plan::{Alternative, BuildPlan, Monorepo, ProjectKind};
use slipway_proto::v1::{BuildOverrides, FailureCode};

use self::package_json::PackageJson;
use self::reading::{Project, Reading};
use self::rules::Rules;
use crate::build::SearchPath;

pub use self::output::relative_dir;

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
    pub fn check_publishable(&self) -> Result<(), DetectError> {
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

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum DetectError {
    /// The directory or a file in it cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that must be understood is not well-formed.
    #[error("{} cannot be understood: {problem}", path.display())]
    Malformed {
        /// Which one.
        path: PathBuf,
        /// What is wrong, with its position.
        problem: String,
    },
    /// There is nothing at all.
    #[error("{} is empty: there is nothing to build or publish", .0.display())]
    Empty(PathBuf),
    /// No rule matched.
    #[error(
        "nothing to build or publish was found in {}: looked for {looked_for}. Add an index.html or a `build` script in package.json, or set build_command and output_dir",
        directory.display()
    )]
    Nothing {
        /// Where.
        directory: PathBuf,
        /// A list for people.
        looked_for: String,
    },
    /// A monorepo with several sites.
    #[error("{} holds several sites ({sites}): set root_dir to one of them", directory.display())]
    Ambiguous {
        /// Where.
        directory: PathBuf,
        /// A list for people.
        sites: String,
    },
    /// What comes out is a program, not files.
    #[error("this {name} project renders on a server and cannot be published as files; {hint}")]
    NeedsServer {
        /// The framework.
        name: String,
        /// The way out.
        hint: String,
    },
    /// A setting given by the user cannot be used.
    #[error("{setting} `{value}` {problem}")]
    Override {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl DetectError {
    /// For the job that needed a plan.
    pub fn failure_code(&self) -> FailureCode {
        match self {
            Self::Unreadable { .. } | Self::Malformed { .. } => FailureCode::WorkspaceUnreadable,
            Self::Empty(_)
            | Self::Nothing { .. }
            | Self::Ambiguous { .. }
            | Self::NeedsServer { .. }
            | Self::Override { .. } => FailureCode::NothingDetected,
        }
    }
}

/// Packages named in an answer; a larger monorepo needs `root_dir` anyway.
const ALTERNATIVES: usize = 20;

/// Finds out how to build what is in `workspace`, with the programs that are installed here.
pub fn detect(workspace: &Path, overrides: &BuildOverrides) -> Result<Detected, DetectError> {
    detect_with(workspace, overrides, &SearchPath::from_environment())
}

fn detect_with(workspace: &Path, overrides: &BuildOverrides, tools: &SearchPath) -> Result<Detected, DetectError> {
    let unreadable = |source| DetectError::Unreadable { path: workspace.to_owned(), source };
    if workspace.read_dir().map_err(unreadable)?.next().is_none() {
        return Err(DetectError::Empty(workspace.to_owned()));
    }
    let rules = Rules::embedded();
    let root_package = PackageJson::read(workspace)?;
    let monorepo = monorepo::find(workspace, root_package.as_ref())?;
    let chosen = if overrides.root_dir.is_empty() {
        choose(workspace, root_package, monorepo.as_ref(), &rules)?
    } else {
        let directory = existing_dir(workspace, &overrides.root_dir)?;
        let package = PackageJson::read(&workspace.join(&directory))?;
        let project = Project::new(workspace, directory, package)?;
        Chosen { readings: project.readings(&rules)?, project, others: Vec::new() }
    };
    let readings = chosen.readings.iter().skip(1).map(|reading| (reading.slug(), chosen.project.relative.as_str()));
    let alternatives = readings
        .map(|(slug, root_dir)| Alternative {
            framework: slug.to_owned(),
            root_dir: root_dir.to_owned(),
            confidence: 0.3,
        })
        .chain(chosen.others)
        .take(ALTERNATIVES)
        .collect();
    let Some(best) = chosen.readings.first() else {
        if overrides.output_dir.is_empty() {
            return Err(nothing(&chosen.project, monorepo.as_ref(), &rules));
        }
        return plan::custom(&chosen.project, overrides, monorepo);
    };
    plan::assemble(workspace, &chosen.project, best, overrides, monorepo, alternatives, tools)
}

struct Chosen {
    project: Project,
    /// Best first.
    readings: Vec<Reading>,
    others: Vec<Alternative>,
}

/// The workspace itself when it is a site, else the one package of it that is.
fn choose(
    workspace: &Path,
    package: Option<PackageJson>,
    monorepo: Option<&Monorepo>,
    rules: &Rules,
) -> Result<Chosen, DetectError> {
    let root = Project::new(workspace, ".".to_owned(), package)?;
    let readings = root.readings(rules)?;
    let is_site = readings.first().is_some_and(Reading::is_framework);
    let packages = monorepo.map(|monorepo| monorepo.packages.as_slice()).unwrap_or_default();
    if is_site || packages.is_empty() {
        return Ok(Chosen { project: root, readings, others: Vec::new() });
    }
    let mut sites = Vec::new();
    for directory in packages {
        // A broken package nobody asked about must not stand in the way of the others.
        let Ok(package) = PackageJson::read(&workspace.join(directory)) else { continue };
        let project = Project::new(workspace, directory.clone(), package)?;
        let readings = project.readings(rules)?;
        if readings.first().is_some_and(Reading::is_framework) {
            sites.push((project, readings));
        }
    }
    if sites.len() > 1 {
        let list = sites.iter().map(|(project, readings)| format!("{} with {}", project.relative, readings[0].name()));
        let sites = list.take(ALTERNATIVES).collect::<Vec<_>>().join(", ");
        return Err(DetectError::Ambiguous { directory: workspace.to_owned(), sites });
    }
    let from_root = readings.iter().map(|reading| Alternative {
        framework: reading.slug().to_owned(),
        root_dir: ".".to_owned(),
        confidence: 0.2,
    });
    match sites.pop() {
        Some((project, site)) => Ok(Chosen { project, others: from_root.collect(), readings: site }),
        None => Ok(Chosen { project: root, readings, others: Vec::new() }),
    }
}

fn existing_dir(workspace: &Path, root_dir: &str) -> Result<String, DetectError> {
    let wrong = |problem| DetectError::Override { setting: "root_dir", value: root_dir.to_owned(), problem };
    let directory = relative_dir(root_dir).map_err(wrong)?;
    if workspace.join(&directory).is_dir() { Ok(directory) } else { Err(wrong("is no directory of the workspace")) }
}

fn nothing(project: &Project, monorepo: Option<&Monorepo>, rules: &Rules) -> DetectError {
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
    DetectError::Nothing { directory: project.path.clone(), looked_for: looked_for.join(", ") }
}

#[cfg(test)]
mod tests;
