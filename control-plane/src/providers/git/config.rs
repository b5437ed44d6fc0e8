//! The settings of a target at a git host.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::is_branch_name;
use crate::providers::CommitText;
use crate::providers::descriptor::{Field, FieldValue};

const LONGEST_TEXT_BYTES: usize = 256;
const DEFAULT_BRANCH: &str = "main";

/// The settings below, as forms show them. What a pattern cannot say, [`BranchSettings::check`] does.
pub(in crate::providers) const BRANCH: Field = Field {
    key: "branch",
    title: "Branch",
    about: "The branch that commits are pushed to; made when it is not there.",
    value: FieldValue::Text {
        longest: 244,
        pattern: r"^[^\x00-\x20\x7f~^:?*\[\\]+$",
        rule: "the name of a branch, such as `main`",
    },
    is_required: false,
};
pub(in crate::providers) const COMMITS_ONLY: Field = Field {
    key: "commits_only",
    title: "Commits only",
    about: "Push the repository's commits as they are, and nothing that is not committed.",
    value: FieldValue::Flag(false),
    is_required: false,
};
pub(in crate::providers) const AUTHOR_NAME: Field = Field {
    key: "author_name",
    title: "Author",
    about: "Who the commit is by that holds what is not committed.",
    value: FieldValue::Text {
        longest: LONGEST_TEXT_BYTES,
        pattern: r"^[^<>\n\x00]+$",
        rule: "a name on one line, without `<` and `>`",
    },
    is_required: false,
};
pub(in crate::providers) const AUTHOR_EMAIL: Field = Field {
    key: "author_email",
    title: "Author's address",
    about: "Their e-mail address; everybody who sees the repository sees it.",
    value: FieldValue::Text {
        longest: LONGEST_TEXT_BYTES,
        pattern: r"^[^<>\n\x00]+@[^<>\n\x00]+$",
        rule: "an e-mail address",
    },
    is_required: false,
};

pub(in crate::providers) const REPORT_DEPLOYMENTS: Field = Field {
    key: "report_deployments",
    title: "Report deployments",
    about: "Tell the host when a commit that was pushed from a sandbox is deployed from there to another target.",
    value: FieldValue::Flag(true),
    is_required: false,
};

/// What targets at every git host can be told, besides where the repository is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::providers) struct BranchSettings {
    /// Made when it is not there.
    #[serde(default = "default_branch")]
    pub(in crate::providers) branch: String,
    /// Whether the repository is made when it is not there.
    #[serde(default)]
    pub(in crate::providers) create: bool,
    /// Push the repository's commits as they are, and nothing that is not committed.
    #[serde(default)]
    pub(in crate::providers) commits_only: bool,
    /// Of the commit that holds what is not committed.
    #[serde(default)]
    pub(in crate::providers) author_name: Option<String>,
    #[serde(default)]
    pub(in crate::providers) author_email: Option<String>,
    /// Tell the host how deployments of its commits end.
    #[serde(default = "reports")]
    pub(in crate::providers) report_deployments: bool,
}

fn reports() -> bool {
    true
}

fn default_branch() -> String {
    DEFAULT_BRANCH.to_owned()
}

impl BranchSettings {
    /// # Errors
    /// A sentence that names the offending key.
    pub(in crate::providers) fn check(&self) -> Result<(), String> {
        if !is_branch_name(&self.branch) {
            return Err(format!(
                "`config.branch` is `{}`, which git does not take for the name of a branch",
                self.branch
            ));
        }
        for (key, text) in [("author_name", &self.author_name), ("author_email", &self.author_email)] {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.len() > LONGEST_TEXT_BYTES || text.contains(['<', '>', '\n', '\0']) {
                return Err(format!(
                    "`config.{key}` must have 1 to {LONGEST_TEXT_BYTES} bytes on one line, without `<` and `>`"
                ));
            }
        }
        if self.author_email.as_ref().is_some_and(|address| !address.contains('@')) {
            return Err("`config.author_email` must be an e-mail address".to_owned());
        }
        Ok(())
    }

    /// What a new commit says.
    pub(in crate::providers) fn commit_text(&self) -> CommitText {
        CommitText {
            commits_only: self.commits_only,
            author_name: self.author_name.clone(),
            author_email: self.author_email.clone(),
        }
    }
}

/// The settings of one provider, every key of which is known.
///
/// # Errors
/// A sentence that names the offending key.
pub(in crate::providers) fn parse<T: for<'de> Deserialize<'de>>(config: &Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(config.clone())).map_err(|error| format!("`config`: {error}"))
}
