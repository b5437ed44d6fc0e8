//! What each kind of project looks like, and what must be said of it: small trees of files with the answers
//! people expect, one file per family of rules in `cases/`. `cases/README.md` explains the fields.
//!
//! The answers are what the frameworks do by their own documentation, whether or not the rules agree yet.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::*;

/// One file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Family {
    case: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    request: Request,
    expect: Expected,
    /// Text by path.
    files: BTreeMap<String, String>,
}

/// What is asked for, as in a request to deploy.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Request {
    framework: String,
    root_dir: String,
    install_command: String,
    build_command: String,
    output_dir: String,
}

/// What must be in the plan. Only what is given is checked; an empty text means that there must be none.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expected {
    framework: Option<String>,
    name: Option<String>,
    kind: Option<String>,
    routing: Option<String>,
    package_manager: Option<String>,
    root_dir: Option<String>,
    install_dir: Option<String>,
    install_command: Option<String>,
    build_command: Option<String>,
    output_dir: Option<String>,
    start_command: Option<String>,
    monorepo: Option<String>,
    packages: Option<Vec<String>>,
    deployable: Option<Vec<String>>,
    versions: BTreeMap<String, String>,
    sources: BTreeMap<String, String>,
    min_confidence: Option<f32>,
    max_confidence: Option<f32>,
    alternative: Option<String>,
    evidence: Option<String>,
    warning: Option<String>,
}

/// A case with what was said of it.
struct Outcome {
    family: String,
    case: Case,
    tree: Tree,
    detected: Result<Detected, DetectError>,
}

/// Something of a plan that is not as expected.
#[derive(Debug, PartialEq, Eq)]
struct Miss {
    field: String,
    expected: String,
    got: String,
}

/// Every case, with the name of its file.
fn cases() -> Vec<(String, Case)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/detect/tests/cases");
    let entries = directory.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let family = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(file).unwrap();
        let cases: Family = toml::from_str(&text).unwrap_or_else(|error| panic!("{family}: {error}"));
        cases.case.into_iter().map(move |case| (family.clone(), case))
    };
    files.iter().flat_map(read).collect()
}

fn outcomes() -> Vec<Outcome> {
    let outcome = |(family, case): (String, Case)| {
        let files: Vec<_> = case.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let tree = Tree::new(&files);
        let detected = tree.detect_with(&case.request.overrides());
        Outcome { family, case, tree, detected }
    };
    cases().into_iter().map(outcome).collect()
}

impl Request {
    fn overrides(&self) -> BuildOverrides {
        BuildOverrides {
            framework: self.framework.clone(),
            root_dir: self.root_dir.clone(),
            install_command: self.install_command.clone(),
            build_command: self.build_command.clone(),
            output_dir: self.output_dir.clone(),
        }
    }
}

impl Expected {
    fn misses(&self, detected: &Detected) -> Vec<Miss> {
        let mut misses = self.wrong_texts(detected);
        misses.extend(self.wrong_lists(&detected.plan));
        misses.extend(self.wrong_tables(&detected.plan));
        misses.extend(self.wrong_confidence(detected.plan.confidence));
        misses
    }

    fn wrong_texts(&self, detected: &Detected) -> Vec<Miss> {
        let plan = &detected.plan;
        let or_none = |value: &Option<String>| value.clone().unwrap_or_default();
        let table = [
            ("framework", &self.framework, plan.framework.clone()),
            ("name", &self.name, detected.name.clone()),
            ("kind", &self.kind, spelling(plan.kind)),
            ("routing", &self.routing, spelling(plan.routing)),
            ("package_manager", &self.package_manager, or_none(&plan.package_manager)),
            ("root_dir", &self.root_dir, plan.root_dir.clone()),
            ("install_dir", &self.install_dir, detected.install_dir.display().to_string()),
            ("install_command", &self.install_command, or_none(&plan.install_command)),
            ("build_command", &self.build_command, or_none(&plan.build_command)),
            ("output_dir", &self.output_dir, plan.output_dir.clone()),
            ("start_command", &self.start_command, or_none(&plan.start_command)),
            ("monorepo", &self.monorepo, or_none(&plan.monorepo.as_ref().map(|monorepo| monorepo.tool.clone()))),
        ];
        table
            .into_iter()
            .filter_map(|(field, expected, got)| Miss::unless_equal(field, expected.as_ref()?, &got))
            .collect()
    }

    fn wrong_lists(&self, plan: &BuildPlan) -> Vec<Miss> {
        let packages = plan.monorepo.as_ref().map(|monorepo| monorepo.packages.clone()).unwrap_or_default();
        let deployable = plan.deployable.iter().map(|form| spelling(*form)).collect();
        let whole = [("packages", &self.packages, packages), ("deployable", &self.deployable, deployable)];
        let whole = whole.into_iter().filter_map(|(field, expected, got)| {
            Miss::unless_equal(field, &expected.as_ref()?.join(", "), &got.join(", "))
        });
        let alternatives = plan.alternatives.iter().map(|other| format!("{} in {}", other.framework, other.root_dir));
        let contained = [
            ("alternative", &self.alternative, alternatives.collect()),
            ("evidence", &self.evidence, plan.evidence.clone()),
            ("warning", &self.warning, plan.warnings.clone()),
        ];
        let contained = contained.into_iter().filter_map(|(field, expected, got): (_, _, Vec<String>)| {
            let expected = expected.as_ref()?;
            let is_met =
                if expected.is_empty() { got.is_empty() } else { got.iter().any(|text| text.contains(expected)) };
            (!is_met).then(|| Miss::new(field, expected, &got.join("; ")))
        });
        whole.chain(contained).collect()
    }

    fn wrong_tables(&self, plan: &BuildPlan) -> Vec<Miss> {
        let sources = plan.sources.iter().map(|(setting, source)| (spelling(*setting), source.clone())).collect();
        let tables = [("versions", &self.versions, plan.runtime_versions.clone()), ("sources", &self.sources, sources)];
        let entries = tables.iter().flat_map(|(table, expected, got): &(_, _, BTreeMap<_, _>)| {
            expected.iter().map(move |(key, expected)| {
                let got = got.get(key).map(String::as_str).unwrap_or_default();
                Miss::unless_equal(&format!("{table}.{key}"), expected, got)
            })
        });
        entries.flatten().collect()
    }

    fn wrong_confidence(&self, got: f32) -> Option<Miss> {
        let (low, high) = (self.min_confidence.unwrap_or(0.0), self.max_confidence.unwrap_or(1.0));
        let is_met = (low..=high).contains(&got);
        (!is_met).then(|| Miss::new("confidence", &format!("{low} to {high}"), &got.to_string()))
    }
}

impl Miss {
    fn new(field: &str, expected: &str, got: &str) -> Self {
        Self { field: field.to_owned(), expected: expected.to_owned(), got: got.to_owned() }
    }

    fn unless_equal(field: &str, expected: &str, got: &str) -> Option<Self> {
        (expected != got).then(|| Self::new(field, expected, got))
    }
}

/// A value as the JSON of a plan has it.
fn spelling(value: impl Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

/// All that went wrong with a case, for reading; nothing when all is well.
fn complaint(outcome: &Outcome) -> Option<String> {
    let Outcome { family, case, detected, .. } = outcome;
    let mut text = format!("{family}: {}\n", case.name);
    match detected {
        Err(error) => {
            let _ = writeln!(text, "    no plan: {error}");
        }
        Ok(detected) => {
            let misses = case.expect.misses(detected);
            if misses.is_empty() {
                return None;
            }
            for Miss { field, expected, got } in misses {
                let _ = writeln!(text, "    {field:16} expected `{expected}`\n    {:16}      got `{got}`", "");
            }
            for reason in &detected.plan.evidence {
                let _ = writeln!(text, "        because {reason}");
            }
        }
    }
    Some(text)
}

/// Which of a framework's variants the chosen project is, by its place in the rule.
fn variant(outcome: &Outcome, directory: &str, framework: &rules::Framework) -> Option<usize> {
    let workspace = Workspace::open(outcome.tree.0.path()).unwrap();
    let project = Project::read(&workspace, directory.to_owned());
    let config_file = project.find_file(&framework.config_files);
    let holds = |condition| project.holds(condition, framework.ecosystem, config_file.as_deref()).is_some();
    framework.variants.iter().position(|variant| holds(&variant.when))
}

#[test]
fn every_case_is_answered_as_expected() {
    let outcomes = outcomes();
    let complaints: Vec<String> = outcomes.iter().filter_map(complaint).collect();
    assert!(complaints.is_empty(), "{} of {} cases\n\n{}", complaints.len(), outcomes.len(), complaints.join("\n"));
}

#[test]
fn every_rule_has_a_case() {
    let outcomes = outcomes();
    let mut answered = BTreeSet::new();
    for outcome in &outcomes {
        let Ok(detected) = &outcome.detected else { continue };
        if outcome.case.expect.framework.as_ref() != Some(&detected.plan.framework) {
            continue;
        }
        let is_meant = |rule: &&rules::Framework| rule.slug == detected.plan.framework && rule.name == detected.name;
        if let Some(framework) = Rules::embedded().frameworks.iter().find(is_meant) {
            let variant = variant(outcome, &detected.plan.root_dir, framework);
            answered.insert((framework.name.as_str(), variant));
        }
    }
    let mut missing = Vec::new();
    for framework in &Rules::embedded().frameworks {
        let name = framework.name.as_str();
        if !answered.contains(&(name, None)) {
            missing.push(format!("{} ({name})", framework.slug));
        }
        for index in (0..framework.variants.len()).filter(|index| !answered.contains(&(name, Some(*index)))) {
            missing.push(format!("{} ({name}), variant {}", framework.slug, index + 1));
        }
    }
    assert!(missing.is_empty(), "no case for:\n{}", missing.join("\n"));
}

#[test]
fn every_package_manager_has_a_case() {
    let cases = cases();
    let expected: BTreeSet<&str> =
        cases.iter().filter_map(|(_, case)| case.expect.package_manager.as_deref()).collect();
    let managers = Rules::embedded().managers.iter().map(|manager| manager.name.as_str());
    let missing: Vec<&str> = managers.filter(|name| !expected.contains(name)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}
