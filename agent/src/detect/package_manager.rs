//! Which package manager a project uses, and the commands that make it install, run a script or run a tool.

use std::path::Path;

use super::DetectError;
use super::files::{read_head, read_text};
use super::package_json::PackageJson;
use crate::build::SearchPath;

/// The newest classic release; it is frozen.
const YARN_CLASSIC: &str = "1.22.22";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npm,
    Pnpm,
    YarnClassic,
    YarnBerry,
}

/// A package manager as this project uses it.
#[derive(Debug, Clone)]
pub(crate) struct PackageManager {
    kind: Kind,
    /// How to start it: its name, or `npx --yes …` where it is not installed.
    program: String,
    locked: bool,
    /// Directory of the lock file, relative to the workspace; without one, of the workspace root that governs the project.
    pub(crate) install_dir: String,
    pub(crate) evidence: Vec<String>,
    /// Several lock files in one place leave room for doubt.
    pub(crate) ambiguous: bool,
}

/// A lock file found on the way up.
struct Lock {
    kind: Kind,
    file: &'static str,
    version: Option<String>,
}

impl PackageManager {
    /// Looks from `project` upwards to `workspace`: the `packageManager` field decides, then lock files, then npm.
    pub(crate) fn find(workspace: &Path, project: &str, tools: &SearchPath) -> Result<Self, DetectError> {
        let mut declared: Option<(Kind, Option<String>)> = None;
        let mut found: Option<(String, Vec<Lock>)> = None;
        let mut workspace_root = None;
        let mut evidence = Vec::new();
        for directory in upwards(project) {
            let path = workspace.join(&directory);
            if let Some(package) = PackageJson::read(&path)? {
                if declared.is_none()
                    && let Some(field) = package.package_manager()
                {
                    declared = parse_field(field);
                    evidence.push(format!("{}: packageManager is \"{field}\"", beside(&directory, "package.json")));
                }
                if package.workspaces().is_some() {
                    workspace_root = Some(directory.clone());
                }
            }
            if found.is_none() {
                let locks = locks(&path)?;
                if !locks.is_empty() {
                    found = Some((directory, locks));
                }
            }
        }
        let (directory, locks) = found.unwrap_or_default();
        evidence.extend(locks.iter().map(|lock| beside(&directory, lock.file)));
        let ambiguous = declared.is_none() && locks.len() > 1;
        let first = locks.first();
        let (kind, version) = match (declared, first) {
            (Some((kind, version)), _) => (kind, version),
            (None, Some(lock)) => (lock.kind, lock.version.clone()),
            (None, None) => (Kind::Npm, None),
        };
        let locked = locks.iter().any(|lock| lock.kind == kind);
        let install_dir =
            if locks.is_empty() { workspace_root.unwrap_or_else(|| project.to_owned()) } else { directory };
        let program = program(kind, version.as_deref(), tools);
        Ok(Self { kind, program, locked, install_dir, evidence, ambiguous })
    }

    /// `npm`, `pnpm` or `yarn`
    pub(crate) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Npm => "npm",
            Kind::Pnpm => "pnpm",
            Kind::YarnClassic | Kind::YarnBerry => "yarn",
        }
    }

    /// Whether a lock file of this package manager was found.
    pub(crate) fn is_locked(&self) -> bool {
        self.locked
    }

    /// Installs what the lock file says, or what package.json says when there is none.
    pub(crate) fn install_command(&self) -> String {
        let arguments = match (self.kind, self.locked) {
            (Kind::Npm, true) => "ci",
            (Kind::Pnpm | Kind::YarnClassic, true) => "install --frozen-lockfile",
            (Kind::YarnBerry, true) => "install --immutable",
            (Kind::Npm | Kind::YarnClassic, false) => "install",
            // Both refuse to write a lock file when CI is set, unless told otherwise.
            (Kind::Pnpm, false) => "install --no-frozen-lockfile",
            (Kind::YarnBerry, false) => "install --no-immutable",
        };
        format!("{} {arguments}", self.program)
    }

    /// Runs a script of package.json.
    pub(crate) fn run_script(&self, script: &str) -> String {
        format!("{} run {script}", self.program)
    }

    /// Runs a tool the project depends on.
    pub(crate) fn run_tool(&self, command: &str) -> String {
        match self.kind {
            Kind::Npm => format!("npx {command}"),
            Kind::Pnpm => format!("{} exec {command}", self.program),
            Kind::YarnClassic | Kind::YarnBerry => format!("{} run {command}", self.program),
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

fn beside(directory: &str, file: &str) -> String {
    if directory == "." { file.to_owned() } else { format!("{directory}/{file}") }
}

/// The lock files in one directory, npm first.
fn locks(directory: &Path) -> Result<Vec<Lock>, DetectError> {
    let mut locks = Vec::new();
    for file in ["package-lock.json", "npm-shrinkwrap.json"] {
        if directory.join(file).is_file() {
            locks.push(Lock { kind: Kind::Npm, file, version: None });
            break;
        }
    }
    let pnpm = directory.join("pnpm-lock.yaml");
    if pnpm.is_file() {
        let version = pnpm_version(&read_head(&pnpm)).map(str::to_owned);
        locks.push(Lock { kind: Kind::Pnpm, file: "pnpm-lock.yaml", version });
    }
    let yarn = directory.join("yarn.lock");
    if yarn.is_file() {
        let berry = read_head(&yarn).contains("__metadata:") || read_text(&directory.join(".yarnrc.yml"))?.is_some();
        let kind = if berry { Kind::YarnBerry } else { Kind::YarnClassic };
        locks.push(Lock { kind, file: "yarn.lock", version: None });
    }
    Ok(locks)
}

/// The newest pnpm that writes this lock file version (pnpm.io, "Compatibility").
fn pnpm_version(lock_head: &str) -> Option<&'static str> {
    let line = lock_head.lines().find_map(|line| line.strip_prefix("lockfileVersion:"))?;
    let version = line.trim().trim_matches(['\'', '"']);
    match version.split('.').next()? {
        "5" => Some("7"),
        "6" => Some("8"),
        "9" => Some("10"),
        _ => None,
    }
}

fn parse_field(field: &str) -> Option<(Kind, Option<String>)> {
    let (name, version) = match field.split_once('@') {
        Some((name, version)) => (name, version.split('+').next().unwrap_or(version)),
        None => (field, ""),
    };
    // It becomes part of a command line.
    let plain = |version: &str| !version.is_empty() && version.chars().all(|c| c.is_alphanumeric() || ".-".contains(c));
    let version = plain(version).then(|| version.to_owned());
    let kind = match name {
        "npm" => Kind::Npm,
        "pnpm" => Kind::Pnpm,
        "yarn" if version.as_deref().is_none_or(|version| version.starts_with("1.") || version == "1") => {
            Kind::YarnClassic
        }
        "yarn" => Kind::YarnBerry,
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
        Kind::Npm => "npm".to_owned(),
        Kind::Pnpm => through_npx("pnpm", format!("npx --yes pnpm@{}", version.unwrap_or("latest"))),
        Kind::YarnClassic => through_npx("yarn", format!("npx --yes yarn@{}", version.unwrap_or(YARN_CLASSIC))),
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

    struct Case {
        workspace: tempfile::TempDir,
        tools: tempfile::TempDir,
    }

    impl Case {
        fn new(files: &[(&str, &str)], tools: &[&str]) -> Self {
            let case = Self { workspace: tempfile::tempdir().unwrap(), tools: tempfile::tempdir().unwrap() };
            for (path, text) in files {
                let path = case.workspace.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            for tool in tools {
                let path = case.tools.path().join(tool);
                fs::write(&path, "").unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
            case
        }

        fn find(&self, project: &str) -> PackageManager {
            let tools = SearchPath::from_directories([self.tools.path()]);
            PackageManager::find(self.workspace.path(), project, &tools).unwrap()
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
    }
}
