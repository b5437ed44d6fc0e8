//! A workspace belongs to somebody else: whatever is in it, detection ends soon, in a plan or a sentence.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;

use slipway_proto::limits::PLAN_BYTES;

use super::*;

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_read() {
    let text = format!("\u{feff}{}", VITE.replace(',', ",\r\n"));
    check(&[("package.json", &text)], "vite", Some("npm run build"), "dist");
}

#[test]
fn what_is_no_small_file_does_not_count() {
    let tree = Tree::new(&[("index.html", "")]);
    nix::unistd::mkfifo(&tree.0.path().join("package.json"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(tree.detect().unwrap().plan.framework, "static-html");

    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(2 << 20));
    check(&[("index.html", ""), ("package.json", &huge)], "static-html", None, ".");
    check(&[("index.html", ""), ("package.json/x", "")], "static-html", None, ".");
    check(
        &[("package.json", VITE), ("vite.config.ts/x", ""), ("yarn.lock/x", "")],
        "vite",
        Some("npm run build"),
        "dist",
    );
    fails(&[("index.html/x", "")], "nothing to build or publish");
}

#[test]
fn nothing_outside_of_the_workspace_is_read() {
    let outside = Tree::new(&[("package.json", VITE), (".nvmrc", "18"), ("web/package.json", VITE)]);
    let tree = Tree::new(&[("index.html", ""), ("packages/a/package.json", "{}")]);
    for name in ["package.json", ".nvmrc", "web"] {
        symlink(outside.0.path().join(name), tree.0.path().join(name)).unwrap();
    }
    let plan = tree.detect().unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.runtime_versions.len()), ("static-html", 0));
    let overrides = BuildOverrides { root_dir: "web".to_owned(), ..BuildOverrides::default() };
    let error = tree.detect_with(&overrides).unwrap_err().to_string();
    assert_eq!(error, "root_dir `web` is not a directory of the workspace");
}

#[test]
fn loops_of_links_end() {
    let tree = Tree::new(&[("package.json", r#"{"workspaces":["**"]}"#), ("a/package.json", VITE)]);
    symlink("..", tree.0.path().join("a/up")).unwrap();
    symlink("loop", tree.0.path().join("loop")).unwrap();
    let plan = tree.detect().unwrap().plan;
    assert_eq!((plan.root_dir.as_str(), plan.monorepo.unwrap().packages), ("a", vec!["a".to_owned()]));

    let tree = Tree::new(&[("index.html", "")]);
    symlink("package.json", tree.0.path().join("package.json")).unwrap();
    let error = tree.refusal().to_string();
    assert!(error.starts_with("package.json cannot be read"), "{error}");
}

#[test]
fn bytes_that_are_no_text_and_values_of_other_types_are_survived() {
    let tree = Tree::new(&[("vite.config.js", "")]);
    fs::write(tree.0.path().join("package.json"), b"{\"devDependencies\":{\"vite\":\"\xff\"}}").unwrap();
    fs::write(tree.0.path().join("vite.config.js"), b"\xff{{{'\"`build:{outDir:'\xfe").unwrap();
    fs::create_dir(tree.0.path().join(std::ffi::OsString::from_vec(b"\xff".to_vec()))).unwrap();
    assert_eq!(tree.detect().unwrap().plan.framework, "vite");

    let odd = r#"{"dependencies":[],"devDependencies":{"vite":7},"scripts":1,"workspaces":{"packages":"x"},"packageManager":[],"engines":"x"}"#;
    check(&[("package.json", odd)], "vite", Some("npx --no-install vite build"), "dist");
    fails(&[("package.json", &"[".repeat(100_000))], "recursion limit exceeded at line 1");
    fails(&[("package.json", "")], "package.json is not valid: EOF while parsing a value at line 1 column 0");
}

#[test]
fn a_plan_fits_into_a_message_and_rewrites_no_terminal() {
    let script = format!("echo \\u001b[2J{}", "x".repeat(500_000));
    let package = format!(
        r#"{{"workspaces":["**"],"devDependencies":{{"vite":"7"}},"scripts":{{"build":"{script} vite build"}}}}"#
    );
    let mut files = vec![("package.json".to_owned(), package)];
    files.extend((0..250).map(|index| (format!("{}/{index}/package.json", "p".repeat(250)), VITE.to_owned())));
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let detected = Tree::new(&files).detect().unwrap();
    assert!(serde_json::to_vec(&detected.plan).unwrap().len() <= PLAN_BYTES);
    assert!(!detected.plan.evidence.is_empty());
    assert!(report(&detected).chars().all(|character| character == '\n' || !character.is_control()));
}
