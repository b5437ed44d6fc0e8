//! What people say about a build, outside of the project and in its `slipway.toml`, strongest first: the request,
//! the target, the project.

use serde_json::Value;
use slipway_proto::plan::Setting;
use slipway_proto::v1::BuildOverrides;

use super::DetectError;
use super::data;
use super::files::{Workspace, beside};
use super::output::relative_dir;
use super::rules::Rules;

/// Nobody writes a longer command into a form; a script is the place for it.
const COMMAND_BYTES: usize = 8 * 1024;
/// The file in which a project says how it is built.
const PROJECT_FILE: &str = "slipway.toml";
/// The settings and their names; in the project's file they are in the table `[build]`.
pub(super) const KEYS: [(Setting, &str); 6] = [
    (Setting::Framework, "framework"),
    (Setting::RootDir, "root_dir"),
    (Setting::InstallCommand, "install_command"),
    (Setting::BuildCommand, "build_command"),
    (Setting::OutputDir, "output_dir"),
    (Setting::StartCommand, "start_command"),
];

/// Build settings from outside of the project. An empty string means "as detected".
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Of this one deployment.
    pub request: BuildOverrides,
    /// Of every deployment to the target.
    pub target: BuildOverrides,
}

/// One setting and where it was stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stated {
    pub(super) value: String,
    pub(super) source: String,
}

/// Every setting that is stated, with the strongest source of each.
#[derive(Debug, Default)]
pub(super) struct Settings(Vec<(Setting, Stated)>);

impl Settings {
    /// Reads what is stated outside of the project, and in the file at the top of the workspace.
    ///
    /// # Errors
    /// When a value from outside cannot be used. One in the project's own file is noted and left out.
    pub(super) fn read(workspace: &Workspace, overrides: &Overrides, rules: &Rules) -> Result<Self, DetectError> {
        let mut settings = Self::default();
        for (source, values) in [("request", &overrides.request), ("target", &overrides.target)] {
            for (setting, key) in KEYS {
                let value = match setting {
                    Setting::Framework => &values.framework,
                    Setting::RootDir => &values.root_dir,
                    Setting::InstallCommand => &values.install_command,
                    Setting::BuildCommand => &values.build_command,
                    Setting::OutputDir => &values.output_dir,
                    Setting::StartCommand => continue,
                };
                let checked = check(setting, value, rules).map_err(|problem| DetectError::BadOverride {
                    field: key,
                    value: value.clone(),
                    problem,
                })?;
                if let Some(value) = checked {
                    settings.add(setting, value, source);
                }
            }
        }
        settings.read_file(workspace, ".", rules);
        Ok(settings)
    }

    /// Adds what the file of a package of the workspace says, weaker than all so far, save for the file at the top.
    pub(super) fn read_member(&mut self, workspace: &Workspace, directory: &str, rules: &Rules) {
        if directory != "." {
            self.0.retain(|(setting, stated)| stated.source != PROJECT_FILE || *setting == Setting::RootDir);
            self.read_file(workspace, directory, rules);
            self.read_file(workspace, ".", rules);
        }
    }

    /// What is stated for a setting.
    pub(super) fn get(&self, setting: Setting) -> Option<&Stated> {
        self.0.iter().find(|(known, _)| *known == setting).map(|(_, stated)| stated)
    }

    fn add(&mut self, setting: Setting, value: String, source: &str) {
        if self.get(setting).is_none() {
            self.0.push((setting, Stated { value, source: source.to_owned() }));
        }
    }

    fn read_file(&mut self, workspace: &Workspace, directory: &str, rules: &Rules) {
        let file = beside(directory, PROJECT_FILE);
        let Some(content) = data::toml(workspace, &file) else { return };
        // The control plane's own configuration has the same name and no such table.
        let Some(build) = content["build"].as_object() else { return };
        for (key, value) in build {
            let Some((setting, _)) = KEYS.into_iter().find(|(_, known)| known == key) else {
                let known = KEYS.map(|(_, known)| known).join(", ");
                workspace.tell(format!("{file} has `build.{key}`, which is not known; it knows {known}"));
                continue;
            };
            let value = match value {
                Value::String(text) => check(setting, text, rules),
                _ => Err("is not text"),
            };
            match value {
                Ok(Some(value)) => self.add(setting, value, &file),
                Ok(None) => {}
                Err(problem) => workspace.tell(format!("`build.{key}` in {file} {problem}; it was left out")),
            }
        }
    }
}

/// The value in its plain form; nothing when it is empty.
fn check(setting: Setting, value: &str, rules: &Rules) -> Result<Option<String>, &'static str> {
    if value.trim().is_empty() {
        return Ok(None);
    }
    match setting {
        Setting::RootDir | Setting::OutputDir => relative_dir(value).map(Some),
        Setting::Framework => match rules.framework(value) {
            Some(_) => Ok(Some(value.to_owned())),
            None => Err("is not a framework Slipway knows"),
        },
        Setting::InstallCommand | Setting::BuildCommand | Setting::StartCommand => {
            if value.contains('\0') {
                return Err("contains a NUL character");
            }
            if value.len() > COMMAND_BYTES {
                return Err("is longer than 8 KiB; put it into a script of the project");
            }
            Ok(Some(value.to_owned()))
        }
    }
}
