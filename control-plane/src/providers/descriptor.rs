//! What a provider is, what it can, and what it wants to be told: enough to draw its forms from.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What a provider takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Commits, for a branch of a repository.
    Git,
    /// Files, for a site.
    Static,
}

/// How an account there is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// By a token that a person has made there.
    Token,
}

/// A provider as it describes itself.
#[derive(Debug)]
pub struct Descriptor {
    /// Stable, as in targets and paths.
    pub id: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// How an account is connected; empty when none is needed.
    pub auth: &'static [AuthMethod],
    /// What a token should be allowed.
    pub scopes: &'static [&'static str],
    /// Where the provider says how such a token is made; empty when none is needed.
    pub docs_url: &'static str,
    /// What a target is told besides how to build.
    pub config: &'static [Setting],
}

/// A key of a target's config.
#[derive(Debug)]
pub struct Setting {
    key: &'static str,
    about: &'static str,
    is_required: bool,
    form: Form,
}

#[derive(Debug)]
enum Form {
    Text,
    Flag,
    Choice(&'static [&'static str]),
}

impl Setting {
    /// Text that every target must have.
    pub const fn required(key: &'static str, about: &'static str) -> Self {
        Self { key, about, is_required: true, form: Form::Text }
    }

    /// Text that may be left out.
    pub const fn text(key: &'static str, about: &'static str) -> Self {
        Self { key, about, is_required: false, form: Form::Text }
    }

    /// Yes or no.
    pub const fn flag(key: &'static str, about: &'static str) -> Self {
        Self { key, about, is_required: false, form: Form::Flag }
    }

    /// One of some words; the first unless said.
    pub const fn choice(key: &'static str, about: &'static str, words: &'static [&'static str]) -> Self {
        Self { key, about, is_required: false, form: Form::Choice(words) }
    }
}

impl Descriptor {
    /// The form of a target's config as JSON Schema (2020-12).
    pub fn config_schema(&self) -> Value {
        let property = |setting: &Setting| {
            let mut schema = match setting.form {
                Form::Text => json!({ "type": "string", "minLength": 1 }),
                Form::Flag => json!({ "type": "boolean" }),
                Form::Choice(words) => json!({ "type": "string", "enum": words, "default": words[0] }),
            };
            schema["description"] = setting.about.into();
            (setting.key.to_owned(), schema)
        };
        let required: Vec<&str> =
            self.config.iter().filter(|setting| setting.is_required).map(|setting| setting.key).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": self.config.iter().map(property).collect::<serde_json::Map<_, _>>(),
            "required": required,
            "additionalProperties": false,
        })
    }
}
