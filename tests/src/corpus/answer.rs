//! What a detector answered, as far as it is scored.

use serde_json::Value;

/// An answer for one project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    /// Slug of the framework.
    pub framework: Option<String>,
    /// `npm`, `cargo`, …
    pub package_manager: Option<String>,
    /// Relative to the project that was asked about.
    pub output_dir: Option<String>,
    /// Whether it found a workspace.
    pub monorepo: bool,
    /// From 0 to 1.
    pub confidence: f64,
    /// Why there is no answer, in the detector's words.
    pub failure: Option<String>,
    /// Whether it ended in a way that is no answer at all, such as a panic.
    pub has_crashed: bool,
}

impl Answer {
    /// Reads the JSON of `slipway-agent detect --json`; absent and `null` are the same.
    pub fn from_plan(plan: &Value) -> Self {
        let text = |field: &str| plan[field].as_str().map(ToOwned::to_owned);
        Self {
            framework: text("framework"),
            package_manager: text("package_manager"),
            output_dir: text("output_dir").map(|output| joined(plan["root_dir"].as_str().unwrap_or("."), &output)),
            monorepo: !matches!(plan["monorepo"], Value::Null | Value::Bool(false)),
            confidence: plan["confidence"].as_f64().unwrap_or(0.0),
            ..Self::default()
        }
    }

    /// It says that it found nothing.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { failure: Some(reason.into()), ..Self::default() }
    }

    /// It says nothing that could be taken for an answer.
    pub fn crashed(reason: impl Into<String>) -> Self {
        Self { has_crashed: true, ..Self::failed(reason) }
    }

    /// The framework, unless the answer is that there is none.
    pub fn named_framework(&self) -> Option<&str> {
        self.framework.as_deref().filter(|framework| *framework != "none")
    }
}

/// A plan's output is relative to its `root_dir`, the corpus's to the project.
fn joined(root_dir: &str, output_dir: &str) -> String {
    let parts = root_dir.split('/').chain(output_dir.split('/')).filter(|part| !matches!(*part, "" | "."));
    let joined = parts.collect::<Vec<_>>().join("/");
    if joined.is_empty() { ".".to_owned() } else { joined }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn output(root_dir: &str, output_dir: &str, expected: &str) {
        let answer = Answer::from_plan(&json!({ "root_dir": root_dir, "output_dir": output_dir }));
        assert_eq!(answer.output_dir.as_deref(), Some(expected));
    }

    #[test]
    fn outputs_are_relative_to_the_project() {
        output(".", "dist", "dist");
        output(".", "./dist/", "dist");
        output("apps/site", "dist", "apps/site/dist");
        output(".", ".", ".");
    }

    #[test]
    fn none_and_null_name_no_framework() {
        assert_eq!(Answer::from_plan(&json!({ "framework": "none" })).named_framework(), None);
        assert_eq!(Answer::from_plan(&json!({ "framework": null })).named_framework(), None);
        assert_eq!(Answer::from_plan(&json!({})).named_framework(), None);
        assert_eq!(Answer::from_plan(&json!({ "framework": "vite" })).named_framework(), Some("vite"));
    }

    #[test]
    fn a_workspace_is_an_object_or_true() {
        assert!(Answer::from_plan(&json!({ "monorepo": { "tool": "pnpm", "packages": [] } })).monorepo);
        assert!(Answer::from_plan(&json!({ "monorepo": true })).monorepo);
        assert!(!Answer::from_plan(&json!({ "monorepo": false })).monorepo);
        assert!(!Answer::from_plan(&json!({ "monorepo": null })).monorepo);
    }
}
