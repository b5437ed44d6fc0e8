//! The two pages one reaches by a one-time link, drawn here for programs without the web UI and browsers without
//! scripts: the first setup and the sign-in of `slipway up`. Plain forms, no script.

use axum::Form;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use secrecy::SecretString;
use serde::Deserialize;

use super::App;
use super::auth::{NO_STORE, redirect};
use super::extract::{Params, check_user_name};
use super::ui::is_navigation;
use crate::error::Error;
use crate::public_url::prefix;

const SETUP: &str = include_str!("setup.html");
const REFUSED: &str = include_str!("refused.html");
const STYLE: &str = include_str!("pages.css");

/// How the pages look that are drawn here.
pub(super) async fn style() -> Response {
    let day = (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400"));
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")), day], STYLE).into_response()
}

/// The link `slipway serve` prints.
#[derive(Deserialize)]
pub(super) struct SetupQuery {
    #[serde(default)]
    token: String,
}

/// Asks for name and password; browsers get the page of the web UI, where there is one. Looking at it uses nothing up.
pub(super) async fn setup(State(app): State<App>, headers: HeaderMap, Params(query): Params<SetupQuery>) -> Response {
    let page = is_navigation(&headers).then(|| app.ui.page("/setup", &headers, StatusCode::OK)).flatten();
    page.unwrap_or_else(|| setup_page(StatusCode::OK, &query.token, "admin", ""))
}

/// The form of the page.
#[derive(Deserialize)]
pub(super) struct SetupForm {
    token: String,
    name: String,
    password: SecretString,
}

/// Makes the first person and goes to the start page, signed in.
pub(super) async fn finish_setup(
    State(app): State<App>,
    headers: HeaderMap,
    form: Result<Form<SetupForm>, FormRejection>,
) -> Response {
    let Ok(Form(form)) = form else {
        return refused(&Error::invalid("the form is incomplete; open the link again"));
    };
    let outcome = async {
        check_user_name(&form.name)?;
        app.access.set_up(&headers, &form.token, &form.name, form.password).await
    };
    match outcome.await {
        Ok(signed_in) => redirect(home(&app).as_str(), [signed_in.cookie]),
        Err(error) => {
            error.log();
            setup_page(error.code().http(), &form.token, &form.name, error.message())
        }
    }
}

fn setup_page(status: StatusCode, token: &str, name: &str, problem: &str) -> Response {
    let problem = if problem.is_empty() { String::new() } else { format!("<p role=\"alert\">{}</p>", escape(problem)) };
    let page =
        SETUP.replace("{{problem}}", &problem).replace("{{name}}", &escape(name)).replace("{{token}}", &escape(token));
    // Under `no-referrer`, our policy elsewhere, browsers send the form with `Origin: null`.
    let referrer = (header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    (status, [NO_STORE, referrer], Html(page)).into_response()
}

/// The link in `ui_url` of `slipway up`.
#[derive(Deserialize)]
pub(super) struct SignInQuery {
    #[serde(default)]
    code: String,
}

/// Uses the code up and goes to the start page, signed in.
pub(super) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    Params(query): Params<SignInQuery>,
) -> Response {
    match app.access.use_sign_in_link(&headers, &query.code).await {
        Ok(Some(signed_in)) => redirect(home(&app).as_str(), [signed_in.cookie]),
        Ok(None) => redirect::<0>(home(&app).as_str(), [] as [HeaderValue; 0]),
        Err(error) => {
            error.log();
            refused(&error)
        }
    }
}

/// The path of the start page.
fn home(app: &App) -> String {
    format!("{}/", prefix(app.access.base_url()))
}

fn refused(error: &Error) -> Response {
    let page = REFUSED.replace("{{problem}}", &escape(error.message()));
    (error.code().http(), [NO_STORE], Html(page)).into_response()
}

fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Our own marks must not come back through what was typed.
            '{' => escaped.push_str("&#123;"),
            c => escaped.push(c),
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_was_typed_stays_text() {
        assert_eq!(escape(r#""><script>{{token}}"#), "&quot;&gt;&lt;script&gt;&#123;&#123;token}}");
    }
}
