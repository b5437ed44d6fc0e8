use std::sync::Mutex;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use tokio::net::TcpListener;

use super::*;

type Next = (u16, Vec<(&'static str, String)>, &'static str);

type Asked = Arc<Mutex<Vec<(String, bool)>>>;
type Shared = Arc<(Mutex<std::vec::IntoIter<Next>>, Asked)>;

/// A vendor that gives these answers, one after the other, and remembers what it was asked.
struct Vendor {
    url: Url,
    asked: Asked,
}

impl Vendor {
    async fn start(answers: Vec<Next>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/api/", listener.local_addr().expect("has one")).parse().expect("a URL");
        let asked = Asked::default();
        let state = Arc::new((Mutex::new(answers.into_iter()), asked.clone()));
        let answer = async |State(state): State<Shared>, uri: Uri, headers: HeaderMap| -> Response {
            let is_known = headers.contains_key("authorization");
            state.1.lock().expect("nobody panics").push((uri.to_string(), is_known));
            let next = state.0.lock().expect("nobody panics").next();
            let (status, headers, body) = next.unwrap_or((500, Vec::new(), "nothing left"));
            let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("a value"));
            }
            response
        };
        let router = Router::new().fallback(answer).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, asked }
    }

    async fn send(&self, method: Method) -> Result<Answer, ProviderError> {
        let http = VendorHttp::new("test", client(None).expect("a client"), 0);
        let call = Call::new(method, &self.url, "repos/{}", &["a b/c"]).expect("a call");
        http.send(call.authorized(Authorization::Bearer(SecretString::from("ghp_0123456789secret")))).await
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics").iter().map(|(path, _)| path.clone()).collect()
    }
}

fn plain(status: u16) -> Next {
    (status, Vec::new(), "{}")
}

#[tokio::test]
async fn segments_are_encoded_and_cannot_leave_their_place() {
    let vendor = Vendor::start(vec![plain(200)]).await;
    vendor.send(Method::GET).await.expect("answers");
    assert_eq!(vendor.asked(), ["/api/repos/a%20b%2Fc"]);
    for segment in ["..", ".", ""] {
        let call = Call::new(Method::GET, &vendor.url, "repos/{}", &[segment]);
        assert!(matches!(call, Err(ProviderError::Rejected(_))), "{segment}");
    }
}

#[tokio::test]
async fn parts_of_a_path_are_encoded_each_by_itself() {
    let url = "https://x.org/api/".parse().expect("a URL");
    let below = |path: &str| Call::new(Method::PUT, &url, "files", &[]).and_then(|call| call.below(path));
    assert_eq!(below("a/ü b.txt").expect("a call").url().as_str(), "https://x.org/api/files/a/%C3%BC%20b.txt");
    for wrong in ["../x", "a//b", "", "a/."] {
        assert!(matches!(below(wrong), Err(ProviderError::Rejected(_))), "{wrong}");
    }
}

#[tokio::test]
async fn reading_is_tried_three_times_and_changing_once() {
    let vendor = Vendor::start(vec![plain(502), plain(503), plain(200)]).await;
    assert_eq!(vendor.send(Method::GET).await.expect("answers").status(), 200);
    assert_eq!(vendor.asked().len(), 3);

    let vendor = Vendor::start(vec![plain(504); 5]).await;
    assert!(matches!(vendor.send(Method::GET).await, Err(ProviderError::Failed(_))));
    assert_eq!(vendor.asked().len(), 3);

    let vendor = Vendor::start(vec![plain(502), plain(200)]).await;
    assert!(matches!(vendor.send(Method::POST).await, Err(ProviderError::Failed(_))));
    assert_eq!(vendor.asked().len(), 1);
}

#[tokio::test]
async fn a_vendor_that_asks_us_to_wait_is_busy_for_that_long() {
    let in_an_hour = time::OffsetDateTime::now_utc() + time::Duration::HOUR;
    let date = in_an_hour.format(&time::format_description::well_known::Rfc2822).expect("a date");
    let date = date.replace("+0000", "GMT");
    let reset = in_an_hour.unix_timestamp().to_string();
    let in_words = format!(
        "{} {:02}:{:02}:{:02} UTC",
        in_an_hour.date(),
        in_an_hour.hour(),
        in_an_hour.minute(),
        in_an_hour.second()
    );
    let none_left = vec![("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset)];
    let hour = 3_590..=3_600;
    for (answer, expected) in [
        ((429, vec![("retry-after", "77".to_owned())], "Retry later"), 77..=77),
        ((429, vec![("retry-after", date)], ""), hour.clone()),
        ((403, none_left.clone(), "{}"), hour.clone()),
        ((429, none_left, "{}"), hour.clone()),
        ((429, vec![("x-ratelimit-reset", in_words.clone())], "{}"), hour.clone()),
        ((429, vec![("retry-after", in_words)], "{}"), hour),
        ((403, Vec::new(), r#"{"message":"You have exceeded a secondary rate limit."}"#), 60..=60),
        ((503, vec![("retry-after", "30".to_owned())], ""), 30..=30),
    ] {
        let vendor = Vendor::start(vec![answer.clone()]).await;
        match vendor.send(Method::POST).await {
            Err(ProviderError::Busy { retry_after: Some(wait) }) => {
                assert!(expected.contains(&wait.as_secs()), "{answer:?}: {wait:?}");
            }
            other => panic!("{answer:?} gave {other:?}"),
        }
    }
    // A plain refusal is an answer.
    let vendor = Vendor::start(vec![plain(403)]).await;
    assert_eq!(vendor.send(Method::GET).await.expect("answers").status(), 403);
    // A short wait is waited.
    let vendor = Vendor::start(vec![(429, vec![("retry-after", "1".to_owned())], ""), plain(200)]).await;
    assert_eq!(vendor.send(Method::GET).await.expect("answers").status(), 200);
}

#[tokio::test]
async fn redirects_are_followed_at_home_only() {
    let elsewhere = Vendor::start(vec![plain(200)]).await;
    let home = vec![("location", "/api/repositories/7".to_owned())];
    let away = vec![("location", elsewhere.url.to_string())];
    let vendor = Vendor::start(vec![(301, home, ""), plain(200), (302, away, "")]).await;
    assert_eq!(vendor.send(Method::GET).await.expect("answers").status(), 200);
    assert_eq!(vendor.asked(), ["/api/repos/a%20b%2Fc", "/api/repositories/7"]);
    assert_eq!(vendor.send(Method::GET).await.expect("answers").status(), 302);
    assert!(elsewhere.asked().is_empty(), "the credential stays where it belongs");
}

#[tokio::test]
async fn an_error_does_not_repeat_the_credential() {
    let body = r#"{"message":"Bad credentials: ghp_0123456789secret"}"#;
    let vendor = Vendor::start(vec![(401, Vec::new(), body)]).await;
    let answer = vendor.send(Method::GET).await.expect("answers");
    assert!(!format!("{answer:?} {} {}", answer.text(), answer.value()).contains("0123456789secret"));
    assert!(answer.value()["message"].as_str().expect("is JSON still").starts_with("Bad credentials"));
}

#[tokio::test]
async fn a_large_answer_is_no_answer() {
    let body: &'static str = String::from_utf8(vec![b'x'; ANSWER_BYTES + 1]).expect("ASCII").leak();
    let vendor = Vendor::start(vec![(200, Vec::new(), body)]).await;
    let error = vendor.send(Method::GET).await.expect_err("is too large");
    assert!(matches!(error, ProviderError::Failed(_)));
    assert_eq!(vendor.asked().len(), 1, "it would be as large again");
}

#[tokio::test]
async fn each_credential_has_its_own_allowance() {
    let vendor = Vendor::start(vec![plain(200); 5]).await;
    let http = VendorHttp::new("test", client(None).expect("a client"), 2);
    let send = async |token: &str| {
        let call = Call::new(Method::GET, &vendor.url, "user", &[]).expect("a call");
        http.send(call.authorized(Authorization::Bearer(SecretString::from(token)))).await
    };
    for _ in 0..2 {
        send("one").await.expect("is allowed");
    }
    assert!(matches!(send("one").await, Err(ProviderError::Busy { retry_after: Some(_) })));
    send("other").await.expect("is somebody else");
    assert_eq!(vendor.asked().len(), 3);
}
