//! Reads JavaScript and TypeScript config files with a real parser, and never runs them.
//!
//! A file becomes a small [`Tree`](tree::Tree) of values and names, which is then asked for the keys of the
//! configuration it exports. What depends on the run (conditions, the environment, other files) is answered
//! with what it may be; nothing is guessed.
//!
//! Files belong to the sandbox's user. The parser calls itself for every level of nesting, and a stack that
//! overflows ends the process. So it runs on a thread of its own, whose stack suffices for a file that goes
//! one level down with every single byte.

mod effort;
mod lookup;
mod lower;
mod place;
#[cfg(test)]
mod tests;
mod tree;

use std::thread;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use self::lookup::Lookup;
use self::tree::Tree;
use super::words::excerpt;

/// People write some kilobytes; what is generated has no place to look for settings in.
const FILE_BYTES: usize = 64 * 1024;
/// For what comes before the first level, and for our own walk, which is bounded.
const STACK_BYTES: usize = 2 * 1024 * 1024;
/// More than twice what the hungriest shape takes, which is `[[[[`. Reserved, and only used as far as needed.
const STACK_BYTES_PER_LEVEL: usize = 3 * 1024;

/// What a config file says for a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ConfigValue {
    /// A string, or a path from the directory of the config file.
    Text(String),
    /// `true` or `false`
    Bool(bool),
    /// A number
    Number(f64),
    /// Anything else, with the strings it may be or contains: `production ? 'export' : undefined`.
    Expression(Vec<String>),
}

/// The settings of a config file.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    tree: Tree,
    problem: Option<String>,
}

impl Script {
    /// Reads a config file; the end of its name says in which language it is written.
    ///
    /// # Errors
    /// In words, with line and column, when it cannot be understood at all.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, String> {
        if text.len() > FILE_BYTES {
            return Err(format!("is larger than {} KiB", FILE_BYTES / 1024));
        }
        if !effort::is_bounded(text) {
            return Err("is too intricate to be read".to_owned());
        }
        let stack = STACK_BYTES + text.len() * STACK_BYTES_PER_LEVEL;
        thread::scope(|scope| {
            let reader = thread::Builder::new().name("config file".to_owned()).stack_size(stack);
            let reader = reader.spawn_scoped(scope, || read(file, text));
            let reader = reader.map_err(|error| format!("cannot be read now: no thread for it ({error})"))?;
            reader.join().unwrap_or_else(|_| Err("is more than the parser can take".to_owned()))
        })
    }

    /// What the parser had to pass over, when it could still read the rest.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// What the exported configuration says for a key, dotted for nested objects (`build.outDir`).
    ///
    /// Objects given to a call count as part of its value: `kit.adapter.pages` is in
    /// `kit: { adapter: adapter({ pages: 'x' }) }`. `targets.[type=www].dir` takes the object of a list whose `type` is that.
    pub(super) fn value(&self, key: &str) -> Option<ConfigValue> {
        Lookup::new(&self.tree).value(key)
    }

    /// Whether it imports, requires or re-exports a module; a name that ends in `/` means all below it.
    pub(super) fn imports(&self, module: &str) -> bool {
        if module.ends_with('/') {
            self.tree.modules.iter().any(|name| name.starts_with(module))
        } else {
            self.tree.modules.contains(module)
        }
    }

    /// The module that the value of a key comes from: `@astrojs/node` for `adapter: node()`.
    pub(super) fn module_of(&self, key: &str) -> Option<&str> {
        Lookup::new(&self.tree).module_of_key(key)
    }

    /// The first argument of the last call of a function or method, wherever it is called.
    pub(super) fn argument_of(&self, function: &str) -> Option<ConfigValue> {
        let (_, argument) = self.tree.calls.iter().rev().find(|(name, _)| name == function)?;
        argument.map(|argument| Lookup::new(&self.tree).value_of(argument))
    }
}

/// Plain JavaScript may hold markup, which TypeScript would take for types. A file that is no JavaScript may
/// still be TypeScript that is stripped before it runs.
fn read(file: &str, text: &str) -> Result<Script, String> {
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
    let javascript = SourceType::unambiguous().with_jsx(true);
    let typescript = SourceType::ts().with_unambiguous(true);
    match extension {
        "js" | "mjs" | "cjs" | "jsx" => {
            let script = read_as(javascript, text);
            if script.as_ref().is_ok_and(|script| script.problem.is_none()) {
                return script;
            }
            read_as(typescript, text).ok().filter(|other| other.problem.is_none()).map_or(script, Ok)
        }
        "tsx" => read_as(typescript.with_jsx(true), text),
        _ => read_as(typescript, text),
    }
}

fn read_as(language: SourceType, text: &str) -> Result<Script, String> {
    let allocator = Allocator::default();
    let options = ParseOptions { allow_return_outside_function: true, ..ParseOptions::default() };
    let parsed = Parser::new(&allocator, text, language).with_options(options).parse();
    let problem = parsed.diagnostics.first().map(|problem| {
        let offset = problem.labels.first().map(oxc_span::LabeledSpan::offset);
        format!(
            "{}{}",
            excerpt(&problem.message),
            offset.map(|offset| position(text, offset as usize)).unwrap_or_default()
        )
    });
    if parsed.panicked {
        return Err(problem.unwrap_or_else(|| "cannot be understood".to_owned()));
    }
    Ok(Script { tree: lower::lower(&parsed.program), problem })
}

fn position(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!(" at line {line}, column {column}")
}
