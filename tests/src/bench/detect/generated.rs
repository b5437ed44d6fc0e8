//! Generated projects: many files, few of which say anything.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

const FILES_PER_DIRECTORY: usize = 50;
const APPS: usize = 10;
const PACKAGES: usize = 90;
const FILES_PER_MEMBER: usize = 50;
const FILES_PER_DEPENDENCY: usize = 100;

/// A Vite site of `files` source files.
pub(super) fn single(root: &Path, files: usize) -> anyhow::Result<()> {
    package(
        root,
        &json!({ "name": "site", "scripts": { "build": "vite build" }, "devDependencies": { "vite": "7.1.0" } }),
    )?;
    write(root, "package-lock.json", r#"{ "lockfileVersion": 3, "packages": {} }"#)?;
    write(root, "index.html", "<!doctype html><script type=\"module\" src=\"/src/d0/file-0.js\"></script>")?;
    sources(root, files)
}

/// A pnpm workspace of about `files` files, most of them dependencies that `.gitignore` names.
pub(super) fn monorepo(root: &Path, files: usize) -> anyhow::Result<()> {
    write(root, ".git/HEAD", "ref: refs/heads/main\n")?;
    write(root, ".gitignore", "node_modules/\ndist/\n")?;
    package(root, &json!({ "name": "all", "private": true, "packageManager": "pnpm@10.15.0" }))?;
    write(root, "pnpm-workspace.yaml", "packages:\n  - apps/*\n  - packages/*\n")?;
    write(root, "pnpm-lock.yaml", "lockfileVersion: '9.0'\n")?;
    for number in 0..APPS {
        let (bundler, build) = if number % 2 == 0 { ("vite", "vite build") } else { ("astro", "astro build") };
        let app = root.join(format!("apps/app-{number}"));
        let name = format!("app-{number}");
        package(&app, &json!({ "name": name, "scripts": { "build": build }, "dependencies": { bundler: "5.0.0" } }))?;
        sources(&app, FILES_PER_MEMBER)?;
    }
    for number in 0..PACKAGES {
        let member = root.join(format!("packages/package-{number}"));
        let name = format!("@all/package-{number}");
        package(&member, &json!({ "name": name, "version": "1.0.0", "main": "src/d0/file-0.js" }))?;
        sources(&member, FILES_PER_MEMBER)?;
    }
    let dependencies = files.saturating_sub((APPS + PACKAGES) * FILES_PER_MEMBER) / FILES_PER_DEPENDENCY;
    for number in 0..dependencies {
        let dependency = root.join(format!("node_modules/.pnpm/dep-{number}@1.0.0/node_modules/dep-{number}"));
        package(&dependency, &json!({ "name": format!("dep-{number}"), "version": "1.0.0" }))?;
        sources(&dependency, FILES_PER_DEPENDENCY - 1)?;
    }
    Ok(())
}

fn package(directory: &Path, content: &Value) -> anyhow::Result<()> {
    write(directory, "package.json", &content.to_string())
}

fn sources(directory: &Path, files: usize) -> anyhow::Result<()> {
    for number in 0..files {
        let name = format!("src/d{}/file-{number}.js", number / FILES_PER_DIRECTORY);
        write(directory, &name, "export const answer = 42\n")?;
    }
    Ok(())
}

fn write(directory: &Path, name: &str, content: &str) -> anyhow::Result<()> {
    let path = directory.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, content)?)
}
