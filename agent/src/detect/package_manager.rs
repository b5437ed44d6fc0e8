//! Which package manager a project uses, and the commands that make it install, run a script or run a tool.

use super::files::{Workspace, beside};
use super::lock_file::{Kind, LockFile, lock_files};
use super::manifest::Ecosystem;
use super::monorepo::{self, Declaration};
use super::package_json::PackageJson;
use super::project::Project;
use super::rules::Rules;
use crate::build::SearchPath;

/// The newest classic release; it is frozen.
const YARN_CLASSIC: &str = "1.22.22";

/// How the packages of a project get there, and how its tools are run.
#[derive(Debug, Clone)]
pub(super) struct Commands {
    /// As the manager is known: `npm`, `yarn-berry`, `uv`, …
    pub(super) name: String,
    pub(super) install_command: Option<String>,
    /// Where it runs, relative to the workspace.
    pub(super) install_dir: String,
    pub(super) evidence: Vec<String>,
    /// What makes the choice of the manager doubtful, with what was assumed.
    pub(super) doubt: Option<String>,
    is_locked: bool,
    runner: Runner,
}

#[derive(Debug, Clone)]
enum Runner {
    Node(PackageManager),
    Prefix(String),
}

impl Commands {
    /// Those of one ecosystem's manager, if the project has one.
    pub(super) fn find(project: &Project<'_>, ecosystem: Ecosystem, rules: &Rules, tools: &SearchPath) -> Option<Self> {
        if ecosystem == Ecosystem::Node {
            // A project of Nx has the package.json at the top.
            if project.package().is_none() && (project.directory == "." || !project.workspace.has_file("package.json"))
            {
                return None;
            }
            return Some(PackageManager::find(project.workspace, &project.directory, tools).into());
        }
        let own = Self::of(project, ecosystem, rules);
        if project.directory == "." || own.as_ref().is_some_and(|own| own.is_locked) {
            return own;
        }
        // A member of a workspace is installed by the lock file at the top.
        let root = Project::read(project.workspace, ".".to_owned());
        Self::of(&root, ecosystem, rules).filter(|root| root.is_locked).or(own)
    }

    fn of(project: &Project<'_>, ecosystem: Ecosystem, rules: &Rules) -> Option<Self> {
        let uses = |condition| project.holds(condition, Some(ecosystem), None);
        let (manager, reasons) = rules
            .managers
            .iter()
            .filter(|manager| manager.ecosystem == ecosystem)
            .find_map(|manager| Some((manager, manager.when.iter().find_map(uses)?)))?;
        let others = rules.managers.iter().filter(|other| {
            other.ecosystem == ecosystem
                && other.is_locked
                && other.name != manager.name
                && other.when.iter().any(|condition| uses(condition).is_some())
        });
        let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
        let doubt = (manager.is_locked && !others.is_empty()).then(|| {
            format!(
                "there are lock files of {} and of {}; {} was assumed",
                manager.name,
                others.join(" and "),
                manager.name
            )
        });
        let project_word = project.manifest(Some(ecosystem)).and_then(|manifest| manifest.words.get("project"));
        let install_command = manager.install_command.as_ref().map(|command| {
            command.replace(" {project}", &project_word.map_or_else(String::new, |project| format!(" {project}")))
        });
        Some(Self {
            name: manager.name.clone(),
            install_command,
            install_dir: project.directory.clone(),
            evidence: reasons,
            doubt,
            is_locked: manager.is_locked,
            runner: Runner::Prefix(manager.run.clone()),
        })
    }

    /// Runs a script of package.json.
    pub(super) fn run_script(&self, script: &str) -> Option<String> {
        match &self.runner {
            Runner::Node(manager) => Some(manager.run_script(script)),
            Runner::Prefix(_) => None,
        }
    }

    /// Runs a tool the project depends on.
    pub(super) fn run_tool(&self, command: &str) -> String {
        match &self.runner {
            Runner::Node(manager) => manager.run_tool(command),
            Runner::Prefix(prefix) => format!("{prefix}{command}"),
        }
    }

    /// Starts what was built: a runtime by itself, a tool of the project's through the manager.
    pub(super) fn run_start(&self, command: &str) -> String {
        match &self.runner {
            Runner::Node(_) if matches!(Self::tool(command), "node" | "bun" | "deno" | "yarn") => command.to_owned(),
            Runner::Node(_) | Runner::Prefix(_) => self.run_tool(command),
        }
    }

    /// The program a command begins with.
    pub(super) fn tool(command: &str) -> &str {
        command.split(' ').next().unwrap_or(command)
    }
}

impl From<PackageManager> for Commands {
    fn from(manager: PackageManager) -> Self {
        Self {
            name: manager.name().to_owned(),
            install_command: manager.needs_install.then(|| manager.install_command()),
            install_dir: manager.install_dir.clone(),
            evidence: manager.evidence.clone(),
            doubt: manager.doubt.clone(),
            is_locked: manager.locked,
            runner: Runner::Node(manager),
        }
    }
}

/// A package manager of Node.js as this project uses it.
#[derive(Debug, Clone)]
struct PackageManager {
    kind: Kind,
    /// How to start it: its name, or `npx --yes …` where it is not installed.
    program: String,
    locked: bool,
    /// Whether there is anything to install, here or in the workspace the project belongs to.
    needs_install: bool,
    /// Directory of the lock file, relative to the workspace; without one, of the root that governs the project.
    install_dir: String,
    evidence: Vec<String>,
    /// Several lock files in one place leave room for it.
    doubt: Option<String>,
}

impl PackageManager {
    /// Looks from `project` upwards to the workspace: the `packageManager` field decides, then lock files, then the
    /// engines the project asks for, then npm.
    fn find(workspace: &Workspace, project: &str, tools: &SearchPath) -> Self {
        let mut declared: Option<(Kind, Option<String>)> = None;
        let mut evidence = Vec::new();
        let mut locks = Vec::new();
        let mut install_dir = project.to_owned();
        let mut needs_install = false;
        let own_package = workspace.has_file(&beside(project, "package.json"));
        let mut asked = None;
        for directory in upwards(project) {
            let package = PackageJson::read(workspace, &directory);
            if declared.is_none()
                && let Some((field, said)) = package.as_ref().and_then(stated_manager)
            {
                declared = parse_field(said);
                evidence.push(format!("{field} of {} is `{said}`", beside(&directory, "package.json")));
            }
            asked = asked.or_else(|| package.as_ref().and_then(asked_engine));
            let declaration = monorepo::declaration(workspace, &directory, package.as_ref());
            // The lock file of a directory above is another project's, unless this one is a package of it.
            let is_member = |root: &Declaration| root.patterns.select(below(&directory, project));
            if directory != project && own_package && !declaration.as_ref().is_some_and(is_member) {
                continue;
            }
            if locks.is_empty() {
                locks = lock_files(workspace, &directory);
                if !locks.is_empty() || declaration.is_some() {
                    install_dir.clone_from(&directory);
                }
                needs_install |= declaration.is_some() || package.is_some_and(|package| package.needs_install());
            }
        }
        evidence.extend(locks.iter().map(|lock| format!("lock file {}", beside(&install_dir, lock.file))));
        let is_ambiguous = declared.is_none() && locks.len() > 1;
        let (kind, version) = match (declared, locks.first()) {
            (Some((kind, version)), _) => {
                let version = version.or_else(|| version_for(kind, &locks));
                (kind, version)
            }
            (None, Some(lock)) => (lock.kind, lock.version.map(str::to_owned)),
            (None, None) => match asked {
                Some((kind, engine)) => {
                    evidence.push(format!("engines asks for {engine}"));
                    (kind, None)
                }
                None => (Kind::Npm, None),
            },
        };
        let doubt = is_ambiguous.then(|| {
            let files = locks.iter().map(|lock| beside(&install_dir, lock.file)).collect::<Vec<_>>().join(" and ");
            format!("there are {files}; {} was assumed, and packageManager in package.json would decide", name(kind))
        });
        let locked = locks.iter().any(|lock| lock.kind == kind);
        let program = program(kind, version.as_deref(), tools);
        if program.starts_with("npx ") {
            evidence.push(format!("{} is not installed here, npx is", name(kind)));
        }
        Self { kind, program, locked, needs_install, install_dir, evidence, doubt }
    }

    /// `npm`, `pnpm`, `yarn`, `yarn-berry` or `bun`
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::YarnBerry => "yarn-berry",
            kind => name(kind),
        }
    }

    /// Installs what the lock file says, or what package.json says when there is none.
    fn install_command(&self) -> String {
        let arguments = match (self.kind, self.locked) {
            (Kind::Npm, true) => "ci",
            (Kind::Pnpm | Kind::YarnClassic | Kind::Bun, true) => "install --frozen-lockfile",
            (Kind::YarnBerry, true) => "install --immutable",
            (Kind::Npm | Kind::YarnClassic | Kind::Bun, false) => "install",
            // Both refuse to write a lock file when CI is set, unless told otherwise.
            (Kind::Pnpm, false) => "install --no-frozen-lockfile",
            (Kind::YarnBerry, false) => "install --no-immutable",
        };
        format!("{} {arguments}", self.program)
    }

    /// Runs a script of package.json.
    fn run_script(&self, script: &str) -> String {
        format!("{} run {script}", self.program)
    }

    /// Runs a tool the project depends on; none of these downloads one that is missing.
    fn run_tool(&self, command: &str) -> String {
        match self.kind {
            Kind::Npm => format!("npx --no-install {command}"),
            Kind::Pnpm => format!("{} exec {command}", self.program),
            // npx does not know where yarn's "plug and play" keeps tools.
            Kind::YarnClassic | Kind::YarnBerry | Kind::Bun => format!("{} run {command}", self.program),
        }
    }
}

/// The directories from `project` up to the workspace: `apps/web`, `apps`, `.`.
fn upwards(project: &str) -> impl Iterator<Item = String> {
    let mut next = Some(project.to_owned());
    std::iter::from_fn(move || {
        let current = next.take()?;
        if current != "." {
            next = Some(current.rsplit_once('/').map_or(".", |(above, _)| above).to_owned());
        }
        Some(current)
    })
}

/// `project` as seen from a directory above it.
fn below<'a>(directory: &str, project: &'a str) -> &'a str {
    project.strip_prefix(directory).and_then(|rest| rest.strip_prefix('/')).unwrap_or(project)
}

/// The field that names the manager, and what it says.
fn stated_manager(package: &PackageJson) -> Option<(&'static str, &str)> {
    let field = package.package_manager().map(|said| ("packageManager", said));
    field.or_else(|| package.development_manager().map(|said| ("devEngines.packageManager", said)))
}

/// The manager whose version the project asks for, npm aside, which everybody has.
fn asked_engine(package: &PackageJson) -> Option<(Kind, &'static str)> {
    let engines = [(Kind::Pnpm, "pnpm"), (Kind::Bun, "bun"), (Kind::YarnClassic, "yarn")];
    let (kind, engine) = engines.into_iter().find(|(_, engine)| package.engine(engine).is_some())?;
    let is_berry = kind == Kind::YarnClassic
        && package.engine("yarn").and_then(super::project::major).is_some_and(|major| major > 1);
    Some((if is_berry { Kind::YarnBerry } else { kind }, engine))
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Npm => "npm",
        Kind::Pnpm => "pnpm",
        Kind::YarnClassic | Kind::YarnBerry => "yarn",
        Kind::Bun => "bun",
    }
}

fn version_for(kind: Kind, locks: &[LockFile]) -> Option<String> {
    locks.iter().find(|lock| lock.kind == kind)?.version.map(str::to_owned)
}

fn parse_field(field: &str) -> Option<(Kind, Option<String>)> {
    let (name, version) = match field.split_once('@') {
        Some((name, version)) => (name, version.split('+').next().unwrap_or(version)),
        None => (field, ""),
    };
    // It becomes part of a command line.
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let plain =
        version.starts_with(|c: char| c.is_ascii_digit()) && version.len() <= 64 && version.chars().all(is_plain);
    let version = plain.then(|| version.to_owned());
    let kind = match name {
        "npm" => Kind::Npm,
        "pnpm" => Kind::Pnpm,
        "yarn" if version.as_deref().is_none_or(|version| version.starts_with("1.") || version == "1") => {
            Kind::YarnClassic
        }
        "yarn" => Kind::YarnBerry,
        "bun" => Kind::Bun,
        _ => return None,
    };
    Some((kind, version))
}

/// The program itself where it is installed, otherwise through `npx`, which every npm brings along.
fn program(kind: Kind, version: Option<&str>, tools: &SearchPath) -> String {
    let through_npx = |name: &str, run: String| {
        if tools.find(name).is_none() && tools.find("npx").is_some() { run } else { name.to_owned() }
    };
    match kind {
        Kind::Npm | Kind::Bun => name(kind).to_owned(),
        Kind::Pnpm => through_npx("pnpm", format!("npx --yes pnpm@{}", version.unwrap_or("latest"))),
        Kind::YarnClassic => through_npx("yarn", format!("npx --yes yarn@{}", version.unwrap_or(YARN_CLASSIC))),
        // The package `yarn` ends with classic; later releases have a name of their own.
        Kind::YarnBerry => {
            through_npx("yarn", format!("npx --yes --package @yarnpkg/cli-dist@{} yarn", version.unwrap_or("4")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::detect::scratch::tree;

    struct Case {
        workspace: tempfile::TempDir,
        tools: tempfile::TempDir,
    }

    impl Case {
        fn new(files: &[(&str, &str)], tools: &[&str]) -> Self {
            let case = Self { workspace: tree(files.iter().copied()), tools: tempfile::tempdir().unwrap() };
            for tool in tools {
                let path = case.tools.path().join(tool);
                fs::write(&path, "").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            case
        }

        fn find(&self, project: &str) -> PackageManager {
            let tools = SearchPath::from_directories([self.tools.path()]);
            PackageManager::find(&Workspace::open(self.workspace.path()).unwrap(), project, &tools)
        }
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], tools: &[&str], install: &str, build: &str) {
        let manager = Case::new(files, tools).find(".");
        assert_eq!((manager.install_command().as_str(), manager.run_script("build").as_str()), (install, build));
    }

    #[test]
    fn the_lock_file_decides() {
        check(&[("package.json", "{}")], &[], "npm install", "npm run build");
        check(&[("package-lock.json", "{}")], &[], "npm ci", "npm run build");
        check(&[("npm-shrinkwrap.json", "{}")], &[], "npm ci", "npm run build");
        let pnpm = ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
        check(&[pnpm], &["pnpm", "npx"], "pnpm install --frozen-lockfile", "pnpm run build");
        let classic = ("yarn.lock", "# yarn lockfile v1\n");
        check(&[classic], &["yarn"], "yarn install --frozen-lockfile", "yarn run build");
        let berry = ("yarn.lock", "__metadata:\n  version: 8\n");
        check(&[berry], &["yarn"], "yarn install --immutable", "yarn run build");
        check(&[("bun.lock", "{}")], &[], "bun install --frozen-lockfile", "bun run build");
        check(&[("bun.lockb", "\u{0}")], &["npx"], "bun install --frozen-lockfile", "bun run build");
    }

    #[test]
    fn the_field_beats_the_lock_file() {
        let field = ("package.json", r#"{"packageManager":"pnpm@9.1.0+sha512.abc"}"#);
        check(&[field, ("package-lock.json", "{}")], &["pnpm"], "pnpm install --no-frozen-lockfile", "pnpm run build");
        let field = ("package.json", r#"{"packageManager":"yarn@4.2.2"}"#);
        check(&[field], &["yarn"], "yarn install --no-immutable", "yarn run build");
        let injected = ("package.json", r#"{"packageManager":"pnpm@1; rm -rf ."}"#);
        check(
            &[injected],
            &["npx"],
            "npx --yes pnpm@latest install --no-frozen-lockfile",
            "npx --yes pnpm@latest run build",
        );
    }

    #[test]
    fn what_is_not_installed_runs_through_npx() {
        let pnpm = ("pnpm-lock.yaml", "lockfileVersion: '6.0'\n");
        check(&[pnpm], &["npx"], "npx --yes pnpm@8 install --frozen-lockfile", "npx --yes pnpm@8 run build");
        let field = ("package.json", r#"{"packageManager":"pnpm@9.1.0"}"#);
        let install = "npx --yes pnpm@9.1.0 install --frozen-lockfile";
        check(&[pnpm, field], &["npx"], install, "npx --yes pnpm@9.1.0 run build");
        check(&[pnpm], &[], "pnpm install --frozen-lockfile", "pnpm run build");
    }

    #[test]
    fn the_search_goes_up_to_the_workspace() {
        let case = Case::new(
            &[("package.json", r#"{"workspaces":["apps/*"]}"#), ("apps/web/package.json", "{}"), ("yarn.lock", "")],
            &["yarn"],
        );
        let manager = case.find("apps/web");
        assert_eq!((manager.name(), manager.install_dir.as_str()), ("yarn", "."));

        let unlocked =
            Case::new(&[("package.json", r#"{"workspaces":["apps/*"]}"#), ("apps/web/package.json", "{}")], &[]);
        assert_eq!(unlocked.find("apps/web").install_dir, ".");

        let own = Case::new(&[("apps/web/package-lock.json", "{}"), ("yarn.lock", "")], &[]);
        let manager = own.find("apps/web");
        assert_eq!((manager.name(), manager.install_dir.as_str()), ("npm", "apps/web"));

        let pnpm = Case::new(
            &[
                ("pnpm-workspace.yaml", "packages:\n  - apps/*\n"),
                ("apps/web/package.json", "{}"),
                ("pnpm-lock.yaml", ""),
            ],
            &["pnpm"],
        );
        let manager = pnpm.find("apps/web");
        assert_eq!((manager.name(), manager.install_dir.as_str(), manager.needs_install), ("pnpm", ".", true));
    }

    #[test]
    fn the_lock_file_of_another_project_above_does_not_count() {
        let case = Case::new(
            &[
                ("package.json", r#"{"dependencies":{"x":"1"},"workspaces":["packages/*"]}"#),
                ("yarn.lock", ""),
                ("examples/web/package.json", "{}"),
            ],
            &["yarn"],
        );
        let manager = case.find("examples/web");
        assert_eq!(
            (manager.name(), manager.install_dir.as_str(), manager.needs_install),
            ("npm", "examples/web", false)
        );
    }

    #[test]
    fn nothing_is_installed_for_nothing() {
        let needs = |package: &str| {
            Case::new(&[("package.json", package), ("package-lock.json", "{}")], &[]).find(".").needs_install
        };
        assert!(!needs(r#"{"scripts":{"build":"node build.js"},"dependencies":{}}"#));
        assert!(needs(r#"{"dependencies":{"x":"1"}}"#));
        assert!(needs(r#"{"peerDependencies":{"x":"1"}}"#));
        assert!(needs(r#"{"workspaces":["packages/*"]}"#));
        assert!(needs(r#"{"scripts":{"postinstall":"node fetch.js"}}"#));
    }
}
