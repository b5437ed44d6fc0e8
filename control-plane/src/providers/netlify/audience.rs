//! Who gets to see a deploy: everybody, who knows its address, or who knows that of its branch.

use serde_json::Value;

use super::PRODUCTION;
use super::api::Context;

/// Of a label of a host name (RFC 1035), and what is between the branch and the site in it.
const LABEL_CHARS: usize = 63;
const BRANCH_SEPARATOR: &str = "--";

/// Who gets to see a deploy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Audience {
    /// Everybody.
    Production,
    /// Who knows its own address.
    Draft,
    /// Who knows the address that it shares with others of the same branch.
    Branch(String),
}

impl Audience {
    /// `preview` with a branch has an address for it, which begins so that it is never that of a branch which Netlify
    /// builds itself.
    pub(super) fn of(environment: &str, branch: Option<&str>, site: &str) -> Self {
        let branch = match (environment, branch) {
            (PRODUCTION, _) => return Self::Production,
            ("staging", _) => "staging".to_owned(),
            (_, None) => return Self::Draft,
            (_, Some(branch)) => format!("preview-{}", label(branch)),
        };
        let room = LABEL_CHARS.saturating_sub(site.len() + BRANCH_SEPARATOR.len());
        let cut = branch.get(..room).unwrap_or(&branch).trim_end_matches('-');
        if cut.is_empty() { Self::Draft } else { Self::Branch(cut.to_owned()) }
    }

    /// What a deploy is told of it.
    pub(super) fn tell(&self, mut body: Value) -> Value {
        body["draft"] = (*self == Self::Draft).into();
        if let Self::Branch(branch) = self {
            body["branch"] = branch.as_str().into();
        }
        body
    }

    /// For which deploys variables are set.
    pub(super) fn context(&self) -> Context {
        match self {
            Self::Production => Context::Usual("production"),
            Self::Draft => Context::Usual("deploy-preview"),
            Self::Branch(branch) => Context::Branch(branch.clone()),
        }
    }
}

/// A branch as part of a host name.
fn label(branch: &str) -> String {
    let lower = branch.chars().map(|c| c.to_ascii_lowercase());
    let plain: String = lower.map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_preview_of_a_branch_has_an_address_of_its_own() {
        let of = |environment: &str, branch: Option<&str>, site: &str| Audience::of(environment, branch, site);
        let branch = |name: &str| Audience::Branch(name.to_owned());
        assert_eq!(of("production", Some("main"), "shop"), Audience::Production);
        assert_eq!(of("preview", None, "shop"), Audience::Draft);
        assert_eq!(of("preview", Some("feat/Größe_2!"), "shop"), branch("preview-feat-gr-e-2"));
        assert_eq!(of("staging", Some("main"), "shop"), branch("staging"));
        let long = of("preview", Some(&"x".repeat(100)), "shop");
        let Audience::Branch(long) = long else { panic!("{long:?}") };
        assert_eq!(long.len() + BRANCH_SEPARATOR.len() + "shop".len(), LABEL_CHARS);
        assert_eq!(of("preview", Some("main"), &"x".repeat(63)), Audience::Draft);
    }

    #[test]
    fn a_deploy_is_told_who_gets_to_see_it() {
        assert_eq!(Audience::Production.tell(json!({})), json!({ "draft": false }));
        assert_eq!(Audience::Draft.tell(json!({})), json!({ "draft": true }));
        let branch = Audience::Branch("staging".to_owned());
        assert_eq!(branch.tell(json!({})), json!({ "draft": false, "branch": "staging" }));
    }
}
