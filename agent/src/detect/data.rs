//! JSON, TOML and YAML as one kind of value, read with bounds: each parser refuses what is nested too deeply, and
//! a file that is broken is noted and counts as absent.

use serde_json::Value;

use super::files::Workspace;
use super::yaml;

/// JSON, or JSON with comments and trailing commas.
pub(super) fn json(workspace: &Workspace, file: &str) -> Option<Value> {
    parsed(workspace, file, &workspace.read_text(file)?, parse_json)
}

/// TOML that says what the project is; a broken one stops a build.
pub(super) fn manifest_toml(workspace: &Workspace, file: &str) -> Option<Value> {
    let text = workspace.read_manifest(file)?;
    match parse_toml(&text) {
        Ok(value) => Some(value),
        Err(problem) => {
            workspace.note_manifest(file, &format!("is not valid: {problem}"));
            None
        }
    }
}

/// TOML.
pub(super) fn toml(workspace: &Workspace, file: &str) -> Option<Value> {
    parsed(workspace, file, &workspace.read_text(file)?, parse_toml)
}

/// YAML, the first document of it.
pub(super) fn yaml(workspace: &Workspace, file: &str) -> Option<Value> {
    parsed(workspace, file, &workspace.read_text(file)?, yaml::parse)
}

fn parsed(
    workspace: &Workspace,
    file: &str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<Value, String>,
) -> Option<Value> {
    match parse(text) {
        Ok(value) => Some(value),
        Err(problem) => {
            workspace.note(file, &format!("is not valid: {problem}"));
            None
        }
    }
}

/// As strict as the format first; what people write into files that tools read leniently after that.
pub(super) fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).or_else(|error| {
        // The problem of the file as it is: line and column are those people see.
        serde_json::from_str(&without_comments(text)).map_err(|_| error.to_string())
    })
}

fn parse_toml(text: &str) -> Result<Value, String> {
    toml::from_str::<Value>(text).map_err(|error| one_line(&error.to_string()))
}

/// The parsers' messages draw the place over several lines; the first says line, column and problem.
fn one_line(message: &str) -> String {
    message.lines().map(str::trim).filter(|line| !line.is_empty()).take(1).collect()
}

/// JSON out of JSON with comments: the same text, comments and commas before a closing bracket as blanks, so
/// that every character stays where it was.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    let mut comma = None;
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                comma = None;
                plain.push('"');
                while let Some(inner) = characters.next() {
                    plain.push(inner);
                    match inner {
                        '\\' => plain.extend(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '/' if characters.peek() == Some(&'/') => {
                while let Some(inner) = characters.next_if(|&c| c != '\n') {
                    plain.push(if inner == '\r' { '\r' } else { ' ' });
                }
            }
            '/' if characters.peek() == Some(&'*') => {
                let mut previous = ' ';
                for inner in characters.by_ref() {
                    plain.push(if inner == '\n' { '\n' } else { ' ' });
                    if previous == '*' && inner == '/' {
                        break;
                    }
                    previous = inner;
                }
            }
            ',' => {
                comma = Some(plain.len());
                plain.push(',');
            }
            ']' | '}' => {
                if let Some(position) = comma.take() {
                    plain.replace_range(position..=position, " ");
                }
                plain.push(character);
            }
            _ => {
                if !character.is_whitespace() {
                    comma = None;
                }
                plain.push(character);
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_may_have_comments_and_trailing_commas() {
        let text = "{ // what\n \"a\": \"x // no, ]\", /* b: 1 */ \"c\": [1, 2,\n ], }\n";
        assert_eq!(parse_json(text), Ok(json!({ "a": "x // no, ]", "c": [1, 2] })));
        assert_eq!(parse_json("{\"a\":\"\\\"//\"}"), Ok(json!({ "a": "\"//" })));
        assert_eq!(parse_json("{\n  \"name\": oops\n}").unwrap_err(), "expected value at line 2 column 11");
        assert!(parse_json("{\"a\": /* never closed").is_err());
    }

    #[test]
    fn what_is_nested_without_end_is_refused() {
        let deep = 200_000;
        assert!(parse_json(&"[".repeat(deep)).unwrap_err().contains("recursion limit"));
        assert!(parse_toml(&format!("a = {}", "[".repeat(deep))).is_err());
        assert!(parse_toml(&format!("a{} = 1", ".a".repeat(deep))).is_err());
    }
}
