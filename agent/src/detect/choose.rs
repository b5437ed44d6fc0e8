//! Which directory of a workspace is the site: the workspace itself, or one of its packages.

use slipway_proto::plan::{Alternative, Monorepo, ProjectKind};

use super::DetectError;
use super::files::Workspace;
use super::package_json::PackageJson;
use super::reading::{Project, Reading};
use super::rules::Rules;

/// Other readings named in a plan.
const ALTERNATIVES: usize = 20;
/// Another reading of the directory that was chosen.
const OTHER_READING: f32 = 0.3;
/// The workspace itself, when one of its packages was chosen.
const ROOT: f32 = 0.2;
/// What a choice between several sites costs.
const SEVERAL_SITES: f32 = 0.3;

/// The project to plan for.
pub(super) struct Choice<'a> {
    pub(super) project: Project<'a>,
    /// `None` when no rule knows it.
    pub(super) reading: Option<Reading>,
    /// Best first.
    pub(super) alternatives: Vec<Alternative>,
}

/// Takes the directory the user named.
pub(super) fn named<'a>(workspace: &'a Workspace, directory: String, rules: &Rules) -> Result<Choice<'a>, DetectError> {
    let package = PackageJson::read(workspace, &directory)?;
    let project = Project { workspace, directory, package };
    let readings = project.readings(rules)?;
    Ok(choice(Candidate { project, readings }, []))
}

/// Takes the workspace itself when it is a site, else the package of it that is one.
pub(super) fn choose<'a>(
    workspace: &'a Workspace,
    package: Option<PackageJson>,
    monorepo: Option<&Monorepo>,
    rules: &Rules,
) -> Result<Choice<'a>, DetectError> {
    let project = Project { workspace, directory: ".".to_owned(), package };
    let root = Candidate { readings: project.readings(rules)?, project };
    let packages = monorepo.map(|monorepo| monorepo.packages.as_slice()).unwrap_or_default();
    // Roots of workspaces often list a bundler only for the packages to share.
    if packages.is_empty() || (root.is_framework() && root.best().is_some_and(|best| best.is_used)) {
        return Ok(choice(root, []));
    }
    let mut members = packages.iter().filter_map(|directory| member(workspace, directory, rules)).collect::<Vec<_>>();
    if root.best().is_some() || members.iter().any(Candidate::is_framework) {
        members.retain(Candidate::is_framework);
    }
    let from_root = root.best().map(|reading| alternative(reading, ".", ROOT));
    if members.is_empty() {
        return Ok(choice(root, []));
    }
    members.sort_by(|a, b| a.rank().cmp(&b.rank()));
    let mut best = members.remove(0);
    // A library is no rival of a site.
    let rivals = members.iter().filter(|member| best.is_library() || !member.is_library()).count();
    if rivals > 0
        && let Some(reading) = best.readings.first_mut()
    {
        reading.confidence -= SEVERAL_SITES;
        reading.evidence.push(format!(
            "{} was chosen among {} packages that could be the site; set root_dir for another",
            best.project.directory,
            rivals + 1
        ));
    }
    let others = members.iter().filter_map(|member| {
        let reading = member.best()?;
        Some(alternative(reading, &member.project.directory, reading.confidence - SEVERAL_SITES))
    });
    Ok(choice(best, others.chain(from_root)))
}

/// A directory with everything it could be.
struct Candidate<'a> {
    project: Project<'a>,
    /// Best first.
    readings: Vec<Reading>,
}

/// A broken package nobody asked about must not stand in the way of the others.
fn member<'a>(workspace: &'a Workspace, directory: &str, rules: &Rules) -> Option<Candidate<'a>> {
    let package = PackageJson::read(workspace, directory).ok()?;
    let project = Project { workspace, directory: directory.to_owned(), package };
    let readings = project.readings(rules).ok()?;
    if readings.is_empty() { None } else { Some(Candidate { project, readings }) }
}

impl Candidate<'_> {
    fn best(&self) -> Option<&Reading> {
        self.readings.first()
    }

    fn is_framework(&self) -> bool {
        self.best().is_some_and(Reading::is_framework)
    }

    fn is_library(&self) -> bool {
        self.project.is_library()
    }

    /// Smallest first: sites before libraries, what can be published before what cannot, `apps/` before `packages/`.
    fn rank(&self) -> (bool, bool, bool, &str) {
        let needs_server = self.best().is_some_and(|reading| reading.output.kind == ProjectKind::SsrServer);
        let folder = self.project.directory.split('/').next().unwrap_or_default();
        let is_shared = matches!(folder, "packages" | "libs" | "examples" | "tools");
        (self.is_library(), needs_server, is_shared, &self.project.directory)
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
        framework: reading.slug().to_owned(),
        root_dir: root_dir.to_owned(),
        // Two places: 0.9 - 0.3 is not 0.6 in binary, and this is printed.
        confidence: round(confidence),
    }
}

/// To two places.
pub(super) fn round(confidence: f32) -> f32 {
    (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0
}
