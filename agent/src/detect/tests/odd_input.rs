//! A workspace belongs to somebody else: whatever is in it, detection ends soon, in a plan or a sentence.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;

use proptest::prelude::*;
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

/// The warning that names a file.
#[track_caller]
fn warns(files: &[(&str, &str)], framework: &str, warning: &str) {
    let plan = Tree::new(files).detect().unwrap().plan;
    assert!(plan.warnings.iter().any(|said| said.contains(warning)), "{warning} in {:?}", plan.warnings);
    assert_eq!(plan.framework, framework);
}

#[test]
fn broken_files_are_named_with_what_was_assumed() {
    let page = ("index.html", "");
    warns(
        &[page, ("package.json", "{")],
        "static-html",
        "package.json is not valid: EOF while parsing an object at line 1 column 1; it was left out",
    );
    warns(
        &[page, ("Cargo.toml", "[package")],
        "static-html",
        "Cargo.toml is not valid: TOML parse error at line 1, column 9",
    );
    warns(&[page, ("pom.xml", "<a></b>")], "java", "pom.xml is not valid");
    warns(&[("package.json", VITE), ("vite.config.ts", "export default {")], "vite", "vite.config.ts");
    warns(
        &[("package.json", VITE), ("pnpm-workspace.yaml", "packages: [")],
        "vite",
        "pnpm-workspace.yaml is not valid",
    );
    warns(&[("mkdocs.yml", "a: [")], "mkdocs", "mkdocs.yml is not valid");
    warns(&[("pyproject.toml", "="), ("main.py", "")], "python", "pyproject.toml is not valid");
}

#[test]
fn contradicting_lock_files_are_named() {
    let locks = [("package.json", VITE), ("package-lock.json", "{}"), ("yarn.lock", "")];
    warns(
        &locks,
        "vite",
        "there are package-lock.json and yarn.lock; npm was assumed, and packageManager in package.json would decide",
    );
    let locks = [("pyproject.toml", "[project]\nname='x'"), ("main.py", ""), ("uv.lock", ""), ("poetry.lock", "")];
    warns(&locks, "python", "there are lock files of uv and of poetry; uv was assumed");
}

#[test]
fn a_manifest_of_a_hundred_megabytes_is_not_read() {
    let tree = Tree::new(&[("index.html", ""), ("package.json", "")]);
    fs::File::create(tree.0.path().join("package.json")).unwrap().set_len(100 << 20).unwrap();
    let detected = tree.detect().unwrap();
    assert_eq!(detected.plan.warnings, ["package.json is larger than 1 MiB; it was left out"]);
    let error = detected.into_static(tree.0.path()).unwrap_err().to_string();
    assert_eq!(error, "package.json is larger than 1 MiB", "nothing is published instead of what is really there");
}

#[test]
fn folders_a_thousand_deep_are_not_walked() {
    let tree = Tree::new(&[("package.json", r#"{"workspaces":["**"]}"#), ("a/package.json", VITE)]);
    let mut path = tree.0.path().to_owned();
    // The kernel takes no longer path at once.
    for _ in 0..250 {
        path.push("deep/deep/deep/deep");
        if fs::create_dir_all(&path).is_err() {
            break;
        }
    }
    assert_eq!(tree.detect().unwrap().plan.root_dir, "a");
}

#[test]
fn names_that_are_no_text_and_files_nobody_may_read_are_survived() {
    use std::os::unix::fs::PermissionsExt;

    let tree = Tree::new(&[("package.json", VITE), ("vite.config.ts", "export default {}")]);
    for name in [&b"\xff.config.js"[..], b"package.json\xff"] {
        fs::write(tree.0.path().join(std::ffi::OsString::from_vec(name.to_vec())), "x").unwrap();
    }
    fs::set_permissions(tree.0.path().join("vite.config.ts"), fs::Permissions::from_mode(0o000)).unwrap();
    let plan = tree.detect().unwrap().plan;
    assert_eq!(plan.framework, "vite");
    // Root may read everything.
    if !nix::unistd::Uid::effective().is_root() {
        assert!(plan.warnings[0].starts_with("vite.config.ts cannot be read"), "{:?}", plan.warnings);
    }
}

#[test]
fn a_directory_with_more_names_than_are_kept_is_still_asked_for_single_files() {
    let tree = Tree::new(&[("zz/index.html", "")]);
    for number in 0..10_001 {
        fs::write(tree.0.path().join(format!("a{number}")), "").unwrap();
    }
    fs::write(tree.0.path().join("zz.html"), "").unwrap();
    fs::write(tree.0.path().join("package.json"), VITE).unwrap();
    assert_eq!(tree.detect().unwrap().plan.framework, "vite");
}

/// Files that are parsed.
const PARSED: [&str; 30] = [
    "package.json",
    "vite.config.ts",
    "eleventy.config.js",
    "angular.json",
    "turbo.json",
    "rush.json",
    "pnpm-workspace.yaml",
    "yarn.lock",
    "pyproject.toml",
    "requirements.txt",
    "Pipfile",
    "setup.cfg",
    "Cargo.toml",
    "go.mod",
    "go.work",
    "Gemfile",
    "composer.json",
    "pom.xml",
    "build.gradle",
    "app.csproj",
    "mix.exs",
    "gleam.toml",
    "deno.jsonc",
    "pubspec.yaml",
    "Package.swift",
    "mkdocs.yml",
    "book.toml",
    "slipway.toml",
    "mise.toml",
    "Procfile",
];

/// What such files are made of, cut and mixed.
const PIECES: [&str; 36] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "<",
    ">",
    "</",
    "\"",
    "'",
    "`",
    "=",
    ":",
    ",",
    "\n",
    "  ",
    "- ",
    "#",
    "//",
    "/*",
    "*/",
    "a",
    "dependencies",
    "vite",
    "workspaces",
    "*",
    "..",
    "/",
    "\\",
    "&x",
    "*x",
    "{:a, \"",
    "use (",
    "gem 'a'",
    "\u{feff}",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn whatever_files_hold_detection_ends_in_a_plan(
        files in prop::collection::vec(
            (prop::sample::select(&PARSED[..]), prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40)),
            1..4,
        ),
    ) {
        let files: Vec<(&str, String)> = files.into_iter().map(|(name, pieces)| (name, pieces.concat())).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let plan = Tree::new(&files).detect().unwrap().plan;
        prop_assert!((0.0..=1.0).contains(&plan.confidence));
        prop_assert!(!plan.output_dir.split('/').any(|part| part == ".."), "{}", plan.output_dir);
    }
}
