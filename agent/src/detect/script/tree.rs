//! What is kept of a config file: values, names and who wrote to them, without types, operators or positions.
//!
//! Nodes refer to each other by number and live in one list, so that dropping a tree needs no recursion
//! and its size has one bound.

use std::collections::{BTreeSet, HashMap};

/// A node of the tree it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// A region in which names are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ScopeId(u32);

/// The whole file.
pub(super) const ROOT: ScopeId = ScopeId(0);
/// Reads as the name of a variable, which is what it amounts to: `exports` and `module.exports` are one object.
pub(super) const EXPORTS: &str = "module.exports";
/// What `import.meta` is called here.
pub(super) const IMPORT_META: &str = "import.meta";

/// What is known of an expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(String),
    Bool(bool),
    Number(f64),
    Object(Vec<Property>),
    Array(Vec<NodeId>),
    /// A variable as seen from a scope.
    Name(ScopeId, String),
    Member {
        object: NodeId,
        property: String,
    },
    /// Also of a constructor.
    Call {
        callee: NodeId,
        arguments: Vec<NodeId>,
    },
    /// With everything it may return.
    Function(Vec<NodeId>),
    /// One of these, decided when the file runs.
    Choice(Vec<NodeId>),
    /// A template or a sum.
    Join(Vec<NodeId>),
    /// What a module exports.
    Module(String),
    Unknown,
}

/// One entry of an object literal.
#[derive(Debug, Clone)]
pub(super) enum Property {
    Key(String, NodeId),
    Spread(NodeId),
}

/// `config.build.outDir = …`: the path below the variable, and the value. The path of an initialiser is empty.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) path: Vec<String>,
    pub(super) value: NodeId,
}

/// A config file.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Who surrounds whom; the file comes first.
    parents: Vec<Option<ScopeId>>,
    /// In the order of the file.
    variables: HashMap<(ScopeId, String), Vec<Write>>,
    /// What may be the configuration, best first.
    pub(super) exports: Vec<NodeId>,
    /// Every module it names.
    pub(super) modules: BTreeSet<String>,
    /// Functions and methods by their last name, with the first argument, in the order of the file.
    pub(super) calls: Vec<(String, Option<NodeId>)>,
}

impl Tree {
    /// Nothing but the scope of the file.
    pub(super) fn new() -> Self {
        Self { parents: vec![None], ..Self::default() }
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        self.nodes.get(id.0 as usize).unwrap_or(&Node::Unknown)
    }

    /// A node more, or `Unknown` when there are `most` already.
    pub(super) fn add(&mut self, node: Node, most: u32) -> NodeId {
        match u32::try_from(self.nodes.len()) {
            Ok(id) if id < most => {
                self.nodes.push(node);
                NodeId(id)
            }
            _ => NodeId(u32::MAX),
        }
    }

    pub(super) fn open_scope(&mut self, parent: ScopeId) -> ScopeId {
        let id = u32::try_from(self.parents.len()).unwrap_or(u32::MAX);
        self.parents.push(Some(parent));
        ScopeId(id)
    }

    pub(super) fn declare(&mut self, scope: ScopeId, name: &str) {
        self.variables.entry((scope, name.to_owned())).or_default();
    }

    /// Writes to the variable that `name` means in `scope`. One that nobody declared is the file's.
    pub(super) fn write(&mut self, scope: ScopeId, name: &str, write: Write) {
        let owner = self.owner(scope, name).unwrap_or(ROOT);
        self.variables.entry((owner, name.to_owned())).or_default().push(write);
    }

    /// All that is ever written to the variable `name` means in `scope`; `None` when nobody declares it.
    pub(super) fn writes(&self, scope: ScopeId, name: &str) -> Option<&[Write]> {
        let owner = self.owner(scope, name)?;
        self.variables.get(&(owner, name.to_owned())).map(Vec::as_slice)
    }

    fn owner(&self, scope: ScopeId, name: &str) -> Option<ScopeId> {
        let mut key = (scope, name.to_owned());
        loop {
            if self.variables.contains_key(&key) {
                return Some(key.0);
            }
            key.0 = (*self.parents.get(key.0.0 as usize)?)?;
        }
    }
}
