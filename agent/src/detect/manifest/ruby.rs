//! Ruby: the gems of a Gemfile, line by line. A Gemfile is a program; what it computes is not seen.

use super::{Fact, Manifest, quoted, without_comment};
use crate::detect::files::{Workspace, beside};

const ENTRIES: [&str; 4] = ["app.rb", "main.rb", "server.rb", "application.rb"];

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let path = |name: &str| beside(directory, name);
    let gemfile = ["Gemfile", "gems.rb"].into_iter().find(|name| workspace.has_file(&path(name)));
    let specification = workspace.find_file(directory, "*.gemspec");
    let has_rackup = workspace.has_file(&path("config.ru"));
    let file = gemfile.map(path).or(specification.clone()).or(has_rackup.then(|| path("config.ru")))?;
    let mut manifest = Manifest::new(file);
    if let Some(gemfile) = gemfile {
        add_gems(&mut manifest, &workspace.read_text(&path(gemfile)).unwrap_or_default());
    }
    // A theme's own specification counts as a dependency of the site in it.
    if let Some(text) = specification.as_deref().and_then(|file| workspace.read_text(file)) {
        for line in
            text.lines().filter(|line| line.contains("add_runtime_dependency") || line.contains("add_dependency"))
        {
            if let Some(name) = quoted(line) {
                manifest.depend(name, "", "the specification", false);
            }
        }
    }
    if let Some(entry) = ENTRIES.into_iter().find(|name| workspace.has_file(&path(name))) {
        manifest.word("main", entry);
    }
    if has_rackup {
        manifest.facts.insert(Fact::Startable);
    }
    Some(manifest)
}

fn add_gems(manifest: &mut Manifest, text: &str) {
    let mut is_development = false;
    for line in text.lines() {
        let line = without_comment(line, "#").trim();
        if let Some(rest) = line.strip_prefix("gem ").or_else(|| line.strip_prefix("gem(")) {
            if let Some(name) = quoted(rest) {
                let requirement = rest.split_once(',').and_then(|(_, rest)| quoted(rest)).unwrap_or_default();
                let is_own_group = rest.contains("group:") && (rest.contains(":development") || rest.contains(":test"));
                manifest.depend(name, requirement, "", is_development || is_own_group);
            }
        } else if line.starts_with("group ") {
            is_development =
                !line.contains(":production") && !line.contains(":default") && !line.contains(":jekyll_plugins");
        } else if line == "end" {
            is_development = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gems_are_read_with_their_groups() {
        let mut manifest = Manifest::new("Gemfile".to_owned());
        add_gems(
            &mut manifest,
            "source 'https://rubygems.org'\nruby '3.2'\ngem 'rails', '~> 7.1' # web\n# gem 'sinatra'\ngroup :development do\n  gem \"puma\"\nend\ngem('rack')\n",
        );
        assert_eq!(manifest.dependencies["rails"].requirement, "~> 7.1");
        assert!(manifest.dependencies["puma"].is_development && !manifest.dependencies["rack"].is_development);
        assert!(!manifest.dependencies.contains_key("sinatra"));
    }
}
