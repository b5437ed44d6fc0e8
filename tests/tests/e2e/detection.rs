//! `slipway-agent detect` on the corpus of real projects.

use slipway_tests::binaries::binary;
use slipway_tests::corpus::{Corpus, Score, ask_all};

/// What must be right, and what must not be wrong, in percent.
const FRAMEWORK: f64 = 98.0;
const PACKAGE_MANAGER: f64 = 99.0;
const OUTPUT_DIR: f64 = 97.0;
const CONFIDENT_WRONG: f64 = 1.0;

#[test]
fn real_projects_are_recognised() {
    let Some(corpus) = Corpus::find().expect("a corpus that is there can be read") else { return };
    let answers = ask_all(&binary("slipway-agent"), &corpus.cases).expect("every case can be written");
    let score = Score::of(corpus.cases.iter().zip(&answers));
    println!("{}{score}", score.diff());

    let mut missed = Vec::new();
    for (field, share, at_least) in [
        ("framework", score.framework, FRAMEWORK),
        ("package manager", score.package_manager, PACKAGE_MANAGER),
        ("output directory", score.output_dir, OUTPUT_DIR),
    ] {
        if share.percent() < at_least {
            missed.push(format!("{field}: {share}, at least {at_least} % is wanted"));
        }
    }
    if score.confident_wrong.percent() > CONFIDENT_WRONG {
        missed.push(format!("confident wrong: {}, at most {CONFIDENT_WRONG} % is allowed", score.confident_wrong));
    }
    assert!(missed.is_empty(), "the misses are above\n{}", missed.join("\n"));
}
