//! The audit log: every change has a row with who, what, when, from where, and how it ended; nobody
//! learns from it what is not theirs; nothing secret is in it.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use slipway_tests::agent::Agent;
use slipway_tests::browser::Browser;
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};
use slipway_tests::fixtures::Project;
use slipway_tests::{SOON, eventually};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PASSWORD: &str = "canary of a password 4711";
const UNKNOWN: &str = "01890000-0000-7000-8000-000000000000";

/// Rows that a reader gets with these filters, newest first.
async fn audit(control_plane: &ControlPlane, token: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/audit?limit=100&{query}");
    let page = control_plane.call_as(token, Method::GET, &path, None).await;
    assert!(page["next_cursor"].is_null(), "more than a page");
    page["items"].as_array().expect("a list").clone()
}

/// Everything, as an operator downloads it.
async fn export(control_plane: &ControlPlane) -> Vec<Value> {
    let response = control_plane.send(Method::GET, "/api/audit?all=true&format=ndjson", None).await;
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let lines = response.text().await.expect("is text");
    lines.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

fn request_id(response: &Response) -> String {
    response.headers()["x-request-id"].to_str().expect("is ASCII").to_owned()
}

/// Sends a request, and answers its only row and its JSON.
async fn change(control_plane: &ControlPlane, token: &str, method: Method, path: &str, body: Value) -> (Value, Value) {
    let response = control_plane.send_as(token, method, path, (!body.is_null()).then_some(body)).await;
    let id = request_id(&response);
    let answer = response.json().await.unwrap_or(Value::Null);
    let mut rows = audit(control_plane, TOKEN, &format!("all=true&request_id={id}")).await;
    assert_eq!(rows.len(), 1, "{path}: {rows:#?}");
    (rows.remove(0), answer)
}

async fn user_id(control_plane: &ControlPlane, token: &str) -> String {
    text(&control_plane.call_as(token, Method::GET, "/api/me", None).await, "id")
}

#[tokio::test]
async fn every_change_says_who_what_from_where_and_how_it_ended() {
    let control_plane = ControlPlane::start().await;
    let ada = control_plane.token_for("ada", "admin");
    let ada_id = user_id(&control_plane, &ada).await;
    let grace_id = user_id(&control_plane, &control_plane.token_for("grace", "read")).await;
    let tokens = control_plane.call_as(&ada, Method::GET, "/api/tokens", None).await;
    let token_id = text(&tokens["items"][0], "id");
    let check = |row: &Value, action: &str, kind: &str, id: &str, account: &str, details: Value| {
        assert_eq!(text(row, "action"), action, "{row:#}");
        let actor = json!({
            "kind": "user", "id": ada_id, "name": "ada", "signed_in_with": "token", "token_id": token_id,
        });
        assert_eq!(row["actor"], actor, "{row:#}");
        assert_eq!(text(row, "address"), "127.0.0.1");
        assert_eq!(row["subject"], json!({ "kind": kind, "id": id }), "{row:#}");
        assert_eq!(text(row, "account_id"), account, "{row:#}");
        assert_eq!(row["details"], details, "{row:#}");
        assert_eq!((text(row, "outcome"), &row["error_code"]), ("done".to_owned(), &Value::Null), "{row:#}");
        assert!(text(row, "at") <= text(row, "completed_at"), "{row:#}");
    };
    let send = |method: Method, path: String, body: Value| {
        let (control_plane, ada) = (&control_plane, &ada);
        async move { change(control_plane, ada, method, &path, body).await }
    };
    let id = |answer: &Value| text(answer, "id");
    let (post, put, patch, delete) = (Method::POST, Method::PUT, Method::PATCH, Method::DELETE);

    let (row, team) = send(post.clone(), "/api/teams".into(), json!({ "name": "shop" })).await;
    let team = id(&team);
    check(&row, "team.create", "team", &team, &team, json!({ "name": "shop" }));
    let members = format!("/api/teams/{team}/members/{grace_id}");
    let (row, _) = send(put.clone(), members.clone(), json!({ "role": "viewer" })).await;
    check(&row, "team.member_set", "team", &team, &team, json!({ "user_id": grace_id, "role": "viewer" }));
    let (row, _) = send(delete.clone(), members, Value::Null).await;
    check(&row, "team.member_remove", "team", &team, &team, json!({ "user_id": grace_id }));
    let (row, _) = send(patch.clone(), format!("/api/teams/{team}"), json!({ "name": "store" })).await;
    check(&row, "team.update", "team", &team, &team, json!({ "name": "store" }));

    let (row, sandbox) = send(post.clone(), "/api/sandboxes".into(), json!({ "name": "s", "team_id": team })).await;
    let sandbox = id(&sandbox);
    check(&row, "sandbox.create", "sandbox", &sandbox, &team, json!({ "name": "s" }));
    let of_sandbox = format!("/api/sandboxes/{sandbox}");
    let (row, _) = send(post.clone(), format!("{of_sandbox}/enroll-token"), Value::Null).await;
    check(&row, "sandbox.enroll_token", "sandbox", &sandbox, &team, json!({}));
    let (row, _) = send(patch.clone(), of_sandbox.clone(), json!({ "labels": {} })).await;
    check(&row, "sandbox.update", "sandbox", &sandbox, &team, json!({ "changes": ["labels"] }));

    let local = json!({ "provider": "local", "name": "t", "team_id": team });
    let (row, target) = send(post.clone(), "/api/deployments/targets".into(), local).await;
    let target = id(&target);
    check(&row, "target.create", "target", &target, &team, json!({ "name": "t", "provider": "local" }));
    let target_path = format!("/api/deployments/targets/{target}");
    let (row, _) = send(put.clone(), target_path.clone(), json!({ "name": "u", "config": {} })).await;
    check(&row, "target.update", "target", &target, &team, json!({ "changes": ["name", "config"] }));
    let variables = json!({ "variables": [{ "name": "A", "scope": "build", "value": "first value" }] });
    let (row, _) = send(put.clone(), format!("{target_path}/env"), variables).await;
    check(&row, "variables.set", "target", &target, &team, json!({ "added": ["A"] }));
    for (is_dry, expected) in [
        (true, json!({ "added": ["B"], "changed": ["A"], "dry_run": true })),
        (false, json!({ "added": ["B"], "changed": ["A"] })),
    ] {
        let import = json!({ "text": "A=2\nB=3", "scope": "build", "dry_run": is_dry });
        let (row, _) = send(post.clone(), format!("{target_path}/env/import"), import).await;
        check(&row, "variables.import", "target", &target, &team, expected);
    }

    let body = json!({ "target_id": target, "environment": "preview", "env": { "C": "value of C" } });
    let (row, deployment) = send(post.clone(), format!("{of_sandbox}/deploy"), body).await;
    let deployment = id(&deployment);
    let details = json!({ "target_id": target, "sandbox_id": sandbox, "environment": "preview", "env": ["C"] });
    check(&row, "deployment.create", "deployment", &deployment, &team, details);
    let (row, _) = send(post.clone(), format!("/api/deployments/{deployment}/cancel"), Value::Null).await;
    check(&row, "deployment.cancel", "deployment", &deployment, &team, json!({}));
    let (row, _) = send(delete.clone(), format!("/api/deployments/{deployment}"), Value::Null).await;
    check(&row, "deployment.delete", "deployment", &deployment, &team, json!({}));
    let (row, _) = send(delete.clone(), target_path, Value::Null).await;
    check(&row, "target.delete", "target", &target, &team, json!({}));
    let (row, _) = send(patch, of_sandbox.clone(), json!({ "status": "revoked" })).await;
    let details = json!({ "changes": ["status"], "status": "revoked" });
    check(&row, "sandbox.update", "sandbox", &sandbox, &team, details);
    let (row, _) = send(delete.clone(), of_sandbox, Value::Null).await;
    check(&row, "sandbox.delete", "sandbox", &sandbox, &team, json!({}));
    let (row, _) = send(delete.clone(), format!("/api/teams/{team}"), Value::Null).await;
    check(&row, "team.delete", "team", &team, &team, json!({}));

    let body = json!({ "name": "ci", "scopes": ["read", "deploy"] });
    let (row, token) = send(post, "/api/tokens".into(), body).await;
    let token = id(&token);
    check(&row, "token.create", "token", &token, &ada_id, json!({ "name": "ci", "scopes": ["read", "deploy"] }));
    let (row, _) = send(delete, format!("/api/tokens/{token}"), Value::Null).await;
    check(&row, "token.delete", "token", &token, &ada_id, json!({}));

    let actions: BTreeSet<_> = export(&control_plane).await.iter().map(|row| text(row, "action")).collect();
    assert!(actions.len() > 18, "{actions:?}");
}

#[tokio::test]
async fn refusals_are_there_with_their_reason_and_looking_is_not() {
    let control_plane = ControlPlane::start().await;
    let (ada, grace) = (control_plane.token_for("ada", "admin"), control_plane.token_for("grace", "admin"));
    let grace_id = user_id(&control_plane, &grace).await;
    let team = control_plane.call_as(&ada, Method::POST, "/api/teams", Some(json!({ "name": "shop" }))).await;
    let team = text(&team, "id");
    let member = format!("/api/teams/{team}/members/{grace_id}");
    control_plane.call_as(&ada, Method::PUT, &member, Some(json!({ "role": "viewer" }))).await;
    let hers = control_plane.call_as(&ada, Method::POST, "/api/sandboxes", Some(json!({ "name": "own" }))).await;
    let ours = json!({ "name": "ours", "team_id": team });
    let ours = control_plane.call_as(&ada, Method::POST, "/api/sandboxes", Some(ours)).await;
    let path = |sandbox: &str| format!("/api/sandboxes/{sandbox}");

    // Who may see the record and not change it: its owner sees the attempt.
    let (row, _) = change(&control_plane, &grace, Method::DELETE, &path(&text(&ours, "id")), Value::Null).await;
    assert_eq!((text(&row, "outcome"), text(&row, "error_code")), ("denied".to_owned(), "forbidden".to_owned()));
    assert_eq!(text(&row, "account_id"), team);
    assert!(audit(&control_plane, &ada, &format!("team_id={team}")).await.contains(&row));

    // What is somebody else's and what is not there leave the same row, but for the id that was asked for.
    let (mut foreign, _) = change(&control_plane, &grace, Method::DELETE, &path(&text(&hers, "id")), Value::Null).await;
    let (mut nothing, _) = change(&control_plane, &grace, Method::DELETE, &path(UNKNOWN), Value::Null).await;
    assert_eq!(text(&foreign, "error_code"), "not_found");
    assert!(audit(&control_plane, &grace, "").await.contains(&foreign));
    assert!(!audit(&control_plane, &ada, "").await.contains(&foreign), "it names nobody's record");
    for row in [&mut foreign, &mut nothing] {
        for differs in ["id", "at", "completed_at", "request_id"] {
            row[differs] = Value::Null;
        }
        row["subject"]["id"] = Value::Null;
    }
    assert_eq!(foreign, nothing);

    for (body, code) in [(json!({ "name": "" }), "invalid_input"), (json!({ "name": "own" }), "conflict")] {
        let (row, _) = change(&control_plane, &ada, Method::POST, "/api/sandboxes", body).await;
        assert_eq!((text(&row, "outcome"), text(&row, "error_code")), ("failed".to_owned(), code.to_owned()));
        assert!(row["subject"].is_null(), "{row:#}");
    }

    let before = export(&control_plane).await.len();
    for path in ["/api/sandboxes", "/api/audit", "/api/me", "/api/teams"] {
        control_plane.call_as(&ada, Method::GET, path, None).await;
    }
    // Strangers and what is no route write nothing.
    let client = reqwest::Client::builder().build().expect("a client");
    for (method, path) in [(Method::POST, "/api/sandboxes"), (Method::DELETE, "/api/tokens/1"), (Method::PUT, "/x")] {
        let status =
            client.request(method, format!("{}{path}", control_plane.url)).send().await.expect("answers").status();
        assert!(matches!(status, StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND), "{path}: {status}");
    }
    assert_eq!(control_plane.send(Method::PUT, "/api/sandboxes", None).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(export(&control_plane).await.len(), before);
}

#[tokio::test]
async fn a_request_that_is_repeated_is_marked() {
    let control_plane = ControlPlane::start().await;
    let client = reqwest::Client::builder().build().expect("a client");
    let mut rows = Vec::new();
    for _ in 0..2 {
        let request = client.post(format!("{}/api/sandboxes", control_plane.url)).bearer_auth(TOKEN);
        let request = request.header("idempotency-key", "key-1").json(&json!({ "name": "shop" }));
        let response = request.send().await.expect("answers");
        assert_eq!(response.status(), StatusCode::CREATED);
        let id = request_id(&response);
        rows.extend(audit(&control_plane, TOKEN, &format!("request_id={id}")).await);
    }
    assert_eq!((&rows[0]["details"]["replayed"], &rows[1]["details"]["replayed"]), (&Value::Null, &json!(true)));
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn signing_in_and_out_is_recorded_and_guessing_does_not_fill_the_log() {
    let control_plane = ControlPlane::start().await;
    control_plane.command_line(&["user", "add", "ada"], PASSWORD).expect("adds");
    let browser = Browser::new(&control_plane.url);
    let response = browser.log_in("ada", PASSWORD).await;
    let answer = request_id(&response);
    let ada = browser.me().await.expect("is signed in");
    let rows = audit(&control_plane, TOKEN, &format!("all=true&request_id={answer}")).await;
    let row = &rows[0];
    assert_eq!((text(row, "action"), text(row, "outcome")), ("sign_in.password".to_owned(), "done".to_owned()));
    assert_eq!(text(&row["actor"], "kind"), "anonymous");
    assert_eq!((&row["subject"]["id"], &row["account_id"]), (&ada["id"], &ada["id"]));
    assert_eq!((text(&row["details"], "name"), text(row, "address")), ("ada".to_owned(), "127.0.0.1".to_owned()));

    let made = browser.send(browser.request(Method::POST, "/api/sandboxes").json(&json!({ "name": "shop" }))).await;
    let own = browser.get(&format!("/api/audit?request_id={}", request_id(&made))).await;
    let own: Value = own.json().await.expect("is JSON");
    assert_eq!(text(&own["items"][0]["actor"], "signed_in_with"), "session");
    browser.send(browser.request(Method::POST, "/api/auth/logout")).await;
    let rows = audit(&control_plane, TOKEN, "all=true&action=sign_out").await;
    assert_eq!((rows.len(), text(&rows[0], "outcome")), (1, "done".to_owned()));

    // Ten attempts for a name, and none of those that were held back.
    let mistyped = "canary typed into the wrong field";
    for name in ["ada", mistyped] {
        for _ in 0..15 {
            Browser::new(&control_plane.url).log_in(name, "canary of a wrong password").await;
        }
    }
    let denied = audit(&control_plane, TOKEN, "all=true&action=sign_in.&outcome=denied").await;
    let of = |name: &str| denied.iter().filter(|row| row["details"]["name"] == name).count();
    assert_eq!((of("ada"), of("unknown"), denied.len()), (10, 10, 20));
    for row in &denied {
        assert_eq!(text(row, "error_code"), "unauthenticated");
        assert_eq!(row["subject"].is_null(), row["details"]["name"] == "unknown");
    }
    assert!(!json!(denied).to_string().contains("canary"));

    // Links that nobody has are tried without end, and written down fifty times.
    for _ in 0..40 {
        for path in ["/sign-in?code=guessed", "/api/auth/setup"] {
            let method = if path.starts_with("/api") { Method::POST } else { Method::GET };
            let body = json!({ "token": "guessed", "name": "x", "password": "guessed guessed" });
            let request = Browser::new(&control_plane.url).bare_request(method, path).json(&body);
            assert_eq!(request.send().await.expect("answers").status(), StatusCode::UNAUTHORIZED);
        }
    }
    let links = [
        audit(&control_plane, TOKEN, "all=true&action=sign_in.link").await,
        audit(&control_plane, TOKEN, "all=true&action=sign_in.setup").await,
    ];
    assert_eq!(links.iter().map(Vec::len).collect::<Vec<_>>(), [25, 25]);
    assert!(!json!(links).to_string().contains("guessed"));
}

#[tokio::test]
async fn nobody_sees_what_is_not_theirs() {
    let control_plane = ControlPlane::start().await;
    let (ada, grace) = (control_plane.token_for("ada", "admin"), control_plane.token_for("grace", "admin"));
    let (ada_id, grace_id) = (user_id(&control_plane, &ada).await, user_id(&control_plane, &grace).await);
    let team =
        text(&control_plane.call_as(&ada, Method::POST, "/api/teams", Some(json!({ "name": "shop" }))).await, "id");
    let (row, own) = change(&control_plane, &ada, Method::POST, "/api/sandboxes", json!({ "name": "own" })).await;
    let body = json!({ "name": "ours", "team_id": team });
    let (of_team, ours) = change(&control_plane, &ada, Method::POST, "/api/sandboxes", body).await;
    let member = format!("/api/teams/{team}/members/{grace_id}");
    let filters = |row: &Value, sandbox: &Value| {
        vec![
            String::new(),
            format!("request_id={}", text(row, "request_id")),
            format!("subject={}", text(sandbox, "id")),
            format!("actor={ada_id}"),
            "action=sandbox.".to_owned(),
            "action=sandbox.create".to_owned(),
            "outcome=done".to_owned(),
            format!("since={}", text(row, "at")),
            format!("actor={ada_id}&subject={}&outcome=done", text(sandbox, "id")),
            "until=2999-01-01T00:00:00Z".to_owned(),
        ]
    };
    let sees = |token: &str, row: &Value, sandbox: &Value| {
        let (control_plane, token, row, queries) =
            (&control_plane, token.to_owned(), row.clone(), filters(row, sandbox));
        async move {
            let mut found = 0;
            for query in &queries {
                let is_there = audit(control_plane, &token, query).await.contains(&row);
                let path = format!("/api/audit?format=ndjson&{query}");
                let lines = control_plane.send_as(&token, Method::GET, &path, None);
                let lines = lines.await.text().await.expect("is text");
                let is_in_lines = lines.contains(&text(&row, "id"));
                assert_eq!(is_there, is_in_lines, "{query}");
                found += usize::from(is_there);
            }
            (found, queries.len())
        }
    };
    let status = |token: &str, query: String| {
        let (control_plane, token) = (&control_plane, token.to_owned());
        async move { control_plane.send_as(&token, Method::GET, &format!("/api/audit?{query}"), None).await.status() }
    };
    let (found, all) = sees(&ada, &row, &own).await;
    assert_eq!(found, all);
    assert_eq!(sees(&grace, &row, &own).await.0, 0);
    assert_eq!(sees(&grace, &of_team, &ours).await.0, 0);
    assert_eq!(status(&grace, format!("team_id={team}")).await, StatusCode::NOT_FOUND);
    assert_eq!(status(&grace, format!("team_id={UNKNOWN}")).await, StatusCode::NOT_FOUND);
    // A member sees no more than before; an admin of the team sees the team's, and still nothing else.
    for role in ["viewer", "deployer", "maintainer"] {
        control_plane.call_as(&ada, Method::PUT, &member, Some(json!({ "role": role }))).await;
        assert_eq!(sees(&grace, &of_team, &ours).await.0, 0, "{role}");
        assert_eq!(status(&grace, format!("team_id={team}")).await, StatusCode::FORBIDDEN, "{role}");
    }
    control_plane.call_as(&ada, Method::PUT, &member, Some(json!({ "role": "admin" }))).await;
    let (found, all) = sees(&grace, &of_team, &ours).await;
    assert_eq!(found, all);
    assert!(audit(&control_plane, &grace, &format!("team_id={team}")).await.contains(&of_team));
    assert_eq!(sees(&grace, &row, &own).await.0, 0);
    // What one did oneself stays one's own to read.
    control_plane.call_as(&grace, Method::DELETE, &format!("/api/teams/{team}/members/{ada_id}"), None).await;
    assert_eq!(sees(&ada, &of_team, &ours).await, (all, all));
    assert_eq!(status(&ada, format!("team_id={team}")).await, StatusCode::NOT_FOUND);

    // Everything is for who administers the installation, with a token that reaches so far.
    for token in [&ada, &grace] {
        assert_eq!(status(token, "all=true".to_owned()).await, StatusCode::FORBIDDEN);
    }
    let limited = control_plane.token_for("admin", "read,deploy,targets,accounts");
    for query in ["", "all=true", "format=ndjson"] {
        assert_eq!(status(&limited, query.to_owned()).await, StatusCode::FORBIDDEN, "{query:?}");
    }
    let everything = export(&control_plane).await;
    assert!(everything.contains(&row) && everything.contains(&of_team));
    assert!(
        !audit(&control_plane, TOKEN, "").await.contains(&row),
        "unless asked for, an administrator sees their own"
    );
}

#[tokio::test]
async fn filters_are_checked_and_pages_are_the_export() {
    let control_plane = ControlPlane::start().await;
    for number in 0..12 {
        control_plane.create_sandbox(&format!("sandbox-{number}")).await;
    }
    for wrong in [
        "action=",
        "action=Sandbox",
        "action=sandbox%25",
        "actor=ada",
        "team_id=1",
        "subject=x",
        "outcome=fine",
        "since=yesterday",
        "until=2026-01-01",
        "request_id=1",
        "all=maybe",
        "format=csv",
        "limit=0",
        "limit=101",
        "cursor=x",
        "colour=blue",
        "format=ndjson&limit=5",
        "format=ndjson&cursor=01890000-0000-7000-8000-000000000000",
    ] {
        let path = format!("/api/audit?{wrong}");
        let (code, detail) = control_plane.refused(Method::GET, &path, None, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(code, "invalid_input", "{wrong}");
        assert!(!detail.is_empty());
    }

    let response = control_plane.send(Method::GET, "/api/audit?all=true&format=ndjson", None).await;
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=\"audit.ndjson\"");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let rows = export(&control_plane).await;
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/audit?all=true&limit=5{cursor}");
        let page = control_plane.call(Method::GET, &path, None).await;
        paged.extend(page["items"].as_array().expect("a list").clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, rows);
    assert!(rows.len() >= 14, "two of the first start and twelve sandboxes: {}", rows.len());
    assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(text(row, "at"))), "newest first");

    let [newest, _, third, ..] = &rows[..] else { panic!("there are more") };
    let (since, until) = (text(third, "at"), text(newest, "at"));
    let between = audit(&control_plane, TOKEN, &format!("all=true&since={since}&until={until}")).await;
    assert_eq!(between, rows[1..3]);
    let printed = control_plane.command_line(&["audit", "export", "--since", &since], "").expect("prints");
    let printed: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert_eq!(printed, rows[..3]);
}

/// Sends the head of a request and as much of its body as is given.
async fn begin_request(control_plane: &ControlPlane, path: &str, length: usize, body: &str) -> TcpStream {
    let address = control_plane.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(head.as_bytes()).await.expect("sends");
    stream
}

#[tokio::test]
async fn a_change_whose_outcome_nobody_saw_stays_open() {
    let control_plane = ControlPlane::start().await;
    // The handler waits for the rest of the body when the server is killed.
    let _stream = begin_request(&control_plane, "/api/sandboxes", 100, "{\"name\":").await;
    let open = eventually("the intent", SOON, || async {
        audit(&control_plane, TOKEN, "action=sandbox.create&outcome=unknown").await.pop()
    })
    .await;
    let control_plane = control_plane.kill_and_restart().await;
    control_plane.create_sandbox("another").await;
    let rows = audit(&control_plane, TOKEN, "action=sandbox.create&outcome=unknown").await;
    assert_eq!(rows, std::slice::from_ref(&open), "nobody invents how it ended");
    assert_eq!((&open["outcome"], &open["completed_at"]), (&Value::Null, &Value::Null));
    assert_eq!(text(&open["actor"], "name"), "admin");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_an_outcome() {
    let control_plane = ControlPlane::start().await;
    control_plane.command_line(&["user", "add", "ada"], PASSWORD).expect("adds");
    // The handler waits for the end of the body, and then hashes a while; meanwhile the client goes.
    let body = json!({ "name": "ada", "password": PASSWORD }).to_string();
    let (most, last) = body.split_at(body.len() - 1);
    for _ in 0..4 {
        let mut stream = begin_request(&control_plane, "/api/auth/login", body.len(), most).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        stream.write_all(last.as_bytes()).await.expect("sends");
    }
    eventually("the outcomes of the sign-ins", SOON, || async {
        let rows = audit(&control_plane, TOKEN, "all=true&action=sign_in.password").await;
        (!rows.is_empty() && rows.iter().all(|row| row["outcome"] == "done")).then_some(())
    })
    .await;

    let body = json!({ "name": "left-behind" }).to_string();
    drop(begin_request(&control_plane, "/api/sandboxes", body.len(), &body).await);
    // It breaks off in the middle of the body, and after reading nothing of the answer.
    drop(begin_request(&control_plane, "/api/sandboxes", 100, "{\"name\":").await);
    let mut stream = begin_request(&control_plane, "/api/sandboxes", 100, "{\"name\":").await;
    stream.shutdown().await.expect("half-closes");
    let _ = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut Vec::new())).await;
    let rows = eventually("every outcome", SOON, || async {
        let rows = audit(&control_plane, TOKEN, "action=sandbox.create").await;
        (!rows.is_empty() && rows.iter().all(|row| row["outcome"].is_string())).then_some(rows)
    })
    .await;
    let sandboxes = control_plane.call(Method::GET, "/api/sandboxes", None).await;
    let made = sandboxes["items"].as_array().expect("a list").len();
    assert_eq!(rows.iter().filter(|row| row["outcome"] == "done").count(), made, "{rows:#?}");
    for row in &rows {
        assert!(row["outcome"] == "done" || row["outcome"] == "failed", "{row:#}");
    }
}

#[tokio::test]
async fn what_is_changed_past_the_api_is_recorded_too() {
    let control_plane = ControlPlane::start().await;
    let run = |arguments: &[&str], input: &str| control_plane.command_line(arguments, input).expect("works");
    run(&["user", "add", "ada"], PASSWORD);
    run(&["user", "password", "ada"], "canary of another password");
    run(&["user", "disable", "ada"], "");
    run(&["user", "enable", "ada"], "");
    run(&["token", "create", "--user", "grace", "--scope", "read"], "");
    let token = text(&audit(&control_plane, TOKEN, "all=true&action=token.create").await[0]["subject"], "id");
    run(&["token", "delete", &token, "--user", "grace"], "");
    let credential = run(&["credential", "add", "--provider", "npm", "--label", "main"], "canary-of-a-credential");
    run(&["credential", "delete", &credential], "");
    run(&["keys", "rotate"], "");
    let sandbox = run(&["sandbox", "create", "box"], "");
    run(&["sandbox", "enroll-token", &sandbox], "");
    control_plane.command_line(&["user", "disable", "admin"], "").expect_err("is the last one");
    control_plane.command_line(&["token", "delete", UNKNOWN], "").expect_err("is none");
    let rows = export(&control_plane).await;
    let by_command_line = rows.iter().rev().filter(|row| row["actor"]["kind"] == "command_line");
    let by_command_line: Vec<_> = by_command_line.collect();
    let actions: Vec<_> = by_command_line.iter().map(|row| text(row, "action")).collect();
    let expected = [
        // The one that the suite keeps in every control plane.
        "credential.create",
        "user.create",
        "user.password",
        "user.disable",
        "user.enable",
        "user.create",
        "token.create",
        "token.delete",
        "credential.create",
        "credential.delete",
        "keys.rotate",
        "sandbox.create",
        "sandbox.enroll_token",
    ];
    assert_eq!(actions, expected);
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::current()).expect("is asked").expect("is somebody").name;
    for row in by_command_line {
        assert_eq!((text(&row["actor"], "name"), text(row, "outcome")), (user.clone(), "done".to_owned()), "{row:#}");
        assert!(row["request_id"].is_null() && row["address"].is_null());
    }
    let of_the_system: Vec<_> = rows.iter().filter(|row| row["actor"]["kind"] == "system").collect();
    assert_eq!(of_the_system.len(), 2, "the first start made the admin and the token: {of_the_system:#?}");

    let project = Project::fixture("plain-html");
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let row = &audit(&control_plane, TOKEN, "action=agent.").await[0];
    assert_eq!((text(row, "action"), text(row, "outcome")), ("agent.enroll".to_owned(), "done".to_owned()));
    assert_eq!((text(&row["actor"], "kind"), text(&row["actor"], "id")), ("agent".to_owned(), sandbox.clone()));
    assert_eq!(text(row, "address"), "127.0.0.1");
    assert_eq!(audit(&control_plane, TOKEN, &format!("actor={sandbox}")).await.len(), 1);
}

#[tokio::test]
async fn no_secret_is_in_the_audit_log() {
    let control_plane = ControlPlane::start().await;
    control_plane.command_line(&["user", "add", "ada"], PASSWORD).expect("adds");
    let credential = "canary-of-a-credential-77";
    control_plane.add_credential("npm", "main", credential);
    let made = control_plane.token_for("ada", "admin");
    let browser = Browser::new(&control_plane.url);
    browser.log_in("ada", PASSWORD).await;
    browser.log_in("ada", "canary of a wrong password").await;
    browser.log_in("canary instead of a name", "x").await;
    let cookie = browser.cookie("slipway").expect("is set");
    let target = control_plane.local_target().await;
    let sandbox = control_plane.create_sandbox("box").await;
    let variables = json!([
        { "name": "SECRET", "scope": "build", "value": "canary-of-the-build" },
        { "name": "PLAIN", "scope": "runtime", "secret": false, "value": "canary-that-is-plain" },
    ]);
    control_plane.set_variables(&target, variables).await;
    let env = format!("/api/deployments/targets/{target}/env");
    let import = json!({ "text": "MORE=canary-of-the-import", "scope": "runtime" });
    control_plane.call(Method::POST, &format!("{env}/import"), Some(import)).await;
    let unreadable = json!({ "variables": [{ "name": "canary with a space", "scope": "build", "value": "x" }] });
    control_plane.refused(Method::PUT, &env, Some(unreadable), StatusCode::UNPROCESSABLE_ENTITY).await;
    control_plane.deploy(&sandbox, &target, json!({ "env": { "OF_REQUEST": "canary-of-the-request" } })).await;
    let enroll = control_plane.enroll_token(&sandbox).await;
    let body = json!({ "name": "ci", "scopes": ["read"] });
    let token = text(&control_plane.call(Method::POST, "/api/tokens", Some(body)).await, "token");

    let response = control_plane.send(Method::GET, "/api/audit?all=true&format=ndjson", None).await;
    let exported = response.text().await.expect("is text");
    assert!(exported.contains("OF_REQUEST") && exported.contains("SECRET"), "names are there: {exported}");
    let database: Vec<u8> = ["slipway.db", "slipway.db-wal"]
        .into_iter()
        .flat_map(|name| std::fs::read(control_plane.data_dir().join(name)).unwrap_or_default())
        .collect();
    for secret in [PASSWORD, credential, "canary", TOKEN, &made, &cookie, &enroll, &token] {
        assert!(!exported.contains(secret), "{secret} is in {exported}");
        let is_in_database = database.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!is_in_database, "{secret} can be read in the database");
    }
}
