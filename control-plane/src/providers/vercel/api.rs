//! The part of Vercel's REST API that we use: <https://vercel.com/docs/rest-api>. Each path has a version of its own.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::ProviderError;
use super::super::http::{Answer, Authorization, Call, OpenBody, VendorHttp, shortened};
use super::release::{Deployment, Project};

const PER_PAGE: &str = "100";
/// Vercel looks at each file of a deployment before it answers.
const CREATE_PATIENCE: Duration = Duration::from_secs(2 * 60);
/// What one file may take, on a slow line.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Lists are looked through so many pages deep.
const MOST_PAGES: usize = 5;
/// Lines of a build's log that are asked for.
const LOG_LINES: &str = "200";

/// Vercel at one address.
#[derive(Clone)]
pub(super) struct VercelApi {
    pub(super) http: VendorHttp,
    /// For files: not counted with the other requests, and as patient as large bodies need it.
    uploads: VendorHttp,
    base: Url,
}

/// As whom, and in which team, something is asked.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) token: &'a SecretString,
    /// `teamId` or `slug`, and which; the account's own when absent.
    pub(super) team: Option<(&'static str, &'a str)>,
}

/// Whose token it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    pub(super) id: String,
    pub(super) username: Option<String>,
    pub(super) email: Option<String>,
    /// `northstar` accounts have nothing outside of teams.
    pub(super) version: Option<String>,
}

/// A team of the token's user.
#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: String,
    pub(super) slug: String,
}

/// An environment that a project has besides the usual ones.
#[derive(Debug, Deserialize)]
pub(super) struct CustomEnvironment {
    pub(super) id: String,
    pub(super) slug: String,
}

/// What came of asking for a deployment.
pub(super) enum Created {
    /// It is being made.
    Made(Box<Deployment>),
    /// Vercel lacks the files with these SHA-1s; nothing was made.
    Missing(Vec<String>),
}

/// Part of a list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Pagination {
    next: Option<Value>,
}

#[derive(Deserialize)]
struct UserAnswer {
    user: User,
}

#[derive(Deserialize)]
struct TeamsAnswer {
    teams: Vec<Team>,
}

#[derive(Deserialize)]
struct ProjectsAnswer {
    projects: Vec<Project>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct DeploymentsAnswer {
    deployments: Vec<Deployment>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct EnvironmentsAnswer {
    environments: Vec<CustomEnvironment>,
}

#[derive(Deserialize)]
struct VariablesAnswer {
    #[serde(default)]
    failed: Vec<Value>,
}

impl VercelApi {
    pub(super) fn new(http: VendorHttp, uploads: VendorHttp, base: Url) -> Self {
        Self { http, uploads, base }
    }

    pub(super) fn call(
        &self,
        scope: Scope<'_>,
        method: Method,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Call, ProviderError> {
        let call = Call::new(method, &self.base, template, segments)?;
        let call = call.authorized(Authorization::Bearer(scope.token.clone()));
        Ok(match scope.team {
            Some((name, team)) => call.query(name, team),
            None => call,
        })
    }

    pub(super) async fn get(
        &self,
        scope: Scope<'_>,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.call(scope, Method::GET, template, segments)?).await
    }

    /// Whose token it is.
    pub(super) async fn user(&self, token: &SecretString) -> Result<User, ProviderError> {
        let answer = self.get(Scope { token, team: None }, "v2/user", &[]).await?;
        Ok(expect(&answer, "tell whose token this is")?.json::<UserAnswer>()?.user)
    }

    /// The teams of the token's user, a hundred at most.
    pub(super) async fn teams(&self, token: &SecretString) -> Result<Vec<Team>, ProviderError> {
        let call = self.call(Scope { token, team: None }, Method::GET, "v2/teams", &[])?.query("limit", PER_PAGE);
        let answer = self.http.send(call).await?;
        Ok(expect(&answer, "list teams")?.json::<TeamsAnswer>()?.teams)
    }

    /// A project by its name or id; `None` when there is none, or the token may not see it.
    pub(super) async fn project(&self, scope: Scope<'_>, project: &str) -> Result<Option<Project>, ProviderError> {
        found(&self.get(scope, "v9/projects/{}", &[project]).await?, "show the project")
    }

    /// Makes a project without a framework; one that is there already is as good.
    pub(super) async fn create_project(&self, scope: Scope<'_>, name: &str) -> Result<(), ProviderError> {
        let body = json!({ "name": name, "framework": null });
        let answer = self.http.send(self.call(scope, Method::POST, "v11/projects", &[])?.json(&body)).await?;
        if answer.status() == 409 { Ok(()) } else { expect(&answer, "make the project").map(drop) }
    }

    /// Projects with `search` in their name, after `from`.
    pub(super) async fn projects(
        &self,
        scope: Scope<'_>,
        search: Option<&str>,
        from: Option<&str>,
    ) -> Result<Page<Project>, ProviderError> {
        let mut call = self.call(scope, Method::GET, "v10/projects", &[])?.query("limit", PER_PAGE);
        for (name, value) in [("search", search), ("from", from)] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        let answer = self.http.send(call).await?;
        let found: ProjectsAnswer = expect(&answer, "list projects")?.json()?;
        Ok(Page { items: found.projects, next: next(found.pagination) })
    }

    /// The environments of a project besides the usual ones.
    pub(super) async fn environments(
        &self,
        scope: Scope<'_>,
        project: &str,
    ) -> Result<Vec<CustomEnvironment>, ProviderError> {
        let answer = self.get(scope, "v9/projects/{}/custom-environments", &[project]).await?;
        Ok(expect(&answer, "list environments")?.json::<EnvironmentsAnswer>()?.environments)
    }

    /// Sets what the running site is given; what has another value is overwritten.
    pub(super) async fn set_variables(
        &self,
        scope: Scope<'_>,
        project: &str,
        environment: &str,
        variables: &BTreeMap<String, SecretString>,
    ) -> Result<(), ProviderError> {
        let body: Vec<_> = variables
            .iter()
            .map(|(key, value)| {
                json!({ "key": key, "value": value.expose_secret(), "type": "sensitive", "target": [environment] })
            })
            .collect();
        let call = self.call(scope, Method::POST, "v10/projects/{}/env", &[project])?.query("upsert", "true");
        let call = variables.values().fold(call, Call::hiding).json(&Value::Array(body)).repeatable();
        let answer = self.http.send(call).await?;
        let outcome: VariablesAnswer = expect(&answer, "take the variables")?.json()?;
        let Some(failed) = outcome.failed.first() else { return Ok(()) };
        let text = |name: &str| failed["error"][name].as_str().map(shortened).unwrap_or_default();
        // Its message may repeat the value.
        Err(ProviderError::Rejected(format!(
            "Vercel does not take the variable {} ({}); change it, or set it at Vercel",
            text("key"),
            text("code")
        )))
    }

    /// Asks for a deployment. Not sent twice by itself.
    pub(super) async fn create(&self, scope: Scope<'_>, body: &Value) -> Result<Created, ProviderError> {
        let call = self
            .call(scope, Method::POST, "v13/deployments", &[])?
            .query("skipAutoDetectionConfirmation", "1")
            .query("prebuilt", "1")
            .within(CREATE_PATIENCE)
            .json(body);
        let answer = self.http.send(call).await?;
        let told = if answer.status() == 400 { answer.value() } else { Value::Null };
        if told["error"]["code"] == "missing_files" {
            let missing = told["error"]["missing"].as_array().into_iter().flatten();
            return Ok(Created::Missing(missing.filter_map(Value::as_str).map(str::to_owned).collect()));
        }
        Ok(Created::Made(expect(&answer, "make this deployment")?.json()?))
    }

    /// Stores a file under its digest; answers how many more the account may send, if Vercel tells.
    pub(super) async fn upload(
        &self,
        scope: Scope<'_>,
        sha1: &str,
        size_bytes: u64,
        open: OpenBody,
    ) -> Result<Option<u64>, ProviderError> {
        let size = size_bytes.to_string();
        let call = self
            .call(scope, Method::POST, "v2/files", &[])?
            // The name of its document, and that of its own client.
            .header("x-vercel-digest", sha1)
            .header("x-now-digest", sha1)
            .header("x-now-size", &size)
            .within(UPLOAD_PATIENCE)
            .streaming(size_bytes, open)
            .repeatable();
        let answer = self.uploads.send(call).await?;
        let answer = expect(&answer, "take a file")?;
        Ok(answer.header("x-ratelimit-remaining").and_then(|left| left.parse().ok()))
    }

    /// A deployment; `None` when there is none.
    pub(super) async fn deployment(&self, scope: Scope<'_>, id: &str) -> Result<Option<Deployment>, ProviderError> {
        found(&self.get(scope, "v13/deployments/{}", &[id]).await?, "show the deployment")
    }

    /// The latest deployment of a project, made at `since` (milliseconds since 1970) or later, that has this in its
    /// `meta` and is as wanted.
    pub(super) async fn find_deployment(
        &self,
        scope: Scope<'_>,
        project: &str,
        (key, value): (&str, &str),
        since: Option<u64>,
        is_wanted: impl Fn(&Deployment) -> bool,
    ) -> Result<Option<Deployment>, ProviderError> {
        let mut until: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut call = self
                .call(scope, Method::GET, "v7/deployments", &[])?
                .query("projectId", project)
                .query("limit", PER_PAGE)
                .query(&format!("meta-{key}"), value);
            if let Some(since) = since {
                call = call.query("since", &since.to_string());
            }
            if let Some(until) = &until {
                call = call.query("until", until);
            }
            let answer = self.http.send(call).await?;
            let page: DeploymentsAnswer = expect(&answer, "list deployments")?.json()?;
            // Whether the filter was understood is not taken for granted.
            let has_it = |deployment: &Deployment| deployment.meta.get(key).and_then(Value::as_str) == Some(value);
            let found = page.deployments.into_iter().find(|deployment| has_it(deployment) && is_wanted(deployment));
            if found.is_some() {
                return Ok(found);
            }
            until = next(page.pagination);
            if until.is_none() {
                break;
            }
        }
        Ok(None)
    }

    /// Holds a deployment back; `false` when it is too late for that.
    pub(super) async fn cancel(&self, scope: Scope<'_>, id: &str) -> Result<bool, ProviderError> {
        let call = self.call(scope, Method::PATCH, "v12/deployments/{}/cancel", &[id])?.repeatable();
        let answer = self.http.send(call).await?;
        match answer.status().as_u16() {
            400 | 404 | 409 | 422 => Ok(false),
            _ => expect(&answer, "cancel the deployment").map(|_| true),
        }
    }

    /// Deletes a deployment; none there is as good.
    pub(super) async fn delete(&self, scope: Scope<'_>, id: &str) -> Result<(), ProviderError> {
        let answer =
            self.http.send(self.call(scope, Method::DELETE, "v13/deployments/{}", &[id])?.repeatable()).await?;
        if answer.status() == 404 { Ok(()) } else { expect(&answer, "delete the deployment").map(drop) }
    }

    /// Makes a former deployment live again: moves the project's domains to it.
    pub(super) async fn roll_back(&self, scope: Scope<'_>, project: &str, id: &str) -> Result<(), ProviderError> {
        self.move_domains(scope, "v9/projects/{}/rollback/{}", project, id).await
    }

    /// Makes a deployment live that waits for it: moves the project's domains to it.
    pub(super) async fn promote(&self, scope: Scope<'_>, project: &str, id: &str) -> Result<(), ProviderError> {
        self.move_domains(scope, "v10/projects/{}/promote/{}", project, id).await
    }

    async fn move_domains(
        &self,
        scope: Scope<'_>,
        template: &'static str,
        project: &str,
        id: &str,
    ) -> Result<(), ProviderError> {
        let call = self.call(scope, Method::POST, template, &[project, id])?.json(&json!({})).repeatable();
        let answer = self.http.send(call).await?;
        expect(&answer, "make that deployment live").map(drop)
    }

    /// What a build said, the last lines of it; nothing when Vercel does not tell.
    pub(super) async fn log(&self, scope: Scope<'_>, id: &str) -> Vec<String> {
        let ask = async || {
            let call = self
                .call(scope, Method::GET, "v3/deployments/{}/events", &[id])?
                .query("direction", "backward")
                .query("limit", LOG_LINES)
                .query("builds", "1");
            let answer = self.http.send(call).await?;
            expect(&answer, "show the log")?.json::<Vec<Value>>()
        };
        let events = ask().await.unwrap_or_default();
        let text = |event: &Value| {
            let text = event["text"].as_str().or(event["payload"]["text"].as_str());
            text.map(str::to_owned).filter(|text| !text.trim().is_empty())
        };
        events.iter().rev().filter_map(text).collect()
    }
}

/// A record, or nothing when Vercel says that there is none.
pub(super) fn found<T: for<'de> Deserialize<'de>>(answer: &Answer, doing: &str) -> Result<Option<T>, ProviderError> {
    if answer.status() == 404 { Ok(None) } else { expect(answer, doing)?.json().map(Some) }
}

pub(super) fn expect<'a>(answer: &'a Answer, doing: &str) -> Result<&'a Answer, ProviderError> {
    if answer.status().is_success() {
        Ok(answer)
    } else {
        Err(refusal(answer.status().as_u16(), &answer.value(), doing))
    }
}

fn next(pagination: Option<Pagination>) -> Option<String> {
    match pagination?.next? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// What Vercel's refusal means, and what to do about it.
fn refusal(status: u16, body: &Value, doing: &str) -> ProviderError {
    let text = |name: &str| body["error"][name].as_str().map(shortened).unwrap_or_default();
    let (code, message) = (text("code"), text("message"));
    let sentence = match status {
        401 => wrong_token(&message),
        403 if body["error"]["invalidToken"] == true => wrong_token(&message),
        403 if code == "integration_configuration_disabled" => {
            format!("Vercel does not {doing}: the integration is disabled; enable it in the team's settings there")
        }
        403 => format!(
            "Vercel does not {doing} ({message}): the token is wrong or expired, or may not act in this team; check `team_id`, or connect the account again"
        ),
        402 => format!("Vercel does not {doing} ({message}): the plan does not allow it, or has a bill open"),
        404 => format!(
            "Vercel does not {doing}: it is not there, or this account has no access to it; check `project` and `team_id`"
        ),
        413 => format!("Vercel does not {doing}: it is too large for the plan"),
        status if status < 500 => {
            format!(
                "Vercel does not {doing}: {}",
                if message.is_empty() { format!("it answers {status}") } else { message }
            )
        }
        status => return ProviderError::Failed(anyhow::anyhow!("Vercel answered {status} when asked to {doing}")),
    };
    ProviderError::Rejected(sentence)
}

fn wrong_token(message: &str) -> String {
    format!(
        "Vercel does not accept this token ({message}): it is wrong, expired or revoked. Make one in Account Settings, Tokens, and connect the account again"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        let body = |code: &str| json!({ "error": { "code": code, "message": "Not authorized" } });
        for (status, body, expected) in [
            (403, json!({ "error": { "code": "forbidden", "invalidToken": true } }), "wrong, expired or revoked"),
            (403, body("forbidden"), "check `team_id`"),
            (403, body("integration_configuration_disabled"), "the integration is disabled"),
            (402, body("payment_required"), "the plan"),
            (404, body("not_found"), "check `project`"),
            (400, body("bad_request"), "Vercel does not look: Not authorized"),
        ] {
            let ProviderError::Rejected(found) = refusal(status, &body, "look") else { panic!("{status}") };
            assert!(found.contains(expected), "{found}");
        }
        assert!(matches!(refusal(500, &Value::Null, "look"), ProviderError::Failed(_)));
    }

    #[test]
    fn pages_are_named_by_number_or_text() {
        let page = |next: Value| Some(Pagination { next: Some(next) });
        assert_eq!(next(page(json!(7))).as_deref(), Some("7"));
        assert_eq!(next(page(json!("x"))).as_deref(), Some("x"));
        assert_eq!(next(page(Value::Null)), None);
        assert_eq!(next(None), None);
    }
}
