//! What a project says about itself, whatever its language: a name, dependencies, and a few facts that rules
//! ask for. One reader per ecosystem, each of which understands just enough of its format.

mod beam;
mod cargo;
mod dart;
mod deno;
mod dotnet;
mod go;
mod jvm;
mod php;
mod python;
mod ruby;
mod swift;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::files::{Workspace, beside};
use super::package_json::PackageJson;
use super::words::is_plain_word;

/// Dependencies kept of one manifest; more than anybody writes by hand.
const DEPENDENCIES: usize = 5_000;

/// A world of packages with its own manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ecosystem {
    Node,
    Deno,
    Python,
    Rust,
    Go,
    Ruby,
    Php,
    Jvm,
    Dotnet,
    Beam,
    Dart,
    Swift,
}

impl Ecosystem {
    /// All of them.
    pub(super) const ALL: [Self; 12] = [
        Self::Node,
        Self::Deno,
        Self::Python,
        Self::Rust,
        Self::Go,
        Self::Ruby,
        Self::Php,
        Self::Jvm,
        Self::Dotnet,
        Self::Beam,
        Self::Dart,
        Self::Swift,
    ];
}

/// Something a manifest states without a dependency saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fact {
    /// It can be published to its registry, and nothing in it is meant to be started.
    Library,
    /// It says itself how it is started.
    Startable,
    /// It makes a program.
    Binary,
    /// It is the root of a workspace.
    Workspace,
}

/// One package another depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dependency {
    /// As it is written, for example `^5.0.0`.
    pub(super) requirement: String,
    /// Where it is listed, for a sentence: `devDependencies of package.json`.
    pub(super) listed_in: String,
    /// Whether only developers of the project need it.
    pub(super) is_development: bool,
}

/// What the manifest of one directory says.
#[derive(Debug, Clone, Default)]
pub(super) struct Manifest {
    /// Seen from the workspace.
    pub(super) file: String,
    pub(super) dependencies: BTreeMap<String, Dependency>,
    pub(super) facts: BTreeSet<Fact>,
    /// Names that rules put into commands: `name`, `bin`, `module`, `main`, …
    pub(super) words: BTreeMap<&'static str, String>,
}

impl Manifest {
    fn new(file: String) -> Self {
        Self { file, ..Self::default() }
    }

    /// Adds a dependency under the name its registry knows it by.
    fn depend(&mut self, name: impl Into<String>, requirement: &str, section: &str, is_development: bool) {
        if self.dependencies.len() < DEPENDENCIES {
            let listed_in = if section.is_empty() { self.file.clone() } else { format!("{section} of {}", self.file) };
            let dependency = Dependency { requirement: requirement.to_owned(), listed_in, is_development };
            // What is needed to run says more than what is needed to develop.
            let known = self.dependencies.entry(name.into()).or_insert_with(|| dependency.clone());
            if known.is_development && !is_development {
                *known = dependency;
            }
        }
    }

    /// Keeps a word for commands, if a shell has nothing to do with it.
    fn word(&mut self, key: &'static str, value: impl Into<String>) {
        let value = value.into();
        if is_plain_word(&value) {
            self.words.insert(key, value);
        }
    }

    /// Whether a fact is stated.
    pub(super) fn states(&self, fact: Fact) -> bool {
        self.facts.contains(&fact)
    }
}

/// Every manifest of one directory.
#[derive(Debug, Default)]
pub(super) struct Manifests {
    by_ecosystem: BTreeMap<Ecosystem, Manifest>,
    /// The one most is read from.
    pub(super) package: Option<PackageJson>,
}

impl Manifests {
    /// Reads what is there. What is broken is noted in the workspace and counts as absent.
    pub(super) fn read(workspace: &Workspace, directory: &str) -> Self {
        let package = PackageJson::read(workspace, directory);
        let mut by_ecosystem = BTreeMap::new();
        for ecosystem in Ecosystem::ALL {
            let manifest = match ecosystem {
                Ecosystem::Node => package.as_ref().map(|package| package.manifest(&beside(directory, "package.json"))),
                Ecosystem::Deno => deno::read(workspace, directory),
                Ecosystem::Python => python::read(workspace, directory),
                Ecosystem::Rust => cargo::read(workspace, directory),
                Ecosystem::Go => go::read(workspace, directory),
                Ecosystem::Ruby => ruby::read(workspace, directory),
                Ecosystem::Php => php::read(workspace, directory),
                Ecosystem::Jvm => jvm::read(workspace, directory),
                Ecosystem::Dotnet => dotnet::read(workspace, directory),
                Ecosystem::Beam => beam::read(workspace, directory),
                Ecosystem::Dart => dart::read(workspace, directory),
                Ecosystem::Swift => swift::read(workspace, directory),
            };
            if let Some(manifest) = manifest {
                by_ecosystem.insert(ecosystem, manifest);
            }
        }
        Self { by_ecosystem, package }
    }

    /// That of one ecosystem.
    pub(super) fn of(&self, ecosystem: Ecosystem) -> Option<&Manifest> {
        self.by_ecosystem.get(&ecosystem)
    }

    /// Which ecosystems there are.
    pub(super) fn ecosystems(&self) -> impl Iterator<Item = Ecosystem> {
        self.by_ecosystem.keys().copied()
    }

    /// Whether there is none at all.
    pub(super) fn is_empty(&self) -> bool {
        self.by_ecosystem.is_empty()
    }
}

/// The text between the first pair of quotes, single or double.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['"', '\''])?;
    let quote = text[start..].chars().next()?;
    let rest = &text[start + 1..];
    rest.find(quote).map(|end| &rest[..end])
}

/// A line without the comment that begins with `mark`, when the mark is not inside of quotes.
pub(super) fn without_comment<'a>(line: &'a str, mark: &str) -> &'a str {
    let mut quote = None;
    for (index, character) in line.char_indices() {
        match (quote, character) {
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, _) if line[index..].starts_with(mark) => return &line[..index],
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments_of_lines_are_known() {
        assert_eq!(quoted("gem 'rails', '~> 7'"), Some("rails"));
        assert_eq!(quoted("x = \"it's\""), Some("it's"));
        assert_eq!(quoted("gem 'rails"), None);
        assert_eq!(without_comment("gem 'a#b' # why", "#"), "gem 'a#b' ");
        assert_eq!(without_comment("// all", "//"), "");
    }
}
