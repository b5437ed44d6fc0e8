//! Where a build leaves its output: the framework's own directory, moved by whatever the project says. Directories
//! are written by users and in config files, so they are checked before they are used.

use serde_json::Value;
use slipway_proto::limits::PATH_BYTES;
use slipway_proto::plan::ProjectKind;

use super::package_json::PackageJson;
use super::project::Project;
use super::rules::{Output, Resolver};
use super::script::ConfigValue;
use super::settings::ConfigFile;

/// Folders that documentation is written in.
const FOLDERS: [&str; 6] = [".", "docs", "doc", "website", "src", "site"];

/// What a project says about its output directory.
struct Stated {
    /// In words, for a sentence.
    place: String,
    /// The file it stands in.
    source: String,
    value: ConfigValue,
    /// Whether it is an option of the build script.
    is_flag: bool,
}

/// Moves the output directory to where the project's settings say it is, and tells which file said so.
pub(super) fn locate(
    project: &Project<'_>,
    output: &mut Output,
    config: Option<&ConfigFile>,
    evidence: &mut Vec<String>,
) -> Option<String> {
    let stated = stated(project, output, config);
    let is_from_here =
        stated.as_ref().is_some_and(|stated| if stated.is_flag { output.flags_are_here } else { output.keys_are_here });
    let base = if is_from_here { ".".to_owned() } else { base(project, output, config) };
    let directory = match &stated {
        Some(Stated { value: ConfigValue::Text(directory), .. }) => directory.as_str(),
        _ => &output.dir,
    };
    let moved = match join(&base, directory) {
        Ok(moved) => moved,
        Err(problem) => {
            let place = stated.map_or_else(|| "the root of the build".to_owned(), |stated| stated.place);
            evidence.push(format!("{place} {problem}, so '{}' is a guess; set output_dir if it is wrong", output.dir));
            return None;
        }
    };
    output.dir = moved;
    match stated {
        Some(Stated { place, source, value: ConfigValue::Text(directory), .. }) => {
            evidence.push(format!("{place} is '{directory}'"));
            Some(source)
        }
        Some(Stated { place, .. }) => {
            evidence.push(format!(
                "{place} is an expression, so '{}' is a guess; set output_dir if it is wrong",
                output.dir
            ));
            None
        }
        None => resolve(project, output, config, evidence),
    }
}

/// What the directory is relative to.
fn base(project: &Project<'_>, output: &Output, config: Option<&ConfigFile>) -> String {
    if let Some(ConfigValue::Text(base)) = output.base_key.as_ref().and_then(|key| config?.value(key)) {
        return base;
    }
    if let Some(command) = &output.argument_of
        && let Some(argument) = project.package().and_then(|package| argument_of(package, command))
    {
        return argument;
    }
    if let Some(folder) = &output.beside {
        let holds =
            |parent: &&&str| project.workspace.has_directory(&project.file(&super::files::beside(parent, folder)));
        if let Some(parent) = FOLDERS.iter().find(holds) {
            return (*parent).to_owned();
        }
    }
    ".".to_owned()
}

/// The first argument of a command in one of the scripts: `docs` of `vitepress build docs`.
fn argument_of(package: &PackageJson, command: &str) -> Option<String> {
    let scripts = package.setting("scripts")?.as_object()?;
    let build = package.build_script().into_iter();
    let mut scripts = build.chain(scripts.values().filter_map(Value::as_str));
    let after = scripts.find_map(|script| script.split_once(command).map(|(_, after)| after))?;
    let word = after.split_whitespace().next()?;
    let is_directory = !word.starts_with(['-', '&', '|', '>', ';', '$']);
    is_directory.then(|| word.trim_matches(['\'', '"']).trim_end_matches('/').to_owned())
}

/// Where the project itself says what the output directory is, and what it says.
fn stated(project: &Project<'_>, output: &Output, config: Option<&ConfigFile>) -> Option<Stated> {
    let of_script = output.flags.iter().find_map(|flag| Some((flag, option_of(project.build_script()?, flag)?)));
    if let Some((flag, value)) = of_script {
        let source = project.file("package.json");
        return Some(Stated { place: format!("{flag} of the build script"), source, value, is_flag: true });
    }
    let config = config?;
    output.config_keys.iter().find_map(|key| {
        // `setOutputDirectory()` is a call, not a key.
        let value = match key.strip_suffix("()") {
            Some(function) => config.argument_of(function)?,
            None => config.value(key)?,
        };
        // A flag is no directory: `output: false`.
        if matches!(value, ConfigValue::Bool(_) | ConfigValue::Number(_)) {
            return None;
        }
        Some(Stated {
            place: format!("`{key}` in {}", config.file),
            source: config.file.clone(),
            value,
            is_flag: false,
        })
    })
}

/// Output directories that take more than a key to find. Answers the file that said so.
fn resolve(
    project: &Project<'_>,
    output: &mut Output,
    config: Option<&ConfigFile>,
    evidence: &mut Vec<String>,
) -> Option<String> {
    let (directory, file) = match output.resolver? {
        Resolver::Angular => angular(output, config?)?,
        Resolver::ParcelTargets => {
            let targets = project.package()?.setting("targets")?.as_object()?;
            let directory = targets.values().find_map(|target| target.get("distDir")?.as_str())?;
            (directory.to_owned(), project.file("package.json"))
        }
        Resolver::MdBook => {
            let config = config?;
            let renderers = config.data()?.get("output")?.as_object()?;
            if renderers.len() < 2 {
                return None;
            }
            (format!("{}/html", output.dir), config.file.clone())
        }
    };
    let directory = join(".", &directory).ok()?;
    evidence.push(format!("{file} says the output is in '{directory}'"));
    output.dir = directory;
    Some(file)
}

/// `outputPath` of the build target of the default project, or of the first that is an application. With a
/// builder of the newer kind the pages are in its `browser` folder (angular.dev, "Angular application build system").
fn angular(output: &mut Output, config: &ConfigFile) -> Option<(String, String)> {
    let workspace = config.data()?;
    let projects = workspace.get("projects")?.as_object()?;
    let is_application = |project: &&Value| project.get("projectType").is_none_or(|kind| kind != "library");
    let default = workspace.get("defaultProject").and_then(Value::as_str);
    let (name, project) = default
        .and_then(|name| projects.get_key_value(name))
        .or_else(|| projects.iter().find(|(_, project)| is_application(project)))?;
    let targets = project.get("architect").or_else(|| project.get("targets"))?;
    let build = targets.get("build")?;
    let builder = build.get("builder").or_else(|| build.get("executor")).and_then(Value::as_str).unwrap_or_default();
    let options = build.get("options").unwrap_or(&Value::Null);
    let is_application_builder = builder.ends_with(":application");
    let path = options.get("outputPath");
    let (base, browser) = match path {
        Some(Value::String(base)) => (base.clone(), "browser".to_owned()),
        Some(Value::Object(parts)) => {
            let part = |key: &str| parts.get(key).and_then(Value::as_str);
            (part("base")?.to_owned(), part("browser").unwrap_or("browser").to_owned())
        }
        _ => (format!("dist/{name}"), "browser".to_owned()),
    };
    let base = base.trim_end_matches('/');
    let pages =
        if is_application_builder && !browser.is_empty() { format!("{base}/{browser}") } else { base.to_owned() };
    let renders = options.get("ssr").is_some_and(|ssr| ssr.is_object() || *ssr == true);
    let is_prerendered = options.get("outputMode").is_some_and(|mode| mode == "static");
    if renders && !is_prerendered && is_application_builder {
        output.kind = ProjectKind::SsrServer;
        output.start_command = Some(format!("node {base}/server/server.mjs"));
        output.static_hint = Some("set `outputMode` to `static` in angular.json".to_owned());
        return Some((base.to_owned(), config.file.clone()));
    }
    Some((pages, config.file.clone()))
}

/// A directory inside the workspace in its plain form: `./dist/` is `dist`, nothing is `.`.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn relative_dir(text: &str) -> Result<String, &'static str> {
    if text.split('/').any(|part| part == "..") {
        return Err("must not contain `..`");
    }
    join(".", text)
}

/// `path` seen from `base`; both relative to the project. May step up, but never out of it.
pub(super) fn join(base: &str, path: &str) -> Result<String, &'static str> {
    if path.starts_with('/') {
        return Err("must be relative");
    }
    if path.len() > PATH_BYTES {
        return Err("is too long");
    }
    if path.chars().any(char::is_control) {
        return Err("contains a control character");
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or("leads out of the project")?;
            }
            _ => parts.push(part),
        }
    }
    Ok(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
}

/// The value of an option in a build script: `vite build --outDir site` or `--outDir=site`. What a shell
/// would first have to work out is an expression.
pub(super) fn option_of(script: &str, option: &str) -> Option<ConfigValue> {
    let mut words = script.split_whitespace();
    let value = words.find_map(|word| match word.strip_prefix(option)? {
        "" => Some(None),
        rest => rest.strip_prefix('=').map(Some),
    })?;
    let value = value.or_else(|| words.next())?.trim_end_matches(';');
    if value.starts_with(['-', '&', '|', '>']) {
        return None;
    }
    if value.contains(['$', '`', '*', '(']) {
        return Some(ConfigValue::Expression(Vec::new()));
    }
    Some(ConfigValue::Text(value.trim_matches(['\'', '"']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_stay_inside() {
        assert_eq!(relative_dir("./dist/"), Ok("dist".to_owned()));
        assert_eq!(relative_dir(""), Ok(".".to_owned()));
        assert_eq!(relative_dir("a//b/./c"), Ok("a/b/c".to_owned()));
        assert!(relative_dir("a/../b").is_err());
        assert!(relative_dir(&"a/".repeat(1000)).is_err());
        assert_eq!(join("src", "../dist"), Ok("dist".to_owned()));
        assert!(relative_dir("../dist").is_err());
        assert!(join("a", "../../b").is_err());
        assert!(relative_dir("/etc").is_err());
        assert!(relative_dir("a\nb").is_err());
    }

    #[test]
    fn options_are_read_from_scripts() {
        let text = |text: &str| Some(ConfigValue::Text(text.to_owned()));
        assert_eq!(option_of("tsc && vite build --outDir site", "--outDir"), text("site"));
        assert_eq!(option_of("vite build --outDir='site' --x", "--outDir"), text("site"));
        assert_eq!(option_of("vite build --outDir site; ls", "--outDir"), text("site"));
        assert_eq!(option_of("vite build --outDirectory x", "--outDir"), None);
        assert_eq!(option_of("vite build --outDir", "--outDir"), None);
        assert_eq!(option_of("vite build --outDir && x", "--outDir"), None);
        assert_eq!(option_of("vite build --outDir $OUT", "--outDir"), Some(ConfigValue::Expression(Vec::new())));
    }
}
