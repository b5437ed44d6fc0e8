//! Which directory of a workspace is the project: the workspace itself, one of its packages, or, when there is
//! nothing at the top, the only project one level down.

use slipway_proto::plan::{Alternative, Monorepo, ProjectKind};

use super::files::{Workspace, beside};
use super::manifest::{Ecosystem, Fact, Manifest};
use super::package_json::PackageJson;
use super::project::Project;
use super::reading::{Reading, readings};
use super::rules::Rules;

/// Other readings named in a plan.
const ALTERNATIVES: usize = 20;
/// Another reading of the directory that was chosen.
const OTHER_READING: f32 = 0.3;
/// The workspace itself, when one of its packages was chosen.
const ROOT: f32 = 0.2;
/// What a choice between several projects costs.
const SEVERAL: f32 = 0.3;
/// What it costs that nothing names the directory.
const UNNAMED: f32 = 0.2;
/// Directories looked into when there is nothing at the top.
const LOOKED_INTO: usize = 100;
/// Directories that hold other things than the project, and those that hold several.
const NOT_PROJECTS: [&str; 10] =
    ["node_modules", "vendor", "target", "test", "tests", "examples", "example", "fixtures", "dist", "build"];
const COLLECTIONS: [&str; 4] = ["apps", "packages", "services", "projects"];

/// The project to plan for.
pub(super) struct Choice<'a> {
    pub(super) project: Project<'a>,
    /// `None` when no rule knows it.
    pub(super) reading: Option<Reading>,
    /// Best first.
    pub(super) alternatives: Vec<Alternative>,
}

/// Takes the directory the user named.
pub(super) fn named<'a>(workspace: &'a Workspace, directory: String, root: &Project<'_>, rules: &Rules) -> Choice<'a> {
    let project = Project::read(workspace, directory);
    let readings = readings(&project, rules, root.manifests.of(Ecosystem::Node));
    choice(Candidate { project, readings }, [])
}

/// Takes the workspace itself when it is a project, else the package of it that is one.
pub(super) fn choose<'a>(root: Project<'a>, monorepo: Option<&Monorepo>, rules: &Rules) -> Choice<'a> {
    let workspace = root.workspace;
    let root = Candidate { readings: readings(&root, rules, None), project: root };
    let packages = monorepo.map(|monorepo| monorepo.packages.as_slice()).unwrap_or_default();
    // A workspace of Cargo or Go is built from its root, whose manifest speaks for the member with the program.
    let speaks_for_all = root.best().is_some_and(|best| best.ecosystem != Some(Ecosystem::Node) && best.is_framework());
    if root.is_project() || speaks_for_all {
        return choice(root, []);
    }
    if packages.is_empty() {
        if root.best().is_none() && monorepo.is_none() && root.project.manifests.is_empty() {
            return below(workspace, root, rules);
        }
        return choice(root, []);
    }
    let root_manifest = root.project.manifests.of(Ecosystem::Node);
    let mut members: Vec<_> =
        packages.iter().filter_map(|directory| member(workspace, directory, root_manifest, rules)).collect();
    if root.best().is_some() || members.iter().any(Candidate::is_framework) {
        members.retain(Candidate::is_framework);
    }
    if members.is_empty() {
        return choice(root, []);
    }
    let from_root = root.best().map(|reading| alternative(reading, ".", ROOT));
    best_of(members, "packages", from_root)
}

/// Looks one level down when there is nothing at the top: a project and its API side by side, or a README beside the one folder that matters.
fn below<'a>(workspace: &'a Workspace, root: Candidate<'a>, rules: &Rules) -> Choice<'a> {
    let mut folders = Vec::new();
    for name in subfolders(workspace, ".") {
        if COLLECTIONS.contains(&name.as_str()) {
            folders.extend(subfolders(workspace, &name).into_iter().map(|inner| beside(&name, &inner)));
        } else {
            folders.push(name);
        }
    }
    folders.truncate(LOOKED_INTO);
    let mut found: Vec<_> = folders.iter().filter_map(|folder| member(workspace, folder, None, rules)).collect();
    found.retain(Candidate::is_framework);
    if found.is_empty() {
        return choice(root, []);
    }
    let mut chosen = best_of(found, "folders", None);
    if let Some(reading) = &mut chosen.reading {
        reading.confidence -= UNNAMED;
        reading.evidence.push(format!("there is nothing to deploy at the top, but in {}", chosen.project.directory));
    }
    chosen
}

fn subfolders(workspace: &Workspace, directory: &str) -> Vec<String> {
    let mut names = workspace.names(directory);
    names.retain(|name| {
        !name.starts_with('.')
            && !NOT_PROJECTS.contains(&name.as_str())
            && workspace.has_directory(&beside(directory, name))
    });
    names.truncate(LOOKED_INTO);
    names
}

fn best_of<'a>(mut members: Vec<Candidate<'a>>, what: &str, from_root: Option<Alternative>) -> Choice<'a> {
    members.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let mut best = members.remove(0);
    // A library is no rival of a site.
    let rivals = members.iter().filter(|member| best.is_library() || !member.is_library()).count();
    if rivals > 0
        && let Some(reading) = best.readings.first_mut()
    {
        reading.confidence -= SEVERAL;
        reading.evidence.push(format!(
            "{} was chosen among {} {what} that could be the project; set root_dir for another",
            best.project.directory,
            rivals + 1
        ));
    }
    let others = members.iter().filter_map(|member| {
        let reading = member.best()?;
        Some(alternative(reading, &member.project.directory, reading.confidence - SEVERAL))
    });
    let others: Vec<Alternative> = others.chain(from_root).collect();
    choice(best, others)
}

/// A directory with everything it could be.
struct Candidate<'a> {
    project: Project<'a>,
    /// Best first.
    readings: Vec<Reading>,
}

/// A broken package nobody asked about must not stand in the way of the others.
fn member<'a>(
    workspace: &'a Workspace,
    directory: &str,
    root: Option<&Manifest>,
    rules: &Rules,
) -> Option<Candidate<'a>> {
    let project = Project::read(workspace, directory.to_owned());
    workspace.forgive();
    let readings = readings(&project, rules, root);
    if readings.is_empty() { None } else { Some(Candidate { project, readings }) }
}

impl Candidate<'_> {
    fn best(&self) -> Option<&Reading> {
        self.readings.first()
    }

    fn is_framework(&self) -> bool {
        self.best().is_some_and(Reading::is_framework)
    }

    /// Whether the root of a workspace is a project itself. Such roots often list a bundler only for the packages to share.
    fn is_project(&self) -> bool {
        let has_start = || self.project.package().is_some_and(|package| package.script("start").is_some());
        self.is_framework()
            && self
                .best()
                .is_some_and(|best| best.is_used || (best.output.kind == ProjectKind::BackendService && has_start()))
    }

    fn is_library(&self) -> bool {
        let is_site = self.best().is_some_and(|best| best.output.kind != ProjectKind::Package && best.is_used);
        self.best().is_some_and(|best| best.output.kind == ProjectKind::Package)
            || (self.project.is_library() && !(is_site && self.states_start()))
    }

    fn states_start(&self) -> bool {
        self.project.manifests.of(Ecosystem::Node).is_some_and(|manifest| manifest.states(Fact::Startable))
            && self.project.package().is_some_and(|package| !PackageJson::is_library(package))
    }

    /// Smallest first: projects before libraries, files before servers, `apps/` before `packages/`.
    fn rank(&self) -> (bool, u8, bool, &str) {
        let kind = self.best().map_or(ProjectKind::Unknown, |best| best.output.kind);
        let effort = match kind {
            ProjectKind::Static => 0,
            ProjectKind::SsrServer => 1,
            ProjectKind::BackendService => 2,
            ProjectKind::Container => 3,
            ProjectKind::Package => 4,
            ProjectKind::Unknown => 5,
        };
        let folder = self.project.directory.split('/').next().unwrap_or_default();
        let is_shared = matches!(folder, "packages" | "libs" | "examples" | "tools" | "docs");
        (self.is_library(), effort, is_shared, &self.project.directory)
    }
}

fn choice(candidate: Candidate<'_>, others: impl IntoIterator<Item = Alternative>) -> Choice<'_> {
    let Candidate { project, readings } = candidate;
    let mut readings = readings.into_iter();
    let reading = readings.next();
    let alternatives = readings.map(|reading| alternative(&reading, &project.directory, OTHER_READING));
    let alternatives = alternatives.chain(others).take(ALTERNATIVES).collect();
    Choice { project, reading, alternatives }
}

fn alternative(reading: &Reading, root_dir: &str, confidence: f32) -> Alternative {
    Alternative {
        framework: reading.slug.clone(),
        root_dir: root_dir.to_owned(),
        // Two places: 0.9 - 0.3 is not 0.6 in binary, and this is printed.
        confidence: round(confidence),
    }
}

/// To two places.
pub(super) fn round(confidence: f32) -> f32 {
    (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0
}
