//! The OpenAPI document. A handler says what is particular to it; what is true of every operation is
//! written here, once: errors as problem documents, the answers any request can get, headers, bounds of
//! texts, examples.

use serde_json::{Map, Value, json};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::error::Problem;
use super::extract::LONGEST_NAME_CHARS;
use super::{idempotency, logs};
use crate::error::ErrorCode;
use crate::variables::LARGEST_VALUE_BYTES;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Slipway",
        description = "Ship what was built in a sandbox, without a secret ever entering it.\n\n\
            JSON in `snake_case`, ids are UUIDv7, times RFC 3339 in UTC. Lists come in pages: send `next_cursor` as `cursor` \
            for the next one. Errors are problem documents (RFC 9457) with a stable `code`. What belongs to somebody \
            else answers as if it were not there.",
        contact(name = "Whoever operates this installation"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    servers((url = "/", description = "this installation")),
    tags(
        (name = "sandboxes", description = "Where projects are built. Each has an agent, which enrols with a token and holds no credential."),
        (name = "targets", description = "Where deployments go, and the variables they are made with."),
        (name = "providers", description = "Where deployments can go, and the accounts there. A token comes in and never goes out."),
        (name = "deployments", description = "One attempt to ship what a sandbox holds to a target: started, watched, cancelled, repeated."),
        (name = "teams", description = "People who own sandboxes and targets together, each in a role."),
        (name = "people", description = "Signing in and out, who one is, API tokens."),
        (name = "operations", description = "Signs of life for load balancers and supervisors.")
    ),
    components(schemas(Problem, logs::LineView, logs::StatusView)),
    modifiers(&Credentials),
    security(("bearer" = []), ("session" = []))
)]
pub(super) struct Document;

struct Credentials;

impl utoipa::Modify for Credentials {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("slw_…").build();
        bearer.description = Some("An API token, or a JWT of the platform that this installation trusts.".to_owned());
        let key = |name: &str, about: &str| ApiKeyValue::with_description(name, about);
        let session = key("__Host-slipway", "Of signing in. Named `slipway` on plain HTTP.");
        let csrf = key("X-CSRF-Token", "`csrf_token` of `GET /api/me`, with every request that changes something.");
        let schemes = &mut document.components.get_or_insert_default().security_schemes;
        schemes.insert("bearer".to_owned(), SecurityScheme::Http(bearer).into());
        schemes.insert("session".to_owned(), SecurityScheme::ApiKey(ApiKey::Cookie(session)).into());
        schemes.insert("csrf".to_owned(), SecurityScheme::ApiKey(ApiKey::Header(csrf)).into());
    }
}

/// Every answer has them; those of the limits where there is one.
const COMMON_HEADERS: [&str; 3] = ["X-Request-Id", "RateLimit", "RateLimit-Policy"];
/// Records that can be changed by whoever has seen how they are: `ETag` and `If-Match`.
const TAGGED: [&str; 3] = ["/api/sandboxes/{id}", "/api/deployments/targets/{id}", "/api/teams/{id}"];
/// What examples show: a body for each schema that is one, by its name.
const EXAMPLES: &str = include_str!("examples.json");
const PAGE: &str = "Page_";

/// The document as it is served.
/// `prefix` is the path below which this installation is reached.
pub(super) fn complete(document: &utoipa::openapi::OpenApi, prefix: &str) -> Value {
    // Both are constant, and a test reads them.
    let mut document = serde_json::to_value(document).unwrap_or_default();
    document["servers"][0]["url"] = format!("{prefix}/").into();
    let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).unwrap_or_default();
    document["components"]["headers"] = headers();
    state_bounds(&mut document);
    for schema in examples.keys() {
        if let Some(described) = document["components"]["schemas"].get_mut(schema) {
            described["examples"] = json!([examples[schema]]);
        }
    }
    document["components"]["responses"] =
        ErrorCode::ALL.into_iter().map(|code| (code.as_str().to_owned(), problem(code, about(code)))).collect();
    refer_to_items(&mut document["components"]["schemas"]);
    for (path, item) in members(&mut document["paths"]) {
        for (method, operation) in members(item) {
            complete_operation(path, method, operation);
            for body in bodies(operation) {
                show_example(body, &examples);
            }
        }
    }
    document
}

fn members(value: &mut Value) -> impl Iterator<Item = (&String, &mut Value)> {
    value.as_object_mut().into_iter().flatten()
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let is_public = operation["security"] == json!([{}]);
    if !is_public && method != "get" {
        operation["security"] = json!([{ "bearer": [] }, { "session": [], "csrf": [] }]);
    }
    let is_idempotent = method == "post" && idempotency::keeps_answer(path);
    if is_idempotent {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        operation["parameters"] = parameters.into_iter().chain([idempotency_key()]).collect();
    }
    let is_tagged = TAGGED.contains(&path);
    if is_tagged && matches!(method, "put" | "patch" | "delete") {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        operation["parameters"] = parameters.into_iter().chain([if_match()]).collect();
    }
    let is_collection = method == "post" && TAGGED.iter().any(|record| record.strip_suffix("/{id}") == Some(path));
    if is_tagged || is_collection {
        for (status, answer) in members(&mut operation["responses"]) {
            if matches!(status.as_str(), "200" | "201") {
                answer["headers"]["ETag"] = json!({ "$ref": "#/components/headers/ETag" });
            }
        }
    }
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        complete_parameter(parameter);
    }

    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_named = |name: &str| parameters.iter().any(|parameter| parameter["name"] == name);
    let has_input = parameters.iter().any(|parameter| parameter["in"] != "path");
    let has_body = operation.get("requestBody").is_some();
    let possible = [
        (ErrorCode::Unauthenticated, !is_public),
        (ErrorCode::Forbidden, !is_public),
        (ErrorCode::NotFound, path.contains('{')),
        (ErrorCode::Conflict, is_idempotent),
        (ErrorCode::PreconditionFailed, is_named("If-Match")),
        (ErrorCode::TooLarge, has_body || is_idempotent),
        (ErrorCode::UnsupportedMediaType, has_body),
        (ErrorCode::InvalidInput, has_body || has_input),
        (ErrorCode::RateLimited, path.starts_with("/api/")),
        (ErrorCode::Internal, true),
        (ErrorCode::Unavailable, true),
    ];
    for (code, _) in possible.into_iter().filter(|(_, can_be)| *can_be) {
        let answer = &mut operation["responses"][code.http().as_str()];
        if answer.is_null() {
            *answer = json!({});
        }
    }
    for (status, answer) in members(&mut operation["responses"]) {
        complete_answer(status, answer, is_idempotent);
    }
}

/// Generic types come with their parts written out; lists refer to their items instead.
fn refer_to_items(schemas: &mut Value) {
    let names: Vec<String> = members(schemas).map(|(name, _)| name.clone()).collect();
    for name in &names {
        if let Some(item) = name.strip_prefix(PAGE).filter(|item| names.iter().any(|name| name == item)) {
            schemas[name]["properties"]["items"]["items"] = json!({ "$ref": format!("#/components/schemas/{item}") });
        }
    }
}

/// In a query or a header there is no `null`: what is not sent is left out.
fn complete_parameter(parameter: &mut Value) {
    let schema = &mut parameter["schema"];
    if let Some(types) = schema["type"].as_array().cloned()
        && let Some(other) = types.into_iter().find(|one| one != "null")
    {
        schema["type"] = other;
    }
    if let Some(choices) = schema["oneOf"].as_array().cloned()
        && let Some(other) = choices.into_iter().find(|one| one["type"] != "null")
    {
        *schema = other;
    }
    if parameter["in"] == "path" && parameter["description"].is_null() {
        let name = parameter["name"].as_str().unwrap_or_default();
        let thing = if name == "id" { "record" } else { name.trim_end_matches("_id") };
        parameter["description"] = format!("the id of the {thing}").into();
    }
}

fn if_match() -> Value {
    json!({
        "name": "If-Match",
        "in": "header",
        "description": "The `ETag` of what was read: the change is refused when it is another one now.",
        "required": false,
        "schema": { "type": "string" },
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of one's own: a request that is sent again with it gets the first answer, and nothing is made twice.",
        "required": false,
        "schema": {
            "type": "string",
            "minLength": 1,
            "maxLength": idempotency::LONGEST_KEY_BYTES,
            "pattern": r"^[!-~]([\t -~]*[!-~])?$",
        },
    })
}

fn complete_answer(status: &str, answer: &mut Value, is_idempotent: bool) {
    let special = answer["description"].as_str().filter(|text| !text.is_empty());
    match (error_with(status), special) {
        (Some(error), None) => *answer = json!({ "$ref": format!("#/components/responses/{}", error.as_str()) }),
        (Some(error), Some(detail)) => *answer = problem(error, detail),
        (None, _) => {
            if let Some(stream) = answer.pointer_mut("/content/text~1event-stream") {
                stream["itemSchema"] = event();
            }
            let replayed = is_idempotent.then_some("Idempotent-Replayed");
            for name in COMMON_HEADERS.into_iter().chain(replayed) {
                answer["headers"][name] = json!({ "$ref": format!("#/components/headers/{name}") });
            }
        }
    }
}

/// One event of a stream. OpenAPI 3.2 has a place for it; readers of 3.1 pass over it.
fn event() -> Value {
    json!({
        "type": "object",
        "properties": {
            "event": { "type": "string", "enum": ["log", "step", "status", "done"] },
            "id": { "type": "string", "pattern": "^[0-9]+$" },
            "data": { "type": "string", "contentMediaType": "application/json" },
        },
        "required": ["event", "id", "data"],
    })
}

/// The answer that tells of an error.
fn problem(error: ErrorCode, detail: &str) -> Value {
    let status = error.http();
    let own = match error {
        ErrorCode::RateLimited | ErrorCode::QuotaExceeded => Some("Retry-After"),
        ErrorCode::Unauthenticated => Some("WWW-Authenticate"),
        ErrorCode::MethodNotAllowed => Some("Allow"),
        _ => None,
    };
    let headers = COMMON_HEADERS.into_iter().chain(own);
    let headers = headers.map(|name| (name.to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })));
    json!({
        "description": detail,
        "headers": headers.collect::<Map<_, _>>(),
        "content": {
            "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" },
                "example": {
                    "type": "about:blank",
                    "title": status.canonical_reason().unwrap_or("Error"),
                    "status": status.as_u16(),
                    "code": error.as_str(),
                    "detail": detail,
                    "request_id": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
                },
            },
        },
    })
}

/// The error that is answered with this status.
fn error_with(status: &str) -> Option<ErrorCode> {
    ErrorCode::ALL.into_iter().find(|code| code.http().as_str() == status)
}

/// What an error says of itself where the handler says nothing.
fn about(error: ErrorCode) -> &'static str {
    match error {
        ErrorCode::InvalidInput => "the body, a parameter or a header is not as described; `detail` names it",
        ErrorCode::Unauthenticated => "no valid token, JWT or session came with the request",
        ErrorCode::Forbidden => "the caller, or the token they sent, may not do this",
        ErrorCode::NotFound => "there is no such record, or it is somebody else's",
        ErrorCode::MethodNotAllowed => "the path does not answer this method",
        ErrorCode::Conflict => "the first request with this `Idempotency-Key` is under way",
        ErrorCode::PreconditionFailed => "the record is no longer as `If-Match` says; read it again",
        ErrorCode::TooLarge => "the body is too large",
        ErrorCode::UnsupportedMediaType => "the body is not sent as `Content-Type: application/json`",
        ErrorCode::RateLimited => "too many requests; `Retry-After` says when to try again",
        ErrorCode::QuotaExceeded => {
            "the account has used up what it may use; `Retry-After`, if there is one, says when there is more"
        }
        ErrorCode::Unavailable => "something this needs is away, or took too long; try again later",
        ErrorCode::Internal => "a defect; the server's log has the details",
    }
}

fn headers() -> Value {
    let text = |about: &str, example: &str| json!({ "description": about, "schema": { "type": "string" }, "example": example });
    json!({
        "X-Request-Id": {
            "description": "Names this request, also in the server's log.",
            "schema": { "type": "string", "format": "uuid" },
            "example": "0199d3a5-7c2f-7b3d-8e41-5a6b7c8d9e0f",
        },
        "RateLimit": text("How many requests are left and for how many seconds; absent where there is no limit.", "\"user\";r=598;t=60"),
        "RateLimit-Policy": text("How many requests may come in how many seconds.", "\"user\";q=600;w=60"),
        "ETag": text("How the record is, for `If-Match`.", "\"5f1d7a84db00d2fce00b31a7\""),
        "Retry-After": {
            "description": "In how many seconds to try again.",
            "schema": { "type": "integer", "minimum": 1 },
            "example": 30,
        },
        "Allow": text("The methods that the path answers.", "GET,HEAD"),
        "WWW-Authenticate": text("How to authenticate.", "Bearer"),
        "Idempotent-Replayed": {
            "description": "This is the first answer again, because the `Idempotency-Key` was used before.",
            "schema": { "type": "string", "enum": ["true"] },
            "example": "true",
        },
    })
}

/// Bounds of texts that many schemas share. Schemas name them by `format`.
fn bounds(format: &str) -> Option<Value> {
    const BRANCHES_OFF: &str = r"^(?!/)(?!([^\u0000]*/)?\.\.(/|$))[^\u0000]*[^\s\u0000][^\u0000]*$";
    const SOME_TEXT: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";
    const NAME: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
    const USER_NAME: &str =
        r"^(?!team:)[^\s\u0000-\u001f\u007f-\u009f]([^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f])?$";
    Some(match format {
        "name" => json!({ "minLength": 1, "maxLength": LONGEST_NAME_CHARS, "pattern": NAME }),
        "user-name" => json!({ "minLength": 1, "maxLength": LONGEST_NAME_CHARS, "pattern": USER_NAME }),
        "slug" => json!({ "minLength": 1, "maxLength": 64, "pattern": SOME_TEXT }),
        "command" => json!({ "minLength": 1, "maxLength": 4096, "pattern": SOME_TEXT }),
        "text" => json!({ "minLength": 1, "maxLength": 1024, "pattern": SOME_TEXT }),
        "relative-path" => json!({ "minLength": 1, "maxLength": 1024, "pattern": BRANCHES_OFF }),
        "variable-name" => json!({ "minLength": 1, "maxLength": 128, "pattern": "^[A-Za-z_][A-Za-z0-9_]*$" }),
        "variable-value" => json!({ "maxLength": LARGEST_VALUE_BYTES, "pattern": r"^[^\u0000]*$" }),
        _ => return None,
    })
}

fn state_bounds(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(bounds) = object.get("format").and_then(Value::as_str).and_then(bounds) {
                object.remove("format");
                object.extend(bounds.as_object().cloned().unwrap_or_default());
            }
            object.values_mut().for_each(state_bounds);
        }
        Value::Array(items) => items.iter_mut().for_each(state_bounds),
        _ => {}
    }
}

/// The JSON bodies of an operation, sent and answered.
fn bodies(operation: &mut Value) -> Vec<&mut Value> {
    let Value::Object(operation) = operation else { return Vec::new() };
    let mut bodies = Vec::new();
    for (name, part) in operation {
        match name.as_str() {
            "requestBody" => bodies.extend(part.pointer_mut("/content/application~1json")),
            "responses" => {
                bodies.extend(members(part).filter_map(|(_, one)| one.pointer_mut("/content/application~1json")));
            }
            _ => {}
        }
    }
    bodies
}

fn show_example(body: &mut Value, examples: &Map<String, Value>) {
    // A body that may be left out is one of `null` and its schema.
    let choices = body["schema"]["oneOf"].as_array().into_iter().flatten();
    let reference = choices.chain(std::iter::once(&body["schema"])).find_map(|schema| schema["$ref"].as_str());
    let reference = reference.unwrap_or_default();
    let schema = reference.rsplit('/').next().unwrap_or_default();
    let example = match schema.strip_prefix(PAGE) {
        Some(item) => examples.get(item).map(|item| json!({ "items": [item], "next_cursor": null })),
        None => examples.get(schema).cloned(),
    };
    // An operation may show a better one.
    if let Some(example) = example.filter(|_| body["example"].is_null()) {
        body["example"] = example;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::routes;

    fn document() -> Value {
        complete(&routes().1, "")
    }

    fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
    }

    fn answers<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = (&'a str, &'a Value)> {
        operation["responses"].as_object().unwrap().iter().map(|(status, answer)| {
            let shared = answer["$ref"].as_str().and_then(|name| document.pointer(name.trim_start_matches('#')));
            (status.as_str(), shared.unwrap_or(answer))
        })
    }

    #[test]
    fn every_operation_says_what_it_is() {
        let document = document();
        let tags: Vec<_> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        let mut ids = BTreeSet::new();
        for (name, operation) in operations(&document) {
            assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{name}: its operationId is taken");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            assert!(tags.contains(&&operation["tags"][0]), "{name} has no tag that is described");
        }
    }

    #[test]
    fn every_answer_is_described_and_every_error_is_a_problem() {
        let document = document();
        for (name, operation) in operations(&document) {
            for (status, answer) in answers(&document, operation) {
                assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
                assert!(answer["headers"]["X-Request-Id"].is_object(), "{name} {status}");
                if !status.starts_with(['2', '3']) {
                    let body = &answer["content"]["application/problem+json"];
                    assert_eq!(body["schema"]["$ref"], "#/components/schemas/Problem", "{name} {status}");
                    assert_eq!(body["example"]["status"].to_string(), status, "{name}");
                }
            }
            for status in ["500", "503"] {
                assert!(operation["responses"][status].is_object(), "{name} can answer {status}");
            }
        }
    }

    /// That they are as their schemas say is checked in `tests/schemathesis`.
    #[test]
    fn every_body_has_an_example() {
        let document = document();
        for (name, operation) in operations(&document) {
            let sent = operation.pointer("/requestBody/content").into_iter();
            let answered = answers(&document, operation).filter_map(|(_, answer)| answer.get("content"));
            for content in sent.chain(answered) {
                for (kind, body) in content.as_object().unwrap() {
                    assert!(!body["example"].is_null(), "{name}: {kind} has no example; write one into examples.json");
                }
            }
        }
    }

    #[test]
    fn no_example_is_for_nothing() {
        let document = document();
        let examples: Map<String, Value> = serde_json::from_str(EXAMPLES).unwrap();
        for schema in examples.keys() {
            assert!(document["components"]["schemas"][schema].is_object(), "there is no schema {schema}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(document: &Value, value: &Value) {
            match value {
                Value::Object(object) => {
                    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                        assert!(
                            document.pointer(reference.trim_start_matches('#')).is_some(),
                            "{reference} is missing"
                        );
                    }
                    object.values().for_each(|value| check(document, value));
                }
                Value::Array(items) => items.iter().for_each(|value| check(document, value)),
                _ => {}
            }
        }
        let document = document();
        check(&document, &document);
    }

    #[test]
    fn no_two_schemas_share_a_name() {
        let document = document();
        let words = |name: &str| document["components"]["schemas"][name]["enum"].clone();
        assert_eq!(words("Scope"), json!(["read", "deploy", "targets", "accounts", "admin"]));
        assert_eq!(words("VariableScope"), json!(["build", "runtime"]));
    }

    #[test]
    fn what_requests_with_a_session_must_send_is_said() {
        let document = document();
        assert_eq!(document["paths"]["/api/sandboxes"]["get"].get("security"), None);
        assert_eq!(document["paths"]["/api/sandboxes"]["post"]["security"][1], json!({ "session": [], "csrf": [] }));
        assert_eq!(document["paths"]["/healthz"]["get"]["security"], json!([{}]));
    }
}
