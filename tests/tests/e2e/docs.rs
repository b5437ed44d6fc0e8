//! The page of the API document: complete without another host, under a policy that allows nothing inline.

use reqwest::StatusCode;
use slipway_tests::control_plane::ControlPlane;

/// The values of `src` and `href`.
fn links(page: &str) -> Vec<&str> {
    let values = |name: &'static str| page.split(name).skip(1).filter_map(|rest| rest.split('"').next());
    values("src=\"").chain(values("href=\"")).collect()
}

#[tokio::test]
async fn the_page_and_all_it_needs_come_from_here() {
    let control_plane = ControlPlane::start().await;
    let fetch = async |path: &str| reqwest::get(format!("{}{path}", control_plane.url)).await.expect("answers");
    let page = fetch("/api/docs").await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"].to_str().expect("is ASCII").to_owned();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let page = page.text().await.expect("has a body");
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("onload="), "{page}");
    assert!(page.matches("<script").count() == page.matches("<script defer src=\"docs/").count(), "{page}");

    let links = links(&page);
    assert!(links.len() >= 5, "{links:?}");
    for link in links {
        // Below whatever path this installation is.
        assert!(!link.starts_with('/') && !link.contains(':'), "{link} is elsewhere");
        let file = fetch(&format!("/api/{link}")).await;
        assert_eq!(file.status(), StatusCode::OK, "{link}");
        let kind = file.headers()["content-type"].to_str().expect("is ASCII").to_owned();
        let expected = match link.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            Some("png") => "image/png",
            _ => "application/json",
        };
        assert_eq!(kind, expected, "{link}");
        assert!(!file.bytes().await.expect("has a body").is_empty(), "{link}");
    }
    for other in ["/api/docs/swagger-initializer.js", "/api/docs/index.html", "/api/docs/..%2fopenapi.json"] {
        assert_eq!(fetch(other).await.status(), StatusCode::NOT_FOUND, "{other}");
    }
}
