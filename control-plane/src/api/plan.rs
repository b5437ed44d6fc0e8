//! The build plan as the API shows it: the answer of `detect` and `metadata.plan` of a deployment.

use std::collections::BTreeMap;

use serde::Serialize;
use slipway_proto::plan::{Alternative, BuildPlan, Deployable, Monorepo, ProjectKind, Routing, Setting};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, Type};

/// What would be built and how. Every setting says in `sources` where it came from.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlanView {
    /// Slug of the framework; `none` when no rule knows it, `custom` when the user says how it is built.
    framework: String,
    #[schema(schema_with = kind_schema)]
    kind: ProjectKind,
    /// `npm`, `pnpm`, `yarn`, …; `null` when the project needs none.
    package_manager: Option<String>,
    /// Directory of the project inside the workspace, `.` for the workspace itself.
    root_dir: String,
    /// Run in the directory that holds the lock file.
    install_command: Option<String>,
    /// Run in `root_dir`.
    build_command: Option<String>,
    /// Where the output appears, relative to `root_dir`.
    output_dir: String,
    /// Serves the result, for kinds that need it.
    start_command: Option<String>,
    /// Wanted versions by runtime.
    runtime_versions: BTreeMap<String, String>,
    monorepo: Option<MonorepoView>,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
    /// Why, in words: file, key and value.
    evidence: Vec<String>,
    /// What else it could be, best first.
    alternatives: Vec<AlternativeView>,
    #[schema(schema_with = routing_schema)]
    routing: Routing,
    #[schema(schema_with = deployable_schema)]
    deployable: Vec<Deployable>,
    #[schema(schema_with = sources_schema)]
    sources: BTreeMap<Setting, String>,
    /// What stands in the way or was assumed: broken files, contradicting lock files, missing runtimes.
    warnings: Vec<String>,
}

/// The workspace a project belongs to.
#[derive(Debug, Serialize, ToSchema)]
struct MonorepoView {
    /// `npm`, `pnpm`, `yarn`, …
    tool: String,
    /// Directories of the packages, relative to the workspace.
    packages: Vec<String>,
}

/// Another reading of the same project.
#[derive(Debug, Serialize, ToSchema)]
struct AlternativeView {
    framework: String,
    root_dir: String,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
}

impl From<BuildPlan> for PlanView {
    fn from(plan: BuildPlan) -> Self {
        Self {
            framework: plan.framework,
            kind: plan.kind,
            package_manager: plan.package_manager,
            root_dir: plan.root_dir,
            install_command: plan.install_command,
            build_command: plan.build_command,
            output_dir: plan.output_dir,
            start_command: plan.start_command,
            runtime_versions: plan.runtime_versions,
            monorepo: plan.monorepo.map(|Monorepo { tool, packages }| MonorepoView { tool, packages }),
            confidence: plan.confidence,
            evidence: plan.evidence,
            alternatives: plan.alternatives.into_iter().map(AlternativeView::from).collect(),
            routing: plan.routing,
            deployable: plan.deployable,
            sources: plan.sources,
            warnings: plan.warnings,
        }
    }
}

impl From<Alternative> for AlternativeView {
    fn from(other: Alternative) -> Self {
        Self { framework: other.framework, root_dir: other.root_dir, confidence: other.confidence }
    }
}

// The enums belong to the contract with the agent, which has no use for schemas; so their words are here.

fn words<const N: usize>(words: [&'static str; N]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words))
}

fn kind_schema() -> Schema {
    words(["static", "ssr-server", "backend-service", "package", "container", "unknown"])
        .description(Some("What the project is for."))
        .build()
        .into()
}

fn routing_schema() -> Schema {
    words(["pages", "single-page"])
        .description(Some("`single-page`: paths without a file are answered with `index.html`."))
        .build()
        .into()
}

fn deployable_schema() -> Schema {
    ArrayBuilder::new()
        .items(words(["static", "container", "package", "git"]))
        .description(Some("The forms it can be deployed in, most fitting first."))
        .build()
        .into()
}

fn sources_schema() -> Schema {
    let about = "Where each setting came from: `request`, `target`, `framework`, or a file of the project.";
    ["framework", "root_dir", "install_command", "build_command", "output_dir", "start_command"]
        .into_iter()
        .fold(ObjectBuilder::new().schema_type(Type::Object), |object, setting| {
            object.property(setting, ObjectBuilder::new().schema_type(Type::String))
        })
        .description(Some(about))
        .build()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_view_is_the_plan() {
        let plan = serde_json::json!({
            "framework": "vite", "kind": "static", "package_manager": "npm", "root_dir": ".", "install_command": "npm ci",
            "build_command": "npm run build", "output_dir": "dist", "start_command": null, "runtime_versions": { "node": ">=20" },
            "monorepo": { "tool": "npm", "packages": ["apps/web"] }, "confidence": 0.5, "evidence": ["vite.config.ts"],
            "alternatives": [{ "framework": "none", "root_dir": "docs", "confidence": 0.25 }], "routing": "single-page",
            "deployable": ["static", "git"], "sources": { "build_command": "package.json" }, "warnings": ["no lock file"],
        });
        let parsed: BuildPlan = serde_json::from_value(plan.clone()).unwrap();
        assert_eq!(serde_json::to_value(PlanView::from(parsed)).unwrap(), plan);
    }
}
