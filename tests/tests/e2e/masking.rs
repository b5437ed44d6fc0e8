//! Invariant 4: what a build prints of its secrets arrives masked, whatever way it is printed.

use reqwest::{Method, StatusCode};
use serde_json::json;
use slipway_tests::agent::Agent;
use slipway_tests::control_plane::{ControlPlane, text};
use slipway_tests::fixtures::Project;
use slipway_tests::processes::processes_with;
use slipway_tests::{BUILD, SOON, eventually};

const TOKEN: &str = "tok-9fK2\"mQ/7 xZ&41-canary";
const KEY: &str = "-----BEGIN EC PRIVATE KEY-----\n\
    MHcCAQEEIBZ1yQ0Zc8oPq1vXhW3oJ0m5s6h8Yq0Wf2c9Jd7nR1tUoAoGCCqGSM49\n\
    AwEHoUQDQgAE7m0xP9b3fGz2kLw8sQnVtYc5R1uEoJ6hZaDpXqNvBiTgM4KCyWSl\n\
    -----END EC PRIVATE KEY-----\n";

/// Nothing of these may be in a log: each is a part of a form of a secret.
const TELLING: [&str; 9] = [
    "9fK2",
    "canary",
    // Base64 of parts of the token, at all alignments.
    "OWZLM",
    "lmSzI",
    "Y2FuYXJ5",
    // Lines of the key.
    "MHcCAQEEIBZ1",
    "hUoAoGCCqGSM49",
    "7m0xP9b3fGz2kLw8",
    "gM4KCyWSl",
];

#[tokio::test]
async fn a_secret_of_the_build_is_masked_in_every_form_it_prints() {
    // Writes in pieces with pauses, so that secrets go over reads, batches and messages.
    let project = Project::with_build_script(
        "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'x');
         const { TOKEN, KEY, PLAIN } = process.env; const wait = ms => new Promise(done => setTimeout(done, ms));
         (async () => {
           console.log('raw', TOKEN); console.error('stderr', TOKEN); console.log('plain', PLAIN);
           console.log('base64', Buffer.from(TOKEN).toString('base64'));
           console.log('basic', Buffer.from('u:' + TOKEN).toString('base64url'));
           console.log('url', encodeURIComponent(TOKEN), new URLSearchParams({ q: TOKEN }).toString());
           console.log('json', JSON.stringify({ token: TOKEN }), JSON.stringify(JSON.stringify({ token: TOKEN })));
           console.log('hex', Buffer.from(TOKEN).toString('hex'));
           process.stdout.write('cut ' + TOKEN.slice(0, 11)); await wait(400);
           process.stdout.write(TOKEN.slice(11) + ' here\\n');
           for (const character of TOKEN) { process.stdout.write(character); await wait(20); }
           console.log(); console.log('colour \\x1b[31m' + TOKEN.slice(0, 9) + '\\x1b[0m' + TOKEN.slice(9));
           console.log('key whole'); console.log(KEY);
           for (const line of KEY.split('\\n')) { console.log('key: ' + line); await wait(150); }
           console.log(JSON.stringify(KEY)); console.log(Buffer.from(KEY).toString('base64'));
           console.log('end'); console.error('Error: cannot sign in with ' + TOKEN); process.exit(3);
         })();",
    );
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let variables = json!([
        { "name": "TOKEN", "scope": "build", "value": TOKEN },
        { "name": "KEY", "scope": "build", "value": KEY },
        { "name": "PLAIN", "scope": "build", "value": "https://plain.example/value", "secret": false },
    ]);
    control_plane.set_variables(&target, variables).await;
    let id = control_plane.deploy(&sandbox, &target, json!({})).await;
    let deployment = control_plane.wait_for(&id, &["failed"], BUILD).await;
    let log = eventually("the whole log", SOON, || async {
        Some(control_plane.log(&id).await).filter(|log| log.contains("cannot sign in"))
    })
    .await;
    let message = text(&deployment, "error_message");
    for telling in TELLING {
        assert!(!log.contains(telling), "{telling:?} is in the log:\n{log}");
        assert!(!message.contains(telling), "{telling:?} is in the message: {message}");
    }
    for shown in [
        "raw [masked:TOKEN]\n",
        "stderr [masked:TOKEN]\n",
        "plain https://plain.example/value\n",
        "url [masked:TOKEN] q=[masked:TOKEN]\n",
        "json {\"token\":\"[masked:TOKEN]\"}",
        "hex [masked:TOKEN]\n",
        "cut [masked:TOKEN] here\n",
        "\n[masked:TOKEN]\n",
        "key whole\n[masked:KEY]\n",
        "key: [masked:KEY]\n",
        "Error: cannot sign in with [masked:TOKEN]\n",
    ] {
        assert!(log.contains(shown), "{shown:?} is not in the log:\n{log}");
    }
    assert!(message.contains("cannot sign in with [masked:TOKEN]"), "{message}");
}

#[tokio::test]
async fn what_a_request_gives_for_one_build_is_masked_too() {
    let project = Project::with_build_script(
        "const fs = require('fs'); fs.mkdirSync('dist'); fs.writeFileSync('dist/index.html', 'x');
         console.log(process.env.A, process.env.B, process.env.NODE_ENV);",
    );
    let control_plane = ControlPlane::start().await;
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    control_plane.set_variables(&target, json!([{ "name": "A", "scope": "build", "value": "of-the-target" }])).await;
    let env = json!({
        "A": "of-the-request", "B": { "value": "to-be-read", "secret": false }, "NODE_ENV": "production",
    });
    let id = control_plane.deploy(&sandbox, &target, json!({ "env": env })).await;
    control_plane.wait_for(&id, &["success"], BUILD).await;
    let log = control_plane.log(&id).await;
    assert!(log.contains("\n[masked:A] to-be-read production\n"), "{log}");
}

#[tokio::test]
async fn a_credential_seen_in_a_sandbox_stops_the_deployment() {
    const CREDENTIAL: &str = "npm-credential-canary-77d1e0";
    // Nobody gave it to the build: it lies in the project, as if it had leaked. It prints the first half
    // of it long before the second, so that it goes over two batches.
    let project = Project::with_build_script(
        "const token = Buffer.from('bnBtLWNyZWRlbnRpYWwtY2FuYXJ5LTc3ZDFlMA==', 'base64').toString();
         process.stdout.write('before ' + token.slice(0, 14) + '\\n');
         setTimeout(() => process.stdout.write(token.slice(14) + ' after\\n'), 700);
         setTimeout(() => console.log('still running'), 1500); setTimeout(() => {}, 60000);",
    );
    let control_plane = ControlPlane::start().await;
    let id = control_plane.add_credential("npm", "release key", CREDENTIAL);
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    let env = json!({ "MARK": "of-the-build-that-leaks" });
    let deployment = control_plane.deploy(&sandbox, &target, json!({ "env": env })).await;
    let failed = control_plane.wait_for(&deployment, &["failed"], BUILD).await;
    let message = text(&failed, "error_message");
    for part in ["`release key` (npm)", "stopped", "Rotate"] {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    let alarm = &failed["metadata"]["alarm"];
    assert_eq!((&alarm["kind"], &alarm["credentials"][0]["id"]), (&json!("secret_seen_in_sandbox"), &json!(id)));
    let log = control_plane.log(&deployment).await;
    assert!(log.contains(&format!("before [masked:credential {id}]")) && log.contains(" after"), "{log}");
    for half in ["npm-credential", "canary-77d1e0"] {
        assert!(!log.contains(half) && !message.contains(half), "{log}");
    }
    eventually("the build to be ended", SOON, || async {
        processes_with("of-the-build-that-leaks").is_empty().then_some(())
    })
    .await;
    let said = control_plane.said().join("\n");
    assert!(said.contains("secret.seen_in_sandbox"));
    assert!(!said.contains("canary-77d1e0"));

    let path = format!("/api/audit?action=secret.seen_in_sandbox&subject={deployment}");
    let rows = control_plane.call(Method::GET, &path, None).await;
    let row = &rows["items"][0];
    assert_eq!(row["details"], json!({ "sandbox_id": sandbox, "credential_ids": [id] }), "{rows:#}");
    assert_eq!((text(&row["actor"], "kind"), text(row, "outcome")), ("system".to_owned(), "done".to_owned()));
    assert_eq!(rows["items"].as_array().map(Vec::len), Some(1), "said once: {rows:#}");

    // Another deployment of the same sandbox is not held up.
    let project_without = json!({ "build_command": "mkdir dist && echo hello > dist/index.html" });
    let next = control_plane.deploy(&sandbox, &target, project_without).await;
    control_plane.wait_for(&next, &["success"], BUILD).await;
}

#[tokio::test]
async fn a_credential_in_what_an_agent_answers_is_not_passed_on() {
    const CREDENTIAL: &str = "railway-credential-4c11ee";
    let project = Project::empty();
    project
        .write("package.json", &json!({ "scripts": { "build": format!("deploy --with {CREDENTIAL}") } }).to_string());
    let control_plane = ControlPlane::start().await;
    let id = control_plane.add_credential("railway", "main", CREDENTIAL);
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    project.write("slipway.toml", &format!("build_command = \"deploy --with {CREDENTIAL}\"\n"));
    let path = format!("/api/sandboxes/{sandbox}/detect");
    let (_, detail) = control_plane.refused(Method::GET, &path, None, StatusCode::CONFLICT).await;
    assert!(detail.contains("`main` (railway)") && detail.contains("withheld"), "{detail}");
    assert!(!detail.contains(CREDENTIAL));
    let path = format!("/api/audit?action=secret.seen_in_sandbox&subject={sandbox}");
    let rows = control_plane.call(Method::GET, &path, None).await;
    assert_eq!(rows["items"][0]["details"], json!({ "credential_ids": [id] }), "{rows:#}");
}

#[tokio::test]
async fn a_credential_in_the_message_of_a_failure_stops_the_deployment_too() {
    const CREDENTIAL: &str = "credential-canary-5521aa";
    let project = Project::empty();
    project.write("package.json", "{ \"name\": \"x\", \"scripts\": { \"build\": \"true\" } }");
    let control_plane = ControlPlane::start().await;
    control_plane.add_credential("vercel", "main", CREDENTIAL);
    let sandbox = control_plane.create_sandbox("sandbox").await;
    let _agent = Agent::start(&control_plane, &sandbox, project.path()).await;
    let target = control_plane.local_target().await;
    // The tool that is missing is named in the message, and not in the log.
    let more = json!({ "install_command": "true", "build_command": CREDENTIAL });
    let id = control_plane.deploy(&sandbox, &target, more).await;
    let failed = control_plane.wait_for(&id, &["failed"], BUILD).await;
    assert!(text(&failed, "error_message").contains("`main` (vercel)"), "{failed:#}");
    assert!(!control_plane.log(&id).await.contains(CREDENTIAL));
}
