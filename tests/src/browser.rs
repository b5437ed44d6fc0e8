//! A browser as far as signing in goes: it keeps cookies, and follows no redirect by itself.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::control_plane::text;

/// Somebody's browser.
pub struct Browser {
    client: reqwest::Client,
    url: String,
    cookies: Mutex<BTreeMap<String, String>>,
    csrf: Mutex<Option<String>>,
}

impl Browser {
    /// One with no cookies, for the site at `url`.
    pub fn new(url: &str) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .expect("a client");
        Self { client, url: url.to_owned(), cookies: Mutex::default(), csrf: Mutex::default() }
    }

    /// A request with the cookies, and, after a sign-in, the CSRF token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let is_safe = method.is_safe();
        let request = self.bare_request(method, path);
        match self.csrf.lock().expect("nobody panics here").as_deref().filter(|_| !is_safe) {
            Some(csrf) => request.header("x-csrf-token", csrf),
            None => request,
        }
    }

    /// The same as another site would cause it: with the cookies only.
    pub fn bare_request(&self, method: Method, path: &str) -> RequestBuilder {
        let cookies = self.cookies.lock().expect("nobody panics here");
        let cookies = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.url) };
        self.client.request(method, url).header(COOKIE, cookies.join("; "))
    }

    /// Sends a request and keeps the cookies of the answer.
    pub async fn send(&self, request: RequestBuilder) -> Response {
        let response = request.send().await.expect("answers");
        let mut cookies = self.cookies.lock().expect("nobody panics here");
        for line in response.headers().get_all(SET_COOKIE) {
            let line = line.to_str().expect("is ASCII");
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Fetches a page.
    pub async fn get(&self, path: &str) -> Response {
        self.send(self.request(Method::GET, path)).await
    }

    /// Signs in with name and password; keeps the CSRF token.
    pub async fn log_in(&self, name: &str, password: &str) -> Response {
        let body = json!({ "name": name, "password": password });
        self.send(self.request(Method::POST, "/api/auth/login").json(&body)).await
    }

    /// Who this browser is signed in as, if it is; keeps the CSRF token.
    pub async fn me(&self) -> Option<Value> {
        let response = self.get("/api/me").await;
        if !response.status().is_success() {
            return None;
        }
        let me: Value = response.json().await.expect("is JSON");
        *self.csrf.lock().expect("nobody panics here") = Some(text(&me, "csrf_token"));
        Some(me)
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().expect("nobody panics here").get(name).cloned()
    }

    /// Puts a cookie in, as somebody else might.
    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().expect("nobody panics here").insert(name.to_owned(), value.to_owned());
    }
}

/// Where an answer redirects to.
pub fn location(response: &Response) -> String {
    let location = response.headers().get("location").unwrap_or_else(|| panic!("no redirect: {response:?}"));
    location.to_str().expect("is ASCII").to_owned()
}
