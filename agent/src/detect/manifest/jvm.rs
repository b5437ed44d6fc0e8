//! Java and its relatives: pom.xml by an XML reader; Gradle, sbt, Leiningen and tools.deps by the quoted names in
//! them, because those files are programs.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::{Fact, Manifest};
use crate::detect::files::{Workspace, beside};
use crate::detect::words::is_plain_word;

const GRADLE: [&str; 2] = ["build.gradle.kts", "build.gradle"];
const GRADLE_MODULES: [&str; 4] =
    ["app/build.gradle.kts", "app/build.gradle", "server/build.gradle.kts", "server/build.gradle"];
const CLOJURE: [&str; 3] = ["project.clj", "deps.edn", "build.clj"];
const CATALOG: &str = "gradle/libs.versions.toml";
/// Elements below each other; a real pom.xml has a handful.
const DEPTH: usize = 64;

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let path = |name: &str| beside(directory, name);
    let has = |name: &&str| workspace.has_file(&path(name));
    let gradle = GRADLE.into_iter().find(has);
    let settings = ["settings.gradle.kts", "settings.gradle"].into_iter().find(has);
    let other = CLOJURE.into_iter().chain(["build.sbt"]).find(has);
    let wrapper = ["gradlew"].into_iter().find(has);
    let file = ["pom.xml"].into_iter().find(has).or(gradle).or(settings).or(other).or(wrapper)?;
    let mut manifest = Manifest::new(path(file));
    if file == "pom.xml" {
        if let Some(text) = workspace.read_manifest(&path(file)) {
            match add_pom(&mut manifest, &text) {
                Ok(()) => {}
                Err(problem) => workspace.note_manifest(&path(file), &format!("is not valid: {problem}")),
            }
        }
    } else {
        let modules = if gradle.is_none() { GRADLE_MODULES.into_iter().find(has) } else { None };
        for name in [gradle, modules, settings, other, [CATALOG].into_iter().find(has)].into_iter().flatten() {
            manifest.file = path(name);
            add_quoted(&mut manifest, &workspace.read_text(&path(name)).unwrap_or_default());
        }
        manifest.file = path(file);
    }
    if workspace.has_directory(&path("src/main/kotlin")) {
        manifest.depend("org.jetbrains.kotlin", "", "", false);
    }
    let module = if file == "pom.xml" { maven_module(workspace, directory, &manifest) } else { None };
    let module = module.or_else(|| {
        gradle
            .is_none()
            .then(|| GRADLE_MODULES.into_iter().find(has))
            .flatten()
            .and_then(|file| file.split('/').next().map(str::to_owned))
    });
    let below = |folder: &str| module.as_ref().map_or(folder.to_owned(), |module| format!("{module}/{folder}"));
    manifest.word("target", below("target"));
    manifest.word("libs", below("build/libs"));
    manifest.word("maven", if has(&"mvnw") { "./mvnw" } else { "mvn" });
    manifest.word("gradle", if wrapper.is_some() { "./gradlew" } else { "gradle" });
    Some(manifest)
}

/// The module of a build that makes its program: the one whose pom packages one.
fn maven_module(workspace: &Workspace, directory: &str, manifest: &Manifest) -> Option<String> {
    let modules = manifest.words.get("modules")?;
    let packages_program = |module: &&str| {
        let text = workspace.read_text(&beside(directory, &format!("{module}/pom.xml"))).unwrap_or_default();
        ["spring-boot-maven-plugin", "quarkus-maven-plugin", "<mainClass>"].iter().any(|mark| text.contains(mark))
    };
    modules.split(':').find(packages_program).map(str::to_owned)
}

/// Group ids of the parent, the dependencies and the plugins. A dependency is known by its group, and by
/// `group:artifact`.
fn add_pom(manifest: &mut Manifest, text: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut group = String::new();
    let mut modules: Vec<String> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("{error}, at byte {}", reader.error_position()))?;
        match event {
            Event::Start(start) => {
                if path.len() == DEPTH {
                    return Err(format!("its elements are nested more than {DEPTH} deep"));
                }
                path.push(start.local_name().as_ref().to_owned());
            }
            Event::End(_) => {
                path.pop();
            }
            Event::Text(text) => {
                let text = text.trim().to_owned();
                let names: Vec<&str> = path.iter().rev().take(3).map(String::as_str).collect();
                match names.as_slice() {
                    ["groupId", "dependency" | "plugin" | "parent", ..] => {
                        manifest.depend(text.clone(), "", "", false);
                        group = text;
                    }
                    ["artifactId", "dependency" | "plugin" | "parent", ..] => {
                        manifest.depend(format!("{group}:{text}"), "", "", false);
                        group.clear();
                    }
                    ["artifactId", "project", ..] => manifest.word("name", text),
                    ["module", "modules", ..] if is_plain_word(&text) => modules.push(text),
                    _ => {}
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    // With one module, it is a way to write one build.
    if modules.len() > 1 {
        manifest.facts.insert(Fact::Workspace);
        manifest.word("modules", modules.join(":"));
    }
    Ok(())
}

/// Each quoted `group:artifact:version` or plugin id, and each `group/artifact` of Clojure.
fn add_quoted(manifest: &mut Manifest, text: &str) {
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("//") || line.starts_with(';') {
            continue;
        }
        let is_literal = |(index, part): (usize, &&str)| index % 2 == 1 && !part.is_empty();
        let parts: Vec<&str> = line.split(['"', '\'']).collect();
        let literals: Vec<&str> = parts
            .iter()
            .enumerate()
            .filter(|(index, part)| is_literal((*index, part)))
            .map(|(_, part)| *part)
            .collect();
        for literal in &literals {
            let mut coordinates = literal.split(':');
            if let Some(group) = coordinates.next() {
                manifest.depend(group, "", "", false);
                if let Some(artifact) = coordinates.next() {
                    manifest.depend(format!("{group}:{artifact}"), "", "", false);
                }
            }
        }
        // `kotlin("jvm")` is short for the plugin `org.jetbrains.kotlin.jvm`.
        if line.starts_with("kotlin(")
            || line.starts_with("id 'org.jetbrains.kotlin")
            || line.contains("org.jetbrains.kotlin")
        {
            manifest.depend("org.jetbrains.kotlin", "", "", false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pom_is_read_for_groups_and_artifacts() {
        let mut manifest = Manifest::new("pom.xml".to_owned());
        add_pom(
            &mut manifest,
            "<project xmlns='x'><!-- <dependency> --><artifactId>shop</artifactId><parent><groupId>org.springframework.boot</groupId></parent>\
             <dependencies><dependency><groupId>io.quarkus</groupId><artifactId>quarkus-rest</artifactId></dependency></dependencies></project>",
        )
        .unwrap();
        for name in ["org.springframework.boot", "io.quarkus", "io.quarkus:quarkus-rest"] {
            assert!(manifest.dependencies.contains_key(name), "{name} in {:?}", manifest.dependencies);
        }
        assert_eq!(manifest.words["name"], "shop");
        assert!(add_pom(&mut manifest, "<project><a></project>").is_err());
        assert!(add_pom(&mut manifest, &"<a>".repeat(100_000)).unwrap_err().contains("nested"));
    }

    #[test]
    fn gradle_files_are_read_for_quoted_coordinates() {
        let mut manifest = Manifest::new("build.gradle".to_owned());
        add_quoted(
            &mut manifest,
            "plugins {\n  id 'org.springframework.boot' version '3.0'\n  // id 'io.quarkus'\n}\nimplementation(\"io.micronaut:micronaut-http:4.0\")\n",
        );
        assert!(manifest.dependencies.contains_key("org.springframework.boot"));
        assert!(manifest.dependencies.contains_key("io.micronaut"));
        assert!(!manifest.dependencies.contains_key("io.quarkus"));
    }
}
