//! The shape of the detection rules. The rules themselves are data: `rules/*.toml`, one file per
//! family, compiled in. A new framework is a new table there, not new code.

use serde::Deserialize;
use slipway_proto::plan::{ProjectKind, Routing};

const FAMILIES: [(&str, &str); 2] =
    [("javascript.toml", include_str!("rules/javascript.toml")), ("plain.toml", include_str!("rules/plain.toml"))];

/// Everything the rule files say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    #[serde(default, rename = "framework")]
    pub(super) frameworks: Vec<Framework>,
    #[serde(default, rename = "static_site")]
    pub(super) static_sites: Vec<StaticSite>,
}

/// A framework known by a dependency, a config file or a build script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Framework {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) precedence: u32,
    #[serde(default)]
    pub(super) dependencies: Vec<String>,
    #[serde(default)]
    pub(super) config_files: Vec<String>,
    #[serde(default)]
    pub(super) needs_build_script: bool,
    pub(super) build_command: Option<String>,
    pub(super) output: Output,
    #[serde(default, rename = "variant")]
    pub(super) variants: Vec<Variant>,
}

/// What a build leaves behind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Output {
    pub(super) kind: ProjectKind,
    #[serde(default)]
    pub(super) routing: Routing,
    pub(super) dir: String,
    #[serde(default)]
    pub(super) config_keys: Vec<String>,
    pub(super) base_key: Option<String>,
    #[serde(default)]
    pub(super) flags: Vec<String>,
    #[serde(default)]
    pub(super) candidates: Vec<String>,
    pub(super) start_command: Option<String>,
    pub(super) static_hint: Option<String>,
}

impl Output {
    /// Files that are there already.
    pub(super) fn of_files(dir: &str) -> Self {
        Self {
            kind: ProjectKind::Static,
            routing: Routing::Pages,
            dir: dir.to_owned(),
            config_keys: Vec::new(),
            base_key: None,
            flags: Vec::new(),
            candidates: Vec::new(),
            start_command: None,
            static_hint: None,
        }
    }
}

/// Another output of the same framework, when a condition holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variant {
    pub(super) when: Condition,
    pub(super) output: Output,
}

/// All that is given must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    pub(super) config_key: Option<String>,
    pub(super) equals: Option<String>,
    pub(super) build_script_contains: Option<String>,
}

/// A site that needs no build.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StaticSite {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) index_file: String,
    pub(super) directories: Vec<String>,
}

impl Rules {
    /// Reads the rules this binary was built with, frameworks by falling precedence.
    pub(super) fn embedded() -> Self {
        let mut rules = Self::default();
        for (file, text) in FAMILIES {
            let family: Self = toml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
            rules.frameworks.extend(family.frameworks);
            rules.static_sites.extend(family.static_sites);
        }
        rules.frameworks.sort_by_key(|framework| std::cmp::Reverse(framework.precedence));
        rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_rules_are_well_formed() {
        let rules = Rules::embedded();
        let mut slugs: Vec<&str> = rules.frameworks.iter().map(|framework| framework.slug.as_str()).collect();
        assert_eq!(slugs, ["next", "astro", "vite", "node-build"]);
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(slugs.len(), rules.frameworks.len());
        for framework in &rules.frameworks {
            let outputs = framework.variants.iter().map(|variant| &variant.output).chain([&framework.output]);
            for output in outputs.filter(|output| output.kind == ProjectKind::SsrServer) {
                assert!(output.static_hint.is_some(), "{} must say how to get files instead", framework.slug);
            }
        }
    }
}
