//! From the parser's tree to ours. Bounded in depth and size: what is nested deeper than people write, or
//! comes after the bound, is `Unknown`.

use oxc_ast::ast::{
    Argument, ArrayExpressionElement, ArrowFunctionBody, AssignmentOperator, AssignmentTarget, BinaryOperator,
    BindingPattern, CallExpression, ChainElement, Declaration, ExportDefaultDeclarationKind, Expression,
    ForStatementInit, FormalParameters, Function, ImportDeclaration, ImportDeclarationSpecifier, LogicalOperator,
    MemberExpression, ModuleExportName, ObjectExpression, ObjectPropertyKind, Program, PropertyKind,
    SimpleAssignmentTarget, Statement, TSModuleReference, TemplateLiteral, UnaryExpression, UnaryOperator,
    VariableDeclaration,
};

use super::tree::{EXPORTS, IMPORT_META, Node, NodeId, Property, ROOT, ScopeId, Tree, Write};

/// How deep statements and expressions are followed.
const DEPTH: usize = 100;
/// How many expressions are kept; a long config file has some hundreds.
const NODES: u32 = 20_000;

/// Keeps of a file what a configuration can be found in.
pub(super) fn lower(program: &Program<'_>) -> Tree {
    let mut lowering = Lowering {
        tree: Tree::new(),
        depth: 0,
        scope: ROOT,
        function_scope: ROOT,
        is_conditional: false,
        returns: Vec::new(),
        writes: Vec::new(),
        default_exports: Vec::new(),
        named_exports: Vec::new(),
    };
    for statement in &program.body {
        lowering.statement(statement);
    }
    lowering.finish()
}

struct Lowering {
    tree: Tree,
    depth: usize,
    scope: ScopeId,
    /// Where a `var` goes.
    function_scope: ScopeId,
    /// Whether the statement at hand may not run.
    is_conditional: bool,
    /// Of the function at hand.
    returns: Vec<NodeId>,
    /// Applied at the end, when all declarations are known.
    writes: Vec<(ScopeId, String, Write)>,
    default_exports: Vec<NodeId>,
    named_exports: Vec<NodeId>,
}

impl Lowering {
    fn finish(mut self) -> Tree {
        self.tree.declare(ROOT, EXPORTS);
        for (scope, name, write) in self.writes {
            self.tree.write(scope, &name, write);
        }
        let assigned = self.tree.add(Node::Name(ROOT, EXPORTS.to_owned()), u32::MAX);
        self.tree.exports = self.default_exports;
        self.tree.exports.push(assigned);
        self.tree.exports.append(&mut self.named_exports);
        self.tree
    }

    fn add(&mut self, node: Node) -> NodeId {
        self.tree.add(node, NODES)
    }

    /// Goes one level down, unless that is too deep.
    fn deeper<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == DEPTH {
            return None;
        }
        self.depth += 1;
        let result = run(self);
        self.depth -= 1;
        Some(result)
    }

    fn statement(&mut self, statement: &Statement<'_>) {
        self.deeper(|lowering| lowering.statement_here(statement));
    }

    fn statement_here(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::ExpressionStatement(statement) => drop(self.expression(&statement.expression)),
            Statement::ReturnStatement(statement) => {
                if let Some(argument) = &statement.argument {
                    let value = self.expression(argument);
                    self.returns.push(value);
                }
            }
            Statement::BlockStatement(block) => self.block(&block.body),
            Statement::IfStatement(statement) => self.conditional(|lowering| {
                lowering.expression(&statement.test);
                lowering.statement(&statement.consequent);
                if let Some(alternate) = &statement.alternate {
                    lowering.statement(alternate);
                }
            }),
            Statement::SwitchStatement(statement) => self.conditional(|lowering| {
                for case in &statement.cases {
                    lowering.block(&case.consequent);
                }
            }),
            Statement::TryStatement(statement) => {
                self.block(&statement.block.body);
                if let Some(handler) = &statement.handler {
                    self.conditional(|lowering| lowering.block(&handler.body.body));
                }
                if let Some(finalizer) = &statement.finalizer {
                    self.block(&finalizer.body);
                }
            }
            Statement::ForStatement(statement) => self.conditional(|lowering| {
                if let Some(ForStatementInit::VariableDeclaration(declaration)) = &statement.init {
                    lowering.variables(declaration);
                }
                lowering.statement(&statement.body);
            }),
            Statement::ForInStatement(statement) => self.conditional(|lowering| lowering.statement(&statement.body)),
            Statement::ForOfStatement(statement) => self.conditional(|lowering| lowering.statement(&statement.body)),
            Statement::WhileStatement(statement) => self.conditional(|lowering| lowering.statement(&statement.body)),
            Statement::DoWhileStatement(statement) => self.statement(&statement.body),
            Statement::LabeledStatement(statement) => self.statement(&statement.body),
            Statement::ImportDeclaration(import) => self.import(import),
            Statement::ExportDefaultDeclaration(export) => self.export_default(&export.declaration),
            Statement::ExportDeclaration(export) => self.export_declaration(&export.declaration),
            Statement::ExportNamedDeclaration(export) => {
                for specifier in &export.specifiers {
                    if let Some(local) = specifier.local.identifier_name() {
                        let value = self.add(Node::Name(ROOT, local.to_string()));
                        self.export(&specifier.exported, value);
                    }
                }
            }
            Statement::ExportFromDeclaration(export) => {
                let module = self.module(export.source.value.as_str());
                for specifier in &export.specifiers {
                    self.export(&specifier.exported, module);
                }
            }
            Statement::ExportAllDeclaration(export) => drop(self.module(export.source.value.as_str())),
            Statement::TSExportAssignment(export) => {
                let value = self.expression(&export.expression);
                self.default_exports.push(value);
            }
            _ => {
                if let Some(declaration) = statement.as_declaration() {
                    self.declaration(declaration);
                }
            }
        }
    }

    fn conditional(&mut self, run: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.is_conditional, true);
        run(self);
        self.is_conditional = before;
    }

    fn block(&mut self, statements: &[Statement<'_>]) {
        let surrounding = self.scope;
        self.scope = self.tree.open_scope(surrounding);
        for statement in statements {
            self.statement(statement);
        }
        self.scope = surrounding;
    }

    fn import(&mut self, import: &ImportDeclaration<'_>) {
        let module = self.module(import.source.value.as_str());
        for specifier in import.specifiers.iter().flatten() {
            let local = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(specifier) => &specifier.local,
                ImportDeclarationSpecifier::ImportDefaultSpecifier(specifier) => &specifier.local,
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(specifier) => &specifier.local,
            };
            self.initialise(ROOT, local.name.as_str(), Some(module));
        }
    }

    fn module(&mut self, name: &str) -> NodeId {
        self.tree.modules.insert(name.to_owned());
        self.add(Node::Module(name.to_owned()))
    }

    fn export_default(&mut self, declaration: &ExportDefaultDeclarationKind<'_>) {
        let value = match declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => self.named_function(function),
            _ => match declaration.as_expression() {
                Some(expression) => self.expression(expression),
                None => return,
            },
        };
        self.default_exports.push(value);
    }

    fn export_declaration(&mut self, declaration: &Declaration<'_>) {
        self.declaration(declaration);
        let mut names = Vec::new();
        match declaration {
            Declaration::VariableDeclaration(declaration) => {
                for declarator in &declaration.declarations {
                    if let BindingPattern::BindingIdentifier(identifier) = &declarator.id {
                        names.push(identifier.name.to_string());
                    }
                }
            }
            Declaration::FunctionDeclaration(function) => {
                names.extend(function.id.as_ref().map(|identifier| identifier.name.to_string()));
            }
            _ => {}
        }
        for name in names {
            let value = self.add(Node::Name(ROOT, name.clone()));
            self.export_as(name, value);
        }
    }

    fn export(&mut self, exported: &ModuleExportName<'_>, value: NodeId) {
        match exported.name().as_str() {
            "default" => self.default_exports.push(value),
            name => self.export_as(name.to_owned(), value),
        }
    }

    fn export_as(&mut self, name: String, value: NodeId) {
        self.writes.push((ROOT, EXPORTS.to_owned(), Write { path: vec![name], value }));
        self.named_exports.push(value);
    }

    fn declaration(&mut self, declaration: &Declaration<'_>) {
        match declaration {
            Declaration::VariableDeclaration(declaration) => self.variables(declaration),
            Declaration::FunctionDeclaration(function) => drop(self.named_function(function)),
            Declaration::TSImportEqualsDeclaration(import) => {
                if let TSModuleReference::ExternalModuleReference(reference) = &import.module_reference {
                    let module = self.module(reference.expression.value.as_str());
                    self.initialise(ROOT, import.id.name.as_str(), Some(module));
                }
            }
            _ => {}
        }
    }

    fn variables(&mut self, declaration: &VariableDeclaration<'_>) {
        let scope = if declaration.kind.is_var() { self.function_scope } else { self.scope };
        for declarator in &declaration.declarations {
            let value = declarator.init.as_ref().map(|init| self.expression(init));
            self.bind(scope, &declarator.id, value);
        }
    }

    /// Declares the names of a pattern, with the part of the value each one gets.
    fn bind(&mut self, scope: ScopeId, pattern: &BindingPattern<'_>, value: Option<NodeId>) {
        self.deeper(|lowering| match pattern {
            BindingPattern::BindingIdentifier(identifier) => {
                lowering.initialise(scope, identifier.name.as_str(), value);
            }
            BindingPattern::ObjectPattern(pattern) => {
                for property in &pattern.properties {
                    let part = value
                        .zip(property.key.static_name())
                        .map(|(object, name)| lowering.add(Node::Member { object, property: name.into_owned() }));
                    lowering.bind(scope, &property.value, part);
                }
            }
            BindingPattern::ArrayPattern(pattern) => {
                let unknown = lowering.add(Node::Unknown);
                for element in pattern.elements.iter().flatten() {
                    lowering.bind(scope, element, Some(unknown));
                }
            }
            BindingPattern::AssignmentPattern(pattern) => {
                let default = lowering.expression(&pattern.right);
                let value = value.unwrap_or_else(|| lowering.add(Node::Unknown));
                let either = lowering.add(Node::Choice(vec![value, default]));
                lowering.bind(scope, &pattern.left, Some(either));
            }
        });
    }

    fn initialise(&mut self, scope: ScopeId, name: &str, value: Option<NodeId>) {
        self.tree.declare(scope, name);
        if let Some(value) = value {
            self.writes.push((scope, name.to_owned(), Write { path: Vec::new(), value }));
        }
    }

    fn named_function(&mut self, function: &Function<'_>) -> NodeId {
        let value = self.function(function);
        if let Some(identifier) = &function.id {
            self.initialise(self.scope, identifier.name.as_str(), Some(value));
        }
        value
    }

    fn function(&mut self, function: &Function<'_>) -> NodeId {
        self.body(&function.params, |lowering| {
            for statement in function.body.iter().flat_map(|body| &body.statements) {
                lowering.statement(statement);
            }
        })
    }

    /// Follows a function's body as if it ran, and gathers what it returns.
    fn body(&mut self, parameters: &FormalParameters<'_>, run: impl FnOnce(&mut Self)) -> NodeId {
        let scope = self.tree.open_scope(self.scope);
        let surrounding = (self.scope, self.function_scope, self.is_conditional, std::mem::take(&mut self.returns));
        (self.scope, self.function_scope, self.is_conditional) = (scope, scope, false);
        // What a caller passes is not known, but it hides what has the same name outside.
        let unknown = self.add(Node::Unknown);
        for parameter in &parameters.items {
            self.bind(scope, &parameter.pattern, Some(unknown));
        }
        run(self);
        let returns = std::mem::take(&mut self.returns);
        (self.scope, self.function_scope, self.is_conditional, self.returns) = surrounding;
        self.add(Node::Function(returns))
    }

    fn expression(&mut self, expression: &Expression<'_>) -> NodeId {
        match self.deeper(|lowering| lowering.expression_here(expression)) {
            Some(value) => value,
            None => self.add(Node::Unknown),
        }
    }

    fn expression_here(&mut self, expression: &Expression<'_>) -> NodeId {
        // Parentheses and what TypeScript adds around a value.
        let node = match expression.get_inner_expression() {
            Expression::StringLiteral(literal) => Node::Text(literal.value.to_string()),
            Expression::BooleanLiteral(literal) => Node::Bool(literal.value),
            Expression::NumericLiteral(literal) => Node::Number(literal.value),
            Expression::TemplateLiteral(template) => self.template(template),
            Expression::Identifier(identifier) if identifier.name == "exports" => Node::Name(ROOT, EXPORTS.to_owned()),
            Expression::Identifier(identifier) => Node::Name(self.scope, identifier.name.to_string()),
            Expression::ImportMeta(_) => Node::Name(ROOT, IMPORT_META.to_owned()),
            Expression::ObjectExpression(object) => self.object(object),
            Expression::ArrayExpression(array) => {
                let elements = array.elements.iter();
                Node::Array(elements.filter_map(|element| self.element(element)).collect())
            }
            Expression::ArrowFunctionExpression(arrow) => {
                return self.body(&arrow.params, |lowering| match &arrow.body {
                    ArrowFunctionBody::FunctionBody(body) => {
                        for statement in &body.statements {
                            lowering.statement(statement);
                        }
                    }
                    body => {
                        if let Some(expression) = body.as_expression() {
                            let value = lowering.expression(expression);
                            lowering.returns.push(value);
                        }
                    }
                });
            }
            Expression::FunctionExpression(function) => return self.function(function),
            Expression::CallExpression(call) => self.call(call),
            Expression::NewExpression(new) => {
                let callee = self.expression(&new.callee);
                let arguments = self.arguments(&new.arguments);
                self.called(&new.callee, &arguments);
                Node::Call { callee, arguments }
            }
            Expression::ImportExpression(import) => match &import.source {
                Expression::StringLiteral(source) => return self.module(source.value.as_str()),
                _ => Node::Unknown,
            },
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.call(call),
                ChainElement::TSNonNullExpression(inner) => return self.expression(&inner.expression),
                element => match element.as_member_expression() {
                    Some(member) => self.member(member),
                    None => Node::Unknown,
                },
            },
            Expression::AwaitExpression(inner) => return self.expression(&inner.argument),
            Expression::ConditionalExpression(choice) => {
                self.expression(&choice.test);
                Node::Choice(vec![self.expression(&choice.consequent), self.expression(&choice.alternate)])
            }
            Expression::LogicalExpression(choice) => {
                let left = self.expression(&choice.left);
                let right = self.expression(&choice.right);
                // Of `a && b`, only `b` can be meant.
                let left = if choice.operator == LogicalOperator::And { self.add(Node::Unknown) } else { left };
                Node::Choice(vec![left, right])
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                Node::Join(vec![self.expression(&sum.left), self.expression(&sum.right)])
            }
            Expression::SequenceExpression(sequence) => {
                let values: Vec<_> =
                    sequence.expressions.iter().map(|expression| self.expression(expression)).collect();
                match values.last() {
                    Some(last) => return *last,
                    None => Node::Unknown,
                }
            }
            Expression::AssignmentExpression(assignment) => {
                let value = self.expression(&assignment.right);
                self.assign(&assignment.left, assignment.operator, value);
                return value;
            }
            Expression::UnaryExpression(unary) => unary_value(unary),
            other => match other.as_member_expression() {
                Some(member) => self.member(member),
                None => Node::Unknown,
            },
        };
        self.add(node)
    }

    fn template(&mut self, template: &TemplateLiteral<'_>) -> Node {
        let mut parts = Vec::new();
        let mut expressions = template.expressions.iter();
        for quasi in &template.quasis {
            let text = quasi.value.cooked.unwrap_or(quasi.value.raw).to_string();
            if template.expressions.is_empty() {
                return Node::Text(text);
            }
            parts.push(self.add(Node::Text(text)));
            parts.extend(expressions.next().map(|expression| self.expression(expression)));
        }
        Node::Join(parts)
    }

    fn object(&mut self, object: &ObjectExpression<'_>) -> Node {
        let mut properties = Vec::new();
        for property in &object.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    properties.push(Property::Spread(self.expression(&spread.argument)));
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let mut value = self.expression(&property.value);
                    if property.kind == PropertyKind::Set {
                        continue;
                    }
                    if property.kind == PropertyKind::Get {
                        // Read like a call without arguments.
                        value = self.add(Node::Call { callee: value, arguments: Vec::new() });
                    }
                    // A computed key that is no literal could be any.
                    if let Some(name) = property.key.static_name() {
                        properties.push(Property::Key(name.into_owned(), value));
                    }
                }
            }
        }
        Node::Object(properties)
    }

    fn element(&mut self, element: &ArrayExpressionElement<'_>) -> Option<NodeId> {
        match element {
            ArrayExpressionElement::SpreadElement(spread) => Some(self.expression(&spread.argument)),
            element => element.as_expression().map(|expression| self.expression(expression)),
        }
    }

    fn arguments(&mut self, arguments: &[Argument<'_>]) -> Vec<NodeId> {
        let value = |argument: &Argument<'_>| match argument {
            Argument::SpreadElement(spread) => Some(self.expression(&spread.argument)),
            argument => argument.as_expression().map(|expression| self.expression(expression)),
        };
        arguments.iter().filter_map(value).collect()
    }

    fn call(&mut self, call: &CallExpression<'_>) -> Node {
        if let (Expression::Identifier(callee), [Argument::StringLiteral(module)]) = (&call.callee, &call.arguments[..])
            && callee.name == "require"
        {
            self.tree.modules.insert(module.value.to_string());
            return Node::Module(module.value.to_string());
        }
        let callee = self.expression(&call.callee);
        let arguments = self.arguments(&call.arguments);
        self.called(&call.callee, &arguments);
        Node::Call { callee, arguments }
    }

    fn called(&mut self, callee: &Expression<'_>, arguments: &[NodeId]) {
        let callee = callee.get_inner_expression();
        let name = match callee {
            Expression::Identifier(identifier) => Some(identifier.name.as_str()),
            callee => callee.as_member_expression().and_then(MemberExpression::static_property_name),
        };
        if let Some(name) = name {
            self.tree.calls.push((name.to_owned(), arguments.first().copied()));
        }
    }

    fn member(&mut self, member: &MemberExpression<'_>) -> Node {
        if member.is_specific_member_access("module", "exports") {
            return Node::Name(ROOT, EXPORTS.to_owned());
        }
        let object = self.expression(member.object());
        match member.static_property_name() {
            Some(property) => Node::Member { object, property: property.to_owned() },
            None => Node::Unknown,
        }
    }

    fn assign(&mut self, target: &AssignmentTarget<'_>, operator: AssignmentOperator, value: NodeId) {
        let Some((name, path)) = target.as_simple_assignment_target().and_then(written) else { return };
        // `a ||= b` and `a += b` depend on what was there.
        let value = if self.is_conditional || operator != AssignmentOperator::Assign {
            let unknown = self.add(Node::Unknown);
            self.add(Node::Choice(vec![unknown, value]))
        } else {
            value
        };
        let scope = if name == EXPORTS { ROOT } else { self.scope };
        self.writes.push((scope, name, Write { path, value }));
    }
}

/// The variable an assignment changes, and the path below it.
fn written(target: &SimpleAssignmentTarget<'_>) -> Option<(String, Vec<String>)> {
    if let SimpleAssignmentTarget::AssignmentTargetIdentifier(identifier) = target {
        return Some((variable(identifier.name.as_str()).to_owned(), Vec::new()));
    }
    let mut path = Vec::new();
    let mut member = target.as_member_expression()?;
    let name = loop {
        if member.is_specific_member_access("module", "exports") {
            break EXPORTS;
        }
        path.push(member.static_property_name()?.to_owned());
        match member.object().get_inner_expression() {
            Expression::Identifier(identifier) => break variable(identifier.name.as_str()),
            object => member = object.as_member_expression()?,
        }
        if path.len() > DEPTH {
            return None;
        }
    };
    path.reverse();
    // How compilers write `export default`.
    if name == EXPORTS && path.first().is_some_and(|key| key == "default") {
        path.remove(0);
    }
    Some((name.to_owned(), path))
}

fn variable(name: &str) -> &str {
    if name == "exports" { EXPORTS } else { name }
}

/// `-1`, and what minifiers make of `true` and `false`.
fn unary_value(unary: &UnaryExpression<'_>) -> Node {
    match (unary.operator, &unary.argument) {
        (UnaryOperator::UnaryNegation, Expression::NumericLiteral(number)) => Node::Number(-number.value),
        (UnaryOperator::LogicalNot, Expression::NumericLiteral(number)) => Node::Bool(number.value == 0.0),
        (UnaryOperator::LogicalNot, Expression::BooleanLiteral(literal)) => Node::Bool(!literal.value),
        _ => Node::Unknown,
    }
}
