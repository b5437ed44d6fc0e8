//! Whether the runtimes a project wants are in the sandbox, said before a build fails for want of them.
//!
//! Installed versions are found by looking: beside the program on the search path, and where version managers
//! keep theirs. Only a program that belongs to the system (root's, in directories nobody else can write) is asked
//! itself, because the agent may be root and the sandbox's user is not trusted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use semver::{Version, VersionReq};

use super::versions::Wanted;
use crate::build::SearchPath;

/// Versions of one manager that are looked at.
const INSTALLED: usize = 50;
/// Of these, named in a sentence.
const NAMED: usize = 6;
/// A program that does not say its version within this is not asked further.
const PATIENCE: Duration = Duration::from_secs(2);
/// Names of Node's long-term releases (nodejs.org, "Previous releases").
const NODE_CODENAMES: [(&str, u64); 9] = [
    ("dubnium", 10),
    ("erbium", 12),
    ("fermium", 14),
    ("gallium", 16),
    ("hydrogen", 18),
    ("iron", 20),
    ("jod", 22),
    ("krypton", 24),
    ("carbon", 8),
];

/// A runtime whose absence is worth a sentence, and where it may be.
struct Runtime {
    name: &'static str,
    title: &'static str,
    programs: &'static [&'static str],
    /// Below a home directory, or absolute; each holds a directory per version.
    managers: &'static [(&'static str, &'static str)],
}

const RUNTIMES: [Runtime; 2] = [
    Runtime {
        name: "node",
        title: "Node.js",
        programs: &["node"],
        managers: &[
            ("nvm", ".nvm/versions/node"),
            ("volta", ".volta/tools/image/node"),
            ("asdf", ".asdf/installs/nodejs"),
            ("mise", ".local/share/mise/installs/node"),
            ("fnm", ".local/share/fnm/node-versions"),
            ("n", "/usr/local/n/versions/node"),
            ("nvm", "/usr/local/share/nvm/versions/node"),
        ],
    },
    Runtime {
        name: "python",
        title: "Python",
        programs: &["python3", "python"],
        managers: &[
            ("pyenv", ".pyenv/versions"),
            ("uv", ".local/share/uv/python"),
            ("asdf", ".asdf/installs/python"),
            ("mise", ".local/share/mise/installs/python"),
        ],
    },
];

/// A version that is there, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Installed {
    version: Version,
    place: String,
    /// Whether a build would use it: the first on the search path.
    is_used: bool,
}

/// A sentence for each wanted runtime that a build would not find.
pub(super) fn missing(wanted: &BTreeMap<String, Wanted>, tools: &SearchPath) -> Vec<String> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let sentence = |runtime: &Runtime| {
        let wanted = wanted.get(runtime.name)?;
        let is_there = runtime.programs.iter().any(|program| tools.find(program).is_some());
        judge(runtime, wanted, is_there, &installed(runtime, tools, home.as_deref()))
    };
    RUNTIMES.iter().filter_map(sentence).collect()
}

fn judge(runtime: &Runtime, wanted: &Wanted, is_there: bool, installed: &[Installed]) -> Option<String> {
    let used = installed.iter().find(|installed| installed.is_used);
    // One that does not say its version may well be the right one: a shim picks among those of its manager.
    let may_fit = |installed: &Installed| fits(&wanted.version, &installed.version) != Some(false);
    if is_there && used.is_none() && (installed.is_empty() || installed.iter().any(may_fit)) {
        return None;
    }
    if used.is_some_and(|used| fits(&wanted.version, &used.version) != Some(false)) {
        return None;
    }
    let found = if installed.is_empty() {
        "there is none in this sandbox".to_owned()
    } else {
        let listed = installed.iter().map(|installed| format!("{} ({})", installed.version, installed.place));
        let more = if installed.len() > NAMED { " and others" } else { "" };
        format!("found {}{more}", listed.take(NAMED).collect::<Vec<_>>().join(", "))
    };
    let usable = installed
        .iter()
        .find(|installed| !installed.is_used && fits(&wanted.version, &installed.version) == Some(true));
    let advice = match usable {
        Some(usable) => format!("; put {} first in PATH to use it", usable.place),
        None => format!("; install {} in the image", runtime.title),
    };
    Some(format!("{} asks for {} {}, but {found}{advice}", wanted.source, runtime.title, wanted.version))
}

fn installed(runtime: &Runtime, tools: &SearchPath, home: Option<&Path>) -> Vec<Installed> {
    let mut found = Vec::new();
    if let Some(program) = runtime.programs.iter().find_map(|program| tools.find(program))
        && let Some(version) = version_of(&program)
    {
        found.push(Installed { version, place: program.display().to_string(), is_used: true });
    }
    for (_, directory) in runtime.managers {
        let directory = match (Path::new(directory).is_absolute(), home) {
            (true, _) => PathBuf::from(directory),
            (false, Some(home)) => home.join(directory),
            (false, None) => continue,
        };
        let Ok(entries) = directory.read_dir() else { continue };
        for entry in entries.flatten().take(INSTALLED) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(version) = version_in(&name)
                && !found.iter().any(|known| known.version == version)
            {
                found.push(Installed { version, place: entry.path().display().to_string(), is_used: false });
            }
        }
    }
    found
}

/// The version of a program: as its own headers say, as its place says, or as it says itself.
fn version_of(program: &Path) -> Option<Version> {
    let real = program.canonicalize().ok()?;
    let prefix = real.parent().and_then(Path::parent)?;
    if let Ok(header) = std::fs::read_to_string(prefix.join("include/node/node_version.h")) {
        let part = |name: &str| {
            let line = header.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name))?;
            line.trim().parse::<u64>().ok()
        };
        if let (Some(major), Some(minor), Some(patch)) =
            (part("NODE_MAJOR_VERSION"), part("NODE_MINOR_VERSION"), part("NODE_PATCH_VERSION"))
        {
            return Some(Version::new(major, minor, patch));
        }
    }
    if is_of_the_system(&real) {
        return ask(&real);
    }
    // `python3.11`, or `…/versions/node/v20.1.0/bin/node`
    let names = real.iter().rev().filter_map(|name| name.to_str());
    names.take(4).find_map(|name| version_in(name.trim_start_matches("python")))
}

/// Whether nobody but root could have put it there, and it is a program and not a script that looks for one.
fn is_of_the_system(program: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(program).and_then(|mut file| file.read_exact(&mut magic));
    let is_safe =
        |path: &Path| path.metadata().is_ok_and(|metadata| metadata.uid() == 0 && metadata.mode() & 0o022 == 0);
    read.is_ok() && magic == *b"\x7fELF" && program.ancestors().all(is_safe)
}

fn ask(program: &Path) -> Option<Version> {
    let command = Command::new(program)
        .arg("--version")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = command.ok()?;
    let start = Instant::now();
    let ended = loop {
        match child.try_wait() {
            Ok(Some(_)) => break true,
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
            Ok(None) | Err(_) => break false,
        }
    };
    if !ended {
        // It is reaped either way; what it said by then does not count.
        let _ = child.kill();
        let _ = child.wait();
        return None;
    }
    let mut said = String::new();
    child.stdout.take()?.take(128).read_to_string(&mut said).ok()?;
    version_in(said.trim().trim_start_matches("Python "))
}

/// The version a name such as `v20.1.0`, `3.11` or `cpython-3.12.4-linux` begins with.
fn version_in(name: &str) -> Option<Version> {
    let start = name.find(|c: char| c.is_ascii_digit())?;
    let end = name[start..].find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(name.len(), |end| start + end);
    let mut parts = name[start..end].split('.').map(str::parse::<u64>);
    let major = parts.next()?.ok()?;
    let minor = parts.next()?.ok()?;
    let patch = parts.next().and_then(Result::ok).unwrap_or(0);
    Some(Version::new(major, minor, patch))
}

/// Whether a version satisfies what is wanted, in the notation of npm, of Python (PEP 440) or of version managers.
/// `None`: the wish is not understood, or anything will do.
fn fits(wanted: &str, version: &Version) -> Option<bool> {
    let wanted = wanted.trim();
    if let Some(release) = wanted.strip_prefix("lts/") {
        let (_, major) = NODE_CODENAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(release))?;
        return Some(version.major == *major);
    }
    let mut is_understood = true;
    let fits_any = wanted.split("||").any(|alternative| {
        let requirement = requirement(alternative);
        is_understood &= requirement.is_some();
        requirement.is_some_and(|requirement| requirement.matches(version))
    });
    if fits_any { Some(true) } else { is_understood.then_some(false) }
}

/// One alternative in Cargo's notation: comparators separated by commas.
fn requirement(text: &str) -> Option<VersionReq> {
    let text = text.replace(" - ", " -");
    let mut comparators = Vec::new();
    let mut operator = String::new();
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        if word.chars().all(|c| "<>=~^!".contains(c)) {
            word.clone_into(&mut operator);
            continue;
        }
        let word = format!("{operator}{word}");
        operator.clear();
        // The upper end of npm's `1.2 - 2.3`.
        if let Some(upper) = word.strip_prefix('-') {
            let lower = comparators.pop().map(|lower: String| lower.replace('=', ">="))?;
            comparators.extend([lower, format!("<={upper}")]);
            continue;
        }
        let digits = word.find(|c: char| c.is_ascii_digit() || matches!(c, '*' | 'x' | 'X' | 'v'))?;
        let (operator, version) = word.split_at(digits);
        let version =
            version.trim_start_matches('v').trim_end_matches(".*").trim_end_matches(".x").trim_end_matches(".X");
        if matches!(version, "*" | "x" | "X") {
            return Some(VersionReq::STAR);
        }
        match operator {
            // A bare version, and Python's `===`, mean that one and what it leaves open.
            "" | "=" | "==" | "===" => comparators.push(format!("={version}")),
            "~=" => {
                // Compatible release: the last part may grow (PEP 440).
                let kept = version.rsplit_once('.').map_or(version, |(kept, _)| kept);
                comparators.extend([format!(">={version}"), format!("={kept}")]);
            }
            "!=" => {}
            "~>" => comparators.push(format!("~{version}")),
            "^" | "~" | ">" | "<" | ">=" | "<=" => comparators.push(format!("{operator}{version}")),
            _ => return None,
        }
    }
    VersionReq::parse(&comparators.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(wanted: &str, version: &str, expected: Option<bool>) {
        assert_eq!(fits(wanted, &version_in(version).unwrap()), expected, "{wanted} and {version}");
    }

    #[test]
    fn wishes_of_each_notation_are_understood() {
        check(">=20 <23", "22.1.0", Some(true));
        check(">=20 <23", "18.19.0", Some(false));
        check(">= 20", "18.19.0", Some(false));
        check("18.x || >=20", "20.0.0", Some(true));
        check("18.x || >=20", "19.0.0", Some(false));
        check("v22.1.0", "22.1.0", Some(true));
        check("22", "22.9.1", Some(true));
        check("22", "20.9.1", Some(false));
        check("^20.3", "20.2.0", Some(false));
        check("14 - 16", "15.0.0", Some(true));
        check("14 - 16", "18.0.0", Some(false));
        check("*", "1.0.0", Some(true));
        check("lts/iron", "20.1.0", Some(true));
        check("lts/iron", "22.1.0", Some(false));
        check("lts/*", "22.1.0", None);
        check("latest", "22.1.0", None);
        check(">=3.10,<3.13", "3.11", Some(true));
        check("==3.12.*", "3.11", Some(false));
        check("~=3.9", "3.11", Some(true));
        check("~=3.9", "4.0", Some(false));
        check("^3.10", "3.9", Some(false));
        check(">=3.9,!=3.9.7", "3.9.7", Some(true));
    }

    #[test]
    fn the_sentence_names_what_was_found() {
        let wanted = Wanted { version: ">=20".to_owned(), source: "package.json".to_owned() };
        let node = &RUNTIMES[0];
        let installed = |version: &str, place: &str, is_used| Installed {
            version: version_in(version).unwrap(),
            place: place.to_owned(),
            is_used,
        };
        let old = installed("18.19.0", "/usr/bin/node", true);
        assert_eq!(
            judge(node, &wanted, true, std::slice::from_ref(&old)).unwrap(),
            "package.json asks for Node.js >=20, but found 18.19.0 (/usr/bin/node); install Node.js in the image"
        );
        let new = installed("22.1.0", "/home/ada/.nvm/versions/node/v22.1.0", false);
        assert_eq!(
            judge(node, &wanted, true, &[old, new]).unwrap(),
            "package.json asks for Node.js >=20, but found 18.19.0 (/usr/bin/node), 22.1.0 (/home/ada/.nvm/versions/node/v22.1.0); \
             put /home/ada/.nvm/versions/node/v22.1.0 first in PATH to use it"
        );
        assert_eq!(
            judge(node, &wanted, false, &[]).unwrap(),
            "package.json asks for Node.js >=20, but there is none in this sandbox; install Node.js in the image"
        );
        assert_eq!(judge(node, &wanted, true, &[installed("22.1.0", "/usr/bin/node", true)]), None);
        assert_eq!(judge(node, &wanted, true, &[]), None, "its version cannot be told");
        let managed = |version| [installed(version, "/home/ada/.nvm", false)];
        assert_eq!(judge(node, &wanted, true, &managed("22.1.0")), None, "a shim may pick it");
        assert!(judge(node, &wanted, true, &managed("18.0.0")).is_some(), "there is none to pick");
    }

    #[test]
    fn versions_are_found_where_managers_keep_them() {
        let home = tempfile::tempdir().unwrap();
        for version in [".nvm/versions/node/v20.1.0", ".volta/tools/image/node/18.0.0", ".nvm/versions/node/junk"] {
            std::fs::create_dir_all(home.path().join(version)).unwrap();
        }
        let found = installed(&RUNTIMES[0], &SearchPath::from_directories::<&Path>([]), Some(home.path()));
        let versions: Vec<String> = found.iter().map(|installed| installed.version.to_string()).collect();
        assert_eq!(versions, ["20.1.0", "18.0.0"]);
        assert_eq!(version_in("cpython-3.12.4-linux").unwrap(), Version::new(3, 12, 4));
    }
}
