//! .NET: the project file, for its SDK and its packages.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Fact, Manifest};
use crate::detect::files::{Workspace, beside};

/// Project files by language; where there are several, the first by name.
const PATTERNS: [&str; 3] = ["*.csproj", "*.fsproj", "*.vbproj"];
/// Projects of a solution that are looked at.
const PROJECTS: usize = 50;

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let project = PATTERNS.into_iter().find_map(|pattern| workspace.find_file(directory, pattern));
    let project = project.or_else(|| nested(workspace, directory))?;
    let mut manifest = Manifest::new(project.clone());
    let name = project.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(name, _)| name.to_owned());
    if let Some(name) = name {
        manifest.word("name", name);
    }
    let relative = project.strip_prefix(&format!("{directory}/")).unwrap_or(&project).to_owned();
    manifest.word("project", relative);
    let text = workspace.read_manifest(&project)?;
    let mut reader = Reader::from_str(&text);
    let mut element = String::new();
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) => {
                start.local_name().as_ref().clone_into(&mut element);
                add(&mut manifest, &start);
            }
            Ok(Event::Empty(start)) => add(&mut manifest, &start),
            Ok(Event::Text(text)) if element == "OutputType" && text.eq_ignore_ascii_case("exe") => {
                manifest.facts.insert(Fact::Binary);
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                workspace.note_manifest(&project, &format!("is not valid: {error}"));
                break;
            }
        }
    }
    Some(manifest)
}

/// The project of a solution that is a program for the web, or else its first: one directory further down, or below `src`.
fn nested(workspace: &Workspace, directory: &str) -> Option<String> {
    workspace.find_file(directory, "*.sln").or_else(|| workspace.find_file(directory, "*.slnx"))?;
    let folders = [directory.to_owned(), beside(directory, "src")];
    let folders =
        folders.iter().flat_map(|parent| workspace.names(parent).into_iter().map(move |name| beside(parent, &name)));
    let projects: Vec<String> = folders
        .filter(|folder| !folder.contains("Test"))
        .filter_map(|folder| PATTERNS.into_iter().find_map(|pattern| workspace.find_file(&folder, pattern)))
        .take(PROJECTS)
        .collect();
    let is_of_the_web =
        |project: &&String| workspace.read_text(project).is_some_and(|text| text.contains("Microsoft.NET.Sdk.Web"));
    projects.iter().find(is_of_the_web).or(projects.first()).cloned()
}

/// `<Project Sdk="…">` and `<PackageReference Include="…" Version="…" />`
fn add(manifest: &mut Manifest, element: &BytesStart<'_>) {
    let attribute = |name: &str| {
        let found = element.try_get_attribute(name).ok().flatten()?;
        Some(found.value.into_owned())
    };
    match element.local_name().as_ref() {
        "Project" => {
            if let Some(sdk) = attribute("Sdk") {
                manifest.depend(sdk.split('/').next().unwrap_or_default(), "", "Sdk", false);
            }
        }
        "PackageReference" => {
            if let Some(name) = attribute("Include") {
                manifest.depend(name, &attribute("Version").unwrap_or_default(), "", false);
            }
        }
        _ => {}
    }
}
