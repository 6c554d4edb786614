//! Follows Python source statement by statement with an abstract value for each name, and judges every call.
//!
//! Every expression is visited once. Branches and loops are walked as if taken; a name bound in one of them keeps its last
//! value. Functions are walked where they are defined, with unknown parameters. Depth is bounded by [`super::nesting`].

use super::fold::{self, Known, Value};
use super::{
    PYTHON_BACKDOOR, PYTHON_DANGEROUS_CALL, PYTHON_HIDDEN_CODE, PYTHON_UNPARSABLE, Role, Seen,
    TORCHSCRIPT_OPERATOR, torchscript,
};
use crate::pickle::knowledge::{GadgetClass, Standing, standing};
use bartizan_core::{Confidence, Rule, Severity};
use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, InterpolatedStringElement, Number, Operator, PySourceType, Stmt};
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::Ranged;
use std::collections::HashMap;

/// How often code inside `exec` strings is followed into.
const LAYERS: u32 = 4;
/// Most things reported for one piece of source.
const MOST_SEEN: usize = 200;

/// Everything seen in `code`.
pub(super) fn walk(code: &str, role: Role) -> Vec<Seen> {
    layer(code, role, LAYERS)
}

fn layer(code: &str, role: Role, layers: u32) -> Vec<Seen> {
    let parsed = parse_unchecked_source(code, PySourceType::Python);
    let mut walk =
        Walk { role, layers, names: HashMap::new(), functions: 0, seen: Vec::new(), moves: Moves::default() };
    for statement in parsed.suite() {
        walk.visit_stmt(statement);
    }
    walk.conclude();
    let mut seen = walk.seen;
    if !parsed.errors().is_empty() && role != Role::TorchScript {
        let offset = parsed.errors().first().map_or(0, |error| error.location.start().to_usize());
        seen.push(one(&PYTHON_UNPARSABLE, Severity::Low, "Python source does not parse".to_owned(), offset));
        seen.extend(by_text(code, role));
    }
    seen
}

fn one(rule: &'static Rule, severity: Severity, message: String, offset: usize) -> Seen {
    Seen { rule, severity, confidence: Confidence::High, message, offset }
}

/// What can be said of source that does not parse: the dangerous calls spelt out in its text.
pub(super) fn by_text(code: &str, role: Role) -> Vec<Seen> {
    const CALLS: &[&str] = &[
        "os.system(",
        "os.popen(",
        "subprocess.",
        "__import__(",
        "eval(",
        "exec(",
        "pty.spawn(",
        "ctypes.",
        "marshal.loads(",
        "builtins.",
        "__builtins__",
        "__globals__",
        "__subclasses__(",
        "socket.socket(",
        "pickle.loads(",
        "os.exec",
    ];
    let severity = match role {
        Role::Module | Role::Handler => Severity::Medium,
        Role::Embedded | Role::TorchScript => Severity::High,
    };
    let mut seen = Vec::new();
    for call in CALLS {
        let whole = |at: &usize| {
            let before = at.checked_sub(1).and_then(|at| code.as_bytes().get(at)).copied().unwrap_or(b' ');
            !(before.is_ascii_alphanumeric() || matches!(before, b'_' | b'.'))
        };
        if let Some(at) = code.match_indices(call).map(|(at, _)| at).find(whole) {
            let name = call.trim_end_matches(['(', '.']);
            let mut found = one(
                &PYTHON_DANGEROUS_CALL,
                severity,
                format!("source that does not parse names `{name}`"),
                at,
            );
            found.confidence = Confidence::Medium;
            seen.push(found);
        }
    }
    seen
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
    names: HashMap<String, Value>,
    /// How many functions are open; 0 is code that runs on import.
    functions: u32,
    seen: Vec<Seen>,
    moves: Moves,
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
                    self.imported(full, statement.start().to_usize());
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                self.imported(module, statement.start().to_usize());
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
                    Known::Items(items) if items.len() == elts.len() => items.clone(),
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
                self.called(&path, &[], &[], decorator.start().to_usize());
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
                sources.but(Known::Items(values.into_iter().map(|value| value.known).collect()))
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
            Expr::Lambda(lambda) => {
                for parameter in lambda.parameters.iter().flat_map(|parameters| parameters.iter()) {
                    self.bind(parameter.name().as_str(), Value::default());
                }
                self.functions = self.functions.saturating_add(1);
                let value = self.evaluate(&lambda.body);
                self.functions = self.functions.saturating_sub(1);
                value.clone_sources()
            }
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
            return over.but(Known::Items(built));
        }
        let value = self.evaluate(element);
        let sources = over.clone_sources().with(&value);
        sources.but(Known::Items(vec![value.known]))
    }

    fn name(&self, name: &str) -> Value {
        if let Some(value) = self.names.get(name) {
            return value.clone();
        }
        match name {
            "__builtins__" => Known::Path("builtins".to_owned()).into(),
            _ if is_builtin(name) => Known::Path(format!("builtins.{name}")).into(),
            _ if self.role == Role::TorchScript => Known::Path(name.to_owned()).into(),
            _ => Value::default(),
        }
    }

    fn attribute(&mut self, attribute: &ast::ExprAttribute) -> Value {
        let name = attribute.attr.as_str();
        if let Expr::Name(owner) = &*attribute.value
            && let Some(value) = self.names.get(&format!("{}.{name}", owner.id))
        {
            return value.clone();
        }
        let base = self.evaluate(&attribute.value);
        self.member(&base, name, attribute.start().to_usize())
    }

    fn member(&mut self, base: &Value, name: &str, offset: usize) -> Value {
        let reaches = matches!(
            name,
            "__globals__"
                | "__subclasses__"
                | "__builtins__"
                | "f_globals"
                | "f_builtins"
                | "func_globals"
                | "gi_frame"
                | "__code__"
        );
        if reaches {
            let severity = match (self.role, name) {
                (Role::Module | Role::Handler, "__code__" | "gi_frame") => None,
                (Role::Module | Role::Handler, _) => Some(Severity::Medium),
                _ => Some(Severity::High),
            };
            if let Some(severity) = severity {
                self.push(
                    &PYTHON_DANGEROUS_CALL,
                    severity,
                    format!("reaches into the interpreter through `{name}`"),
                    offset,
                );
            }
        }
        let mut value = base.clone_sources();
        value.known = match (&base.known, name) {
            (Known::Path(path), "__dict__" | "__class__") => Known::Path(path.clone()),
            (_, "__builtins__") => Known::Path("builtins".to_owned()),
            (Known::Path(path), "environ") if path == "os" => {
                value.secret = true;
                Known::Path("os.environ".to_owned())
            }
            (Known::Path(path), _) if path.len() < 400 => Known::Path(format!("{path}.{name}")),
            _ => Known::Nothing,
        };
        value
    }

    fn subscript(&mut self, subscript: &ast::ExprSubscript) -> Value {
        let base = self.evaluate(&subscript.value);
        if let Expr::Slice(slice) = &*subscript.slice {
            let mut bound =
                |part: &Option<Box<Expr>>| part.as_ref().map(|part| self.evaluate(part).known.integer());
            let (lower, upper, step) = (bound(&slice.lower), bound(&slice.upper), bound(&slice.step));
            if [lower, upper, step].contains(&Some(None)) {
                return base.clone_sources();
            }
            let known =
                fold::slice(&base.known, lower.flatten(), upper.flatten(), step.flatten().unwrap_or(1));
            return base.but(known);
        }
        let index = self.evaluate(&subscript.slice);
        let offset = subscript.value.start().to_usize();
        match (&base.known, &index.known) {
            (Known::Path(path), Known::Text(name)) => {
                let path = path.clone();
                match path.as_str() {
                    "sys.modules" => Known::Path(name.clone()).into(),
                    "os.environ" => {
                        let secret = names_secret(name);
                        Value { secret, ..Value::default() }
                    }
                    "builtins.globals" | "builtins.locals" => self.name(name),
                    _ => self.member(&base, name, offset),
                }
            }
            (known, Known::Integer(at)) => {
                let one =
                    fold::slice(known, Some(*at), None, 1).items().and_then(|items| items.into_iter().next());
                base.but(one.unwrap_or_default())
            }
            _ => base.clone_sources(),
        }
    }

    fn call(&mut self, call: &ast::ExprCall) -> Value {
        let offset = call.range_start.to_usize();
        let arguments: Vec<Value> =
            call.arguments.args.iter().map(|argument| self.evaluate(argument)).collect();
        let named: Vec<(String, Value)> = call
            .arguments
            .keywords
            .iter()
            .map(|keyword| {
                let name = keyword.arg.as_ref().map_or("", |name| name.as_str()).to_owned();
                (name, self.evaluate(&keyword.value))
            })
            .collect();
        // A method of a known text or list folds; everything else goes by its path.
        if let Expr::Attribute(attribute) = &*call.func {
            let base = self.evaluate(&attribute.value);
            if base.path().is_none() && !matches!(base.known, Known::Getter(_)) {
                let key = match &*attribute.value {
                    Expr::Name(owner) => self.names.get(&format!("{}.{}", owner.id, attribute.attr)).cloned(),
                    _ => None,
                };
                if key.is_none() {
                    return self.method(&base, attribute.attr.as_str(), &arguments, &named, offset);
                }
            }
        }
        let function = self.evaluate(&call.func);
        match &function.known {
            Known::Path(path) => {
                let path = path.clone();
                self.called(&path, &arguments, &named, offset)
            }
            Known::Getter(name) => match arguments.first() {
                Some(base) => self.member(base, name, offset),
                None => Value::default(),
            },
            _ => arguments
                .iter()
                .chain(named.iter().map(|(_, value)| value))
                .fold(function.clone_sources(), Value::with),
        }
    }

    fn method(
        &mut self,
        base: &Value,
        method: &str,
        arguments: &[Value],
        named: &[(String, Value)],
        offset: usize,
    ) -> Value {
        let all = arguments
            .iter()
            .chain(named.iter().map(|(_, value)| value))
            .fold(base.clone_sources(), Value::with);
        let first = arguments.first().map(|argument| &argument.known);
        let known = match (method, &base.known, first) {
            ("join", separator @ (Known::Text(_) | Known::Bytes(_)), Some(items)) => {
                fold::join(separator, items)
            }
            ("format", Known::Text(template), _) => {
                let values: Vec<Known> = arguments.iter().map(|argument| argument.known.clone()).collect();
                let fields: Vec<(String, Known)> =
                    named.iter().map(|(name, value)| (name.clone(), value.known.clone())).collect();
                fold::format(template, &values, &fields)
            }
            ("replace", Known::Text(text), Some(Known::Text(from)))
                if !from.is_empty() && text.len() < 65_536 =>
            {
                match arguments.get(1).and_then(Value::text) {
                    Some(to) if to.len() < 1024 => Known::Text(text.replace(from.as_str(), to)),
                    _ => Known::Nothing,
                }
            }
            ("lower", Known::Text(text), _) => Known::Text(text.to_lowercase()),
            ("upper", Known::Text(text), _) => Known::Text(text.to_uppercase()),
            ("strip", Known::Text(text), None) => Known::Text(text.trim().to_owned()),
            ("encode", Known::Text(text), _) => Known::Bytes(text.clone().into_bytes()),
            ("decode", Known::Bytes(bytes), codec) => match codec.and_then(Known::text) {
                Some(codec)
                    if !codec.starts_with("utf")
                        && !codec.starts_with("ascii")
                        && !codec.starts_with("latin") =>
                {
                    fold::decode("codecs.decode", &base.known, Some(codec)).unwrap_or_default()
                }
                _ => Known::Text(String::from_utf8_lossy(bytes).into_owned()),
            },
            ("split", Known::Text(text), Some(Known::Text(by))) if !by.is_empty() => {
                Known::Items(text.split(by.as_str()).map(|part| Known::Text(part.to_owned())).collect())
            }
            _ => Known::Nothing,
        };
        let mut value = all.but(known);
        if matches!(method, "decrypt" | "decompress") {
            value.decoded = true;
        }
        if matches!(method, "connect" | "sendall" | "sendto") && self.moves.socket.is_some() {
            value.downloaded = true;
        }
        if matches!(method, "sendall" | "post" | "put" | "sendto" | "sendmail") && all.secret {
            self.moves.sends.get_or_insert(offset);
            self.exfiltrates(offset);
        }
        value
    }

    /// A call of the function at `path`.
    fn called(&mut self, path: &str, arguments: &[Value], named: &[(String, Value)], offset: usize) -> Value {
        let all =
            arguments.iter().chain(named.iter().map(|(_, value)| value)).fold(Value::default(), Value::with);
        let first = arguments.first().cloned().unwrap_or_default();
        let second = arguments.get(1);
        // Look-ups that a name hides behind.
        match path {
            "builtins.getattr"
            | "operator.getitem"
            | "builtins.object.__getattribute__"
            | "inspect.getattr_static" => {
                if let Some(name) = second.and_then(Value::text).map(str::to_owned) {
                    let known = self.member(&first, &name, offset);
                    return known;
                }
            }
            "builtins.vars" | "builtins.dict" if first.path().is_some() => {
                if first.secret {
                    return first;
                }
                return first;
            }
            "builtins.globals" | "builtins.locals" => return Known::Path(path.to_owned()).into(),
            "operator.attrgetter" | "operator.methodcaller" => {
                if let Some(name) = first.text() {
                    return Known::Getter(name.to_owned()).into();
                }
            }
            "functools.partial" => {
                if let Some(inner) = first.path().map(str::to_owned) {
                    self.referred(&inner, offset);
                    return Known::Path(inner).into();
                }
            }
            "builtins.chr" => {
                return fold::character(&first.known).map_or(Value::default(), |c| Known::Text(c).into());
            }
            "builtins.ord" => {
                let code = first.text().and_then(|text| text.chars().next()).map(|c| i64::from(u32::from(c)));
                return code.map_or(Value::default(), |code| Known::Integer(code).into());
            }
            "builtins.bytes" | "builtins.bytearray" => {
                let known = match &first.known {
                    Known::Text(text) => Known::Bytes(text.clone().into_bytes()),
                    Known::Bytes(bytes) => Known::Bytes(bytes.clone()),
                    other => fold::byte_string(other),
                };
                return all.but(known);
            }
            "builtins.str" | "builtins.list" | "builtins.tuple" | "builtins.repr" => {
                let known = match &first.known {
                    Known::Bytes(bytes) if path == "builtins.str" => {
                        Known::Text(String::from_utf8_lossy(bytes).into_owned())
                    }
                    Known::Nothing | Known::Path(_) => Known::Nothing,
                    other => other.clone(),
                };
                return all.but(known);
            }
            "builtins.reversed" => return all.but(fold::slice(&first.known, None, None, -1)),
            "builtins.map" | "builtins.filter" => {
                if let Some(function) = first.path().map(str::to_owned) {
                    let items = second.and_then(|items| items.known.items()).unwrap_or_default();
                    if function == "builtins.chr" {
                        let letters: Option<Vec<Known>> =
                            items.iter().map(|item| fold::character(item).map(Known::Text)).collect();
                        return all.but(letters.map_or(Known::Nothing, Known::Items));
                    }
                    let argument: Vec<Value> = items.into_iter().take(1).map(Value::from).collect();
                    return self.called(&function, &argument, &[], offset);
                }
            }
            "builtins.__import__" | "importlib.import_module" | "importlib.__import__" => {
                if let Some(name) = first.text().map(str::to_owned) {
                    self.imported(&name, offset);
                    let top = name.split('.').next().unwrap_or_default().to_owned();
                    return Known::Path(if path == "importlib.import_module" { name } else { top }).into();
                }
            }
            _ => {}
        }
        if self.role == Role::TorchScript {
            if let Some((severity, what)) = torchscript::judge(path) {
                self.push(&TORCHSCRIPT_OPERATOR, severity, format!("calls `{path}`, {what}"), offset);
            }
            return all.clone_sources();
        }
        for argument in arguments.iter().chain(named.iter().map(|(_, value)| value)) {
            if let Some(inner) = argument.path().map(str::to_owned) {
                self.referred(&inner, offset);
            }
        }
        self.judge(path, arguments, named, &all, offset);
        let mut value = all.clone_sources();
        let codec = second.and_then(Value::text).or_else(|| {
            named.iter().find(|(name, _)| name == "encoding").and_then(|(_, value)| value.text())
        });
        if let Some(known) = fold::decode(path, &first.known, codec) {
            value.known = known;
            value.decoded = true;
        }
        let network = NETWORK.iter().any(|prefix| path.starts_with(prefix));
        if network {
            value.downloaded = true;
            if all.secret {
                self.exfiltrates(offset);
            }
        }
        match path {
            "builtins.open" | "io.open" | "pathlib.Path" => {
                let file = first.text().unwrap_or_default();
                if names_credential_file(file) {
                    self.moves.credential.get_or_insert(offset);
                    value.secret = true;
                }
            }
            "os.getenv" | "os.environ.get" => {
                value.secret = first.text().is_none_or(names_secret);
            }
            "os.environ.copy" | "os.environ.items" => value.secret = true,
            "builtins.compile" => value = first.clone(),
            "os.path.expanduser" | "os.path.join" | "os.path.abspath" | "os.fspath" => {
                let parts: Vec<&str> = arguments.iter().filter_map(Value::text).collect();
                value.known = Known::Text(parts.join("/"));
            }
            _ => {}
        }
        value
    }

    /// A dangerous function handed to another one, which will call it.
    fn referred(&mut self, path: &str, offset: usize) {
        let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
        let Standing::Gadget { class, severity, why, sole_reference } = standing(module, name) else {
            return;
        };
        let severity = match (self.role, class) {
            (Role::Embedded, _) => severity.min(Severity::High).max(sole_reference),
            (_, GadgetClass::Process | GadgetClass::CodeExecution) => Severity::Medium,
            _ => return,
        };
        self.push(&PYTHON_DANGEROUS_CALL, severity, format!("hands on `{path}`, which {why}"), offset);
    }

    fn judge(
        &mut self,
        path: &str,
        arguments: &[Value],
        named: &[(String, Value)],
        all: &Value,
        offset: usize,
    ) {
        let first = arguments.first().cloned().unwrap_or_default();
        let command = arguments
            .iter()
            .chain(named.iter().map(|(_, value)| value))
            .map(|value| spelt(&value.known))
            .collect::<Vec<_>>()
            .join(" ");
        if matches!(
            path,
            "builtins.exec"
                | "builtins.eval"
                | "builtins.compile"
                | "code.InteractiveInterpreter.runsource"
                | "types.FunctionType"
                | "runpy.run_path"
        ) {
            self.runs_code(path, &first, all, offset);
            return;
        }
        self.note_moves(path, &first, offset);
        if path == "builtins.open" || path == "io.open" {
            self.opens(&first, arguments, named, offset);
            return;
        }
        if named.iter().any(|(name, _)| name == "weights_only") && path.ends_with("torch.load") {
            return;
        }
        // A method of a dangerous class is judged as the class: `subprocess.Popen(...).wait` was seen at the class.
        let (module, name) = path.rsplit_once('.').unwrap_or(("builtins", path));
        let Standing::Gadget { class, severity, why, .. } = standing(module, name) else { return };
        let malware = fetches_and_runs(&command) || opens_shell(&command);
        if matches!(class, GadgetClass::Process | GadgetClass::CodeExecution | GadgetClass::PackageInstall)
            && malware
        {
            let severity = if self.functions == 0 || self.role == Role::Embedded {
                Severity::Critical
            } else {
                Severity::High
            };
            let message = format!(
                "`{path}` downloads and runs, or opens a shell: {}",
                bartizan_core::printable(&command, 120)
            );
            self.push(&PYTHON_BACKDOOR, severity, message, offset);
            return;
        }
        let severity = match (self.role, class) {
            (Role::Embedded, GadgetClass::Reflection | GadgetClass::Codec | GadgetClass::Environment) => {
                severity.min(Severity::Medium)
            }
            // What is mild for a pickle to call (`print`, `re.match`) is no attack in a formula either.
            (Role::Embedded, GadgetClass::DenialOfService) => severity,
            (Role::Embedded, _) if severity < Severity::Medium => severity,
            (Role::Embedded, _) => severity.max(Severity::High),
            // Nobody decides to run it: the server does.
            (Role::Handler, GadgetClass::Process) => Severity::High,
            (
                _,
                GadgetClass::Process
                | GadgetClass::CodeExecution
                | GadgetClass::NestedPickle
                | GadgetClass::Native
                | GadgetClass::Marshal
                | GadgetClass::PackageInstall
                | GadgetClass::Persistence
                | GadgetClass::Debugger,
            ) => Severity::Medium,
            (_, GadgetClass::Network | GadgetClass::Import) => Severity::Low,
            _ => return,
        };
        let with = if command.trim().is_empty() {
            String::new()
        } else {
            format!(" with `{}`", bartizan_core::printable(command.trim(), 120))
        };
        self.push(&PYTHON_DANGEROUS_CALL, severity, format!("calls `{path}`{with}, which {why}"), offset);
    }

    fn runs_code(&mut self, path: &str, code: &Value, all: &Value, offset: usize) {
        let name = path.rsplit('.').next().unwrap_or(path);
        if all.decoded || all.downloaded {
            let how = if all.downloaded { "downloaded" } else { "decoded" };
            self.push(
                &PYTHON_HIDDEN_CODE,
                Severity::Critical,
                format!("`{name}` runs code that was {how} first"),
                offset,
            );
        } else {
            let severity = if matches!(self.role, Role::Module | Role::Handler) {
                Severity::Medium
            } else {
                Severity::Critical
            };
            let what = code
                .text()
                .map(|text| format!(": {}", bartizan_core::printable(text, 120)))
                .unwrap_or_default();
            self.push(
                &PYTHON_DANGEROUS_CALL,
                severity,
                format!("`{name}` runs code from a value{what}"),
                offset,
            );
        }
        let inner = match &code.known {
            Known::Text(text) => Some(text.clone()),
            Known::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
            _ => None,
        };
        if let Some(inner) = inner
            && self.layers > 0
            && super::nesting::levels(&inner) < super::OWN_STACK_FROM
        {
            for mut seen in layer(&inner, Role::Embedded, self.layers.saturating_sub(1)) {
                if seen.severity >= Severity::Medium {
                    seen.message = format!("inside `{name}`: {}", seen.message);
                    seen.offset = offset;
                    self.seen.push(seen);
                }
            }
        }
    }

    fn opens(&mut self, file: &Value, arguments: &[Value], named: &[(String, Value)], offset: usize) {
        let mode = arguments
            .get(1)
            .or_else(|| named.iter().find(|(name, _)| name == "mode").map(|(_, value)| value));
        let mode = mode.and_then(Value::text).unwrap_or("r");
        let writes = mode.contains(['w', 'a', 'x', '+']);
        let name = file.text().unwrap_or_default();
        if writes && runs_at_start(name) {
            self.push(
                &PYTHON_BACKDOOR,
                Severity::High,
                format!("writes to `{name}`, which runs at the next start"),
                offset,
            );
        } else if names_credential_file(name) {
            let severity = if matches!(self.role, Role::Module | Role::Handler) {
                Severity::Medium
            } else {
                Severity::High
            };
            self.push(
                &PYTHON_DANGEROUS_CALL,
                severity,
                format!("reads the credential file `{name}`"),
                offset,
            );
        } else if self.role == Role::Embedded {
            self.push(&PYTHON_DANGEROUS_CALL, Severity::High, format!("opens the file `{name}`"), offset);
        }
    }

    fn note_moves(&mut self, path: &str, first: &Value, offset: usize) {
        match path {
            "socket.socket" | "socket.create_connection" => {
                self.moves.socket.get_or_insert(offset);
            }
            "os.dup2" => {
                self.moves.duplicates_descriptor.get_or_insert(offset);
            }
            "pty.spawn" | "subprocess.Popen" | "subprocess.call" | "subprocess.run" | "os.execl"
            | "os.execve" | "os.system" => {
                let shell = spelt(&first.known);
                if path == "pty.spawn"
                    || shell.contains("/bin/")
                    || shell.contains("cmd.exe")
                    || shell.contains("powershell")
                {
                    self.moves.shell.get_or_insert(offset);
                }
            }
            _ => {}
        }
    }

    fn exfiltrates(&mut self, offset: usize) {
        self.push(
            &PYTHON_BACKDOOR,
            Severity::High,
            "sends credentials or the environment over the network".to_owned(),
            offset,
        );
    }

    fn conclude(&mut self) {
        if let (Some(offset), Some(_), shell) =
            (self.moves.socket, self.moves.duplicates_descriptor, self.moves.shell)
            && shell.is_some()
        {
            self.push(
                &PYTHON_BACKDOOR,
                Severity::Critical,
                "hands a socket to a shell (reverse shell)".to_owned(),
                offset,
            );
        }
    }

    fn imported(&mut self, module: &str, offset: usize) {
        let top = module.split('.').next().unwrap_or_default();
        let dangerous = matches!(
            top,
            "os" | "subprocess"
                | "socket"
                | "ctypes"
                | "pty"
                | "posix"
                | "nt"
                | "shutil"
                | "sys"
                | "builtins"
                | "importlib"
                | "runpy"
                | "pickle"
                | "marshal"
                | "requests"
                | "urllib"
                | "http"
                | "ftplib"
                | "smtplib"
                | "code"
                | "pdb"
                | "multiprocessing"
        );
        match self.role {
            Role::Embedded if dangerous => {
                self.push(&PYTHON_DANGEROUS_CALL, Severity::Medium, format!("imports `{module}`"), offset);
            }
            Role::TorchScript if dangerous => {
                self.push(
                    &TORCHSCRIPT_OPERATOR,
                    Severity::Critical,
                    format!("imports `{module}`, which TorchScript cannot"),
                    offset,
                );
            }
            _ => {}
        }
    }

    fn push(&mut self, rule: &'static Rule, severity: Severity, message: String, offset: usize) {
        if self.seen.len() < MOST_SEEN {
            self.seen.push(one(rule, severity, message, offset));
        }
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

fn spelt(known: &Known) -> String {
    match known {
        Known::Text(text) => text.clone(),
        Known::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Known::Items(items) => items.iter().filter_map(Known::text).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

/// Whether a command fetches something and runs it.
fn fetches_and_runs(command: &str) -> bool {
    let fetches =
        ["curl ", "wget ", "fetch ", "Invoke-WebRequest", "DownloadString", "certutil", "bitsadmin", "iwr "]
            .iter()
            .any(|tool| command.contains(tool));
    let runs = [
        "| sh", "|sh", "| bash", "|bash", "| python", "|python", "&& sh", "&& bash", "; sh", "; bash",
        "chmod +x", "IEX", "iex ", "&& ./", "; ./", ".exe", ".sh",
    ]
    .iter()
    .any(|run| command.contains(run));
    (fetches && runs) || command.contains("powershell -e") || command.contains("-EncodedCommand")
}

/// Whether a command connects a shell to the network.
fn opens_shell(command: &str) -> bool {
    command.contains("/dev/tcp/")
        || command.contains("bash -i")
        || command.contains("nc -e")
        || command.contains("ncat -e")
        || (command.contains("mkfifo") && command.contains("nc "))
}

fn names_credential_file(path: &str) -> bool {
    [
        ".ssh/",
        "id_rsa",
        "id_ed25519",
        ".aws/credentials",
        ".netrc",
        ".git-credentials",
        "/etc/shadow",
        ".kube/config",
        ".docker/config.json",
        ".pypirc",
        ".npmrc",
        "Login Data",
        ".gnupg",
        ".huggingface/token",
        "huggingface/token",
    ]
    .iter()
    .any(|name| path.contains(name))
}

fn runs_at_start(path: &str) -> bool {
    [
        ".bashrc",
        ".bash_profile",
        ".profile",
        ".zshrc",
        "/etc/cron",
        "crontab",
        "/etc/rc.local",
        "authorized_keys",
        "systemd/",
        "LaunchAgents",
        "LaunchDaemons",
        "Start Menu/Programs/Startup",
        "sitecustomize.py",
        "usercustomize.py",
        ".pth",
        "/etc/ld.so.preload",
        "/etc/profile",
    ]
    .iter()
    .any(|name| path.ends_with(name) || (path.contains(name) && !name.starts_with(".p")))
}

fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY", "CREDENTIAL"]
        .iter()
        .any(|word| name.contains(word))
}

fn is_builtin(name: &str) -> bool {
    matches!(
        name,
        "eval"
            | "exec"
            | "compile"
            | "open"
            | "getattr"
            | "setattr"
            | "delattr"
            | "hasattr"
            | "vars"
            | "globals"
            | "locals"
            | "dir"
            | "__import__"
            | "input"
            | "breakpoint"
            | "chr"
            | "ord"
            | "bytes"
            | "bytearray"
            | "str"
            | "list"
            | "tuple"
            | "dict"
            | "map"
            | "filter"
            | "reversed"
            | "repr"
            | "memoryview"
            | "type"
            | "object"
            | "print"
            | "exit"
            | "quit"
            | "help"
            | "super"
            | "id"
            | "execfile"
            | "reload"
    )
}

/// Names that `from module import *` may bring in and that matter.
const STAR_NAMES: &[&str] = &[
    "system",
    "popen",
    "Popen",
    "run",
    "call",
    "check_output",
    "check_call",
    "spawn",
    "execv",
    "execve",
    "execl",
    "remove",
    "unlink",
    "rmtree",
    "loads",
    "load",
    "urlopen",
    "urlretrieve",
    "socket",
    "import_module",
    "CDLL",
];

/// Calls that fetch data from the network.
const NETWORK: &[&str] = &[
    "requests.",
    "urllib.request.",
    "urllib2.",
    "urllib.urlopen",
    "httpx.",
    "aiohttp.",
    "http.client.",
    "urllib3.",
    "ftplib.",
    "smtplib.",
    "socket.",
    "paramiko.",
];
