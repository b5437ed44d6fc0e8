use std::fs;

use slipway_proto::plan::{ProjectKind, Routing};
use slipway_proto::v1::{BuildOverrides, FailureCode};

use super::*;

mod cases;
mod fixtures;
mod odd_input;

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        Self(scratch::tree(files.iter().copied()))
    }

    fn detect(&self) -> Result<Detected, DetectError> {
        self.detect_with(&BuildOverrides::default())
    }

    /// With what a request says.
    fn detect_with(&self, request: &BuildOverrides) -> Result<Detected, DetectError> {
        self.detect_by(&Overrides { request: request.clone(), ..Overrides::default() })
    }

    fn detect_by(&self, overrides: &Overrides) -> Result<Detected, DetectError> {
        detect_with(self.0.path(), overrides, &SearchPath::from_directories::<&Path>([]))
    }

    /// What a build of it would fail with.
    fn refusal(&self) -> DetectError {
        self.detect().and_then(|detected| detected.into_static(self.0.path())).unwrap_err()
    }
}

#[track_caller]
fn check(files: &[(&str, &str)], framework: &str, build: Option<&str>, output: &str) {
    let plan = Tree::new(files).detect().unwrap().plan;
    assert_eq!(
        (plan.framework.as_str(), plan.build_command.as_deref(), plan.output_dir.as_str()),
        (framework, build, output),
        "{:?}",
        plan.evidence
    );
}

#[track_caller]
fn fails(files: &[(&str, &str)], expected: &str) {
    let error = Tree::new(files).refusal().to_string();
    assert!(error.contains(expected), "{error}");
}

const VITE: &str = r#"{"devDependencies":{"vite":"^7"},"scripts":{"build":"tsc -b && vite build"}}"#;
const NEXT: &str = r#"{"dependencies":{"next":"15","react":"19"},"scripts":{"build":"next build"}}"#;
const ASTRO: &str = r#"{"dependencies":{"astro":"5","vite":"6"}}"#;

#[test]
fn frameworks_are_known_by_dependency_and_config() {
    check(&[("package.json", VITE)], "vite", Some("npm run build"), "dist");
    let config = "export default defineConfig({ build: { outDir: 'site' } })";
    check(&[("package.json", VITE), ("vite.config.ts", config)], "vite", Some("npm run build"), "site");
    let config = "export default { root: 'src', build: { outDir: '../public_html' } }";
    check(&[("package.json", VITE), ("vite.config.js", config)], "vite", Some("npm run build"), "public_html");
    let flag = r#"{"devDependencies":{"vite":"7"},"scripts":{"build":"vite build --outDir www"}}"#;
    check(&[("package.json", flag)], "vite", Some("npm run build"), "www");
    check(&[("package.json", ASTRO)], "astro", Some("npx --no-install astro build"), "dist");
    let config = "export default defineConfig({ outDir: './out' })";
    check(
        &[("package.json", ASTRO), ("astro.config.mjs", config)],
        "astro",
        Some("npx --no-install astro build"),
        "out",
    );
}

#[test]
fn an_output_that_leaves_the_project_is_not_believed() {
    let config = "export default { build: { outDir: '../../etc' } }";
    check(&[("package.json", VITE), ("vite.config.js", config)], "vite", Some("npm run build"), "dist");
}

#[test]
fn next_is_static_only_when_it_exports() {
    let server = Tree::new(&[("package.json", NEXT), ("next.config.mjs", "export default {}")]);
    assert_eq!(server.detect().unwrap().plan.kind, ProjectKind::SsrServer);
    assert_eq!(
        server.refusal().to_string(),
        "this Next.js project renders on a server, which cannot be published as files yet; \
         set `output: 'export'` in next.config, or deploy a static project"
    );

    let export = "const nextConfig: NextConfig = { output: 'export', distDir: 'build' };\nexport default nextConfig";
    check(&[("package.json", NEXT), ("next.config.ts", export)], "next", Some("npm run build"), "build");
    let script = r#"{"dependencies":{"next":"12"},"scripts":{"build":"next build && next export"}}"#;
    check(&[("package.json", script)], "next", Some("npm run build"), "out");
    let script = r#"{"dependencies":{"next":"12"},"scripts":{"build":"next build && next export -o www"}}"#;
    check(&[("package.json", script)], "next", Some("npm run build"), "www");
}

#[test]
fn astro_with_an_adapter_renders_on_a_server() {
    let config = "export default defineConfig({ output: 'server', adapter: node({ mode: 'standalone' }) })";
    let tree = Tree::new(&[("package.json", ASTRO), ("astro.config.mjs", config)]);
    assert_eq!(tree.detect().unwrap().plan.kind, ProjectKind::SsrServer);
    let sentence = tree.refusal().to_string();
    assert!(sentence.contains("this Astro project") && sentence.contains("remove `output: 'server'`"), "{sentence}");
}

#[test]
fn only_bundled_pages_route_in_the_browser() {
    assert_eq!(Tree::new(&[("package.json", VITE)]).detect().unwrap().plan.routing, Routing::SinglePage);
    assert_eq!(Tree::new(&[("package.json", ASTRO)]).detect().unwrap().plan.routing, Routing::Pages);
}

#[test]
fn a_build_script_is_enough_for_a_guess() {
    let package = r#"{"scripts":{"build":"node build.js"}}"#;
    check(&[("package.json", package), ("index.html", "")], "none", Some("npm run build"), "dist");
    let detection = Tree::new(&[("package.json", package)]).detect().unwrap();
    assert_eq!(detection.plan.install_command, None, "there is nothing to install");
    assert_eq!(detection.output_candidates, ["dist", "build", "out", "public", "_site"]);
    assert!(detection.runs_commands());
}

#[test]
fn plain_pages_need_no_build() {
    check(&[("index.html", "hello")], "static-html", None, ".");
    check(&[("public/index.html", "hello"), ("README.md", "")], "static-html", None, "public");
    check(&[("index.html", ""), ("package.json", r#"{"devDependencies":{"prettier":"3"}}"#)], "static-html", None, ".");
    assert!(!Tree::new(&[("index.html", "")]).detect().unwrap().runs_commands());
}

#[test]
fn a_monorepo_is_built_where_its_site_is() {
    let root = ("package.json", r#"{"workspaces":["apps/*","packages/*"],"scripts":{"build":"turbo build"}}"#);
    let library = ("packages/ui/package.json", r#"{"scripts":{"build":"tsc"}}"#);
    let site = ("apps/web/package.json", VITE);
    let lock = ("package-lock.json", "{}");
    let detection = Tree::new(&[root, library, site, lock]).detect().unwrap();
    assert_eq!((detection.plan.root_dir.as_str(), detection.install_dir.as_path()), ("apps/web", Path::new(".")));
    assert_eq!(detection.plan.install_command.as_deref(), Some("npm ci"));
    assert_eq!(detection.plan.monorepo.unwrap().packages, ["apps/web", "packages/ui"]);
    let others = detection.plan.alternatives.iter().map(|other| (other.framework.as_str(), other.root_dir.as_str()));
    assert_eq!(others.collect::<Vec<_>>(), [("none", "apps/web"), ("none", ".")], "best first");
}

#[test]
fn of_several_sites_the_best_is_taken_and_the_others_are_named() {
    let root = ("package.json", r#"{"workspaces":["apps/*","packages/*"],"devDependencies":{"vite":"7"}}"#);
    let server = ("apps/admin/package.json", NEXT);
    let docs = ("apps/docs/package.json", ASTRO);
    let library = (
        "packages/ui/package.json",
        r#"{"main":"dist/ui.js","devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}"#,
    );
    let plan = Tree::new(&[root, server, docs, library]).detect().unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.root_dir.as_str()), ("astro", "apps/docs"));
    assert!(plan.confidence < 0.7, "{}", plan.confidence);
    assert!(plan.evidence.iter().any(|reason| reason.contains("among 2 packages") && reason.contains("set root_dir")));
    let others: Vec<_> = plan.alternatives.iter().map(|other| other.root_dir.as_str()).collect();
    assert_eq!(others, ["apps/docs", "apps/admin", "packages/ui", "."], "{:?}", plan.alternatives);

    let plan = Tree::new(&[root, docs, library]).detect().unwrap().plan;
    assert_eq!((plan.root_dir.as_str(), plan.confidence), ("apps/docs", 0.9), "a library is no rival");

    let chosen = BuildOverrides { root_dir: "./apps/admin/".to_owned(), ..BuildOverrides::default() };
    let plan = Tree::new(&[root, server, docs]).detect_with(&chosen).unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.root_dir.as_str()), ("next", "apps/admin"));
}

#[test]
fn a_site_at_the_top_of_a_workspace_is_taken_itself() {
    let root = r#"{"workspaces":["packages/*"],"devDependencies":{"vite":"7"},"scripts":{"build":"vite build"}}"#;
    let docs = ("packages/docs/package.json", ASTRO);
    let detection = Tree::new(&[("package.json", root), docs]).detect().unwrap();
    assert_eq!((detection.plan.framework.as_str(), detection.plan.root_dir.as_str()), ("vite", "."));
}

#[test]
fn the_user_has_the_last_word() {
    let overrides = BuildOverrides {
        install_command: "true".to_owned(),
        build_command: "make site".to_owned(),
        output_dir: "./_out/".to_owned(),
        ..BuildOverrides::default()
    };
    let plan = Tree::new(&[("package.json", NEXT)]).detect_with(&overrides).unwrap().plan;
    assert_eq!(plan.install_command.as_deref(), Some("true"));
    assert_eq!(plan.build_command.as_deref(), Some("make site"));
    assert_eq!((plan.output_dir.as_str(), plan.kind), ("_out", ProjectKind::Static));

    let plan = Tree::new(&[("Makefile", "")]).detect_with(&overrides).unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.output_dir.as_str()), ("custom", "_out"));

    let package = r#"{"dependencies":{"left-pad":"1"}}"#;
    let plan = Tree::new(&[("package.json", package)])
        .detect_with(&BuildOverrides { install_command: String::new(), ..overrides })
        .unwrap()
        .plan;
    assert_eq!((plan.framework.as_str(), plan.install_command.as_deref()), ("custom", Some("npm install")));
    assert_eq!(plan.build_command.as_deref(), Some("make site"));
}

#[test]
fn each_setting_comes_from_its_strongest_source() {
    let files = [
        ("package.json", VITE),
        ("slipway.toml", "[build]\ninstall_command = 'file'\nbuild_command = 'file'\noutput_dir = 'file'\n"),
    ];
    let tree = Tree::new(&files);
    let settings = |install: &str, build: &str| BuildOverrides {
        install_command: install.to_owned(),
        build_command: build.to_owned(),
        ..BuildOverrides::default()
    };
    let overrides = Overrides { request: settings("request", ""), target: settings("target", "target") };
    let plan = tree.detect_by(&overrides).unwrap().plan;
    let commands = [&plan.install_command, &plan.build_command].map(|command| command.as_deref().unwrap());
    assert_eq!((commands, plan.output_dir.as_str()), (["request", "target"], "file"));
    let source = |setting| plan.sources[&setting].as_str();
    assert_eq!(
        [source(Setting::InstallCommand), source(Setting::BuildCommand), source(Setting::OutputDir)],
        ["request", "target", "slipway.toml"]
    );

    let sources = |files| Tree::new(files).detect().unwrap().plan.sources;
    let of_script = sources(&[("package.json", VITE)]);
    assert_eq!(of_script[&Setting::BuildCommand], "package.json");
    assert_eq!(of_script[&Setting::OutputDir], "framework");
    let config = "export default { build: { outDir: 'site' } }";
    let of_config = sources(&[("package.json", r#"{"devDependencies":{"vite":"7"}}"#), ("vite.config.js", config)]);
    assert_eq!(of_config[&Setting::BuildCommand], "framework");
    assert_eq!(of_config[&Setting::OutputDir], "vite.config.js");
}

#[test]
fn a_project_says_itself_how_it_is_built() {
    let tree = Tree::new(&[
        ("slipway.toml", "[build]\nroot_dir = 'apps/web'\nframework = 'eleventy'\nstart_command = 'serve'\n"),
        ("apps/web/package.json", r#"{"name":"web"}"#),
        ("apps/web/slipway.toml", "[build]\noutput_dir = 'out'\n"),
    ]);
    let plan = tree.detect().unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.root_dir.as_str()), ("eleventy", "apps/web"));
    assert_eq!(
        (plan.output_dir.as_str(), &plan.sources[&Setting::OutputDir]),
        ("out", &"apps/web/slipway.toml".to_owned())
    );
    assert_eq!(plan.sources[&Setting::Framework], "slipway.toml");

    let odd = "[build]\nframework = 'nothing'\noutput_dir = '../x'\nroot_dir = 1\nbuild = 'x'\n";
    let plan = Tree::new(&[("index.html", ""), ("slipway.toml", odd)]).detect().unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.output_dir.as_str()), ("static-html", "."));
    for part in [
        "`build.framework` in slipway.toml is not a framework",
        "must not contain `..`",
        "is not text",
        "`build.build`, which is not known",
    ] {
        assert!(plan.warnings.iter().any(|warning| warning.contains(part)), "{part} in {:?}", plan.warnings);
    }
    let server = "http_listen = '127.0.0.1:7070'\n";
    let plan = Tree::new(&[("index.html", ""), ("slipway.toml", server)]).detect().unwrap().plan;
    assert!(plan.warnings.is_empty(), "the control plane's configuration has the same name: {:?}", plan.warnings);
}

#[test]
fn a_folder_is_looked_into_when_there_is_nothing_at_the_top() {
    let tree = Tree::new(&[("README.md", ""), ("frontend/package.json", VITE), ("docs/notes.md", "")]);
    let plan = tree.detect().unwrap().plan;
    assert_eq!((plan.framework.as_str(), plan.root_dir.as_str()), ("vite", "frontend"));
    assert!(plan.confidence < 0.8, "{}", plan.confidence);
    let api = r#"{"dependencies":{"express":"5"},"scripts":{"start":"node server.js"}}"#;
    let plan = Tree::new(&[("api/package.json", api), ("web/package.json", VITE)]).detect().unwrap().plan;
    assert_eq!((plan.root_dir.as_str(), plan.alternatives.last().unwrap().root_dir.as_str()), ("web", "api"));
    assert!(plan.evidence.iter().any(|reason| reason.contains("among 2 folders")), "{:?}", plan.evidence);
}

#[test]
fn what_is_no_site_says_what_it_is() {
    let express = r#"{"dependencies":{"express":"5"},"scripts":{"start":"node server.js"}}"#;
    fails(
        &[("package.json", express), ("server.js", "")],
        "this Express project is a program that serves, which cannot be published as files",
    );
    fails(&[("Dockerfile", "FROM scratch")], "this Dockerfile project is an image that a Dockerfile makes");
}

#[test]
fn overrides_that_cannot_be_used_are_named() {
    for (root_dir, output_dir) in [("../x", ""), ("/etc", ""), ("missing", ""), ("", "a/../x"), ("", "/etc")] {
        let overrides = BuildOverrides {
            root_dir: root_dir.to_owned(),
            output_dir: output_dir.to_owned(),
            ..BuildOverrides::default()
        };
        let error = Tree::new(&[("index.html", "")]).detect_with(&overrides).unwrap_err();
        assert!(matches!(error, DetectError::BadOverride { .. }), "{error}");
        let field = if root_dir.is_empty() { "output_dir" } else { "root_dir" };
        assert!(error.to_string().starts_with(field), "{error}");
    }
    let long = BuildOverrides { build_command: "x".repeat(1_000_000), ..BuildOverrides::default() };
    let error = Tree::new(&[("index.html", "")]).detect_with(&long).unwrap_err().to_string();
    assert!(error.contains("is longer than 8 KiB") && error.len() < 400, "{error}");
}

#[test]
fn what_cannot_be_built_is_explained() {
    fails(&[], "is empty");
    fails(&[("notes.txt", "")], "no `build` script in a package.json, no index.html and no Dockerfile");
    fails(&[("notes.txt", "")], "set build_command and output_dir");
    fails(
        &[("package.json", "{\n  \"name\": oops\n}")],
        "package.json is not valid: expected value at line 2 column 11",
    );
    fails(&[("package.json", "[]")], "package.json is not valid: it holds no object");
    let member = [("package.json", r#"{"workspaces":["apps/*"]}"#), ("apps/web/package.json", "{")];
    let chosen = BuildOverrides { root_dir: "apps/web".to_owned(), ..BuildOverrides::default() };
    let tree = Tree::new(&member);
    let detected = tree.detect_with(&chosen).unwrap();
    assert!(
        detected.plan.warnings[0].starts_with("apps/web/package.json is not valid"),
        "{:?}",
        detected.plan.warnings
    );
    let error = detected.into_static(tree.0.path()).unwrap_err();
    assert!(error.to_string().starts_with("apps/web/package.json is not valid"), "{error}");
    assert_eq!(error.failure_code(), FailureCode::WorkspaceUnreadable);

    let missing = detect(Path::new("/nonexistent"), &Overrides::default()).unwrap_err();
    assert_eq!(missing.to_string(), "/nonexistent does not exist");
    let tree = Tree::new(&[("file", "")]);
    let file = detect(&tree.0.path().join("file"), &Overrides::default()).unwrap_err().to_string();
    assert!(file.ends_with("file is not a directory; name the directory of the project"), "{file}");
}

#[test]
fn wanted_versions_are_reported() {
    let package = r#"{"dependencies":{"vite":"7"},"engines":{"node":">=20"}}"#;
    let plan = Tree::new(&[("package.json", package), (".nvmrc", "18\n")]).detect().unwrap().plan;
    assert_eq!(plan.runtime_versions["node"], ">=20");
    let plan = Tree::new(&[("package.json", VITE), (".nvmrc", "v22.1.0\n")]).detect().unwrap().plan;
    assert_eq!(plan.runtime_versions["node"], "v22.1.0");
    let plan = Tree::new(&[("package.json", VITE), (".nvmrc", "$6$salt$hash\n")]).detect().unwrap().plan;
    assert!(plan.runtime_versions.is_empty(), "this is no version");
}
