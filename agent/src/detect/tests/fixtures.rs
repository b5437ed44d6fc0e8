//! The projects that the end-to-end tests build for real.

use super::*;

/// Where pnpm is installed, and where only npm is.
fn detected(fixture: &str, programs: &[&str]) -> Detected {
    use std::os::unix::fs::PermissionsExt;

    let tools = tempfile::tempdir().unwrap();
    for program in programs {
        let path = tools.path().join(program);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(fixture);
    detect_with(&directory, &Overrides::default(), &SearchPath::from_directories([tools.path()])).unwrap()
}

#[test]
fn every_fixture_is_recognised() {
    const NPM: &str = "npm run build";
    // Fixture, framework, root_dir, install, build, output; nothing to run is empty.
    let table = [
        ["plain-html", "static-html", ".", "", "", "."],
        ["vite-react", "vite", ".", "npm ci", NPM, "dist"],
        ["astro-pnpm", "astro", ".", "pnpm install --frozen-lockfile", "pnpm run build", "dist"],
        ["next-export", "next", ".", "npm ci", NPM, "out"],
        ["failing-build", "none", ".", "", NPM, "dist"],
        ["monorepo", "vite", "apps/site", "npm ci", NPM, "dist"],
        ["custom-build", "none", ".", "", NPM, "dist"],
    ];
    for expected in table {
        let fixture = expected[0];
        let detected = detected(fixture, &["npm", "npx", "pnpm"]);
        let plan = &detected.plan;
        let [install, build] =
            [&plan.install_command, &plan.build_command].map(|command| command.as_deref().unwrap_or_default());
        assert_eq!([fixture, &plan.framework, &plan.root_dir, install, build, &plan.output_dir], expected);
        assert_eq!(detected.install_dir, Path::new("."), "{fixture}");
        assert!(!plan.evidence.is_empty(), "{fixture}");
        detected.into_static(Path::new(fixture)).unwrap();
    }
}

#[test]
fn pnpm_runs_through_npx_where_it_is_not_installed() {
    let plan = detected("astro-pnpm", &["npx"]).plan;
    assert_eq!(plan.install_command.as_deref(), Some("npx --yes pnpm@10.34.9 install --frozen-lockfile"));
    assert_eq!(plan.build_command.as_deref(), Some("npx --yes pnpm@10.34.9 run build"));
}

#[test]
fn the_reasons_are_given_in_words() {
    let plan = detected("vite-react", &[]).plan;
    for reason in
        ["`vite` is in devDependencies of package.json", "lock file package-lock.json", "vite.config.ts is there"]
    {
        assert!(plan.evidence.iter().any(|evidence| evidence == reason), "{reason} in {:?}", plan.evidence);
    }
    let table = report(&detected("monorepo", &[]));
    for row in [
        "framework        Vite (vite)",
        "directory        apps/site",
        "install          npm ci (in .)",
        "confidence       90 %",
    ] {
        assert!(table.lines().any(|line| line == row), "{row} in\n{table}");
    }

    let unknown = Tree::new(&[("notes.txt", "")]).detect().unwrap();
    assert_eq!((unknown.plan.framework.as_str(), unknown.plan.confidence), ("none", 0.0));
    assert!(report(&unknown).contains("to change that   add a manifest"), "{}", report(&unknown));
}
