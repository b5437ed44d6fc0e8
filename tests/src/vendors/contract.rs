//! Vendors' own descriptions of their APIs (`tests/vendors/github.json`, `netlify.json`): what we send and what a fake
//! answers must both be as they say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};

const GITHUB: &str = include_str!("../../vendors/github.json");
const NETLIFY: &str = include_str!("../../vendors/netlify.json");
/// A part of a path that may have parts of its own.
const WHOLE_PATH: &str = "{path}";

/// A description of an API.
pub(super) struct Contract {
    document: Value,
    /// Of each schema that something was compared with, by its text.
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Contract {
    /// GitHub's.
    pub(super) fn github() -> Self {
        Self::new(GITHUB)
    }

    /// Netlify's.
    pub(super) fn netlify() -> Self {
        Self::new(NETLIFY)
    }

    fn new(document: &str) -> Self {
        Self { document: serde_json::from_str(document).expect("is JSON"), validators: Mutex::default() }
    }

    /// What the description shows as an answer of an operation, such as `GET /user`.
    pub(super) fn example(&self, operation: &str, status: &str) -> Value {
        let example = &self.document["operations"][operation]["answers"][status]["example"];
        assert!(!example.is_null(), "{operation} has no example for {status}");
        example.clone()
    }

    /// What is wrong with an exchange; nothing when the description does not have the operation.
    pub(super) fn check(&self, request: &Exchange<'_>) -> Vec<String> {
        let operations = self.document["operations"].as_object().expect("operations");
        let found = operations.iter().find(|(name, _)| is_at(name, request.method, request.path));
        let Some((name, operation)) = found else { return Vec::new() };
        let mut wrong = Vec::new();
        wrong.extend(self.query(&operation["query"], request.query));
        match (&operation["body"], request.body) {
            (Value::Null, Value::Null) => {}
            (Value::Null, body) => wrong.push(format!("it takes no body, and got {body}")),
            (schema, body) => wrong.extend(self.mismatches(schema, body)),
        }
        let status = request.status.to_string();
        let answers = &operation["answers"];
        let usual = if request.status >= 400 { &answers["default"] } else { &Value::Null };
        match if answers[&status].is_null() { usual } else { &answers[&status] } {
            // Of any operation: limits, servers that fail, bad credentials.
            _ if request.status == 429 || request.status >= 500 => {}
            Value::Null if matches!(request.status, 401 | 403) => {}
            Value::Null => wrong.push(format!("it does not answer {status}")),
            answer if answer["schema"].is_null() => {}
            answer => wrong.extend(self.mismatches(&answer["schema"], request.answer)),
        }
        wrong.into_iter().map(|problem| format!("{name}: {problem}")).collect()
    }

    fn query(&self, known: &Value, query: &str) -> Vec<String> {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let check = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            let Some(schema) = known.get(name.as_ref()) else { return vec![format!("it has no parameter `{name}`")] };
            let value = match schema["type"].as_str() {
                Some("integer") => value.parse::<i64>().map_or_else(|_| json!(value), Value::from),
                Some("boolean") => value.parse::<bool>().map_or_else(|_| json!(value), Value::from),
                _ => json!(value),
            };
            self.mismatches(schema, &value)
        };
        pairs.flat_map(check).collect()
    }

    fn mismatches(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        validator.iter_errors(value).take(3).map(|error| format!("{error} at {}", error.instance_path())).collect()
    }
    fn validator(&self, schema: &Value) -> Arc<Validator> {
        let mut known = self.validators.lock().expect("nobody panics here");
        let build = || {
            let mut root = Map::new();
            root.insert("allOf".to_owned(), json!([schema]));
            root.insert("schemas".to_owned(), self.document["schemas"].clone());
            Arc::new(jsonschema::validator_for(&Value::Object(root)).expect("the description is a schema"))
        };
        known.entry(schema.to_string()).or_insert_with(build).clone()
    }
}

/// One request and its answer.
pub(super) struct Exchange<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'a Value,
    pub(super) status: u16,
    pub(super) answer: &'a Value,
}

fn is_at(operation: &str, method: &Method, path: &str) -> bool {
    let (own_method, template) = operation.split_once(' ').expect("a method and a path");
    let (parts, found): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let has_length =
        if parts.last() == Some(&WHOLE_PATH) { found.len() >= parts.len() } else { found.len() == parts.len() };
    own_method == method.as_str()
        && has_length
        && parts.iter().zip(&found).all(|(part, found)| part.starts_with('{') || part == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &Value, status: u16, answer: &Value) -> Vec<String> {
        let (method, path) = (&Method::POST, "/user/repos");
        Contract::github().check(&Exchange { method, path, query: "", body, status, answer })
    }

    #[test]
    fn netlify_answers_errors_as_it_says_once_for_all() {
        let check = |path: &str, body: &Value, status: u16, answer: &Value| {
            let (method, query) = (&Method::PUT, "");
            Contract::netlify().check(&Exchange { method, path, query, body, status, answer })
        };
        let path = "/api/v1/sites/x/deploys/1";
        let body = json!({ "files": {}, "async": true });
        assert!(check(path, &body, 200, &json!({ "id": "1", "error_message": null })).is_empty());
        assert!(check(path, &body, 422, &json!({ "message": "no" })).is_empty());
        assert!(check(path, &body, 422, &json!({}))[0].contains("message"));
        assert!(check(path, &json!({ "async": 7 }), 200, &json!({})).len() == 1);
        assert!(check("/api/v1/deploys/1/files/a/b", &json!(7), 200, &json!({ "size": "x" })).len() == 1);
    }

    #[test]
    fn what_the_description_does_not_say_is_noticed() {
        let made = Contract::github().example("POST /user/repos", "201");
        assert!(check(&json!({ "name": "shop" }), 201, &made).is_empty());
        assert!(check(&json!({ "name": 7 }), 201, &made)[0].contains("string"));
        assert!(check(&json!({}), 201, &made)[0].contains("name"));
        assert!(check(&json!({ "name": "shop" }), 201, &json!({ "id": 7 }))[0].contains("required"));
        assert!(check(&json!({ "name": "shop" }), 418, &json!({}))[0].contains("does not answer 418"));
    }
}
