//! Python: pyproject.toml, requirements files, Pipfile, setup.cfg and setup.py, together one manifest.

use serde_json::Value;

use super::{Fact, Manifest, without_comment};
use crate::detect::data;
use crate::detect::files::{Workspace, beside};

/// Where applications begin, in the order in which they are looked for. The order of the names is railpack's
/// (core/providers/python), the folders are those the frameworks' own tutorials use.
const ENTRY_NAMES: [&str; 9] = ["main", "app", "start", "bot", "hello", "server", "wsgi", "asgi", "application"];
const ENTRY_FOLDERS: [&str; 4] = [".", "app", "src", "api"];
/// Files with one requirement a line, as pip reads them.
const REQUIREMENTS: [&str; 3] = ["requirements.txt", "requirements/production.txt", "requirements/base.txt"];
const DEVELOPMENT_REQUIREMENTS: [&str; 4] =
    ["requirements-dev.txt", "dev-requirements.txt", "requirements/dev.txt", "requirements/docs.txt"];
const LOCK_FILES: [&str; 4] = ["uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock"];

pub(super) fn read(workspace: &Workspace, directory: &str) -> Option<Manifest> {
    let path = |name: &str| beside(directory, name);
    let pyproject = data::toml(workspace, &path("pyproject.toml"));
    let requirements: Vec<&str> = REQUIREMENTS.into_iter().filter(|name| workspace.has_file(&path(name))).collect();
    let has = |name: &str| workspace.has_file(&path(name));
    let first = ["pyproject.toml", "Pipfile", "setup.cfg", "setup.py", "environment.yml"].into_iter();
    let present = requirements.iter().copied().chain(first).find(|name| has(name));
    let entry = entry(workspace, directory);
    // A script in Python needs no manifest; `manage.py` and the like are markers of their own.
    let file = present.map(path).or_else(|| entry.clone())?;
    let mut manifest = Manifest::new(file);

    for name in requirements {
        manifest.file = path(name);
        add_requirements(&mut manifest, &workspace.read_text(&path(name)).unwrap_or_default(), false);
    }
    for name in DEVELOPMENT_REQUIREMENTS.into_iter().filter(|name| has(name)) {
        manifest.file = path(name);
        add_requirements(&mut manifest, &workspace.read_text(&path(name)).unwrap_or_default(), true);
    }
    if let Some(pyproject) = &pyproject {
        manifest.file = path("pyproject.toml");
        add_pyproject(&mut manifest, pyproject);
    }
    if let Some(pipfile) = data::toml(workspace, &path("Pipfile")) {
        manifest.file = path("Pipfile");
        add_table(&mut manifest, &pipfile["packages"], "packages", false);
        add_table(&mut manifest, &pipfile["dev-packages"], "dev-packages", true);
    }
    if let Some(text) = workspace.read_text(&path("setup.cfg")) {
        manifest.file = path("setup.cfg");
        add_setup_cfg(&mut manifest, &text);
    }
    if let Some(present) = present {
        manifest.file = path(present);
    }

    if let Some(entry) = &entry {
        let relative = entry.strip_prefix(&format!("{directory}/")).unwrap_or(entry);
        manifest.word("main", relative);
        manifest.word("module", relative.trim_end_matches(".py").replace('/', "."));
        manifest.facts.insert(Fact::Startable);
    }
    if has("manage.py")
        && let Some(package) = wsgi_package(workspace, directory)
    {
        manifest.word("wsgi", format!("{package}.wsgi"));
    }
    let is_locked = LOCK_FILES.into_iter().any(has);
    if is_package(pyproject.as_ref(), is_locked) || (pyproject.is_none() && (has("setup.py") || has("setup.cfg"))) {
        let is_application = entry.is_some() || has("manage.py");
        if !is_application {
            manifest.facts.insert(Fact::Library);
        }
    }
    Some(manifest)
}

/// The package that django-admin puts `wsgi.py` into.
fn wsgi_package(workspace: &Workspace, directory: &str) -> Option<String> {
    let holds = |name: &String| workspace.has_file(&beside(directory, &format!("{name}/wsgi.py")));
    workspace.names(directory).into_iter().find(holds)
}

fn entry(workspace: &Workspace, directory: &str) -> Option<String> {
    let names = ENTRY_FOLDERS.into_iter().flat_map(|folder| ENTRY_NAMES.map(|name| (folder, name)));
    let mut files = names.map(|(folder, name)| beside(directory, &beside(folder, &format!("{name}.py"))));
    files.find(|file| workspace.has_file(file))
}

/// Whether a pyproject.toml describes something for a package index. An application has a build system too
/// when it uses `uv init --package` or poetry; a lock file beside a script entry gives it away.
fn is_package(pyproject: Option<&Value>, is_locked: bool) -> bool {
    let Some(pyproject) = pyproject else { return false };
    let (poetry, project) = (&pyproject["tool"]["poetry"], &pyproject["project"]);
    let is_named = project["name"].is_string() || poetry["name"].is_string();
    let has_scripts = project["scripts"].is_object() || poetry["scripts"].is_object();
    let is_excluded = poetry["package-mode"] == Value::Bool(false) || pyproject["tool"]["uv"]["package"] == false;
    let classifiers = project["classifiers"].as_array();
    let is_private = classifiers
        .is_some_and(|list| list.iter().any(|entry| entry.as_str().is_some_and(|text| text.starts_with("Private ::"))));
    pyproject["build-system"].is_object() && is_named && !is_excluded && !is_private && !(has_scripts && is_locked)
}

fn add_pyproject(manifest: &mut Manifest, pyproject: &Value) {
    let project = &pyproject["project"];
    if let Some(name) = project["name"].as_str().or(pyproject["tool"]["poetry"]["name"].as_str()) {
        manifest.word("name", name);
        manifest.word("package", name.replace('-', "_"));
    }
    for requirement in strings(&project["dependencies"]) {
        add_requirement(manifest, requirement, "project.dependencies", false);
    }
    for (section, lists) in [
        ("project.optional-dependencies", &project["optional-dependencies"]),
        ("dependency-groups", &pyproject["dependency-groups"]),
    ] {
        for list in lists.as_object().into_iter().flat_map(|lists| lists.values()) {
            for requirement in strings(list) {
                add_requirement(manifest, requirement, section, true);
            }
        }
    }
    let tool = &pyproject["tool"];
    add_table(manifest, &tool["poetry"]["dependencies"], "tool.poetry.dependencies", false);
    for group in tool["poetry"]["group"].as_object().into_iter().flat_map(|groups| groups.values()) {
        add_table(manifest, &group["dependencies"], "tool.poetry.group", true);
    }
    add_table(manifest, &tool["poetry"]["dev-dependencies"], "tool.poetry.dev-dependencies", true);
    for list in tool["pdm"]["dev-dependencies"].as_object().into_iter().flat_map(|lists| lists.values()) {
        for requirement in strings(list) {
            add_requirement(manifest, requirement, "tool.pdm.dev-dependencies", true);
        }
    }
    for requirement in strings(&tool["uv"]["dev-dependencies"]) {
        add_requirement(manifest, requirement, "tool.uv.dev-dependencies", true);
    }
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn add_table(manifest: &mut Manifest, table: &Value, section: &str, is_development: bool) {
    for (name, value) in table.as_object().into_iter().flatten() {
        let requirement = value.as_str().or(value["version"].as_str()).unwrap_or_default();
        manifest.depend(normal_name(name), requirement, section, is_development);
    }
}

fn add_requirements(manifest: &mut Manifest, text: &str, is_development: bool) {
    for line in text.lines() {
        add_requirement(manifest, line, "", is_development);
    }
}

/// `Django[argon2] >=4.2 ; python_version > "3.8"  # comment`
fn add_requirement(manifest: &mut Manifest, line: &str, section: &str, is_development: bool) {
    let line = line.split(" #").next().unwrap_or(line).trim();
    if line.starts_with(['#', '-']) {
        return;
    }
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if !name.is_empty() && !rest.starts_with([':', '/', '\\']) {
        let requirement = rest.split(';').next().unwrap_or(rest).trim();
        manifest.depend(normal_name(name), requirement, section, is_development);
    }
}

/// `install_requires` and its kin: an indented list under a key.
fn add_setup_cfg(manifest: &mut Manifest, text: &str) {
    let mut is_in_list = false;
    for line in text.lines().map(|line| without_comment(line, "#")) {
        let is_indented = line.starts_with([' ', '\t']);
        if !is_indented && let Some((key, value)) = line.split_once('=') {
            is_in_list = key.trim() == "install_requires";
            if key.trim() == "name" {
                manifest.word("name", value.trim());
            }
            if is_in_list {
                add_requirement(manifest, value, "install_requires", false);
            }
        } else if is_in_list && is_indented {
            add_requirement(manifest, line, "install_requires", false);
        }
    }
}

/// The form in which names are the same (PEP 503).
fn normal_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(character.to_lowercase());
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_read_whole_and_in_their_normal_form() {
        let mut manifest = Manifest::new("requirements.txt".to_owned());
        add_requirements(
            &mut manifest,
            "# fastapi\n-r base.txt\n--hash=sha256:x\nFastAPI_ipware==1\nDjango[argon2] >= 4.2 ; python_version > '3'\n\
             https://example.org/flask.tar.gz\nzope.interface # flask\nname @ git+https://x/y\n",
            false,
        );
        let names: Vec<&str> = manifest.dependencies.keys().map(String::as_str).collect();
        assert_eq!(names, ["django", "fastapi-ipware", "name", "zope-interface"]);
        assert_eq!(manifest.dependencies["django"].requirement, "[argon2] >= 4.2");
    }

    #[test]
    fn lists_of_setup_cfg_end_with_the_next_key() {
        let mut manifest = Manifest::new("setup.cfg".to_owned());
        add_setup_cfg(
            &mut manifest,
            "[metadata]\nname = shop\n[options]\ninstall_requires =\n    flask>=2\n    click\npackages = find:\n    x\n",
        );
        assert_eq!(manifest.dependencies.keys().collect::<Vec<_>>(), ["click", "flask"]);
        assert_eq!(manifest.words["name"], "shop");
    }
}
