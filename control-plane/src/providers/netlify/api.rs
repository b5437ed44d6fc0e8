//! The part of Netlify's REST API that we use: <https://open-api.netlify.com>.

use std::time::Duration;

use axum::http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::super::ProviderError;
use super::super::http::{Answer, Authorization, Call, OpenBody, VendorHttp, shortened};
use super::functions::Runtime;
use super::release::{Deploy, Site};

const PER_PAGE: usize = 100;
/// Netlify looks at each file of a deploy before it answers, unless it is told that there are many.
const ANNOUNCE_PATIENCE: Duration = Duration::from_secs(2 * 60);
/// What one file may take, on a slow line.
const UPLOAD_PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Lists are looked through so many pages deep.
const MOST_PAGES: usize = 5;
/// Where secret variables may be used: everywhere but in post-processing, where Netlify takes none.
const SCOPES: [&str; 3] = ["builds", "functions", "runtime"];

/// Netlify at one address, below which is `api/v1/`.
#[derive(Clone)]
pub(super) struct NetlifyApi {
    pub(super) http: VendorHttp,
    /// For files: not counted with the other requests, and as patient as large bodies need it.
    uploads: VendorHttp,
    base: Url,
}

/// Whose token it is.
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) full_name: Option<String>,
    pub(super) email: Option<String>,
}

/// For which deploys a variable has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Context {
    /// One that Netlify has for every site.
    Usual(&'static str),
    /// Those of one branch.
    Branch(String),
}

#[derive(Deserialize)]
struct Variable {
    key: String,
}

impl Context {
    /// A value for it.
    fn value(&self, value: &SecretString) -> Value {
        match self {
            Self::Usual(name) => json!({ "context": name, "value": value.expose_secret() }),
            Self::Branch(branch) => {
                json!({ "context": "branch", "context_parameter": branch, "value": value.expose_secret() })
            }
        }
    }
}

impl NetlifyApi {
    pub(super) fn new(http: VendorHttp, uploads: VendorHttp, base: Url) -> Self {
        Self { http, uploads, base }
    }

    pub(super) fn call(
        &self,
        token: &SecretString,
        method: Method,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Call, ProviderError> {
        Ok(Call::new(method, &self.base, template, segments)?.authorized(Authorization::Bearer(token.clone())))
    }

    pub(super) async fn get(
        &self,
        token: &SecretString,
        template: &'static str,
        segments: &[&str],
    ) -> Result<Answer, ProviderError> {
        self.http.send(self.call(token, Method::GET, template, segments)?).await
    }

    /// Whose token it is.
    pub(super) async fn user(&self, token: &SecretString) -> Result<User, ProviderError> {
        expect(&self.get(token, "user", &[]).await?, "tell whose token this is")?.json()
    }

    /// A site by its id or its address; `None` when there is none, or the token may not see it.
    pub(super) async fn site(&self, token: &SecretString, site: &str) -> Result<Option<Site>, ProviderError> {
        found(&self.get(token, "sites/{}", &[site]).await?, "show the site")
    }

    /// Makes a site in a team, or in the one that is the account's usual one.
    pub(super) async fn create_site(
        &self,
        token: &SecretString,
        team: Option<&str>,
        name: &str,
    ) -> Result<Site, ProviderError> {
        let call = match team {
            Some(team) => self.call(token, Method::POST, "{}/sites", &[team])?,
            None => self.call(token, Method::POST, "sites", &[])?,
        };
        let answer = self.http.send(call.json(&json!({ "name": name }))).await?;
        if answer.status() == 422 {
            return Err(ProviderError::Rejected(format!(
                "Netlify does not make the site `{name}` ({}): somebody else may have a site of this name; choose another `site_name`",
                message_of(&answer.value())
            )));
        }
        expect(&answer, "make the site")?.json()
    }

    /// A page of the sites with `search` in their name, counted from 1, and whether there is another.
    pub(super) async fn sites(
        &self,
        token: &SecretString,
        search: Option<&str>,
        page: u32,
    ) -> Result<(Vec<Site>, bool), ProviderError> {
        let mut call = self.call(token, Method::GET, "sites", &[])?.query("filter", "all");
        if let Some(search) = search {
            call = call.query("name", search);
        }
        let call = call.query("page", &page.to_string()).query("per_page", &PER_PAGE.to_string());
        let answer = self.http.send(call).await?;
        let sites = expect(&answer, "list sites")?.json()?;
        Ok((sites, has_next(&answer)))
    }

    /// Makes an empty deploy, which shows nothing to anybody before it knows its files. Not sent twice by itself.
    pub(super) async fn create_deploy(
        &self,
        token: &SecretString,
        site: &str,
        title: &str,
        body: &Value,
    ) -> Result<Deploy, ProviderError> {
        let call = self.call(token, Method::POST, "sites/{}/deploys", &[site])?.query("title", title).json(body);
        expect(&self.http.send(call).await?, "make a deploy")?.json()
    }

    /// Tells a deploy its files, and hears which Netlify lacks. Saying the same again asks anew.
    pub(super) async fn announce(
        &self,
        token: &SecretString,
        site: &str,
        id: &str,
        body: &Value,
    ) -> Result<Deploy, ProviderError> {
        let call = self.call(token, Method::PUT, "sites/{}/deploys/{}", &[site, id])?;
        let answer = self.http.send(call.within(ANNOUNCE_PATIENCE).json(body)).await?;
        expect(&answer, "take this deploy")?.json()
    }

    /// Sends a file of a deploy.
    pub(super) async fn upload(
        &self,
        token: &SecretString,
        id: &str,
        path: &str,
        size_bytes: u64,
        open: OpenBody,
    ) -> Result<(), ProviderError> {
        let call = self.call(token, Method::PUT, "deploys/{}/files", &[id])?.below(path)?;
        self.send_bytes(call, size_bytes, open, "take a file").await
    }

    /// Sends a function of a deploy, as a ZIP.
    pub(super) async fn upload_function(
        &self,
        token: &SecretString,
        id: &str,
        name: &str,
        runtime: &Runtime,
        (size_bytes, open): (u64, OpenBody),
    ) -> Result<(), ProviderError> {
        let mut call = self.call(token, Method::PUT, "deploys/{}/functions/{}", &[id, name])?;
        call = call.query("runtime", &runtime.name);
        if let Some(mode) = &runtime.invocation_mode {
            call = call.query("invocation_mode", mode);
        }
        if let Some(timeout) = runtime.timeout_seconds {
            call = call.query("timeout", &timeout.to_string());
        }
        self.send_bytes(call, size_bytes, open, "take a function").await
    }

    async fn send_bytes(&self, call: Call, size_bytes: u64, open: OpenBody, doing: &str) -> Result<(), ProviderError> {
        // Tried again by whoever sends many, each by itself.
        let answer = self.uploads.send(call.within(UPLOAD_PATIENCE).streaming(size_bytes, open)).await?;
        expect(&answer, doing).map(drop)
    }

    /// A deploy; `None` when there is none.
    pub(super) async fn deploy(
        &self,
        token: &SecretString,
        site: &str,
        id: &str,
    ) -> Result<Option<Deploy>, ProviderError> {
        found(&self.get(token, "sites/{}/deploys/{}", &[site, id]).await?, "show the deploy")
    }

    /// The latest deploy of a site that is as wanted; only those that are or were in production, if so said.
    pub(super) async fn find_deploy(
        &self,
        token: &SecretString,
        site: &str,
        is_production: bool,
        is_wanted: impl Fn(&Deploy) -> bool,
    ) -> Result<Option<Deploy>, ProviderError> {
        for page in 1..=MOST_PAGES {
            let mut call = self.call(token, Method::GET, "sites/{}/deploys", &[site])?;
            if is_production {
                call = call.query("production", "true").query("state", "ready");
            }
            let call = call.query("page", &page.to_string()).query("per_page", &PER_PAGE.to_string());
            let answer = self.http.send(call).await?;
            let deploys: Vec<Deploy> = expect(&answer, "list deploys")?.json()?;
            let has_next = has_next(&answer);
            let found = deploys.into_iter().find(|deploy| is_wanted(deploy));
            if found.is_some() || !has_next {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Holds a deploy back; `false` when it is too late for that.
    pub(super) async fn cancel(&self, token: &SecretString, id: &str) -> Result<bool, ProviderError> {
        let call = self.call(token, Method::POST, "deploys/{}/cancel", &[id])?.repeatable();
        let answer = self.http.send(call).await?;
        match answer.status().as_u16() {
            400 | 404 | 409 | 422 => Ok(false),
            _ => expect(&answer, "cancel the deploy").map(|_| true),
        }
    }

    /// Deletes a deploy; none there is as good.
    pub(super) async fn delete(&self, token: &SecretString, id: &str) -> Result<(), ProviderError> {
        let call = self.call(token, Method::DELETE, "deploys/{}", &[id])?.repeatable();
        gone(&self.http.send(call).await?, "delete the deploy")
    }

    /// Makes a former deploy what everybody sees again.
    pub(super) async fn restore(&self, token: &SecretString, site: &str, id: &str) -> Result<Deploy, ProviderError> {
        let call = self.call(token, Method::POST, "sites/{}/deploys/{}/restore", &[site, id])?.repeatable();
        expect(&self.http.send(call).await?, "make that deploy live")?.json()
    }

    /// Names of the variables that a site has.
    pub(super) async fn variables(
        &self,
        token: &SecretString,
        team: &str,
        site: &str,
    ) -> Result<Vec<String>, ProviderError> {
        let call = self.call(token, Method::GET, "accounts/{}/env", &[team])?.query("site_id", site);
        let answer = self.http.send(call).await?;
        let variables: Vec<Variable> = expect(&answer, "list variables")?.json()?;
        Ok(variables.into_iter().map(|variable| variable.key).collect())
    }

    /// Makes variables that a site does not have, as secrets with a value for one context.
    pub(super) async fn create_variables(
        &self,
        token: &SecretString,
        (team, site): (&str, &str),
        variables: &[(&str, &SecretString)],
        context: &Context,
    ) -> Result<(), ProviderError> {
        let body = variables
            .iter()
            .map(|(key, value)| json!({ "key": key, "is_secret": true, "scopes": SCOPES, "values": [context.value(value)] }))
            .collect();
        let call = self.call(token, Method::POST, "accounts/{}/env", &[team])?.query("site_id", site);
        let call = variables.iter().fold(call, |call, (_, value)| call.hiding(value));
        expect(&self.http.send(call.json(&Value::Array(body))).await?, "take the variables").map(drop)
    }

    /// Sets the value that a variable has for one context.
    pub(super) async fn set_variable(
        &self,
        token: &SecretString,
        (team, site): (&str, &str),
        (key, value): (&str, &SecretString),
        context: &Context,
    ) -> Result<(), ProviderError> {
        let call = self.call(token, Method::PATCH, "accounts/{}/env/{}", &[team, key])?.query("site_id", site);
        let call = call.hiding(value).json(&context.value(value)).repeatable();
        expect(&self.http.send(call).await?, "take the variables").map(drop)
    }
}

/// Lists go on where the header `Link` says (RFC 8288).
fn has_next(answer: &Answer) -> bool {
    answer.header("link").is_some_and(|links| links.split(',').any(|link| link.contains(r#"rel="next""#)))
}

/// A record, or nothing when Netlify says that there is none.
pub(super) fn found<T: for<'de> Deserialize<'de>>(answer: &Answer, doing: &str) -> Result<Option<T>, ProviderError> {
    if answer.status() == 404 { Ok(None) } else { expect(answer, doing)?.json().map(Some) }
}

/// Whether something is not there any more, or never was.
pub(super) fn gone(answer: &Answer, doing: &str) -> Result<(), ProviderError> {
    if answer.status() == 404 { Ok(()) } else { expect(answer, doing).map(drop) }
}

/// The answer when it is no refusal.
pub(super) fn expect<'a>(answer: &'a Answer, doing: &str) -> Result<&'a Answer, ProviderError> {
    if answer.status().is_success() {
        Ok(answer)
    } else {
        Err(refusal(answer.status().as_u16(), &answer.value(), doing))
    }
}

/// What an error says: `message`, or what is wrong by field.
pub(super) fn message_of(body: &Value) -> String {
    let fields = body["errors"].as_object().into_iter().flatten();
    let field = |(name, problem): (&String, &Value)| {
        let problem = problem.as_str().or_else(|| problem[0].as_str()).unwrap_or_default();
        format!("{name} {problem}")
    };
    let message = body["message"].as_str().map(str::to_owned);
    shortened(&message.unwrap_or_else(|| fields.map(field).collect::<Vec<_>>().join("; ")))
}

/// What Netlify's refusal means, and what to do about it.
fn refusal(status: u16, body: &Value, doing: &str) -> ProviderError {
    let message = message_of(body);
    let sentence = match status {
        401 => format!(
            "Netlify does not accept this token ({message}): it is wrong, expired or revoked. Make one in User settings, Applications, and connect the account again"
        ),
        402 => format!("Netlify does not {doing} ({message}): the plan does not allow it, or has a bill open"),
        403 => format!(
            "Netlify does not {doing} ({message}): the account may not do that here; a team that wants single sign-on has to be granted to the token where it was made"
        ),
        404 => format!(
            "Netlify does not {doing}: it is not there, or this account has no access to it; check `site_id`, `site_name` and `team`"
        ),
        413 => format!("Netlify does not {doing}: it is too large"),
        status if status < 500 => {
            let why = if message.is_empty() { format!("it answers {status}") } else { message };
            format!("Netlify does not {doing}: {why}")
        }
        status => return ProviderError::Failed(anyhow::anyhow!("Netlify answered {status} when asked to {doing}")),
    };
    ProviderError::Rejected(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        let body = json!({ "code": 401, "message": "Access Denied" });
        for (status, body, expected) in [
            (401, body.clone(), "(Access Denied): it is wrong, expired or revoked"),
            (402, Value::Null, "the plan"),
            (403, body.clone(), "single sign-on"),
            (404, body.clone(), "check `site_id`"),
            (422, json!({ "errors": { "subdomain": ["must be unique"] } }), "does not look: subdomain must be unique"),
            (418, Value::Null, "it answers 418"),
        ] {
            let ProviderError::Rejected(found) = refusal(status, &body, "look") else { panic!("{status}") };
            assert!(found.contains(expected), "{found}");
        }
        let failed = json!({ "status": 500, "error": "Internal Server Error" });
        assert!(matches!(refusal(500, &failed, "look"), ProviderError::Failed(_)));
    }

    #[test]
    fn values_are_for_a_context_or_for_one_branch() {
        let value = SecretString::from("x");
        assert_eq!(Context::Usual("production").value(&value), json!({ "context": "production", "value": "x" }));
        assert_eq!(
            Context::Branch("staging".to_owned()).value(&value),
            json!({ "context": "branch", "context_parameter": "staging", "value": "x" })
        );
    }
}
