//! Vendors on loopback for tests that are not written in Rust: `vendors github gitlab vercel`. Prints one line of JSON, with
//! what a control plane must be told to use them and a token that each knows; then it does what lines of its standard
//! input say, and ends with that.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use slipway_tests::vendors::Fault;
use slipway_tests::vendors::github::{self, GitHub};
use slipway_tests::vendors::gitlab::{self, GitLab};
use slipway_tests::vendors::vercel::Vercel;
use tokio::io::{AsyncBufReadExt, BufReader};

const USAGE: &str = "usage: vendors [github] [gitlab] [vercel]";
const COMMANDS: &str = "register URL | approve CODE | refuse CODE | expire CODE | deny yes|no | revoke TOKEN | \
                        repository OWNER/NAME | project NAME | fail PATH STATUS | slow PATH MS";

#[derive(Default)]
struct Vendors {
    github: Option<GitHub>,
    gitlab: Option<GitLab>,
    vercel: Option<Vercel>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut vendors = Vendors::default();
    let (mut environment, mut tokens) = (BTreeMap::new(), BTreeMap::new());
    for name in std::env::args().skip(1) {
        match name.as_str() {
            "github" => {
                let github = vendors.github.insert(GitHub::start().await);
                environment.extend(github.settings());
                tokens.insert(name, github.make_token(github::Token::of_ada()));
            }
            "gitlab" => {
                let gitlab = vendors.gitlab.insert(GitLab::start().await);
                environment.extend(gitlab.settings());
                tokens.insert(name, gitlab.make_token(gitlab::Token::of_ada()));
            }
            "vercel" => {
                const TOKEN: &str = "vca_browser-test-token-0123456789";
                let vercel = vendors.vercel.insert(Vercel::start().await);
                vercel.add_token(TOKEN, None);
                environment.extend(vercel.settings());
                tokens.insert(name, TOKEN.to_owned());
            }
            _ => anyhow::bail!(USAGE),
        }
    }
    println!("{}", json!({ "environment": environment, "tokens": tokens }));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        match vendors.obey(&line) {
            Ok(()) => println!("ok {line}"),
            Err(problem) => println!("no {line}: {problem:#}"),
        }
    }
    Ok(())
}

impl Vendors {
    fn github(&self) -> anyhow::Result<&GitHub> {
        self.github.as_ref().context("there is no GitHub")
    }

    fn obey(&self, line: &str) -> anyhow::Result<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            // Where the control plane is that people come back to.
            ["register", url] => {
                let back = |provider: &str| format!("{url}/api/deployments/auth/{provider}/callback");
                self.github.iter().for_each(|github| github.register(&back("github")));
                self.gitlab.iter().for_each(|gitlab| gitlab.register(&back("gitlab")));
            }
            ["approve", code] => self.github()?.approve(code),
            ["refuse", code] => self.github()?.refuse(code),
            ["expire", code] => self.github()?.expire(code),
            ["deny", answer] => self.github()?.denies(answer == "yes"),
            ["revoke", token] => {
                self.github.iter().for_each(|github| github.revoke_token(token));
                self.gitlab.iter().for_each(|gitlab| gitlab.revoke_token(token));
                self.vercel.iter().for_each(|vercel| vercel.revoke_token(token));
            }
            ["repository", name] => self.github()?.add_repository(name, json!({})),
            ["project", name] => {
                self.vercel.as_ref().context("there is no Vercel")?.add_project(name, None);
            }
            ["fail", path, status] => self.next(path, &Fault::Answer(status.parse()?, Vec::new(), "{}")),
            ["slow", path, ms] => self.next(path, &Fault::Slow(Duration::from_millis(ms.parse()?))),
            _ => anyhow::bail!("there is {COMMANDS}"),
        }
        Ok(())
    }

    /// What becomes of the next request to a path that ends so, at each vendor.
    fn next(&self, path: &str, fault: &Fault) {
        // A process of one test has few of them.
        let path: &'static str = path.to_owned().leak();
        self.github.iter().for_each(|github| github.fail(path, fault.clone()));
        self.gitlab.iter().for_each(|gitlab| gitlab.fail(path, fault.clone()));
        self.vercel.iter().for_each(|vercel| vercel.fail(path, fault.clone()));
    }
}
