//! Vendors on loopback for tests that are not written in Rust: `vendors github netlify`. Prints one line of JSON, with
//! what a control plane must be told to use them and a token that each knows; then it does what lines of its standard
//! input say, and ends with that.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;
use serde_json::json;
use slipway_tests::vendors::Fault;
use slipway_tests::vendors::cloudflare_pages::{ACCOUNT, CloudflarePages};
use slipway_tests::vendors::github::{self, GitHub};
use slipway_tests::vendors::gitlab::{self, GitLab};
use slipway_tests::vendors::netlify::Netlify;
use slipway_tests::vendors::vercel::Vercel;
use tokio::io::{AsyncBufReadExt, BufReader};

const USAGE: &str = "usage: vendors [github] [gitlab] [vercel] [netlify] [cloudflare-pages]";
const COMMANDS: &str = "register URL | approve CODE | refuse CODE | expire CODE | deny yes|no | revoke TOKEN | \
                        repository OWNER/NAME | project NAME | fail PATH STATUS | slow PATH MS";

#[derive(Default)]
struct Vendors {
    github: Option<GitHub>,
    gitlab: Option<GitLab>,
    vercel: Option<Vercel>,
    netlify: Option<Netlify>,
    cloudflare_pages: Option<CloudflarePages>,
}

/// Where vendors take tokens of any form.
const TOKEN: &str = "browser-test-token-0123456789abcdef0123456789";

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
                let vercel = vendors.vercel.insert(Vercel::start().await);
                vercel.add_token(TOKEN, None);
                environment.extend(vercel.settings());
                tokens.insert(name, TOKEN.to_owned());
            }
            "netlify" => {
                let netlify = vendors.netlify.insert(Netlify::start().await);
                netlify.add_token(TOKEN, None);
                environment.extend(netlify.settings());
                tokens.insert(name, TOKEN.to_owned());
            }
            "cloudflare-pages" => {
                let cloudflare_pages = vendors.cloudflare_pages.insert(CloudflarePages::start().await);
                cloudflare_pages.add_token(TOKEN, ACCOUNT);
                environment.extend(cloudflare_pages.settings());
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
                self.netlify.iter().for_each(|netlify| netlify.register(&back("netlify")));
            }
            ["approve", code] => self.github()?.approve(code),
            ["refuse", code] => self.github()?.refuse(code),
            ["expire", code] => self.github()?.expire(code),
            ["deny", answer] => self.github()?.denies(answer == "yes"),
            ["revoke", token] => {
                self.github.iter().for_each(|github| github.revoke_token(token));
                self.gitlab.iter().for_each(|gitlab| gitlab.revoke_token(token));
                self.vercel.iter().for_each(|vercel| vercel.revoke_token(token));
                self.netlify.iter().for_each(|netlify| netlify.revoke_token(token));
                self.cloudflare_pages.iter().for_each(|cloudflare| cloudflare.revoke_token(token));
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
        self.netlify.iter().for_each(|netlify| netlify.fail(path, fault.clone()));
        self.cloudflare_pages.iter().for_each(|cloudflare| cloudflare.fail(path, fault.clone()));
    }
}
