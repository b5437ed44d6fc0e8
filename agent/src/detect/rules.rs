//! The shape of the detection rules. The rules themselves are data: `rules/*.toml`, one file per
//! family, compiled in. A new framework is a new table there, not new code.

use serde::Deserialize;
use slipway_proto::plan::{ProjectKind, Routing};

const FAMILIES: [(&str, &str); 2] =
    [("javascript.toml", include_str!("rules/javascript.toml")), ("plain.toml", include_str!("rules/plain.toml"))];

/// Everything the rule files say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    #[serde(default, rename = "framework")]
    pub(crate) frameworks: Vec<Framework>,
    #[serde(default, rename = "static_site")]
    pub(crate) static_sites: Vec<StaticSite>,
}

/// A framework known by a dependency, a config file or a build script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Framework {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) precedence: u32,
    #[serde(default)]
    pub(crate) dependencies: Vec<String>,
    #[serde(default)]
    pub(crate) config_files: Vec<String>,
    #[serde(default)]
    pub(crate) needs_build_script: bool,
    pub(crate) build_command: Option<String>,
    pub(crate) output: Output,
    #[serde(default, rename = "variant")]
    pub(crate) variants: Vec<Variant>,
}

/// What a build leaves behind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Output {
    pub(crate) kind: ProjectKind,
    #[serde(default)]
    pub(crate) routing: Routing,
    pub(crate) dir: String,
    #[serde(default)]
    pub(crate) config_keys: Vec<String>,
    pub(crate) base_key: Option<String>,
    pub(crate) flag: Option<String>,
    #[serde(default)]
    pub(crate) candidates: Vec<String>,
    pub(crate) start_command: Option<String>,
    pub(crate) static_hint: Option<String>,
}

impl Output {
    /// Files that are there already.
    pub(crate) fn of_files(dir: &str) -> Self {
        Self {
            kind: ProjectKind::Static,
            routing: Routing::Pages,
            dir: dir.to_owned(),
            config_keys: Vec::new(),
            base_key: None,
            flag: None,
            candidates: Vec::new(),
            start_command: None,
            static_hint: None,
        }
    }
}

/// Another output of the same framework, when a condition holds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    pub(crate) when: Condition,
    pub(crate) output: Output,
}

/// All that is given must hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub(crate) config_key: Option<String>,
    pub(crate) equals: Option<String>,
    pub(crate) build_script_contains: Option<String>,
}

/// A site that needs no build.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaticSite {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) index_file: String,
    pub(crate) directories: Vec<String>,
}

impl Rules {
    /// Reads the rules this binary was built with, frameworks by falling precedence.
    pub(crate) fn embedded() -> Self {
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
