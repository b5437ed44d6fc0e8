//! What a provider says of itself. The settings of its targets are one table: the JSON Schema that forms are drawn
//! from and the check before a target is stored are both made of it.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

/// What a provider takes, in general.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Repositories.
    Git,
    /// Files that are served.
    Static,
    /// Images that are run.
    Container,
    /// Packages of a language.
    Package,
}

/// A way to connect an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A token that one makes there and pastes here.
    Token,
    /// A code that one types there.
    Device,
    /// A page there where one agrees.
    Oauth,
}

/// What a provider can be given to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Accepts {
    /// A tree of files.
    Tree,
    /// Commits.
    Git,
    /// An image.
    Image,
    /// A package.
    Package,
}

/// One setting of a target.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its key in `config`.
    pub key: &'static str,
    /// What forms call it.
    pub title: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What it may be.
    pub value: FieldValue,
    /// Whether there is no target without it.
    pub is_required: bool,
}

/// What a setting may be.
#[derive(Debug, Clone, Copy)]
pub enum FieldValue {
    /// A text of 1 to `longest` characters that matches `pattern`, a regular expression both for ECMA-262 and for
    /// `regex-lite`; `rule` says it in words.
    Text {
        /// In characters.
        longest: usize,
        /// Anchored on both sides.
        pattern: &'static str,
        /// Completes "`key` must be …".
        rule: &'static str,
    },
    /// Yes or no, and what it is when it is not said.
    Flag(bool),
    /// One of some words; the first unless said.
    Choice(&'static [&'static str]),
}

/// What a provider says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// As in targets and paths.
    pub id: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// What it takes, in general.
    pub kind: ProviderKind,
    /// How accounts are connected; none for providers that need no account.
    pub auth: &'static [AuthMethod],
    /// What an account must be allowed there.
    pub scopes: &'static [&'static str],
    /// What it can be given.
    pub accepts: &'static [Accepts],
    /// Whether it takes variables for what runs there.
    pub takes_variables: bool,
    /// The settings of a target.
    pub fields: &'static [Field],
    /// Where the vendor explains how one gets access.
    pub docs_url: Option<&'static str>,
}

impl Descriptor {
    /// The settings of a target as JSON Schema 2020-12.
    pub fn config_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.fields.iter().map(|field| (field.key.to_owned(), field.schema())).collect();
        let required: Vec<_> = self.fields.iter().filter(|field| field.is_required).map(|field| field.key).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }

    /// Checks the settings of a target.
    ///
    /// # Errors
    /// A sentence that names the offending key.
    pub fn check_config(&self, config: &Map<String, Value>) -> Result<(), String> {
        if let Some(key) = config.keys().find(|key| !self.fields.iter().any(|field| field.key == key.as_str())) {
            let known: Vec<_> = self.fields.iter().map(|field| field.key).collect();
            let known = if known.is_empty() { "none of its own".to_owned() } else { known.join(", ") };
            return Err(format!("`config.{key}` is not a setting of `{}`, which has {known}", self.id));
        }
        self.fields.iter().try_for_each(|field| field.check(config.get(field.key)))
    }
}

impl Field {
    fn schema(&self) -> Value {
        let mut schema = match self.value {
            FieldValue::Text { longest, pattern, .. } => {
                json!({ "type": "string", "minLength": 1, "maxLength": longest, "pattern": pattern })
            }
            FieldValue::Flag(usual) => json!({ "type": "boolean", "default": usual }),
            FieldValue::Choice(words) => json!({ "type": "string", "enum": words, "default": words[0] }),
        };
        schema["title"] = self.title.into();
        schema["description"] = self.about.into();
        schema
    }

    fn check(&self, value: Option<&Value>) -> Result<(), String> {
        let must_be = |rule: &str| Err(format!("`config.{}` must be {rule}", self.key));
        let Some(value) = value else {
            return if self.is_required {
                Err(format!("`config.{}` is missing: {}", self.key, self.about))
            } else {
                Ok(())
            };
        };
        match self.value {
            FieldValue::Text { longest, pattern, rule } => {
                let is_fine = value.as_str().is_some_and(|text| {
                    text.chars().count() <= longest && Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
                });
                if is_fine { Ok(()) } else { must_be(rule) }
            }
            FieldValue::Flag(_) if value.is_boolean() => Ok(()),
            FieldValue::Flag(_) => must_be("`true` or `false`"),
            FieldValue::Choice(words) if value.as_str().is_some_and(|word| words.contains(&word)) => Ok(()),
            FieldValue::Choice(words) => must_be(&format!("one of {}", words.join(", "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTOR: Descriptor = Descriptor {
        id: "forge",
        name: "Forge",
        kind: ProviderKind::Git,
        auth: &[AuthMethod::Token],
        scopes: &[],
        accepts: &[Accepts::Git],
        takes_variables: false,
        fields: &[
            Field {
                key: "branch",
                title: "Branch",
                about: "Where commits go.",
                value: FieldValue::Text { longest: 200, pattern: "^[a-z/]+$", rule: "the name of a branch" },
                is_required: true,
            },
            Field {
                key: "create",
                title: "Create",
                about: "Make it.",
                value: FieldValue::Flag(false),
                is_required: false,
            },
            Field {
                key: "visibility",
                title: "Visibility",
                about: "Who sees it.",
                value: FieldValue::Choice(&["private", "public"]),
                is_required: false,
            },
        ],
        docs_url: None,
    };

    #[track_caller]
    fn check(config: &Value, expected: Result<(), &str>) {
        let found = DESCRIPTOR.check_config(config.as_object().expect("an object"));
        match (found, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (found, _) => panic!("{config} gave {found:?}"),
        }
    }

    #[test]
    fn errors_name_the_key_and_what_it_must_be() {
        check(&json!({ "branch": "main" }), Ok(()));
        check(&json!({ "branch": "main", "create": true, "visibility": "public" }), Ok(()));
        check(&json!({}), Err("`config.branch` is missing"));
        check(&json!({ "branch": "a b" }), Err("`config.branch` must be the name of a branch"));
        check(&json!({ "branch": "" }), Err("`config.branch`"));
        check(&json!({ "branch": 7 }), Err("`config.branch` must be the name of a branch"));
        check(&json!({ "branch": "main", "create": "yes" }), Err("`config.create` must be `true` or `false`"));
        check(
            &json!({ "branch": "main", "visibility": "x" }),
            Err("`config.visibility` must be one of private, public"),
        );
        check(&json!({ "branch": "main", "colour": 1 }), Err("`config.colour` is not a setting of `forge`"));
    }

    #[test]
    fn the_schema_says_the_same() {
        let schema = DESCRIPTOR.config_schema();
        assert_eq!(schema["required"], json!(["branch"]));
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["visibility"]["enum"], json!(["private", "public"]));
        assert_eq!(schema["properties"]["branch"]["maxLength"], 200);
    }
}
