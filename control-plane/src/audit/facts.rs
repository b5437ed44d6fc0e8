//! What a change is about: whose record, which, and the names of what changed. Bounded, because much of
//! it is what a caller wrote.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::ids::UserId;
use crate::store::User;

/// Names listed in full; of further ones only their number is told.
const MOST_NAMES: usize = 50;
const LONGEST_TEXT_CHARS: usize = 200;
/// Below what the database refuses.
const LARGEST_DETAILS_BYTES: usize = 16_000;

/// The record a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// `sandbox`, `target`…
    pub kind: &'static str,
    /// Which.
    pub id: Uuid,
}

/// What is known about a change.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    account: Option<UserId>,
    subject: Option<Subject>,
    details: Map<String, Value>,
}

impl Facts {
    /// About a record of this account.
    pub fn of(account: UserId, kind: &'static str, id: &Uuid) -> Self {
        Self { account: Some(account), ..Self::about(kind, id) }
    }

    /// About a record, whosever it is.
    pub fn about(kind: &'static str, id: &Uuid) -> Self {
        Self { subject: Some(Subject { kind, id: *id }), ..Self::default() }
    }

    /// Whose record it is. The first one counts: what a handler looks at first is what it is about.
    pub fn concerns(&mut self, account: impl Into<UserId>) {
        self.account.get_or_insert(account.into());
    }

    /// Somebody signs in as this person, or tries to.
    pub fn signs_in(&mut self, user: &User) {
        self.concerns(user.id);
        self.subject = Some(Subject { kind: "user", id: *user.id.as_uuid() });
        self.add("name", user.name.as_str());
    }

    /// It made a record of this account.
    pub fn belongs_to(&mut self, account: impl Into<UserId>) {
        self.account = Some(account.into());
    }

    /// It made this record; what it began with becomes a detail.
    pub fn made(&mut self, kind: &'static str, id: &Uuid) {
        if let Some(before) = self.subject.replace(Subject { kind, id: *id }) {
            let key = if before.kind == kind { "made_from".to_owned() } else { format!("{}_id", before.kind) };
            self.add(&key, before.id.to_string());
        }
    }

    /// A detail. Never the value of a secret.
    pub fn add(&mut self, key: &str, value: impl Into<Value>) {
        let value = match value.into() {
            Value::String(text) => Value::String(shortened(&text)),
            other => other,
        };
        self.details.insert(key.to_owned(), value);
    }

    /// Names as a detail; nothing when there are none.
    pub fn names<T: AsRef<str>>(&mut self, key: &str, names: impl IntoIterator<Item = T>) {
        let mut names = names.into_iter();
        let mut listed: Vec<_> = names.by_ref().take(MOST_NAMES).map(|name| shortened(name.as_ref())).collect();
        let more = names.count();
        if more > 0 {
            listed.push(format!("… and {more} more"));
        }
        if !listed.is_empty() {
            self.details.insert(key.to_owned(), json!(listed));
        }
    }

    /// Which of a record's members a request is to change.
    pub fn changes<const N: usize>(&mut self, members: [(&str, bool); N]) {
        self.names("changes", members.into_iter().filter(|(_, is_named)| *is_named).map(|(name, _)| name));
    }

    /// The same facts with a detail.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.add(key, value);
        self
    }

    /// Whose record it is, once that is known.
    pub fn account(&self) -> Option<UserId> {
        self.account
    }

    /// The record.
    pub fn subject(&self) -> Option<Subject> {
        self.subject
    }

    /// The details as they are stored.
    pub fn details(&self) -> String {
        let text = Value::Object(self.details.clone()).to_string();
        if text.len() <= LARGEST_DETAILS_BYTES { text } else { json!({ "omitted": "too large" }).to_string() }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_stay_small_whatever_was_sent() {
        let mut facts = Facts::default();
        facts.names("added", (0..60).map(|number| format!("NAME_{number}")));
        facts.names("none", Vec::<String>::new());
        facts.add("name", "ä".repeat(1_000));
        let details: Value = facts.details().parse().expect("is JSON");
        assert_eq!(details["added"][50], "… and 10 more");
        assert_eq!(details["name"].as_str().map(|name| name.chars().count()), Some(LONGEST_TEXT_CHARS + 1));
        assert!(details.get("none").is_none());
        for list in 0..20 {
            facts.names(&format!("list_{list}"), (0..60).map(|_| "N".repeat(128)));
        }
        assert_eq!(facts.details(), r#"{"omitted":"too large"}"#);
    }

    #[test]
    fn the_first_account_counts_and_what_was_made_is_the_subject() {
        let (sandbox, deployment) = (Uuid::now_v7(), Uuid::now_v7());
        let (own, team) = (UserId::new(), UserId::new());
        let mut facts = Facts::about("sandbox", &sandbox);
        facts.concerns(own);
        facts.concerns(team);
        facts.made("deployment", &deployment);
        assert_eq!(facts.account(), Some(own));
        assert_eq!(facts.subject(), Some(Subject { kind: "deployment", id: deployment }));
        assert_eq!(facts.details(), json!({ "sandbox_id": sandbox }).to_string());
        facts.made("deployment", &Uuid::now_v7());
        assert_eq!(facts.details(), json!({ "sandbox_id": sandbox, "made_from": deployment }).to_string());
    }
}
