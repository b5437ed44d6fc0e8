//! Detection of a workspace whose files hold whatever the fuzzer thinks of: it must end in a plan or a sentence.
//!
//! The input is cut at zero bytes; each part is one file, whose name its first byte chooses.

#![no_main]

use std::fs;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use slipway_agent::build::SearchPath;
use slipway_agent::detect::{Overrides, detect_with};

const NAMES: [&str; 40] = [
    "package.json", "vite.config.ts", "next.config.js", "astro.config.mjs", "svelte.config.js", "nuxt.config.ts",
    "eleventy.config.cjs", "stencil.config.ts", "angular.json", "project.json", "nx.json", "turbo.json", "rush.json",
    "pnpm-workspace.yaml", "pnpm-lock.yaml", "yarn.lock", "pyproject.toml", "requirements.txt", "Pipfile", "setup.cfg",
    "Cargo.toml", "go.mod", "go.work", "Gemfile", "composer.json", "pom.xml", "build.gradle.kts", "app.csproj",
    "mix.exs", "gleam.toml", "deno.json", "pubspec.yaml", "Package.swift", "config.toml", "mkdocs.yml", "book.toml",
    "_config.yml", "slipway.toml", "mise.toml", "Procfile",
];
const FILES: usize = 6;

fuzz_target!(|input: &[u8]| {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for part in input.split(|byte| *byte == 0).take(FILES) {
        if let Some((first, content)) = part.split_first() {
            let name = NAMES[usize::from(*first) % NAMES.len()];
            fs::write(directory.path().join(name), content).expect("the file can be written");
        }
    }
    if let Ok(detected) = detect_with(directory.path(), &Overrides::default(), &SearchPath::from_directories::<&Path>([])) {
        assert!((0.0..=1.0).contains(&detected.plan.confidence));
        assert!(!detected.plan.output_dir.split('/').any(|part| part == ".."));
    }
});
