//! The shape of the detection rules. The rules themselves are data: `rules/*.toml`, one file per family, compiled
//! in. A new framework is a new table there, not new code. `rules/README.md` explains each field to those who write one.

use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};
use slipway_proto::plan::{ProjectKind, Routing};

use super::manifest::{Ecosystem, Fact};

const FAMILIES: [(&str, &str); 15] = [
    ("node-servers.toml", include_str!("rules/node-servers.toml")),
    ("node-generators.toml", include_str!("rules/node-generators.toml")),
    ("node-bundlers.toml", include_str!("rules/node-bundlers.toml")),
    ("node-services.toml", include_str!("rules/node-services.toml")),
    ("deno.toml", include_str!("rules/deno.toml")),
    ("python.toml", include_str!("rules/python.toml")),
    ("rust.toml", include_str!("rules/rust.toml")),
    ("go.toml", include_str!("rules/go.toml")),
    ("ruby.toml", include_str!("rules/ruby.toml")),
    ("php.toml", include_str!("rules/php.toml")),
    ("jvm.toml", include_str!("rules/jvm.toml")),
    ("dotnet.toml", include_str!("rules/dotnet.toml")),
    ("beam.toml", include_str!("rules/beam.toml")),
    ("native.toml", include_str!("rules/native.toml")),
    ("files.toml", include_str!("rules/files.toml")),
];
const PACKAGE_MANAGERS: &str = include_str!("rules/package-managers.toml");

/// Everything the rule files say.
#[derive(Debug, Default)]
pub(super) struct Rules {
    /// By falling precedence.
    pub(super) frameworks: Vec<Framework>,
    /// Those of other ecosystems than Node, in the order in which they are asked.
    pub(super) managers: Vec<Manager>,
}

/// One rule file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    /// Whose manifest `dependencies` are looked up in. None: the family knows its frameworks by files.
    ecosystem: Option<Ecosystem>,
    framework: Vec<Framework>,
}

/// How a framework is known, and what to do with a project that uses it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    pub(super) slug: String,
    pub(super) name: String,
    /// Which of several proven frameworks a project is: the highest.
    pub(super) precedence: u32,
    /// Its own, or else that of its family.
    pub(super) ecosystem: Option<Ecosystem>,
    /// Any of these in the manifest proves it.
    #[serde(default)]
    pub(super) dependencies: Vec<String>,
    /// Any of these files proves it.
    #[serde(default)]
    pub(super) markers: Vec<String>,
    /// Any of these conditions proves it.
    #[serde(default)]
    pub(super) proofs: Vec<Condition>,
    /// Read for settings; alone they only suggest it, because tools share names.
    #[serde(default)]
    pub(super) config_files: Vec<String>,
    /// Whether a config file alone suggests it.
    #[serde(default = "yes")]
    pub(super) suggests: bool,
    /// All of these must hold.
    #[serde(default)]
    pub(super) requires: Vec<Condition>,
    /// None of these may hold.
    #[serde(default)]
    pub(super) unless: Vec<Condition>,
    /// How sure a proof makes us, where it is less than usual.
    pub(super) confidence: Option<f32>,
    /// Runs when the project has no build script of its own.
    pub(super) build_command: Option<String>,
    pub(super) output: Output,
    #[serde(default, rename = "variant")]
    pub(super) variants: Vec<Variant>,
}

/// What a build leaves behind, and how it is started.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) kind: ProjectKind,
    #[serde(default)]
    pub(super) routing: Routing,
    #[serde(default = "here")]
    pub(super) dir: String,
    #[serde(default)]
    pub(super) config_keys: Vec<String>,
    pub(super) base_key: Option<String>,
    #[serde(default)]
    pub(super) flags: Vec<String>,
    /// Whether what a flag says is relative to the project, whatever `argument_of` and `base_key` say.
    #[serde(default)]
    pub(super) flags_are_here: bool,
    /// The same of `config_keys`.
    #[serde(default)]
    pub(super) keys_are_here: bool,
    /// A command whose first argument is the directory `dir` lies in.
    pub(super) argument_of: Option<String>,
    /// Directories the tool's own folder may be in, when no argument says so.
    pub(super) beside: Option<String>,
    /// Only code can find it.
    pub(super) resolver: Option<Resolver>,
    #[serde(default)]
    pub(super) candidates: Vec<String>,
    pub(super) start_command: Option<String>,
    pub(super) static_hint: Option<String>,
}

fn here() -> String {
    ".".to_owned()
}

fn yes() -> bool {
    true
}

/// Output directories that take more than a key to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Resolver {
    /// `outputPath` of the build target of the default project in angular.json.
    Angular,
    /// `targets.*.distDir` of package.json.
    ParcelTargets,
    /// With several renderers, mdBook gives each a directory of its own.
    MdBook,
}

/// Another outcome of the same framework, when a condition holds; the first that holds wins.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variant {
    pub(super) when: Condition,
    pub(super) build_command: Option<String>,
    pub(super) output: Output,
}

/// All that is given must hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    /// Any of these is listed in the family's manifest, whoever needs it.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) dependency: Vec<String>,
    /// With `dependency`: its required major version is below.
    pub(super) major_below: Option<u64>,
    /// With `dependency`: only developers need it.
    pub(super) development: Option<bool>,
    /// Any of these files is there.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) file: Vec<String>,
    /// With `file`: its text contains any of these.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) contains: Vec<String>,
    /// Dotted key that is set, in any of `in`, or in the framework's config file.
    pub(super) setting: Option<String>,
    #[serde(default, rename = "in", deserialize_with = "one_or_many")]
    pub(super) files: Vec<String>,
    /// With `setting`: its value is any of these.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) equals: Vec<String>,
    /// With `setting`: its value comes from a module whose name begins so.
    pub(super) from_module: Option<String>,
    /// The config file imports any of these.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) imports: Vec<String>,
    /// The build script contains any of these.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) build_script: Vec<String>,
    /// There is no build script.
    #[serde(default)]
    pub(super) without_build: bool,
    /// Any script of package.json contains any of these.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) any_script: Vec<String>,
    /// The start script contains any of these.
    #[serde(default, deserialize_with = "one_or_many")]
    pub(super) start_script: Vec<String>,
    /// There is a manifest of this ecosystem.
    pub(super) manifest: Option<Ecosystem>,
    /// The family's manifest states it.
    pub(super) fact: Option<Fact>,
    /// The opposite must hold of everything above.
    #[serde(default)]
    pub(super) not: bool,
}

/// A package manager of another ecosystem than Node, and its commands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) ecosystem: Ecosystem,
    /// Any that holds means it is used; of one ecosystem, the first manager in the file wins.
    pub(super) when: Vec<Condition>,
    pub(super) install_command: Option<String>,
    /// In front of commands of tools that it installed.
    #[serde(default)]
    pub(super) run: String,
    /// Whether it is a lock file that proves it.
    #[serde(default)]
    pub(super) is_locked: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Managers {
    manager: Vec<Manager>,
}

/// `"a"` or `["a", "b"]`, also of booleans and numbers.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scalar {
        Text(String),
        Flag(bool),
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(Scalar),
        Many(Vec<Scalar>),
    }
    let text = |scalar| match scalar {
        Scalar::Text(text) => text,
        Scalar::Flag(flag) => flag.to_string(),
    };
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![text(one)],
        OneOrMany::Many(many) => many.into_iter().map(text).collect(),
    })
}

impl Rules {
    /// The rules this binary was built with, parsed once.
    pub(super) fn embedded() -> &'static Self {
        static RULES: LazyLock<Rules> = LazyLock::new(Rules::parse);
        &RULES
    }

    fn parse() -> Self {
        let mut frameworks = Vec::new();
        for (file, text) in FAMILIES {
            let family: Family = toml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            frameworks.extend(family.framework.into_iter().map(|mut framework| {
                framework.ecosystem = framework.ecosystem.or(family.ecosystem);
                framework
            }));
        }
        frameworks.sort_by_key(|framework| std::cmp::Reverse(framework.precedence));
        let managers: Managers =
            toml::from_str(PACKAGE_MANAGERS).unwrap_or_else(|error| panic!("package-managers.toml: {error}"));
        Self { frameworks, managers: managers.manager }
    }

    /// The rule of a slug.
    pub(super) fn framework(&self, slug: &str) -> Option<&Framework> {
        self.frameworks.iter().find(|framework| framework.slug == slug)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_embedded_rules_are_well_formed() {
        let rules = Rules::embedded();
        let names: BTreeSet<&str> = rules.frameworks.iter().map(|framework| framework.name.as_str()).collect();
        assert_eq!(names.len(), rules.frameworks.len(), "a name is used twice");
        for framework in &rules.frameworks {
            let slug = &framework.slug;
            let outputs = framework.variants.iter().map(|variant| &variant.output).chain([&framework.output]);
            for output in outputs.filter(|output| output.kind == ProjectKind::SsrServer) {
                assert!(output.static_hint.is_some(), "{slug} must say how to get files instead");
            }
            let proves = !framework.dependencies.is_empty()
                || !framework.markers.is_empty()
                || !framework.proofs.is_empty()
                || !framework.config_files.is_empty();
            assert!(proves, "nothing can prove {slug}");
            let needs_manifest = !framework.dependencies.is_empty();
            assert!(!needs_manifest || framework.ecosystem.is_some(), "{slug} has dependencies of no ecosystem");
        }
    }
}
