//! The settings in a project's own config file, whatever its format. Nothing is executed: scripts are parsed, of
//! Python and Ruby only plain assignments are read.

use serde_json::Value;

use super::data;
use super::files::Workspace;
use super::script::{ConfigValue, Script};

/// A config file of the project.
#[derive(Debug)]
pub(super) struct ConfigFile {
    /// Seen from the workspace.
    pub(super) file: String,
    settings: Settings,
}

#[derive(Debug)]
enum Settings {
    Script(Script),
    Data(Value),
    /// Python, Ruby or make: a line for each setting.
    Lines(String),
}

impl ConfigFile {
    /// Reads a file. `None` when there is none, or when it is broken, which is noted.
    pub(super) fn read(workspace: &Workspace, file: &str) -> Option<Self> {
        let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
        let settings = match extension {
            "json" | "jsonc" | "json5" => Settings::Data(data::json(workspace, file)?),
            "toml" => Settings::Data(data::toml(workspace, file)?),
            "yml" | "yaml" => Settings::Data(data::yaml(workspace, file)?),
            "js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx" => {
                let text = workspace.read_text(file)?;
                match Script::parse(file, &text) {
                    Ok(script) => {
                        if let Some(problem) = script.problem() {
                            workspace
                                .tell(format!("{file} is not valid: {problem}; what could be read of it was used"));
                        }
                        Settings::Script(script)
                    }
                    Err(problem) => {
                        workspace.note(file, &problem);
                        return None;
                    }
                }
            }
            _ if file.ends_with("Staticfile") => Settings::Data(data::yaml(workspace, file)?),
            "py" | "rb" => Settings::Lines(workspace.read_text(file)?),
            _ => {
                // `.parcelrc`, `Makefile`, `.sassrc`: JSON if it is JSON.
                let text = workspace.read_text(file)?;
                data::parse_json(&text).map_or(Settings::Lines(text), Settings::Data)
            }
        };
        Some(Self { file: file.to_owned(), settings })
    }

    /// What is behind a dotted key.
    pub(super) fn value(&self, key: &str) -> Option<ConfigValue> {
        match &self.settings {
            Settings::Script(script) => script.value(key),
            Settings::Data(data) => data_value(data, key),
            Settings::Lines(text) => assigned(text, key),
        }
    }

    /// What a function is called with: `eleventyConfig.setOutputDirectory("x")`.
    pub(super) fn argument_of(&self, function: &str) -> Option<ConfigValue> {
        match &self.settings {
            Settings::Script(script) => script.argument_of(function),
            Settings::Data(_) | Settings::Lines(_) => None,
        }
    }

    /// Whether a module is imported; with `/` at the end, anything below it.
    pub(super) fn imports(&self, module: &str) -> bool {
        match &self.settings {
            Settings::Script(script) => script.imports(module),
            Settings::Data(_) | Settings::Lines(_) => false,
        }
    }

    /// The module that the value of a key was imported from.
    pub(super) fn module_of(&self, key: &str) -> Option<&str> {
        match &self.settings {
            Settings::Script(script) => script.module_of(key),
            Settings::Data(_) | Settings::Lines(_) => None,
        }
    }

    /// The whole of a JSON, TOML or YAML file.
    pub(super) fn data(&self) -> Option<&Value> {
        match &self.settings {
            Settings::Data(data) => Some(data),
            Settings::Script(_) | Settings::Lines(_) => None,
        }
    }
}

fn data_value(data: &Value, key: &str) -> Option<ConfigValue> {
    // `site_dir` of MkDocs and the like are flat, but a key may have dots of its own.
    let found = data.get(key).or_else(|| key.split('.').try_fold(data, |value, part| value.get(part)))?;
    Some(match found {
        Value::String(text) => ConfigValue::Text(text.clone()),
        Value::Bool(flag) => ConfigValue::Bool(*flag),
        Value::Number(number) => ConfigValue::Number(number.as_f64().unwrap_or_default()),
        Value::Null => return None,
        Value::Array(items) => {
            ConfigValue::Expression(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        }
        Value::Object(_) => ConfigValue::Expression(Vec::new()),
    })
}

/// `KEY = 'value'` of Python and make, `set :key, 'value'` of Ruby.
fn assigned(text: &str, key: &str) -> Option<ConfigValue> {
    let mut found = None;
    for line in text.lines() {
        let line = line.trim();
        let after_set = line.strip_prefix("set ").and_then(|rest| rest.trim_start().strip_prefix(':'));
        let value = match after_set
            .and_then(|rest| rest.strip_prefix(key))
            .and_then(|rest| rest.trim_start().strip_prefix(','))
        {
            Some(value) => Some(value),
            None => line.strip_prefix(key).and_then(|rest| rest.trim_start().strip_prefix('=')),
        };
        // `==` compares.
        let Some(value) = value.filter(|value| !value.starts_with('=')).map(str::trim) else { continue };
        let literal = |quote: char| value.strip_prefix(quote)?.split_once(quote);
        found = Some(match literal('"').or_else(|| literal('\'')) {
            Some((text, rest)) if rest.trim().is_empty() || rest.trim().starts_with('#') => {
                ConfigValue::Text(text.to_owned())
            }
            None if value == "True" || value == "true" => ConfigValue::Bool(true),
            None if value == "False" || value == "false" => ConfigValue::Bool(false),
            None if value.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c)) && !value.is_empty() => {
                ConfigValue::Text(value.to_owned())
            }
            Some(_) | None => ConfigValue::Expression(Vec::new()),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_assignments_are_read() {
        let text = |text: &str| Some(ConfigValue::Text(text.to_owned()));
        assert_eq!(assigned("OUTPUT_PATH = 'site'  # there\nX = 1", "OUTPUT_PATH"), text("site"));
        assert_eq!(assigned("OUTPUT_PATH = 'a'\nOUTPUT_PATH = \"b\"", "OUTPUT_PATH"), text("b"));
        assert_eq!(assigned("set :build_dir, 'public'", "build_dir"), text("public"));
        assert_eq!(assigned("BUILDDIR      = _build", "BUILDDIR"), text("_build"));
        assert_eq!(assigned("OUTPUT_PATH == 'x'", "OUTPUT_PATH"), None);
        assert_eq!(assigned("OUTPUT_PATH = os.path.join('a')", "OUTPUT_PATH"), Some(ConfigValue::Expression(vec![])));
        assert_eq!(assigned("RELATIVE_URLS = True", "RELATIVE_URLS"), Some(ConfigValue::Bool(true)));
    }

    #[test]
    fn data_is_found_by_dotted_keys() {
        let data = serde_json::json!({ "build": { "build-dir": "html" }, "list": ["a"] });
        assert_eq!(data_value(&data, "build.build-dir"), Some(ConfigValue::Text("html".to_owned())));
        assert_eq!(data_value(&data, "list"), Some(ConfigValue::Expression(vec!["a".to_owned()])));
        assert_eq!(data_value(&data, "build.none"), None);
    }
}
