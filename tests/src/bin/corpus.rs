//! Scores an agent on the detection corpus: `corpus [--json] [AGENT_BINARY]`. Without a binary it takes
//! the one beside itself.

use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::Context;
use slipway_tests::corpus::{Corpus, Score, ask_all};

const USAGE: &str = "usage: corpus [--json] [AGENT_BINARY]";

fn main() -> anyhow::Result<()> {
    let (mut as_json, mut agent) = (false, None);
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--json") => as_json = true,
            Some(option) if option.starts_with('-') => anyhow::bail!(USAGE),
            _ if agent.is_some() => anyhow::bail!(USAGE),
            _ => agent = Some(PathBuf::from(argument)),
        }
    }
    let agent = match agent {
        Some(agent) => agent,
        None => std::env::current_exe()?.with_file_name("slipway-agent"),
    };
    anyhow::ensure!(agent.is_file(), "{} is missing: build it first, or name another; {USAGE}", agent.display());

    let corpus = Corpus::find()?.context("there is nothing to score")?;
    let answers = ask_all(&agent, &corpus.cases)?;
    let score = Score::of(corpus.cases.iter().zip(&answers));
    let text = if as_json { format!("{:#}\n", score.json()) } else { format!("{}\n{score}", score.diff()) };
    match std::io::stdout().write_all(text.as_bytes()) {
        // `… | head` has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
