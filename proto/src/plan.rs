//! The build plan: what detection says will be built, and why. Its JSON is a stable contract:
//! `slipway-agent detect --json`, `GET /api/sandboxes/{id}/detect` and the deployment's metadata.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What a project is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectKind {
    /// Files to serve.
    Static,
    /// A framework that renders on a server.
    SsrServer,
    /// A program that serves.
    BackendService,
    /// Something for a package registry.
    Package,
    /// A Dockerfile says how an image is made of it.
    Container,
    /// Nothing is known about it.
    #[default]
    #[serde(other)]
    Unknown,
}

/// A form in which a project can leave the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deployable {
    /// Files for a static host.
    Static,
    /// An image, or a program that runs in one.
    Container,
    /// An archive for a package registry.
    Package,
    /// The sources, to a Git host.
    Git,
}

/// The settings of a build that can be stated in several places, strongest first: the request, the target,
/// `slipway.toml`, `package.json`, the framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// Which rules apply.
    Framework,
    /// Where the project is in the workspace.
    RootDir,
    /// How its dependencies are installed.
    InstallCommand,
    /// How it is built.
    BuildCommand,
    /// Where the output appears.
    OutputDir,
    /// How the result is started.
    StartCommand,
}

/// How one path without a file is answered when the tree is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Routing {
    /// A page per file; anything else is "not found".
    #[default]
    Pages,
    /// One page that routes in the browser: unknown pages are answered with `index.html`.
    SinglePage,
}

/// What would be built and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildPlan {
    /// Slug of the framework, for example `vite`; `none` when no rule knows it, `custom` when the user says how it is built.
    pub framework: String,
    /// What kind of thing comes out.
    pub kind: ProjectKind,
    /// `npm`, `pnpm`, `yarn`, …; `None` when the project needs none.
    pub package_manager: Option<String>,
    /// Directory of the project inside the workspace, `.` for the workspace itself.
    pub root_dir: String,
    /// Command that installs dependencies, run in the directory that holds the lock file.
    pub install_command: Option<String>,
    /// Command that builds, run in `root_dir`.
    pub build_command: Option<String>,
    /// Where the output appears, relative to `root_dir`.
    pub output_dir: String,
    /// Command that serves the result, for kinds that need one.
    pub start_command: Option<String>,
    /// Wanted runtime versions, for example `node` → `>=20`.
    pub runtime_versions: BTreeMap<String, String>,
    /// The workspace tool and where its root is, when the project is part of one.
    pub monorepo: Option<Monorepo>,
    /// From 0 to 1.
    pub confidence: f32,
    /// Why, in words: file, key and value.
    pub evidence: Vec<String>,
    /// What else it could be, best first.
    pub alternatives: Vec<Alternative>,
    /// How unknown paths are answered.
    #[serde(default)]
    pub routing: Routing,
    /// The forms it can be deployed in, most fitting first.
    #[serde(default)]
    pub deployable: Vec<Deployable>,
    /// Where each setting came from: `request`, `target`, `framework`, or the name of a file of the project.
    #[serde(default)]
    pub sources: BTreeMap<Setting, String>,
    /// What stands in the way or was assumed, in words: broken files, contradicting lock files, missing runtimes.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// The workspace a project belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monorepo {
    /// `npm`, `pnpm`, `yarn`, …
    pub tool: String,
    /// Directories of the packages, relative to the workspace.
    pub packages: Vec<String>,
}

/// Another reading of the same project.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// Slug of the framework.
    pub framework: String,
    /// Directory of that project.
    pub root_dir: String,
    /// From 0 to 1.
    pub confidence: f32,
}
