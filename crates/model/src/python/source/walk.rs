//! Follows Python source statement by statement with an abstract value for each name, and judges every call.
//!
//! Every expression is visited once. Branches and loops are walked as if taken; a name bound in one of them keeps its last
//! value. Functions are walked where they are defined, with unknown parameters. Depth is bounded by [`bartizan_core::python::levels`].

mod by_text;
mod calls;
mod lookups;
mod signs;
mod verdict;

pub(super) use by_text::by_text;

use super::fold::{self, Known, Value};
use super::{
    PYTHON_BACKDOOR, PYTHON_DANGEROUS_CALL, PYTHON_HIDDEN_CODE, PYTHON_UNPARSABLE, Role, Seen,
    TORCHSCRIPT_OPERATOR,
};
use crate::pickle::knowledge::{Standing, standing};
use bartizan_core::python::pieces;
use bartizan_core::{Confidence, Rule, Severity};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, InterpolatedStringElement, Number, Operator, PySourceType, Stmt};
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::{Ranged, TextSize};
use signs::STAR_NAMES;
use std::collections::HashMap;

/// How often code inside `exec` strings is followed into.
const LAYERS: u32 = 4;
/// What the syntax tree of one piece may take, in the units of [`Piece::parts`](bartizan_core::python::Piece::parts): about 50 MB.
const MOST_PARTS: usize = 280_000;
/// Most things reported for one piece of source.
const MOST_SEEN: usize = 200;

/// What the walk through a piece of source gave.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// What was seen.
    pub(super) seen: Vec<Seen>,
    /// Where a statement begins that is too large to be parsed.
    pub(super) unparsed: Option<usize>,
}

/// Everything seen in `code`.
pub(super) fn walk(code: &str, role: Role) -> Walked {
    layer(code, role, LAYERS)
}

fn layer(code: &str, role: Role, layers: u32) -> Walked {
    let mut walk = Walk {
        role,
        layers,
        base: 0,
        names: HashMap::new(),
        functions: 0,
        seen: Vec::new(),
        unparsed: None,
        moves: Moves::default(),
        disguised: false,
    };
    let (mut broken, mut in_text) = (None, Vec::new());
    for piece in pieces(code) {
        let spelt_out = || {
            by_text(piece.text, role).into_iter().map(|mut seen| {
                seen.offset = seen.offset.saturating_add(piece.offset);
                seen
            })
        };
        if piece.parts > MOST_PARTS {
            walk.unparsed.get_or_insert(piece.offset);
            in_text.extend(spelt_out());
            continue;
        }
        let parsed = parse_unchecked_source(piece.text, PySourceType::Python);
        walk.base = piece.offset;
        for statement in parsed.suite() {
            walk.visit_stmt(statement);
        }
        if let Some(error) = parsed.errors().first().filter(|_| role != Role::TorchScript) {
            broken.get_or_insert(walk.place(error.location.start()));
            in_text.extend(spelt_out());
        }
    }
    walk.conclude();
    let mut seen = walk.seen;
    if let Some(offset) = broken {
        seen.push(one(&PYTHON_UNPARSABLE, Severity::Low, "Python source does not parse".to_owned(), offset));
    }
    in_text.truncate(MOST_SEEN);
    seen.extend(in_text);
    Walked { seen, unparsed: walk.unparsed }
}

/// Whether `command` fetches something and runs it, or connects a shell to the network.
pub(super) fn is_attack(command: &str) -> bool {
    signs::fetches_and_runs(command) || signs::opens_shell(command)
}

fn one(rule: &'static Rule, severity: Severity, message: String, offset: usize) -> Seen {
    Seen { rule, severity, confidence: Confidence::High, message, offset }
}

/// Moves that are harmless alone and telling together, with the offset of the first of each.
#[derive(Debug, Default)]
struct Moves {
    socket: Option<usize>,
    duplicates_descriptor: Option<usize>,
    shell: Option<usize>,
    credential: Option<usize>,
    sends: Option<usize>,
}

struct Walk {
    role: Role,
    layers: u32,
    /// Where the piece being walked begins in the whole.
    base: usize,
    names: HashMap<String, Value>,
    /// How many functions are open; 0 is code that runs on import.
    functions: u32,
    seen: Vec<Seen>,
    unparsed: Option<usize>,
    moves: Moves,
    /// Whether the function being called was got at by a look-up that hides its name.
    disguised: bool,
}

impl<'a> Visitor<'a> for Walk {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let full = alias.name.as_str();
                    let (bound, path) = if let Some(name) = &alias.asname {
                        (name.as_str(), full)
                    } else {
                        let top = full.split('.').next().unwrap_or(full);
                        (top, top)
                    };
                    self.bind(bound, Known::Path(path.to_owned()).into());
                    let place = self.place(statement.start());
                    self.imported(full, place);
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let place = self.place(statement.start());
                self.imported(module, place);
                for alias in &import.names {
                    let name = alias.name.as_str();
                    let bound = alias.asname.as_ref().map_or(name, |name| name.as_str());
                    if name == "*" {
                        for known in STAR_NAMES {
                            if matches!(standing(module, known), Standing::Gadget { .. }) {
                                self.bind(known, Known::Path(format!("{module}.{known}")).into());
                            }
                        }
                    } else if import.level == 0 {
                        self.bind(bound, Known::Path(format!("{module}.{name}")).into());
                    } else {
                        self.bind(bound, Value::default());
                    }
                }
            }
            Stmt::Assign(assign) => {
                let value = self.evaluate(&assign.value);
                for target in &assign.targets {
                    self.assign(target, &value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.evaluate(value);
                    self.assign(&assign.target, &value);
                }
            }
            Stmt::AugAssign(assign) => {
                let right = self.evaluate(&assign.value);
                let left = self.evaluate(&assign.target);
                let known = if assign.op == Operator::Add {
                    fold::add(&left.known, &right.known)
                } else {
                    Known::Nothing
                };
                let value = left.clone_sources().with(&right).but(known);
                self.assign(&assign.target, &value);
            }
            Stmt::FunctionDef(function) => {
                self.decorators(&function.decorator_list);
                for parameter in function.parameters.iter_non_variadic_params() {
                    if let Some(default) = &parameter.default {
                        self.evaluate(default);
                    }
                }
                for parameter in &function.parameters {
                    self.bind(parameter.name().as_str(), Value::default());
                }
                self.bind(function.name.as_str(), Value::default());
                self.functions = self.functions.saturating_add(1);
                self.visit_body(&function.body);
                self.functions = self.functions.saturating_sub(1);
            }
            Stmt::ClassDef(class) => {
                self.decorators(&class.decorator_list);
                for argument in class.arguments.iter().flat_map(|arguments| arguments.args.iter()) {
                    self.evaluate(argument);
                }
                for keyword in class.arguments.iter().flat_map(|arguments| arguments.keywords.iter()) {
                    self.evaluate(&keyword.value);
                }
                self.bind(class.name.as_str(), Value::default());
                self.visit_body(&class.body);
            }
            Stmt::For(each) => {
                let over = self.evaluate(&each.iter);
                self.assign_each(&each.target, &over);
                self.visit_body(&each.body);
                self.visit_body(&each.orelse);
            }
            Stmt::If(branch) => {
                self.evaluate(&branch.test);
                // What stands under `if __name__ == "__main__"` does not run on import.
                let main = names_main(&branch.test);
                self.functions = self.functions.saturating_add(u32::from(main));
                self.visit_body(&branch.body);
                self.functions = self.functions.saturating_sub(u32::from(main));
                for clause in &branch.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.evaluate(test);
                    }
                    self.visit_body(&clause.body);
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    let value = self.evaluate(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, &value);
                    }
                }
                self.visit_body(&with.body);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        self.evaluate(expression);
    }

    // Annotations are read by tools, not run.
    fn visit_annotation(&mut self, _annotation: &'a Expr) {}
}

impl Walk {
    /// The offset in the whole source of `at` in the piece being walked.
    fn place(&self, at: TextSize) -> usize {
        self.base.saturating_add(at.to_usize())
    }

    fn bind(&mut self, name: &str, value: Value) {
        self.names.insert(name.to_owned(), value);
    }

    fn assign(&mut self, target: &Expr, value: &Value) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value.clone()),
            Expr::Attribute(attribute) => {
                let base = self.evaluate(&attribute.value);
                let owner = match &*attribute.value {
                    Expr::Name(name) => name.id.as_str(),
                    _ => "",
                };
                let key = format!("{owner}.{}", attribute.attr);
                if base.path().is_none() {
                    self.bind(&key, value.clone());
                }
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                let items = match &value.known {
                    Known::Items(items) if items.len() == elts.len() => items.to_vec(),
                    _ => vec![Known::Nothing; elts.len()],
                };
                for (target, known) in elts.iter().zip(items) {
                    let part = value.but(known);
                    self.assign(target, &part);
                }
            }
            Expr::Starred(starred) => self.assign(&starred.value, &value.clone_sources()),
            Expr::Subscript(subscript) => {
                self.evaluate(&subscript.value);
                self.evaluate(&subscript.slice);
            }
            _ => {}
        }
    }

    /// Binds a loop variable to the one item there is, or to nothing known.
    fn assign_each(&mut self, target: &Expr, over: &Value) {
        let known = match over.known.items().as_deref() {
            Some([only]) => only.clone(),
            _ => Known::Nothing,
        };
        let value = over.but(known);
        self.assign(target, &value);
    }

    fn decorators(&mut self, decorators: &[ast::Decorator]) {
        for decorator in decorators {
            let value = self.evaluate(&decorator.expression);
            // A decorator is called with the function.
            if let Some(path) = value.path().map(str::to_owned) {
                let place = self.place(decorator.start());
                self.called(&path, &[], &[], place);
            }
        }
    }

    fn evaluate(&mut self, expression: &Expr) -> Value {
        match expression {
            Expr::StringLiteral(text) => Known::Text(text.value.to_str().to_owned()).into(),
            Expr::BytesLiteral(bytes) => {
                Known::Bytes(bytes.value.iter().flat_map(|part| part.value.iter().copied()).collect()).into()
            }
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(value) => value.as_i64().map_or(Known::Nothing, Known::Integer).into(),
                _ => Value::default(),
            },
            Expr::Name(name) => self.name(name.id.as_str()),
            Expr::Attribute(attribute) => self.attribute(attribute),
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Call(call) => self.call(call),
            Expr::BinOp(operation) => {
                let left = self.evaluate(&operation.left);
                let right = self.evaluate(&operation.right);
                let known = match operation.op {
                    Operator::Add => fold::add(&left.known, &right.known),
                    Operator::Mult => fold::multiply(&left.known, &right.known),
                    Operator::Mod => {
                        left.text().map_or(Known::Nothing, |text| fold::percent(text, &right.known))
                    }
                    Operator::BitXor => both(&left, &right, |a, b| Some(a ^ b)),
                    Operator::Sub => both(&left, &right, i64::checked_sub),
                    _ => Known::Nothing,
                };
                left.clone_sources().with(&right).but(known)
            }
            Expr::UnaryOp(operation) => {
                let operand = self.evaluate(&operation.operand);
                let known = match (operation.op, operand.known.integer()) {
                    (ast::UnaryOp::USub, Some(value)) => Known::Integer(value.saturating_neg()),
                    (ast::UnaryOp::Invert, Some(value)) => Known::Integer(!value),
                    _ => Known::Nothing,
                };
                operand.but(known)
            }
            Expr::List(ast::ExprList { elts, .. })
            | Expr::Tuple(ast::ExprTuple { elts, .. })
            | Expr::Set(ast::ExprSet { elts, .. }) => {
                let values: Vec<Value> = elts.iter().map(|element| self.evaluate(element)).collect();
                let sources = values.iter().fold(Value::default(), super::fold::Value::with);
                sources.but(Known::list(values.into_iter().map(|value| value.known).collect()))
            }
            Expr::Dict(dict) => {
                let mut sources = Value::default();
                for item in &dict.items {
                    if let Some(key) = &item.key {
                        self.evaluate(key);
                    }
                    let value = self.evaluate(&item.value);
                    sources = sources.with(&value);
                }
                sources
            }
            Expr::If(choice) => {
                self.evaluate(&choice.test);
                let yes = self.evaluate(&choice.body);
                let no = self.evaluate(&choice.orelse);
                if yes.known == Known::Nothing { no.with(&yes) } else { yes.with(&no) }
            }
            Expr::BoolOp(operation) => {
                let values: Vec<Value> = operation.values.iter().map(|value| self.evaluate(value)).collect();
                values
                    .into_iter()
                    .reduce(|all, value| {
                        let sources = all.clone_sources().with(&value);
                        sources.but(if all.known == Known::Nothing { value.known } else { all.known })
                    })
                    .unwrap_or_default()
            }
            Expr::Named(named) => {
                let value = self.evaluate(&named.value);
                self.assign(&named.target, &value);
                value
            }
            Expr::Lambda(lambda) => self.lambda(lambda, &[]).clone_sources(),
            Expr::Await(awaited) => self.evaluate(&awaited.value),
            Expr::Starred(starred) => self.evaluate(&starred.value),
            Expr::FString(text) => {
                let mut shown = Some(String::new());
                let mut sources = Value::default();
                for element in text.value.elements() {
                    let piece = match element {
                        InterpolatedStringElement::Literal(literal) => Some(literal.value.to_string()),
                        InterpolatedStringElement::Interpolation(part) => {
                            let value = self.evaluate(&part.expression);
                            sources = sources.with(&value);
                            value.text().map(str::to_owned)
                        }
                    };
                    shown = shown.zip(piece).map(|(shown, piece)| shown + &piece);
                }
                sources.but(shown.map_or(Known::Nothing, Known::Text))
            }
            Expr::ListComp(ast::ExprListComp { elt, generators, .. })
            | Expr::SetComp(ast::ExprSetComp { elt, generators, .. })
            | Expr::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.comprehension(elt, generators)
            }
            Expr::DictComp(comprehension) => {
                self.generators(&comprehension.generators);
                if let Some(key) = &comprehension.key {
                    self.evaluate(key);
                }
                self.evaluate(&comprehension.value).clone_sources()
            }
            _ => {
                visitor::walk_expr(self, expression);
                Value::default()
            }
        }
    }

    fn generators(&mut self, generators: &[ast::Comprehension]) -> Value {
        let mut first = Value::default();
        for (index, generator) in generators.iter().enumerate() {
            let over = self.evaluate(&generator.iter);
            self.assign_each(&generator.target, &over);
            for test in &generator.ifs {
                self.evaluate(test);
            }
            if index == 0 {
                first = over;
            }
        }
        first
    }

    /// `[chr(c) for c in items]` and its like: one pass for each known item, as long as they are few.
    fn comprehension(&mut self, element: &Expr, generators: &[ast::Comprehension]) -> Value {
        let over = self.generators(generators);
        let items = over
            .known
            .items()
            .filter(|items| generators.len() == 1 && (2..=Self::UNROLLED).contains(&items.len()));
        let target = generators.first().map(|generator| &generator.target);
        if let (Some(items), Some(target), true) = (items, target, is_simple(element)) {
            let mut built = Vec::new();
            for item in items {
                let value = over.but(item);
                self.assign(target, &value);
                built.push(self.evaluate(element).known);
            }
            return over.but(Known::list(built));
        }
        let value = self.evaluate(element);
        let sources = over.clone_sources().with(&value);
        sources.but(Known::list(vec![value.known]))
    }

    /// Longest list a comprehension is unrolled over.
    const UNROLLED: usize = 512;
}

fn both(left: &Value, right: &Value, compute: impl Fn(i64, i64) -> Option<i64>) -> Known {
    match (left.known.integer(), right.known.integer()) {
        (Some(left), Some(right)) => compute(left, right).map_or(Known::Nothing, Known::Integer),
        _ => Known::Nothing,
    }
}

/// Whether `element` may be evaluated many times: small, and without comprehensions of its own.
fn is_simple(element: &Expr) -> bool {
    element.range().len().to_usize() < 80
        && !matches!(element, Expr::ListComp(_) | Expr::Generator(_) | Expr::SetComp(_) | Expr::DictComp(_))
}

fn names_main(test: &Expr) -> bool {
    match test {
        Expr::Compare(compare) => {
            matches!(&*compare.left, Expr::Name(name) if name.id.as_str() == "__name__")
        }
        _ => false,
    }
}
