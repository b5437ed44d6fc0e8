//! Counting right answers, and saying what was wrong with the others.

use std::fmt::{self, Display, Formatter, Write as _};

use serde_json::{Value, json};

use super::{Answer, Case, Expect};

/// From here on an answer is taken without asking, so a wrong one does harm.
pub const CONFIDENT: f64 = 0.8;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub count: usize,
    /// Of how many.
    pub of: usize,
}

impl Share {
    fn add(&mut self, counts: bool) {
        self.of += 1;
        self.count += usize::from(counts);
    }

    /// From 0 to 100; 0 of nothing.
    #[allow(clippy::cast_precision_loss, reason = "far below 2^52 cases")]
    pub fn percent(self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 * 100.0 }
    }

    fn json(self) -> Value {
        json!({ "count": self.count, "of": self.of, "percent": self.percent() })
    }
}

impl Display for Share {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:>4} of {:>4}  {:>6.2} %", self.count, self.of, self.percent())
    }
}

/// One field of one answer that is not what the case expects.
#[derive(Debug, Clone, PartialEq)]
pub struct Miss {
    /// The case.
    pub id: String,
    /// Where it comes from, shortened.
    pub source: String,
    /// Of the plan.
    pub field: &'static str,
    /// The right answers.
    pub expected: String,
    /// The answer.
    pub got: String,
    /// Of the whole answer.
    pub confidence: f64,
    /// A framework that would be taken without asking.
    pub is_confident: bool,
}

impl Display for Miss {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { id, source, field, expected, got, confidence, is_confident } = self;
        let mark = if *is_confident { "  CONFIDENT" } else { "" };
        write!(formatter, "{id}  {source:<50} {field:<15} expected {expected}, got {got} ({confidence:.2}){mark}")
    }
}

/// How a detector did on the corpus.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// Right frameworks.
    pub framework: Share,
    /// Right package managers.
    pub package_manager: Share,
    /// Right output directories.
    pub output_dir: Share,
    /// Workspaces told from single projects.
    pub monorepo: Share,
    /// Wrong frameworks with a confidence of at least [`CONFIDENT`]. Smaller is better.
    pub confident_wrong: Share,
    /// What was wrong, case by case.
    pub misses: Vec<Miss>,
}

impl Score {
    /// Of the answers to the cases, in the same order.
    pub fn of<'a>(answers: impl IntoIterator<Item = (&'a Case, &'a Answer)>) -> Self {
        let mut score = Self::default();
        for (case, answer) in answers {
            score.add(case, answer);
        }
        score
    }

    /// Counts one answer.
    pub fn add(&mut self, case: &Case, answer: &Answer) {
        let Expect { package_manager, output_dir, monorepo, .. } = &case.expect;
        let failure = answer.failure.as_deref().map(|reason| format!("nothing ({reason})"));
        let nothing = failure.as_deref().unwrap_or("nothing");

        if let Some(expected) = &case.expect.framework {
            let also_ok = &case.expect.also_ok;
            let is_right = is_right_framework(&case.expect, answer);
            let is_confident = !is_right && answer.confidence >= CONFIDENT;
            self.framework.add(is_right);
            self.confident_wrong.add(is_confident);
            if !is_right {
                let got = answer.named_framework().unwrap_or(nothing);
                self.miss(case, answer, "framework", either(expected, also_ok), got, is_confident);
            }
        }
        if let Some(expected) = package_manager {
            let also_ok = &case.expect.package_manager_also_ok;
            let is_right = accepts(expected, also_ok, answer.package_manager.as_deref());
            self.package_manager.add(is_right);
            if !is_right {
                let got = answer.package_manager.as_deref().unwrap_or(nothing);
                self.miss(case, answer, "package_manager", either(expected, also_ok), got, false);
            }
        }
        if let Some(expected) = output_dir {
            let also_ok = &case.expect.output_dir_also_ok;
            let is_right = accepts(expected, also_ok, answer.output_dir.as_deref());
            self.output_dir.add(is_right);
            if !is_right {
                let got = answer.output_dir.as_deref().unwrap_or(nothing);
                self.miss(case, answer, "output_dir", either(expected, also_ok), got, false);
            }
        }
        self.monorepo.add(answer.monorepo == *monorepo);
        if answer.monorepo != *monorepo {
            let name = |is_one| if is_one { "a workspace" } else { "no workspace" };
            let got = if answer.failure.is_some() { nothing } else { name(answer.monorepo) };
            self.miss(case, answer, "monorepo", name(*monorepo).to_owned(), got, false);
        }
    }

    fn miss(&mut self, case: &Case, answer: &Answer, field: &'static str, expected: String, got: &str, loud: bool) {
        self.misses.push(Miss {
            id: case.id.clone(),
            source: case.source(),
            field,
            expected,
            got: got.to_owned(),
            confidence: answer.confidence,
            is_confident: loud,
        });
    }

    /// The misses, each on its own line, grouped by field.
    pub fn diff(&self) -> String {
        let mut misses: Vec<_> = self.misses.iter().collect();
        misses.sort_by_key(|miss| (FIELDS.iter().position(|field| *field == miss.field), &miss.source));
        let mut diff = String::new();
        for miss in misses {
            // Writing to a String cannot fail.
            let _ = writeln!(diff, "{miss}");
        }
        diff
    }

    /// The table and the misses for programs.
    pub fn json(&self) -> Value {
        let misses = self.misses.iter().map(|miss| {
            json!({
                "id": miss.id, "source": miss.source, "field": miss.field, "expected": miss.expected,
                "got": miss.got, "confidence": miss.confidence,
            })
        });
        json!({
            "framework": self.framework.json(),
            "package_manager": self.package_manager.json(),
            "output_dir": self.output_dir.json(),
            "monorepo": self.monorepo.json(),
            "confident_wrong": self.confident_wrong.json(),
            "misses": misses.collect::<Vec<_>>(),
        })
    }
}

/// In the order people care.
const FIELDS: [&str; 4] = ["framework", "package_manager", "output_dir", "monorepo"];

impl Display for Score {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{:<18}{}", "framework", self.framework)?;
        writeln!(formatter, "{:<18}{}", "package manager", self.package_manager)?;
        writeln!(formatter, "{:<18}{}", "output directory", self.output_dir)?;
        writeln!(formatter, "{:<18}{}", "monorepo", self.monorepo)?;
        writeln!(formatter, "{:<18}{}", "confident wrong", self.confident_wrong)
    }
}

/// An answer of a detector that crashed is never right, also where nothing should be named.
fn is_right_framework(expect: &Expect, answer: &Answer) -> bool {
    let expected = expect.framework.as_deref().unwrap_or("none");
    !answer.has_crashed && accepts(expected, &expect.also_ok, Some(answer.named_framework().unwrap_or("none")))
}

fn accepts(expected: &str, also_ok: &[String], got: Option<&str>) -> bool {
    got.is_some_and(|got| got == expected || also_ok.iter().any(|other| other == got))
}

fn either(expected: &str, also_ok: &[String]) -> String {
    let mut all = expected.to_owned();
    for other in also_ok {
        all.push_str(" or ");
        all.push_str(other);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(expect: Expect) -> Case {
        Case {
            id: "0123456789ab".into(),
            source_repo: "owner/name".into(),
            source_path: "examples/shop".into(),
            files: Vec::new(),
            expect,
        }
    }

    fn framework(expected: Option<&str>, also_ok: &[&str]) -> Case {
        case(Expect {
            framework: expected.map(Into::into),
            also_ok: also_ok.iter().map(|slug| (*slug).to_owned()).collect(),
            ..Expect::default()
        })
    }

    fn named(framework: Option<&str>, confidence: f64) -> Answer {
        Answer { framework: framework.map(Into::into), confidence, ..Answer::default() }
    }

    #[track_caller]
    fn check(case: &Case, answer: &Answer, right: usize, of: usize, confident_wrong: usize) {
        let score = Score::of([(case, answer)]);
        assert_eq!(score.framework, Share { count: right, of });
        assert_eq!(score.confident_wrong, Share { count: confident_wrong, of });
    }

    #[test]
    fn frameworks() {
        check(&framework(Some("vite"), &[]), &named(Some("vite"), 0.9), 1, 1, 0);
        check(&framework(Some("vite"), &[]), &named(Some("next"), 0.9), 0, 1, 1);
        check(&framework(Some("vite"), &[]), &named(Some("next"), 0.79), 0, 1, 0);
        check(&framework(Some("vite"), &["solid"]), &named(Some("solid"), 0.9), 1, 1, 0);
        check(&framework(Some("vite"), &[]), &named(None, 0.0), 0, 1, 0);
        check(&framework(None, &[]), &named(Some("next"), 0.9), 0, 0, 0);
    }

    #[test]
    fn no_framework() {
        check(&framework(Some("none"), &[]), &named(None, 0.0), 1, 1, 0);
        check(&framework(Some("none"), &[]), &named(Some("none"), 0.9), 1, 1, 0);
        check(&framework(Some("none"), &[]), &Answer::failed("nothing to build"), 1, 1, 0);
        check(&framework(Some("none"), &[]), &Answer::crashed("panicked"), 0, 1, 0);
        check(&framework(Some("none"), &[]), &named(Some("vite"), 0.9), 0, 1, 1);
    }

    #[test]
    fn other_fields_are_scored_where_they_are_known() {
        let case = case(Expect {
            package_manager: Some("yarn".into()),
            package_manager_also_ok: vec!["npm".into()],
            output_dir: Some("dist".into()),
            monorepo: true,
            ..Expect::default()
        });
        let answer =
            Answer { package_manager: Some("npm".into()), output_dir: Some("out".into()), ..Answer::default() };
        let score = Score::of([(&case, &answer)]);
        assert_eq!(score.framework, Share::default());
        assert_eq!(score.package_manager, Share { count: 1, of: 1 });
        assert_eq!(score.output_dir, Share { count: 0, of: 1 });
        assert_eq!(score.monorepo, Share { count: 0, of: 1 });
    }

    #[test]
    fn a_miss_is_one_line_that_says_it_all() {
        let score = Score::of([(&framework(Some("vite"), &["solid"]), &named(Some("next"), 0.9))]);
        let diff = score.diff();
        assert_eq!(diff.lines().count(), 1);
        for word in ["0123456789ab", "owner/name/examples/shop", "framework", "vite or solid", "next", "0.90"] {
            assert!(diff.contains(word), "{word} is not in {diff}");
        }
        assert!(diff.ends_with("CONFIDENT\n"));
    }
}
