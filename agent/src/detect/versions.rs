//! Which versions of which runtimes a project asks for, nearest statement first: its manifest, then files that
//! version managers read, in the project's directory and then at the top of the workspace.

use std::collections::BTreeMap;

use super::data;
use super::files::{Workspace, beside};
use super::manifest::{Ecosystem, without_comment};
use super::package_json::PackageJson;
use super::project::Project;

/// A runtime as version managers know it.
struct Runtime {
    name: &'static str,
    ecosystem: Ecosystem,
    /// Files with nothing but the version.
    files: &'static [&'static str],
    /// Its names in .tool-versions and mise.toml.
    tools: &'static [&'static str],
}

const RUNTIMES: [Runtime; 13] = [
    Runtime {
        name: "node",
        ecosystem: Ecosystem::Node,
        files: &[".nvmrc", ".node-version"],
        tools: &["node", "nodejs"],
    },
    Runtime { name: "bun", ecosystem: Ecosystem::Node, files: &[".bun-version"], tools: &["bun"] },
    Runtime { name: "deno", ecosystem: Ecosystem::Deno, files: &[".deno-version", ".dvmrc"], tools: &["deno"] },
    Runtime {
        name: "python",
        ecosystem: Ecosystem::Python,
        files: &[".python-version", "runtime.txt"],
        tools: &["python"],
    },
    Runtime { name: "ruby", ecosystem: Ecosystem::Ruby, files: &[".ruby-version"], tools: &["ruby"] },
    Runtime { name: "go", ecosystem: Ecosystem::Go, files: &[".go-version"], tools: &["go", "golang"] },
    Runtime { name: "rust", ecosystem: Ecosystem::Rust, files: &["rust-toolchain"], tools: &["rust"] },
    Runtime { name: "php", ecosystem: Ecosystem::Php, files: &[".php-version"], tools: &["php"] },
    Runtime { name: "java", ecosystem: Ecosystem::Jvm, files: &[".java-version"], tools: &["java"] },
    Runtime { name: "dotnet", ecosystem: Ecosystem::Dotnet, files: &[], tools: &["dotnet", "dotnet-core"] },
    Runtime { name: "elixir", ecosystem: Ecosystem::Beam, files: &[".elixir-version"], tools: &["elixir"] },
    Runtime { name: "erlang", ecosystem: Ecosystem::Beam, files: &[], tools: &["erlang"] },
    Runtime { name: "dart", ecosystem: Ecosystem::Dart, files: &[], tools: &["dart"] },
];

/// A version that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) version: String,
    /// The file that says so.
    pub(super) source: String,
}

/// The wanted versions by runtime.
pub(super) fn wanted(project: &Project<'_>) -> BTreeMap<String, Wanted> {
    let mut found = BTreeMap::new();
    let present = |runtime: &&Runtime| project.manifests.of(runtime.ecosystem).is_some();
    for runtime in RUNTIMES.iter().filter(present) {
        let of_manifest = manifest_version(project, runtime.name);
        let wanted = of_manifest.or_else(|| of_files(project, runtime)).filter(|wanted| is_version(&wanted.version));
        if let Some(wanted) = wanted {
            found.insert(runtime.name.to_owned(), wanted);
        }
    }
    found
}

fn of_files(project: &Project<'_>, runtime: &Runtime) -> Option<Wanted> {
    let mut directories = vec![project.directory.as_str()];
    if project.directory != "." {
        directories.push(".");
    }
    for directory in directories {
        for file in runtime.files {
            let source = beside(directory, file);
            if let Some(version) = first_line(project.workspace, &source) {
                return Some(Wanted { version, source });
            }
        }
        if let Some(wanted) = of_tool_files(project.workspace, directory, runtime) {
            return Some(wanted);
        }
    }
    // Engines are often stated once, at the top.
    if project.directory != "." && runtime.ecosystem == Ecosystem::Node {
        let root = PackageJson::read(project.workspace, ".")?;
        let version = root.engine(runtime.name)?.to_owned();
        return Some(Wanted { version, source: "package.json".to_owned() });
    }
    None
}

/// `v22.1.0`, `lts/iron`, `python-3.12.1`; comments and empty lines aside.
fn first_line(workspace: &Workspace, file: &str) -> Option<String> {
    let text = workspace.read_text(file)?;
    let line = text.lines().map(|line| without_comment(line, "#").trim()).find(|line| !line.is_empty())?;
    Some(line.strip_prefix("python-").unwrap_or(line).to_owned())
}

fn of_tool_files(workspace: &Workspace, directory: &str, runtime: &Runtime) -> Option<Wanted> {
    for file in ["mise.toml", ".mise.toml", "mise/config.toml", ".config/mise.toml"] {
        let source = beside(directory, file);
        let Some(settings) = data::toml(workspace, &source) else { continue };
        let tools = &settings["tools"];
        let version = runtime.tools.iter().find_map(|tool| {
            let value = &tools[*tool];
            value.as_str().or(value["version"].as_str()).or(value[0].as_str()).map(str::to_owned)
        });
        if let Some(version) = version {
            return Some(Wanted { version, source });
        }
    }
    let source = beside(directory, ".tool-versions");
    let text = workspace.read_text(&source)?;
    let version = text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let tool = words.next()?;
        runtime.tools.contains(&tool).then(|| words.next().map(str::to_owned)).flatten()
    })?;
    Some(Wanted { version, source })
}

/// What the manifest itself asks for.
fn manifest_version(project: &Project<'_>, runtime: &str) -> Option<Wanted> {
    let wanted = |version: &str, file: &str| Some(Wanted { version: version.to_owned(), source: project.file(file) });
    let toml = |file: &str| data::toml(project.workspace, &project.file(file));
    let lines_of = |file: &str| project.workspace.read_text(&project.file(file));
    match runtime {
        "node" => {
            let package = project.package()?;
            wanted(package.engine("node").or_else(|| package.tool_version())?, "package.json")
        }
        "bun" => wanted(project.package()?.engine("bun")?, "package.json"),
        "python" => {
            let pyproject = toml("pyproject.toml").unwrap_or_default();
            let poetry = &pyproject["tool"]["poetry"]["dependencies"]["python"];
            if let Some(version) = pyproject["project"]["requires-python"].as_str().or(poetry.as_str()) {
                return wanted(version, "pyproject.toml");
            }
            let pipfile = toml("Pipfile")?;
            let requires = &pipfile["requires"];
            wanted(requires["python_full_version"].as_str().or(requires["python_version"].as_str())?, "Pipfile")
        }
        "go" => {
            let text = lines_of("go.mod")?;
            let line = text.lines().find_map(|line| line.trim().strip_prefix("go "))?;
            wanted(without_comment(line, "//").trim(), "go.mod")
        }
        "rust" => {
            if let Some(toolchain) = toml("rust-toolchain.toml") {
                return wanted(toolchain["toolchain"]["channel"].as_str()?, "rust-toolchain.toml");
            }
            wanted(toml("Cargo.toml")?["package"]["rust-version"].as_str()?, "Cargo.toml")
        }
        "ruby" => {
            let text = lines_of("Gemfile")?;
            let line = text.lines().find_map(|line| line.trim().strip_prefix("ruby "))?;
            wanted(super::manifest::quoted(line)?, "Gemfile")
        }
        "php" => {
            let composer = data::json(project.workspace, &project.file("composer.json"))?;
            wanted(composer["require"]["php"].as_str()?, "composer.json")
        }
        "java" => {
            let text = lines_of("pom.xml")?;
            let tags = ["java.version", "maven.compiler.release", "maven.compiler.source", "maven.compiler.target"];
            let version = tags.iter().find_map(|tag| {
                let (_, rest) = text.split_once(&format!("<{tag}>"))?;
                rest.split_once('<').map(|(version, _)| version.trim().to_owned())
            })?;
            wanted(&version, "pom.xml")
        }
        "dotnet" => {
            if let Some(global) = data::json(project.workspace, &project.file("global.json"))
                && let Some(version) = global["sdk"]["version"].as_str()
            {
                return wanted(version, "global.json");
            }
            let file = project.manifests.of(Ecosystem::Dotnet)?.file.clone();
            let text = project.workspace.read_text(&file)?;
            let (_, rest) = text.split_once("<TargetFramework>")?;
            let version = rest.split_once('<')?.0.trim().trim_start_matches("net").trim_start_matches("coreapp");
            Some(Wanted { version: version.to_owned(), source: file })
        }
        "dart" => {
            let pubspec = data::yaml(project.workspace, &project.file("pubspec.yaml"))?;
            wanted(pubspec["environment"]["sdk"].as_str()?, "pubspec.yaml")
        }
        "elixir" => {
            let text = lines_of("mix.exs")?;
            let line = text.lines().find_map(|line| line.trim().strip_prefix("elixir:"))?;
            wanted(super::manifest::quoted(line)?, "mix.exs")
        }
        _ => None,
    }
}

/// Such as `>=20 <23`, `v22.1.0`, `~> 3.2`, `lts/iron` or `==3.12.*`.
fn is_version(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || " .-+*<>=|^~/,!_:".contains(c);
    !text.is_empty() && text.len() <= 64 && text.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::scratch::tree;

    #[track_caller]
    fn check(files: &[(&str, &str)], runtime: &str, version: &str, source: &str) {
        let directory = tree(files.iter().copied());
        let workspace = Workspace::open(directory.path()).unwrap();
        let found = wanted(&Project::read(&workspace, ".".to_owned()));
        let expected = Wanted { version: version.to_owned(), source: source.to_owned() };
        assert_eq!(found.get(runtime), Some(&expected), "{found:?}");
    }

    #[test]
    fn each_place_for_a_version_is_known() {
        let package = ("package.json", "{}");
        check(&[("package.json", r#"{"engines":{"node":">=20"}}"#), (".nvmrc", "18")], "node", ">=20", "package.json");
        check(&[("package.json", r#"{"volta":{"node":"20.1.0"}}"#)], "node", "20.1.0", "package.json");
        check(&[package, (".nvmrc", "# ours\nlts/iron\n")], "node", "lts/iron", ".nvmrc");
        check(&[package, (".tool-versions", "python 3\nnodejs 20.1.0 18\n")], "node", "20.1.0", ".tool-versions");
        check(&[package, ("mise.toml", "[tools]\nnode = ['22']\n")], "node", "22", "mise.toml");
        check(&[("main.py", ""), ("runtime.txt", "python-3.11.4\n")], "python", "3.11.4", "runtime.txt");
        check(&[("pyproject.toml", "[project]\nrequires-python = '==3.12.*'")], "python", "==3.12.*", "pyproject.toml");
        check(&[("Pipfile", "[requires]\npython_version = '3.13'")], "python", "3.13", "Pipfile");
        check(&[("go.mod", "module x\n\ngo 1.22.1 // why\n")], "go", "1.22.1", "go.mod");
        check(&[("Cargo.toml", "[package]\nname='x'\nrust-version='1.80'")], "rust", "1.80", "Cargo.toml");
        check(&[("Gemfile", "ruby '~> 3.2'\n")], "ruby", "~> 3.2", "Gemfile");
        check(&[("composer.json", r#"{"require":{"php":"^8.2"}}"#)], "php", "^8.2", "composer.json");
        check(
            &[("pom.xml", "<project><properties><java.version>21</java.version></properties></project>")],
            "java",
            "21",
            "pom.xml",
        );
        check(
            &[("a.csproj", "<Project><TargetFramework>net8.0</TargetFramework></Project>")],
            "dotnet",
            "8.0",
            "a.csproj",
        );
    }

    #[test]
    fn what_is_no_version_is_not_passed_on() {
        assert!(!is_version("$6$salt$hash") && !is_version("") && !is_version(&"1".repeat(65)));
    }
}
