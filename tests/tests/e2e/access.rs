//! Who may do what: every route of the OpenAPI document against everybody there is. A route that is
//! not in the table fails the test.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use slipway_tests::control_plane::{ControlPlane, TOKEN, text};

use Need::{Installation, Own, Proof, Public, Team};

/// What a route asks of whoever calls it.
#[derive(Debug, Clone, Copy)]
enum Need {
    /// Nothing.
    Public,
    /// A signature of what is sent, which nobody has here, whoever they are.
    Proof,
    /// To be somebody, and a token with this scope: it is about one's own things.
    Own(&'static str),
    /// This role in the team that owns the record, and a token with this scope.
    Team(&'static str, &'static str),
    /// To administer the installation.
    Installation,
}

/// A route, what it asks, and a body that is fine.
type Row = (&'static str, &'static str, Need, Value);

/// Records that the routes are tried on; all belong to the team.
struct Records {
    team: String,
    sandbox: String,
    target: String,
    deployment: String,
    account: String,
    viewer: String,
    spare: String,
}

const DISCONNECT: &str = "/api/deployments/auth/{provider}";
const UNKNOWN: &str = "01890000-0000-7000-8000-000000000000";
const ROLES: [&str; 4] = ["viewer", "deployer", "maintainer", "admin"];
const SCOPES: [&str; 5] = ["read", "deploy", "targets", "accounts", "admin"];

/// Nothing here changes what a later row needs: what would is refused with a conflict, which only who
/// may do it gets to see. `cancel` comes last.
fn table(records: &Records) -> Vec<Row> {
    let team = &records.team;
    let local = json!({ "provider": "local", "name": "mine" });
    vec![
        ("get", "/healthz", Public, Value::Null),
        ("get", "/readyz", Public, Value::Null),
        ("get", "/metrics", Public, Value::Null),
        ("get", "/api/about", Own("read"), Value::Null),
        ("post", "/api/auth/login", Public, json!({})),
        ("post", "/api/auth/setup", Public, json!({})),
        ("get", "/api/auth/methods", Public, Value::Null),
        ("get", "/api/auth/oidc", Public, Value::Null),
        ("get", "/api/auth/oidc/callback", Public, Value::Null),
        ("post", "/api/auth/logout", Own("read"), Value::Null),
        ("get", "/api/me", Own("read"), Value::Null),
        ("get", "/api/users", Installation, Value::Null),
        ("get", "/api/audit", Own("admin"), Value::Null),
        ("get", "/api/tokens", Own("read"), Value::Null),
        ("post", "/api/tokens", Own("admin"), json!({ "name": "x", "scopes": ["read"] })),
        ("delete", "/api/tokens/{id}", Own("admin"), Value::Null),
        ("get", "/api/teams", Own("read"), Value::Null),
        ("post", "/api/teams", Own("admin"), json!({ "name": "another" })),
        ("get", "/api/teams/{id}", Team("viewer", "read"), Value::Null),
        ("patch", "/api/teams/{id}", Team("admin", "admin"), json!({ "name": "shop" })),
        ("delete", "/api/teams/{id}", Team("admin", "admin"), Value::Null),
        ("get", "/api/teams/{id}/members", Team("viewer", "read"), Value::Null),
        ("put", "/api/teams/{id}/members/{user_id}", Team("admin", "admin"), json!({ "role": "viewer" })),
        ("delete", "/api/teams/{id}/members/{user_id}", Team("admin", "admin"), Value::Null),
        ("get", "/api/sandboxes", Own("read"), Value::Null),
        ("post", "/api/sandboxes", Own("deploy"), json!({ "name": "mine" })),
        ("post", "/api/sandboxes", Team("maintainer", "deploy"), json!({ "name": "ours", "team_id": team })),
        ("get", "/api/sandboxes/{id}", Team("viewer", "read"), Value::Null),
        ("patch", "/api/sandboxes/{id}", Team("maintainer", "deploy"), json!({ "name": "shop" })),
        ("delete", "/api/sandboxes/{id}", Team("maintainer", "deploy"), Value::Null),
        ("post", "/api/sandboxes/{id}/enroll-token", Team("maintainer", "deploy"), Value::Null),
        ("get", "/api/sandboxes/{id}/detect", Team("deployer", "deploy"), Value::Null),
        ("post", "/api/sandboxes/{id}/export/zip", Team("deployer", "deploy"), Value::Null),
        ("post", "/api/sandboxes/{id}/export/tar", Team("deployer", "deploy"), json!({ "compression": "zstd" })),
        ("post", "/api/sandboxes/{id}/deploy", Team("deployer", "deploy"), json!({ "target_id": records.target })),
        ("get", "/api/sandboxes/{id}/deployments", Team("viewer", "read"), Value::Null),
        (
            "post",
            "/api/sandboxes/{id}/export/github",
            // Deploys, and makes a target: a token needs the scopes of both.
            Team("maintainer", "admin"),
            json!({ "config": { "owner": "ada", "repo": "shop" } }),
        ),
        (
            "post",
            "/api/sandboxes/{id}/export/gitlab",
            // Deploys, and makes a target: a token needs the scopes of both.
            Team("maintainer", "admin"),
            json!({ "config": { "namespace": "ada", "project": "shop" } }),
        ),
        ("get", "/api/deployments/targets", Own("read"), Value::Null),
        ("post", "/api/deployments/targets", Own("targets"), local.clone()),
        ("post", "/api/deployments/targets", Team("maintainer", "targets"), {
            let mut ours = local;
            ours["team_id"] = team.as_str().into();
            ours
        }),
        ("get", "/api/deployments/targets/{id}", Team("viewer", "read"), Value::Null),
        ("put", "/api/deployments/targets/{id}", Team("maintainer", "targets"), json!({})),
        ("delete", "/api/deployments/targets/{id}", Team("maintainer", "targets"), Value::Null),
        ("post", "/api/deployments/targets/{id}/test", Team("maintainer", "targets"), Value::Null),
        ("get", "/api/deployments/targets/{id}/webhook", Team("viewer", "read"), Value::Null),
        ("post", "/api/deployments/targets/{id}/webhook", Team("maintainer", "targets"), json!({})),
        ("delete", "/api/deployments/targets/{id}/webhook", Team("maintainer", "targets"), Value::Null),
        ("get", "/api/deployments/targets/{id}/domains", Team("viewer", "read"), Value::Null),
        (
            "post",
            "/api/deployments/targets/{id}/domains",
            Team("maintainer", "targets"),
            json!({ "name": "www.example.com" }),
        ),
        ("delete", "/api/deployments/targets/{id}/domains/{domain}", Team("maintainer", "targets"), Value::Null),
        ("post", "/api/deployments/targets/{id}/domains/{domain}/verify", Team("maintainer", "targets"), Value::Null),
        ("post", "/api/webhooks/{provider}", Proof, json!({})),
        ("get", "/api/providers", Own("read"), Value::Null),
        ("get", "/api/providers/{provider}/projects", Team("maintainer", "targets"), Value::Null),
        ("get", "/api/providers/{provider}/environments", Team("maintainer", "targets"), Value::Null),
        ("get", "/api/deployments/auth/{provider}/status", Own("read"), Value::Null),
        ("get", "/api/deployments/auth/{provider}/authorize", Own("accounts"), Value::Null),
        ("get", "/api/deployments/auth/{provider}/callback", Own("accounts"), Value::Null),
        ("post", "/api/deployments/auth/{provider}/device", Own("accounts"), Value::Null),
        ("post", "/api/deployments/auth/{provider}/device", Team("maintainer", "accounts"), json!({ "team_id": team })),
        // No token, so nobody is asked; only who may connect accounts is told so.
        ("post", "/api/deployments/auth/{provider}/token", Own("accounts"), json!({ "kind": "token", "token": "a b" })),
        (
            "post",
            "/api/deployments/auth/{provider}/token",
            Team("maintainer", "accounts"),
            json!({ "kind": "token", "token": "a b", "team_id": team }),
        ),
        ("get", "/api/deployments/targets/{id}/env", Team("viewer", "read"), Value::Null),
        ("put", "/api/deployments/targets/{id}/env", Team("maintainer", "targets"), json!({ "variables": [] })),
        (
            "post",
            "/api/deployments/targets/{id}/env/import",
            Team("maintainer", "targets"),
            json!({ "text": "", "scope": "build" }),
        ),
        ("delete", DISCONNECT, Team("maintainer", "accounts"), Value::Null),
        ("get", "/api/deployments", Own("read"), Value::Null),
        ("get", "/api/deployments/{id}", Team("viewer", "read"), Value::Null),
        ("get", "/api/deployments/{id}/logs", Team("viewer", "read"), Value::Null),
        ("post", "/api/deployments/{id}/redeploy", Team("deployer", "deploy"), Value::Null),
        ("post", "/api/deployments/{id}/rollback", Team("deployer", "deploy"), Value::Null),
        ("delete", "/api/deployments/{id}", Team("maintainer", "deploy"), Value::Null),
        ("post", "/api/deployments/{id}/cancel", Team("deployer", "deploy"), Value::Null),
    ]
}

fn path(template: &str, method: &str, records: &Records) -> String {
    let id = match template {
        _ if template.starts_with("/api/teams/") => &records.team,
        _ if template.starts_with("/api/sandboxes/") => &records.sandbox,
        _ if template.starts_with("/api/deployments/targets/") => &records.target,
        _ if template.starts_with("/api/deployments/") => &records.deployment,
        _ => UNKNOWN,
    };
    let member = if method == "delete" { &records.spare } else { &records.viewer };
    let query = match template {
        _ if template.ends_with("/logs") => "?format=text".to_owned(),
        _ if template.ends_with("/status") => "?check=false".to_owned(),
        _ if template.starts_with("/api/providers/") => format!("?credentials_id={}&project=a/b", records.account),
        _ => String::new(),
    };
    template
        .replace("{id}", id)
        .replace("{user_id}", member)
        .replace("{provider}", "github")
        .replace("{domain}", "www.example.com")
        + &query
}

/// Everybody there is.
struct Caller {
    name: String,
    token: Option<String>,
    role: Option<&'static str>,
    scope: &'static str,
    is_admin: bool,
}

fn position(list: &[&str], word: &str) -> usize {
    list.iter().position(|found| *found == word).unwrap_or_else(|| panic!("{word} is in the list"))
}

fn expected(need: Need, caller: &Caller) -> Option<StatusCode> {
    let reaches = |scope: &str| caller.scope == scope || caller.scope == "admin" || scope == "read";
    let forbidden_unless = |allowed: bool| (!allowed).then_some(StatusCode::FORBIDDEN);
    match need {
        Public => None,
        Proof => Some(StatusCode::UNAUTHORIZED),
        _ if caller.token.is_none() => Some(StatusCode::UNAUTHORIZED),
        Own(scope) => forbidden_unless(reaches(scope)),
        Installation => forbidden_unless(caller.is_admin && reaches("admin")),
        Team(role, scope) => match caller.role {
            None => Some(StatusCode::NOT_FOUND),
            Some(own) => forbidden_unless(position(&ROLES, own) >= position(&ROLES, role) && reaches(scope)),
        },
    }
}

async fn user_id(control_plane: &ControlPlane, token: &str) -> String {
    text(&control_plane.call_as(token, Method::GET, "/api/me", None).await, "id")
}

async fn set_member(control_plane: &ControlPlane, admin: &str, team: &str, user: &str, role: &str) {
    let path = format!("/api/teams/{team}/members/{user}");
    control_plane.call_as(admin, Method::PUT, &path, Some(json!({ "role": role }))).await;
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let control_plane = ControlPlane::start().await;
    let member = |name: &str, role: Option<&'static str>, scope: &'static str| Caller {
        name: format!("{name} ({scope})"),
        token: Some(control_plane.token_for(name, scope)),
        role,
        scope,
        is_admin: false,
    };
    let mut callers = vec![
        Caller { name: "anonymous".to_owned(), token: None, role: None, scope: "", is_admin: false },
        Caller {
            name: "operator".to_owned(),
            token: Some(TOKEN.to_owned()),
            role: None,
            scope: "admin",
            is_admin: true,
        },
        member("other", None, "admin"),
    ];
    callers.extend(ROLES.iter().map(|role| member(&format!("member-{role}"), Some(role), "admin")));
    callers.extend(SCOPES.iter().map(|scope| member("admin-with-scope", Some("admin"), scope)));
    // Belongs to whoever administers the installation, and must not be more than its scope says.
    callers.push(Caller { is_admin: true, role: None, ..member("admin", None, "deploy") });

    let admin = control_plane.token_for("team-admin", "admin");
    let call = |method, path: String, body| {
        let control_plane = &control_plane;
        let admin = &admin;
        async move { text(&control_plane.call_as(admin, method, &path, Some(body)).await, "id") }
    };
    let team = call(Method::POST, "/api/teams".to_owned(), json!({ "name": "shop" })).await;
    let mut viewer = String::new();
    for caller in callers.iter().filter(|caller| caller.role.is_some()) {
        let token = caller.token.as_deref().expect("a member");
        let user = user_id(&control_plane, token).await;
        set_member(&control_plane, &admin, &team, &user, caller.role.expect("a member")).await;
        if caller.role == Some("viewer") {
            viewer = user;
        }
    }
    let spare = user_id(&control_plane, &control_plane.token_for("spare", "read")).await;
    let sandbox = call(Method::POST, "/api/sandboxes".to_owned(), json!({ "name": "shop", "team_id": team })).await;
    let local = json!({ "provider": "local", "name": "local", "team_id": team });
    let target = call(Method::POST, "/api/deployments/targets".to_owned(), local).await;
    let deploy = format!("/api/sandboxes/{sandbox}/deploy");
    let deployment = call(Method::POST, deploy, json!({ "target_id": target })).await;
    let account = control_plane.add_credential_of(&team, "github", "shop");
    let records = Records { team, sandbox, target, deployment, account, viewer, spare };
    let table = table(&records);

    let document = control_plane.call(Method::GET, "/api/openapi.json", None).await;
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        documented.extend(item.as_object().expect("methods").keys().map(|method| format!("{method} {path}")));
    }
    let tested: BTreeSet<_> = table.iter().map(|(method, path, ..)| format!("{method} {path}")).collect();
    assert_eq!(documented, tested, "every route is in the table of this test");

    let client = reqwest::Client::builder().build().expect("a client");
    let mut wrong = Vec::new();
    let mut sent = Vec::new();
    for (method, template, need, body) in &table {
        for caller in &callers {
            if template.ends_with("/{user_id}") && *method == "delete" {
                set_member(&control_plane, &admin, &records.team, &records.spare, "viewer").await;
            }
            let mut url = format!("{}{}", control_plane.url, path(template, method, &records));
            if *template == DISCONNECT {
                // Whoever may disconnects it.
                let account =
                    control_plane.add_credential_of(&records.team, "github", &format!("account {}", sent.len()));
                url = format!("{url}?credentials_id={account}");
            }
            let method: Method = method.to_uppercase().parse().expect("a method");
            let mut request = client.request(method.clone(), url);
            if let Some(token) = &caller.token {
                request = request.bearer_auth(token);
            }
            if !body.is_null() {
                request = request.json(body);
            }
            let response = request.send().await.expect("answers");
            let found = response.status();
            let id = response.headers()["x-request-id"].to_str().expect("is ASCII").to_owned();
            let is_change = method != Method::GET && caller.token.is_some() && !matches!(need, Public);
            // Of what is not proven, as much is recorded as is worth it.
            if matches!(need, Proof) {
                assert_eq!(found, StatusCode::UNAUTHORIZED, "{template}");
                continue;
            }
            sent.push((id, is_change, found, format!("{method} {template} as {}", caller.name)));
            let is_right = match expected(*need, caller) {
                Some(status) => found == status,
                // Of tokens and issuers there are none here.
                None if found == StatusCode::NOT_FOUND => {
                    matches!(*template, "/api/tokens/{id}" | "/api/auth/oidc" | "/api/auth/oidc/callback")
                }
                None => !matches!(found, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && !is_defect(found),
            };
            if !is_right {
                let wanted = expected(*need, caller).map_or_else(|| "to be let in".to_owned(), |s| s.to_string());
                wrong.push(format!("{method} {template} as {}: {found}, not {wanted}", caller.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), table.len() * callers.len(), wrong.join("\n"));
    check_audit_log(&control_plane, &sent).await;
}

/// Each change that somebody tried has one row, which tells how it ended; nothing else has one.
async fn check_audit_log(control_plane: &ControlPlane, sent: &[(String, bool, StatusCode, String)]) {
    let response = control_plane.send(Method::GET, "/api/audit?all=true&format=ndjson", None).await;
    let mut outcomes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in response.text().await.expect("is text").lines() {
        let row: Value = serde_json::from_str(line).expect("a row");
        if let Some(request) = row["request_id"].as_str() {
            outcomes.entry(request.to_owned()).or_default().push(text(&row, "outcome"));
        }
    }
    assert!(sent.iter().filter(|(_, is_change, ..)| *is_change).count() > 250, "half of the table changes something");
    for (id, is_change, status, what) in sent {
        let expected: &[&str] = match status.as_u16() {
            _ if !is_change => &[],
            200..=399 => &["done"],
            401 | 403 | 404 | 429 => &["denied"],
            _ => &["failed"],
        };
        assert_eq!(outcomes.get(id).map_or(&[][..], Vec::as_slice), expected, "{what}: {status}");
    }
}

fn is_defect(status: StatusCode) -> bool {
    // No agent is connected, so `detect` cannot be answered.
    status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE
}

#[tokio::test]
async fn what_a_team_owns_its_members_see_and_former_members_do_not() {
    let control_plane = ControlPlane::start().await;
    let (ada, grace) = (control_plane.token_for("ada", "admin"), control_plane.token_for("grace", "admin"));
    let grace_id = user_id(&control_plane, &grace).await;
    let post = |token: &str, path: &str, body: Value| {
        let (control_plane, token, path) = (&control_plane, token.to_owned(), path.to_owned());
        async move { control_plane.call_as(&token, Method::POST, &path, Some(body)).await }
    };
    let team = text(&post(&ada, "/api/teams", json!({ "name": "shop" })).await, "id");
    let mine = text(&post(&ada, "/api/sandboxes", json!({ "name": "shop" })).await, "id");
    // The same name again: a team's names are its own.
    let ours = post(&ada, "/api/sandboxes", json!({ "name": "shop", "team_id": team })).await;
    assert_eq!(text(&ours, "team_id"), team);
    let ours = text(&ours, "id");
    let local = json!({ "provider": "local", "name": "local", "team_id": team });
    let target = text(&post(&ada, "/api/deployments/targets", local).await, "id");

    let names = |token: &str, path: &str| {
        let (control_plane, token, path) = (&control_plane, token.to_owned(), path.to_owned());
        async move {
            let list = control_plane.call_as(&token, Method::GET, &path, None).await;
            let items = list["items"].as_array().expect("a list").iter();
            items.map(|item| text(item, "id")).collect::<Vec<_>>()
        }
    };
    assert_eq!(names(&ada, "/api/sandboxes").await, [mine, ours.clone()]);
    assert!(names(&grace, "/api/sandboxes").await.is_empty());
    set_member(&control_plane, &ada, &team, &grace_id, "deployer").await;
    assert_eq!(names(&grace, "/api/sandboxes").await, std::slice::from_ref(&ours));
    assert_eq!(names(&grace, "/api/deployments/targets").await, std::slice::from_ref(&target));

    // With a sandbox of her own to the team's target: the deployment is hers, the target is not.
    let hers = text(&post(&grace, "/api/sandboxes", json!({ "name": "mine" })).await, "id");
    let body = json!({ "target_id": target });
    let deployment = text(&post(&grace, &format!("/api/sandboxes/{hers}/deploy"), body.clone()).await, "id");
    let shared = text(&post(&grace, &format!("/api/sandboxes/{ours}/deploy"), body.clone()).await, "id");
    assert_eq!(names(&ada, "/api/deployments").await, std::slice::from_ref(&shared));
    assert_eq!(names(&grace, "/api/deployments").await, [shared, deployment.clone()]);

    let member = format!("/api/teams/{team}/members/{grace_id}");
    control_plane.call_as(&grace, Method::DELETE, &member, None).await;
    assert_eq!(names(&grace, "/api/deployments").await, std::slice::from_ref(&deployment));
    for (path, body) in [
        (format!("/api/sandboxes/{hers}/deploy"), Some(body)),
        (format!("/api/deployments/{deployment}/redeploy"), None),
        (format!("/api/sandboxes/{ours}/enroll-token"), None),
    ] {
        let status = control_plane.send_as(&grace, Method::POST, &path, body).await.status();
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_team_keeps_its_last_admin() {
    let control_plane = ControlPlane::start().await;
    let (ada, grace) = (control_plane.token_for("ada", "admin"), control_plane.token_for("grace", "admin"));
    let (ada_id, grace_id) = (user_id(&control_plane, &ada).await, user_id(&control_plane, &grace).await);
    let team = control_plane.call_as(&ada, Method::POST, "/api/teams", Some(json!({ "name": "shop" }))).await;
    let team = text(&team, "id");
    let member = |user: &str| format!("/api/teams/{team}/members/{user}");
    let change = |token: &str, user: &str, role: Option<&str>| {
        let (control_plane, token, path) = (&control_plane, token.to_owned(), member(user));
        let body = role.map(|role| json!({ "role": role }));
        let method = if body.is_some() { Method::PUT } else { Method::DELETE };
        async move { control_plane.send_as(&token, method, &path, body).await.status() }
    };
    assert_eq!(change(&ada, &ada_id, Some("viewer")).await, StatusCode::CONFLICT);
    assert_eq!(change(&ada, &ada_id, None).await, StatusCode::CONFLICT);
    assert_eq!(change(&ada, &grace_id, Some("viewer")).await, StatusCode::OK);
    assert_eq!(change(&grace, &grace_id, Some("admin")).await, StatusCode::FORBIDDEN, "nobody promotes themselves");
    assert_eq!(change(&grace, &ada_id, None).await, StatusCode::FORBIDDEN);
    assert_eq!(change(&ada, &ada_id, None).await, StatusCode::CONFLICT);
    assert_eq!(change(&ada, &grace_id, Some("admin")).await, StatusCode::OK);
    // An admin who is shut out is none.
    control_plane.command_line(&["user", "disable", "grace"], "").expect("disables");
    assert_eq!(change(&ada, &ada_id, Some("viewer")).await, StatusCode::CONFLICT);
    control_plane.command_line(&["user", "enable", "grace"], "").expect("enables");
    assert_eq!(change(&ada, &ada_id, None).await, StatusCode::NO_CONTENT);
    assert_eq!(change(&ada, &grace_id, None).await, StatusCode::NOT_FOUND, "it is not her team any more");
    assert_eq!(change(&grace, UNKNOWN, Some("viewer")).await, StatusCode::NOT_FOUND);
    // A team is no person that could be in a team.
    assert_eq!(change(&grace, &team, Some("viewer")).await, StatusCode::NOT_FOUND);
}
