//! Answers from a tree. Names can go round in circles and answers can grow like doubled coins, so every
//! question has a budget; one that runs out is answered by what was found until then.

use std::cell::Cell;

use super::ConfigValue;
use super::place::{self, Known};
use super::tree::{EXPORTS, IMPORT_META, Node, NodeId, Property, ROOT, ScopeId, Tree};

/// Nodes looked at for one question.
const STEPS: usize = 50_000;
/// How far names and calls are followed.
const DEPTH: usize = 64;
/// Strings listed for an expression.
const LITERALS: usize = 64;
/// Longer texts are no settings.
const TEXT_BYTES: usize = 4096;

/// These functions let a later argument win, or replace parts of it; of others the first is the configuration.
const MERGES: [&str; 7] = ["mergeConfig", "mergeRsbuildConfig", "merge", "mergeWith", "assign", "deepmerge", "extend"];
/// Modules whose `join` is one of paths.
const PATH_MODULES: [&str; 7] =
    ["path", "node:path", "path/posix", "node:path/posix", "pathe", "upath", "path-browserify"];
const URL_MODULES: [&str; 2] = ["url", "node:url"];

/// The values a key may have.
struct Found {
    nodes: Vec<NodeId>,
    /// Whether the key has exactly one of them, whatever happens at run time.
    is_certain: bool,
}

/// One question.
pub(super) struct Lookup<'a> {
    tree: &'a Tree,
    steps: Cell<usize>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(tree: &'a Tree) -> Self {
        Self { tree, steps: Cell::new(STEPS) }
    }

    /// What a key of the configuration is.
    pub(super) fn value(&self, key: &str) -> Option<ConfigValue> {
        let found = self.find_key(key)?;
        if let ([node], true) = (&found.nodes[..], found.is_certain) {
            return Some(self.value_of(*node));
        }
        let mut literals = Vec::new();
        for node in found.nodes {
            self.literals(node, &mut literals, 0);
        }
        Some(ConfigValue::Expression(literals))
    }

    /// The module a key's value comes from.
    pub(super) fn module_of_key(&self, key: &str) -> Option<&'a str> {
        self.find_key(key)?.nodes.into_iter().find_map(|node| self.module_of(node, 0))
    }

    /// What a node stands for.
    pub(super) fn value_of(&self, node: NodeId) -> ConfigValue {
        match self.known(node, 0) {
            Some(Known::Text(text) | Known::Place(text)) => ConfigValue::Text(text),
            Some(Known::Bool(value)) => ConfigValue::Bool(value),
            Some(Known::Number(value)) => ConfigValue::Number(value),
            Some(Known::ThisFile) | None => {
                let mut literals = Vec::new();
                self.literals(node, &mut literals, 0);
                ConfigValue::Expression(literals)
            }
        }
    }

    fn find_key(&self, key: &str) -> Option<Found> {
        let path: Vec<&str> = key.split('.').collect();
        self.tree.exports.iter().find_map(|node| self.find(*node, &path, 0))
    }

    /// Takes `count` of what may still be looked at.
    fn spend(&self, count: usize, depth: usize) -> Option<()> {
        let left = self.steps.get().checked_sub(count.max(1));
        self.steps.set(left.unwrap_or(0));
        left.filter(|_| depth < DEPTH).map(drop)
    }

    fn find(&self, node: NodeId, path: &[&str], depth: usize) -> Option<Found> {
        let Some((key, rest)) = path.split_first() else {
            return Some(Found { nodes: vec![node], is_certain: true });
        };
        self.spend(1, depth)?;
        let depth = depth + 1;
        match self.tree.node(node) {
            Node::Object(properties) => {
                self.spend(properties.len(), depth)?;
                for property in properties.iter().rev() {
                    match property {
                        Property::Key(name, value) if name == key => return self.find(*value, rest, depth),
                        Property::Key(..) => {}
                        Property::Spread(value) => {
                            if let Some(found) = self.find(*value, path, depth) {
                                return Some(found);
                            }
                        }
                    }
                }
                None
            }
            Node::Name(scope, name) => self.find_in_variable(*scope, name, path, depth),
            Node::Member { object, property } => {
                let longer: Vec<&str> = std::iter::once(property.as_str()).chain(path.iter().copied()).collect();
                self.spend(longer.len(), depth)?;
                self.find(*object, &longer, depth)
            }
            Node::Call { callee, arguments } => {
                let of_arguments = |argument: &NodeId| self.find(*argument, path, depth);
                let of_function = self.function(*callee, depth).and_then(|function| self.find(function, path, depth));
                of_function.or_else(|| match self.name_of(*callee) {
                    Some(name) if MERGES.contains(&name) => arguments.iter().rev().find_map(of_arguments),
                    _ => arguments.iter().find_map(of_arguments),
                })
            }
            Node::Function(returns) => returns.iter().find_map(|value| self.find(*value, path, depth)),
            Node::Choice(branches) => {
                let mut nodes = Vec::new();
                for branch in branches {
                    nodes.extend(self.find(*branch, path, depth).into_iter().flat_map(|found| found.nodes));
                    self.spend(nodes.len(), depth)?;
                }
                if nodes.is_empty() { None } else { Some(Found { nodes, is_certain: false }) }
            }
            Node::Array(items) => {
                let (name, wanted) = key.strip_prefix('[')?.strip_suffix(']')?.split_once('=')?;
                self.spend(items.len(), depth)?;
                let has_it = |item: &&NodeId| {
                    let found = self.find(**item, &[name], depth).map(|found| found.nodes).unwrap_or_default();
                    found.iter().any(|node| matches!(self.value_of(*node), ConfigValue::Text(text) if text == wanted))
                };
                items.iter().find(has_it).and_then(|item| self.find(*item, rest, depth))
            }
            Node::Text(_) | Node::Bool(_) | Node::Number(_) | Node::Join(_) | Node::Module(_) | Node::Unknown => None,
        }
    }

    /// What was written last to the path or to something around it.
    fn find_in_variable(&self, scope: ScopeId, name: &str, path: &[&str], depth: usize) -> Option<Found> {
        let writes = self.tree.writes(scope, name)?;
        self.spend(writes.len(), depth)?;
        writes.iter().rev().find_map(|write| {
            let around = path.get(..write.path.len())?;
            let rest = path.get(write.path.len()..)?;
            if write.path.iter().eq(around) { self.find(write.value, rest, depth) } else { None }
        })
    }

    /// The function of this file that a callee is.
    fn function(&self, callee: NodeId, depth: usize) -> Option<NodeId> {
        self.spend(1, depth)?;
        match self.tree.node(callee) {
            Node::Function(_) => Some(callee),
            Node::Name(scope, name) => self.function(self.only_value(*scope, name)?, depth + 1),
            _ => None,
        }
    }

    /// The value of a variable that has only one.
    fn only_value(&self, scope: ScopeId, name: &str) -> Option<NodeId> {
        let mut values = self.tree.writes(scope, name)?.iter().filter(|write| write.path.is_empty());
        let value = values.next()?.value;
        if values.next().is_none() { Some(value) } else { None }
    }

    /// The last name of a callee: `resolve` of `path.resolve`.
    fn name_of(&self, callee: NodeId) -> Option<&'a str> {
        match self.tree.node(callee) {
            Node::Name(_, name) | Node::Member { property: name, .. } => Some(name),
            _ => None,
        }
    }

    /// What a node is for certain, as a text, truth or number.
    fn known(&self, node: NodeId, depth: usize) -> Option<Known> {
        self.spend(1, depth)?;
        let depth = depth + 1;
        match self.tree.node(node) {
            Node::Text(text) => Some(Known::Text(text.clone())),
            Node::Bool(value) => Some(Known::Bool(*value)),
            Node::Number(value) => Some(Known::Number(*value)),
            Node::Name(scope, name) => match self.tree.writes(*scope, name) {
                Some(_) => self.known(self.only_value(*scope, name)?, depth),
                None if name == "__dirname" => Some(Known::Place(".".to_owned())),
                None if name == "__filename" => Some(Known::ThisFile),
                None => None,
            },
            Node::Member { object, property } => self.known_member(*object, property, depth),
            Node::Join(parts) => self.known_sum(parts, depth),
            Node::Choice(branches) => {
                let mut branches = branches.iter().map(|branch| self.known(*branch, depth));
                let first = branches.next()??;
                if branches.all(|branch| branch.as_ref() == Some(&first)) { Some(first) } else { None }
            }
            Node::Call { callee, arguments } => self.known_call(*callee, arguments, depth),
            Node::Object(_) | Node::Array(_) | Node::Function(_) | Node::Module(_) | Node::Unknown => None,
        }
    }

    fn known_member(&self, object: NodeId, property: &str, depth: usize) -> Option<Known> {
        match self.tree.node(object) {
            Node::Name(_, name) if name == IMPORT_META => match property {
                "dirname" => Some(Known::Place(".".to_owned())),
                "filename" | "url" => Some(Known::ThisFile),
                _ => None,
            },
            // Of a URL.
            Node::Call { .. } if matches!(property, "pathname" | "href") => {
                self.known(object, depth).filter(|known| matches!(known, Known::Place(_) | Known::ThisFile))
            }
            _ => match self.find(object, &[property], depth)? {
                Found { nodes, is_certain: true } => self.known(*nodes.first()?, depth),
                Found { .. } => None,
            },
        }
    }

    fn known_sum(&self, parts: &[NodeId], depth: usize) -> Option<Known> {
        let mut sum = String::new();
        let mut place = false;
        for (index, part) in parts.iter().enumerate() {
            let part = self.known(*part, depth)?;
            // An empty text comes first in `${__dirname}/dist`.
            place |= matches!(part, Known::Place(_)) && (index == 0 || sum.is_empty());
            sum.push_str(&part.into_text()?);
            if sum.len() > TEXT_BYTES {
                return None;
            }
        }
        Some(if place { Known::Place(place::normal(&sum)) } else { Known::Text(sum) })
    }

    /// A function of this file that returns one thing, and the few about paths that say where something is.
    fn known_call(&self, callee: NodeId, arguments: &[NodeId], depth: usize) -> Option<Known> {
        if let Some(function) = self.function(callee, depth) {
            return match self.tree.node(function) {
                Node::Function(returns) if returns.len() == 1 => self.known(returns[0], depth),
                _ => None,
            };
        }
        let name = self.name_of(callee)?;
        let argument = |index: usize| self.known(*arguments.get(index)?, depth);
        match name {
            "cwd" if self.is_global_of(callee, "process") => Some(Known::Place(".".to_owned())),
            "URL" => place::url(&argument(0)?, &argument(1)?),
            "String" => argument(0),
            "toString" if arguments.is_empty() => match self.tree.node(callee) {
                Node::Member { object, .. } => self.known(*object, depth),
                _ => None,
            },
            "fileURLToPath" if self.belongs_to(callee, &URL_MODULES, depth) => argument(0),
            "dirname" if self.belongs_to(callee, &PATH_MODULES, depth) => place::parent(argument(0)?),
            "resolve" | "join" | "normalize" if self.belongs_to(callee, &PATH_MODULES, depth) => {
                let parts = arguments.iter().map(|part| self.known(*part, depth)).collect::<Option<Vec<_>>>()?;
                let joined = place::join(parts, name == "resolve")?;
                Some(joined).filter(|joined| !matches!(joined, Known::Text(text) if text.len() > TEXT_BYTES))
            }
            _ => None,
        }
    }

    fn is_global_of(&self, callee: NodeId, object: &str) -> bool {
        matches!(self.tree.node(callee), Node::Member { object: of, .. }
            if matches!(self.tree.node(*of), Node::Name(scope, name) if name == object && self.tree.writes(*scope, name).is_none()))
    }

    /// Whether a function comes from one of these modules, or nobody says where it comes from.
    fn belongs_to(&self, callee: NodeId, modules: &[&str], depth: usize) -> bool {
        let home = match self.tree.node(callee) {
            Node::Member { object, .. } => *object,
            _ => callee,
        };
        match self.module_of(callee, depth) {
            Some(module) => modules.contains(&module),
            None => matches!(self.tree.node(home), Node::Name(scope, name) if self.tree.writes(*scope, name).is_none()),
        }
    }

    fn module_of(&self, node: NodeId, depth: usize) -> Option<&'a str> {
        self.spend(1, depth)?;
        let depth = depth + 1;
        match self.tree.node(node) {
            Node::Module(name) => Some(name),
            Node::Call { callee, .. } => self.module_of(*callee, depth),
            Node::Member { object, property } => self.module_of(*object, depth).or_else(|| {
                let found = self.find(*object, &[property], depth)?;
                found.nodes.into_iter().find_map(|value| self.module_of(value, depth))
            }),
            Node::Name(scope, name) => {
                let writes = self.tree.writes(*scope, name)?;
                let values = writes.iter().rev().filter(|write| write.path.is_empty());
                values.into_iter().find_map(|write| self.module_of(write.value, depth))
            }
            Node::Choice(branches) => branches.iter().find_map(|branch| self.module_of(*branch, depth)),
            _ => None,
        }
    }

    /// Adds the strings a value may be or contains.
    fn literals(&self, node: NodeId, literals: &mut Vec<String>, depth: usize) {
        if literals.len() == LITERALS || self.spend(1, depth).is_none() {
            return;
        }
        if let Some(Known::Text(text) | Known::Place(text)) = self.known(node, depth) {
            if !literals.contains(&text) {
                literals.push(text);
            }
            return;
        }
        let depth = depth + 1;
        let mut add = |nodes: &[NodeId]| nodes.iter().for_each(|node| self.literals(*node, literals, depth));
        match self.tree.node(node) {
            Node::Array(nodes) | Node::Choice(nodes) | Node::Function(nodes) => add(nodes),
            Node::Call { callee, arguments } => {
                if let Some(function) = self.function(*callee, depth) {
                    add(&[function]);
                }
                add(arguments);
            }
            Node::Object(properties) => {
                for property in properties {
                    let (Property::Key(_, value) | Property::Spread(value)) = property;
                    add(&[*value]);
                }
            }
            Node::Name(scope, name) if name != EXPORTS || *scope != ROOT => {
                for write in self.tree.writes(*scope, name).into_iter().flatten() {
                    if write.path.is_empty() {
                        add(&[write.value]);
                    }
                }
            }
            Node::Member { object, property } => {
                if let Some(found) = self.find(*object, &[property], depth) {
                    add(&found.nodes);
                }
            }
            _ => {}
        }
    }
}
