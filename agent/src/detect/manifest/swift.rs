//! Swift: the package URLs in Package.swift.

use super::{Fact, Manifest, quoted, without_comment};
use crate::detect::files::{Workspace, beside};

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let file = beside(directory, "Package.swift");
    let text = workspace.read_text(&file)?;
    let mut manifest = Manifest::new(file);
    for line in text.lines().map(|line| without_comment(line, "//")) {
        for part in line.split("url:").skip(1) {
            if let Some(name) = quoted(part).and_then(|url| url.trim_end_matches(".git").split_once("github.com/")) {
                manifest.depend(name.1.to_lowercase(), "", "", false);
            }
        }
        if let Some((_, rest)) = line.split_once("name:")
            && let Some(name) = quoted(rest)
            && !manifest.words.contains_key("name")
        {
            manifest.word("name", name);
        }
        if line.contains("executableTarget") || line.contains(".executable(") {
            manifest.facts.insert(Fact::Binary);
        }
    }
    Some(manifest)
}
