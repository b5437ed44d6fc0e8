//! How Cloudflare wraps what it answers: `{"success", "errors": [{"code", "message"}], "result", "result_info"}`. What
//! stands before its API, such as its firewall, answers plain text or a page.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::ProviderError;
use super::super::http::{Answer, shortened};

/// Codes of errors (wrangler, `src/pages/errors.ts`).
const UNKNOWN_ERROR: u64 = 8_000_000;
const PROJECT_NOT_FOUND: [u64; 2] = [8_000_007, 8_000_009];
const DEPLOYMENT_NOT_FOUND: u64 = 8_000_008;
const WRONG_JWT: u64 = 8_000_013;
/// Of wrong tokens: "Authentication error", "Invalid access token", "Invalid API Token", headers that are none.
const WRONG_TOKEN: [u64; 5] = [10_000, 9_109, 1_000, 6_003, 6_111];
/// What is said in plain text of a token for uploads that has ended.
const EXPIRED_JWT: &str = "expired jwt";

#[derive(Deserialize)]
struct Success<T> {
    result: T,
    result_info: Option<PageInfo>,
}

/// Where in a list a page is.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub(super) struct PageInfo {
    page: u64,
    per_page: u64,
    total_count: Option<u64>,
    total_pages: Option<u64>,
}

impl PageInfo {
    /// The page after this one, which has so many items.
    pub(super) fn next(&self, items: usize) -> Option<u64> {
        let is_last = match (self.total_pages, self.total_count) {
            (Some(pages), _) => self.page >= pages,
            (None, Some(total)) => self.page.saturating_mul(self.per_page) >= total,
            (None, None) => self.per_page == 0 || (items as u64) < self.per_page,
        };
        (items > 0 && !is_last).then_some(self.page + 1)
    }
}

/// What was asked for.
pub(super) fn result<T: DeserializeOwned>(answer: &Answer, doing: &str) -> Result<T, ProviderError> {
    page(answer, doing).map(|(result, _)| result)
}

/// The same of a list.
pub(super) fn page<T: DeserializeOwned>(answer: &Answer, doing: &str) -> Result<(T, PageInfo), ProviderError> {
    expect(answer, doing)?;
    let Success { result, result_info } = answer.json()?;
    Ok((result, result_info.unwrap_or_default()))
}

/// A record, or nothing when Cloudflare says that there is none.
pub(super) fn found<T: DeserializeOwned>(answer: &Answer, doing: &str) -> Result<Option<T>, ProviderError> {
    let body = answer.value();
    let is_missing = codes(&body).any(|code| PROJECT_NOT_FOUND.contains(&code) || code == DEPLOYMENT_NOT_FOUND);
    if is_missing || answer.status() == 404 { Ok(None) } else { result(answer, doing).map(Some) }
}

/// Whether it was done.
pub(super) fn expect(answer: &Answer, doing: &str) -> Result<(), ProviderError> {
    let body = answer.value();
    if answer.status().is_success() && body["success"] != false {
        return Ok(());
    }
    Err(refusal(answer.status().as_u16(), &body, &answer.text(), doing))
}

/// Whether a token for uploads is not (any more) taken.
pub(super) fn is_expired_jwt(answer: &Answer) -> bool {
    let is_text = || answer.text().to_ascii_lowercase().contains(EXPIRED_JWT);
    !answer.status().is_success() && (codes(&answer.value()).any(|code| code == WRONG_JWT) || is_text())
}

fn codes(body: &Value) -> impl Iterator<Item = u64> {
    body["errors"].as_array().into_iter().flatten().filter_map(|error| error["code"].as_u64())
}

/// What Cloudflare's refusal means, and what to do about it.
fn refusal(status: u16, body: &Value, text: &str, doing: &str) -> ProviderError {
    let error = &body["errors"][0];
    let code = error["code"].as_u64();
    let said = match (error["message"].as_str(), code) {
        (Some(message), Some(code)) => format!("{} ({code})", shortened(message)),
        (Some(message), None) => shortened(message),
        (None, _) if body.is_null() && !text.is_empty() && !text.starts_with('<') => text.to_owned(),
        (None, _) => format!("it answers {status}"),
    };
    let is_code = |known: &[u64]| code.is_some_and(|code| known.contains(&code));
    let sentence = if is_code(&[UNKNOWN_ERROR]) || status >= 500 {
        return ProviderError::Failed(anyhow::anyhow!("Cloudflare answered {status} when asked to {doing}: {said}"));
    } else if status == 401 || is_code(&WRONG_TOKEN) {
        format!(
            "Cloudflare does not {doing} ({said}): the token is wrong, expired or revoked, or may not do this in this account. Make one in My Profile, API Tokens, with the permission Account, Cloudflare Pages, Edit, and connect the account again; check `account_id`"
        )
    } else if status == 404 || is_code(&PROJECT_NOT_FOUND) {
        format!(
            "Cloudflare does not {doing} ({said}): it is not there, or the token may not see it; check `account_id` and `project`"
        )
    } else if status == 403 {
        format!(
            "Cloudflare does not {doing} ({said}): the token may not do this; give it the permission Account, Cloudflare Pages, Edit, and connect the account again"
        )
    } else if status == 413 {
        format!("Cloudflare does not {doing} ({said}): it is too large")
    } else {
        format!("Cloudflare does not {doing}: {said}")
    };
    ProviderError::Rejected(sentence)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_says_what_to_do() {
        let body =
            |code: u64, message: &str| json!({ "success": false, "errors": [{ "code": code, "message": message }] });
        for (status, body, text, expected) in [
            (403, body(10_000, "Authentication error"), "", "wrong, expired or revoked"),
            (400, body(9_109, "Invalid access token"), "", "wrong, expired or revoked"),
            (404, body(8_000_007, "Project not found"), "", "check `account_id` and `project`"),
            (403, Value::Null, "error code: 1020", "error code: 1020"),
            (403, Value::Null, "<!doctype html> blocked", "it answers 403"),
            (400, body(8_000_011, "No such branch"), "", "Cloudflare does not look: No such branch (8000011)"),
        ] {
            let ProviderError::Rejected(found) = refusal(status, &body, text, "look") else { panic!("{status}") };
            assert!(found.contains(expected), "{found}");
        }
        for (status, body) in [(500, Value::Null), (400, body(8_000_000, "An unknown error occurred"))] {
            assert!(matches!(refusal(status, &body, "", "look"), ProviderError::Failed(_)));
        }
    }

    #[test]
    fn lists_say_how_they_go_on() {
        let info = |value: Value| serde_json::from_value::<PageInfo>(value).expect("is one");
        assert_eq!(info(json!({ "page": 1, "per_page": 10, "total_pages": 2 })).next(10), Some(2));
        assert_eq!(info(json!({ "page": 2, "per_page": 10, "total_pages": 2 })).next(3), None);
        assert_eq!(info(json!({ "page": 1, "per_page": 10, "total_count": 11 })).next(10), Some(2));
        assert_eq!(info(json!({ "page": 1, "per_page": 10, "total_count": 10 })).next(10), None);
        assert_eq!(info(json!({ "page": 1, "per_page": 10 })).next(10), Some(2));
        assert_eq!(info(json!({})).next(10), None);
    }
}
