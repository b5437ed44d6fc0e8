//! The first document of a YAML file as a JSON value, with bounds on its depth and on how much its aliases make
//! of it. Tags are passed over: documentation generators have tags of their own, and run nothing here.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

/// Levels of nesting; configuration has a handful.
const DEPTH: usize = 64;
/// Values in all, those that aliases repeat included.
const VALUES: usize = 50_000;

/// Parses a text.
///
/// # Errors
/// In words, with line and column.
pub(super) fn parse(text: &str) -> Result<Value, String> {
    let mut loader = Loader::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| error.to_string())?;
        let at = || format!("at line {} column {}", span.start.line(), span.start.col() + 1);
        match event {
            Event::Scalar(text, style, anchor, _) => loader.add(scalar(&text, style), anchor),
            Event::Alias(anchor) => loader.repeat(anchor),
            Event::SequenceStart(anchor, _) => loader.open(Node::List(Vec::new()), anchor),
            Event::MappingStart(anchor, _) => loader.open(Node::Table(Map::new(), None), anchor),
            Event::SequenceEnd | Event::MappingEnd => {
                loader.close();
                Ok(())
            }
            Event::DocumentEnd | Event::StreamEnd => break,
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => Ok(()),
        }
        .map_err(|problem| format!("{problem} {}", at()))?;
    }
    Ok(loader.document)
}

/// A list or table that is being read.
enum Node {
    List(Vec<Value>),
    /// With the key whose value is to come.
    Table(Map<String, Value>, Option<String>),
}

#[derive(Default)]
struct Loader {
    open: Vec<(Node, usize)>,
    anchors: HashMap<usize, (Value, usize)>,
    document: Value,
    values: usize,
}

impl Loader {
    fn open(&mut self, node: Node, anchor: usize) -> Result<(), &'static str> {
        if self.open.len() == DEPTH {
            return Err("it is nested too deeply");
        }
        self.count(1)?;
        self.open.push((node, anchor));
        Ok(())
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some((Node::List(items), anchor)) => self.place(Value::Array(items), anchor),
            Some((Node::Table(fields, _), anchor)) => self.place(Value::Object(fields), anchor),
            None => {}
        }
    }

    fn add(&mut self, value: Value, anchor: usize) -> Result<(), &'static str> {
        self.count(1)?;
        self.place(value, anchor);
        Ok(())
    }

    /// Puts what an anchor stands for once more.
    fn repeat(&mut self, anchor: usize) -> Result<(), &'static str> {
        let (value, size) = self.anchors.get(&anchor).cloned().unwrap_or((Value::Null, 1));
        self.count(size)?;
        self.place(value, 0);
        Ok(())
    }

    fn count(&mut self, values: usize) -> Result<(), &'static str> {
        self.values += values;
        if self.values > VALUES { Err("it holds too many values") } else { Ok(()) }
    }

    fn place(&mut self, value: Value, anchor: usize) {
        // 0 is no anchor.
        if anchor != 0 {
            let size = size(&value);
            self.anchors.insert(anchor, (value.clone(), size));
        }
        match self.open.last_mut() {
            None => self.document = value,
            Some((Node::List(items), _)) => items.push(value),
            Some((Node::Table(fields, key), _)) => match key.take() {
                None => *key = Some(key_text(value)),
                // `<<` merges a table into this one; what stands here itself wins.
                Some(name) if name == "<<" => {
                    if let Value::Object(merged) = value {
                        for (name, value) in merged {
                            fields.entry(name).or_insert(value);
                        }
                    }
                }
                Some(name) => {
                    fields.insert(name, value);
                }
            },
        }
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(size).sum::<usize>(),
        _ => 1,
    }
}

fn key_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Plain scalars as YAML 1.2's core schema has them; what is quoted is text.
fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => {
            let number = text.parse::<i64>().map(Value::from).ok();
            let number =
                number.or_else(|| text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from));
            number.unwrap_or_else(|| Value::String(text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Value) {
        assert_eq!(parse(text), Ok(expected));
    }

    #[test]
    fn documents_become_values() {
        check(
            "a: [1, 'x', true, ~]\nb:\n  c: text # why\n",
            json!({ "a": [1, "x", true, null], "b": { "c": "text" } }),
        );
        check(
            "base: &b { x: 1 }\nuse: *b\nmore: { <<: *b, y: 2 }\n",
            json!({ "base": { "x": 1 }, "use": { "x": 1 }, "more": { "x": 1, "y": 2 } }),
        );
        check("a: !!python/name:x.y ''\n---\nb: 2\n", json!({ "a": "" }));
        check("1: a\n", json!({ "1": "a" }));
        check("version: 1.10\nlock: '9.0'\n", json!({ "version": 1.1, "lock": "9.0" }));
        check("", Value::Null);
        assert!(parse("a: [").unwrap_err().contains("line"));
    }

    #[test]
    fn what_is_nested_or_repeated_without_end_is_refused() {
        let deep = 200_000;
        assert!(parse(&"[".repeat(deep)).is_err());
        assert!(parse(&"- ".repeat(deep)).is_err());
        assert!(parse(&"{a: ".repeat(deep)).is_err());
        let stairs: Vec<String> = (0..500).map(|depth| " ".repeat(depth) + "a:").collect();
        assert_eq!(parse(&stairs.join("\n")).unwrap_err(), "it is nested too deeply at line 65 column 65");
        let line = |level: usize| format!("a{level}: &a{level} [{}]", format!("*a{}, ", level - 1).repeat(9));
        let lines: Vec<String> = (1..12).map(line).collect();
        let text = format!("a0: &a0 [x, x, x, x, x, x, x, x, x]\n{}", lines.join("\n"));
        assert!(parse(&text).unwrap_err().contains("too many values"));
    }
}
