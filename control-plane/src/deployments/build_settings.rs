//! How a project is built, as people say it outside of the project: for one deployment, or for every deployment to
//! a target. What is left out is detected in the sandbox.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use slipway_proto::v1::BuildOverrides;

const LONGEST_COMMAND_BYTES: usize = 4 * 1024;
const LONGEST_PATH_BYTES: usize = 1024;
const LONGEST_NAME_BYTES: usize = 64;

/// Build settings; each replaces what would be detected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildSettings {
    /// Slug of the framework whose rules apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// Directory of the project inside the workspace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_dir: Option<String>,
    /// How dependencies are installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_command: Option<String>,
    /// How it is built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_command: Option<String>,
    /// Where the output appears, relative to `root_dir`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_dir: Option<String>,
}

impl BuildSettings {
    /// Their names in a target's config, whatever its provider.
    pub const KEYS: [&str; 5] = ["framework", "root_dir", "install_command", "build_command", "output_dir"];

    /// The build settings in a target's config, and the rest, which is the provider's.
    ///
    /// # Errors
    /// A sentence that names the offending key.
    pub fn of_target(config: &Map<String, Value>) -> Result<(Self, Map<String, Value>), String> {
        let mut settings = Self::default();
        let mut rest = config.clone();
        for (key, place) in settings.fields() {
            match rest.remove(key) {
                None => {}
                Some(Value::String(text)) => *place = Some(text),
                Some(_) => return Err(format!("`config.{key}` must be text")),
            }
        }
        settings.check().map_err(|(key, problem)| format!("`config.{key}` {problem}"))?;
        Ok((settings, rest))
    }

    /// Refuses what no build could be started with.
    ///
    /// # Errors
    /// The key, and the problem as the end of a sentence.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        for (key, text, longest) in [
            ("framework", &self.framework, LONGEST_NAME_BYTES),
            ("install_command", &self.install_command, LONGEST_COMMAND_BYTES),
            ("build_command", &self.build_command, LONGEST_COMMAND_BYTES),
            ("root_dir", &self.root_dir, LONGEST_PATH_BYTES),
            ("output_dir", &self.output_dir, LONGEST_PATH_BYTES),
        ] {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.len() > longest || text.contains('\0') {
                return Err((key, format!("must have 1 to {longest} bytes; leave it out for the default")));
            }
            let is_path = key.ends_with("_dir");
            if is_path && (text.starts_with('/') || text.split('/').any(|part| part == "..")) {
                return Err((key, "must be a relative path without `..`".to_owned()));
            }
        }
        Ok(())
    }

    fn fields(&mut self) -> [(&'static str, &mut Option<String>); 5] {
        let [framework, root_dir, install_command, build_command, output_dir] = Self::KEYS;
        [
            (framework, &mut self.framework),
            (root_dir, &mut self.root_dir),
            (install_command, &mut self.install_command),
            (build_command, &mut self.build_command),
            (output_dir, &mut self.output_dir),
        ]
    }
}

impl From<&BuildSettings> for BuildOverrides {
    fn from(settings: &BuildSettings) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        Self {
            framework: text(&settings.framework),
            root_dir: text(&settings.root_dir),
            install_command: text(&settings.install_command),
            build_command: text(&settings.build_command),
            output_dir: text(&settings.output_dir),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(config: &Value) -> Result<(BuildSettings, Map<String, Value>), String> {
        BuildSettings::of_target(config.as_object().unwrap())
    }

    #[test]
    fn the_settings_are_taken_out_of_a_config() {
        let (settings, rest) = of(&json!({ "project": "shop", "root_dir": "apps/web", "output_dir": "dist" })).unwrap();
        assert_eq!((settings.root_dir.as_deref(), settings.output_dir.as_deref()), (Some("apps/web"), Some("dist")));
        assert_eq!(Value::Object(rest), json!({ "project": "shop" }));
    }

    #[test]
    fn what_no_build_could_use_is_named() {
        assert_eq!(of(&json!({ "root_dir": 1 })).unwrap_err(), "`config.root_dir` must be text");
        assert_eq!(
            of(&json!({ "output_dir": "a/../b" })).unwrap_err(),
            "`config.output_dir` must be a relative path without `..`"
        );
        assert!(of(&json!({ "build_command": "" })).unwrap_err().contains("leave it out"));
        assert!(of(&json!({ "framework": "x".repeat(100) })).unwrap_err().contains("1 to 64 bytes"));
    }
}
