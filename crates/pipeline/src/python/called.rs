//! What a call is: its callee looked up, its arguments evaluated, the rules told, and what it gives back. Part of [`Walk`].

use super::call::{Argument, Call};
use super::evaluate::MOST_ITEMS;
use super::module::{Sink, SinkKind};
use super::names::canonical;
use super::sources;
use super::strings;
use super::value::{HOLE, Known, MOST_CHOICES, Partial, Taint, Value};
use super::walk::Walk;
use ruff_python_ast::{self as ast, Expr};
use ruff_text_size::Ranged;
use std::sync::Arc;

impl<'a> Walk<'a, '_> {
    pub(super) fn call(&mut self, call: &'a ast::ExprCall) -> Value {
        let (receiver, callee) = match call.func.as_ref() {
            Expr::Attribute(attribute) => {
                let owner = self.evaluate(&attribute.value);
                let callee = self.attribute(&owner, attribute.attr.as_str());
                (owner, callee)
            }
            other => (Value::default(), self.evaluate(other)),
        };
        let (mut positional, mut named, mut open) = (Vec::new(), Vec::new(), false);
        for argument in &call.arguments.args {
            let value = self.evaluate(argument);
            let (span, written) = (self.span(argument.range()), self.written(argument.range()));
            match (argument, &value.known) {
                (Expr::Starred(_), Known::Items(items)) => {
                    let items = items.iter().take(MOST_ITEMS).cloned();
                    positional.extend(items.map(|value| Argument { value, span: span.clone(), written }));
                }
                (Expr::Starred(_), _) => {
                    open = true;
                    if !value.all_taint().is_none() {
                        named.push((Arc::from("*"), Argument { value, span, written }));
                    }
                }
                _ => positional.push(Argument { value, span, written }),
            }
        }
        if let Some(repeated) = repeated(&call.arguments.keywords) {
            let at = self.span(repeated.range()).start;
            self.state.module.repeated.get_or_insert((at, repeated.to_string()));
        }
        for keyword in &call.arguments.keywords {
            let value = self.evaluate(&keyword.value);
            let (span, written) = (self.span(keyword.range), self.written(keyword.value.range()));
            match (&keyword.arg, &value.known) {
                (Some(name), _) => named.push((Arc::from(name.as_str()), Argument { value, span, written })),
                (None, Known::Entries(entries)) => {
                    for (name, value) in entries.iter() {
                        if let Some(name) = name {
                            let (value, span) = (value.clone(), span.clone());
                            named.push((Arc::clone(name), Argument { value, span, written: "" }));
                            continue;
                        }
                        open = true;
                        if !value.all_taint().is_none() {
                            let (value, span) = (value.clone(), span.clone());
                            named.push((Arc::from("**"), Argument { value, span, written }));
                        }
                    }
                }
                (None, _) => {
                    open = true;
                    if !value.all_taint().is_none() {
                        named.push((Arc::from("**"), Argument { value, span, written }));
                    }
                }
            }
        }
        // A function that a framework made a tool or task, asked by the framework's name for calling it.
        let asked = match (call.func.as_ref(), &receiver.known) {
            (Expr::Attribute(attribute), Known::Function(_))
                if CALLS_FUNCTION.contains(&attribute.attr.as_str()) =>
            {
                spread(&mut positional, &mut named);
                Some(receiver.clone())
            }
            (Expr::Attribute(attribute), Known::Instance(class))
                if CALLS_FUNCTION.contains(&attribute.attr.as_str())
                    && !self.has_method(*class, attribute.attr.as_str()) =>
            {
                spread(&mut positional, &mut named);
                None
            }
            _ => None,
        };
        let span = self.span(call.range());
        let ends = call
            .arguments
            .args
            .iter()
            .map(Ranged::end)
            .chain(call.arguments.keywords.iter().map(Ranged::end));
        let last_end = ends.max().map(|end| self.base.saturating_add(end.to_usize()));
        let mut seen = Call {
            path: Arc::from("?"),
            spelling: self.written(call.func.range()),
            receiver,
            positional,
            named,
            open,
            closing: span.end.saturating_sub(1),
            last_end,
            span,
        };
        self.called(&asked.unwrap_or(callee), &mut seen, call.func.as_ref())
    }

    /// What calling `callee` as `call` gives.
    fn called(&mut self, callee: &Value, call: &mut Call<'a>, function: &'a Expr) -> Value {
        match &callee.known {
            Known::Function(number) => {
                call.path = Arc::from("@local");
                self.check(call);
                let bound = matches!(call.receiver.known, Known::Instance(_) | Known::Class(_));
                self.call_function(*number, call, bound)
            }
            Known::Choice(numbers) => {
                call.path = Arc::from("@local");
                self.check(call);
                let mut given: Option<Value> = None;
                for number in numbers.iter().take(MOST_CHOICES) {
                    let bound = self.is_method(*number);
                    let value = self.call_function(*number, call, bound);
                    given = Some(match given {
                        Some(other) => other.or(&value),
                        None => value,
                    });
                }
                given.unwrap_or_default()
            }
            Known::Class(number) => {
                call.path = match self.base_of(*number) {
                    Some(base) => Arc::from(format!("@class.{base}")),
                    None => Arc::from("@class"),
                };
                self.check(call);
                self.construct(*number, call);
                if let Some(constructor) = self.constructor(*number) {
                    self.call_function(constructor, call, true);
                }
                Value { known: Known::Instance(*number), taint: Taint::default() }
            }
            Known::Partial(partial) => {
                let partial = Arc::clone(partial);
                let given = partial.positional.iter().map(|value| handed(value, call)).collect::<Vec<_>>();
                call.positional.splice(0..0, given);
                for (name, value) in &partial.named {
                    if call.keyword(name).is_none() {
                        let argument = handed(value, call);
                        call.named.push((Arc::clone(name), argument));
                    }
                }
                if matches!(partial.callee.known, Known::Partial(_)) {
                    return Value::default();
                }
                self.called(&partial.callee, call, function)
            }
            Known::Either(all) if all.iter().any(|one| matches!(one.known, Known::Path(_))) => {
                self.called_one_of(all, callee.taint, call, function)
            }
            Known::Path(path) => {
                call.path = Arc::clone(path);
                if matches!(
                    path.as_ref(),
                    "builtins.globals()[]" | "builtins.locals()[]" | "builtins.getattr()"
                ) {
                    self.named_by(callee.taint, call);
                }
                self.called_path(call, function)
            }
            _ => {
                call.path = Arc::from("?");
                self.check(call);
                Value { known: Known::Path("?()".into()), taint: callee.taint.and(call.taint()) }
            }
        }
    }

    /// What calling one of `callees` gives: any of them is judged.
    fn called_one_of(
        &mut self,
        callees: &[Value],
        taint: Taint,
        call: &mut Call<'a>,
        function: &'a Expr,
    ) -> Value {
        let paths: Vec<Arc<str>> = callees.iter().filter_map(Value::as_path).cloned().collect();
        call.path = common_end(&paths).into();
        self.check_each(call, &paths);
        self.follow_files(call, function);
        self.hand_over(call);
        let mut taint = taint.and(call.taint()).and(call.receiver.taint);
        for path in &paths {
            taint = taint.and(sources::of_call(&Call { path: Arc::clone(path), ..call.clone() }));
        }
        let given = paths.iter().map(|path| Value::from(Value::path(path).step("()")));
        given.reduce(|one, other| one.or(&other)).unwrap_or_default().tainted(taint)
    }

    fn called_path(&mut self, call: &Call<'a>, function: &'a Expr) -> Value {
        if let Expr::Attribute(attribute) = function {
            let values: Vec<Value> = call.positional.iter().map(|argument| argument.value.clone()).collect();
            let name = attribute.attr.as_str();
            if !matches!(call.receiver.known, Known::Path(_) | Known::Nothing | Known::Either(_))
                && let Some(value) = strings::method(&call.receiver, name, &values)
            {
                // What `format` is given by name.
                return if name == "format" { value.tainted(call.taint()) } else { value };
            }
            if let ("setdefault" | "get" | "pop", [key, value], false) =
                (name, call.positional.as_slice(), self.quiet)
                && let Some(key) = key.value.as_text()
            {
                // What holds unless someone says otherwise.
                let module = &mut self.state.module;
                super::rules::remote_code::named(key, &value.value, &value.span, module);
                let keywords = match attribute.value.as_ref() {
                    Expr::Name(owner) => self.keywords == Some(owner.id.as_str()),
                    _ => false,
                };
                if !call.path.starts_with("os.environ") {
                    super::rules::transport::named(key, &value.value, &value.span, module);
                }
                if keywords && name == "setdefault" {
                    super::rules::channel::handed_on(&Value::text(key), &value.value, &value.span, module);
                }
            }
            if let Some(value) = self.container_method(call, name, &attribute.value) {
                return value;
            }
            if let ("model_dump" | "dict" | "_asdict" | "asdict", Known::Instance(class)) =
                (name, &call.receiver.known)
                && call.positional.is_empty()
            {
                return self.fields_of(*class).tainted(call.receiver.taint);
            }
            if let ("get" | "pop" | "setdefault", [_, default]) = (name, call.positional.as_slice())
                && matches!(default.value.known, Known::Bool(_))
                && !call.path.starts_with("os.environ")
            {
                let taint = sources::of_call(call).and(call.receiver.taint);
                return switch_unless(&default.value, taint);
            }
        }
        self.check(call);
        self.follow_files(call, function);
        self.hand_over(call);
        let path = call.path.as_ref();
        if call.name() == "add_argument" && call.is_of("argparse") {
            self.note_argument(call);
        }
        match path {
            "builtins.dict" => {
                let mut entries: Vec<(Option<Arc<str>>, Value)> = Vec::new();
                if let Some(first) = call.positional.first() {
                    match &first.value.known {
                        Known::Entries(inner) => entries.extend(inner.iter().cloned()),
                        _ => entries.push((None, first.value.clone())),
                    }
                }
                for (name, argument) in call.named.iter().filter(|_| !self.quiet) {
                    let module = &mut self.state.module;
                    super::rules::remote_code::named(name, &argument.value, &argument.span, module);
                }
                entries.extend(
                    call.named
                        .iter()
                        .map(|(name, argument)| (Some(Arc::clone(name)), argument.value.clone())),
                );
                if call.open {
                    entries.push((None, Value::default()));
                }
                return Known::entries(entries).into();
            }
            "sklearn.model_selection.train_test_split"
                if (1..=MOST_ITEMS / 2).contains(&call.positional.len()) && !call.open =>
            {
                let halves = call.positional.iter().flat_map(|_| {
                    super::rules::leakage::HALVES
                        .map(|half| Value::path(&format!("{path}(){half}")).tainted(call.taint()))
                });
                return Known::Items(halves.collect()).into();
            }
            "functools.partial" if !call.positional.is_empty() => {
                let mut values = call.positional.iter().map(|argument| argument.value.clone());
                let callee = values.next().unwrap_or_default();
                let named = call
                    .named
                    .iter()
                    .map(|(name, argument)| (Arc::clone(name), argument.value.clone()))
                    .collect();
                self.prepared(&callee, call);
                let partial = Partial { callee, positional: values.collect(), named };
                return Known::Partial(Arc::new(partial)).bounded().into();
            }
            "builtins.bool" | "builtins.int"
                if let [setting] = call.positional.as_slice()
                    && (setting.value.taint.has(Taint::ENVIRONMENT)
                        || matches!(setting.value.known, Known::Integer(_) | Known::Bool(_)))
                    && setting.value.taint.parameters() == 0 =>
            {
                let number = setting.value.as_text().and_then(|text| text.trim().parse().ok());
                let known = match (path, number, setting.value.truth()) {
                    ("builtins.int", Some(number), _) => Known::Integer(number),
                    ("builtins.int", None, _) => match &setting.value.known {
                        Known::Integer(number) => Known::Integer(*number),
                        _ => Known::Nothing,
                    },
                    ("builtins.bool", _, Some(truth)) => Known::Bool(truth),
                    _ => Known::Nothing,
                };
                // A number or a yes carries nobody's words.
                return Value { known, taint: Taint::default() };
            }
            // What a run is started with unless whoever starts it says otherwise.
            "metaflow.Parameter" | "metaflow.Config" => {
                if let Some(default) = call.keyword("default").filter(|_| !self.quiet) {
                    let name = call.argument(0, "name").and_then(|name| name.value.as_text());
                    let module = &mut self.state.module;
                    super::rules::transport::named(
                        name.unwrap_or("data_url"),
                        &default.value,
                        &default.span,
                        module,
                    );
                }
            }
            "os.path.join" | "posixpath.join" => {
                let parts: Vec<Value> =
                    call.positional.iter().map(|argument| argument.value.clone()).collect();
                return Value { known: strings::joined_path(&parts), taint: call.taint() };
            }
            // A number drawn from the clock is still drawn from it.
            "builtins.int"
                if call.positional.first().is_some_and(|number| {
                    number.value.as_path().is_some_and(|path| path.starts_with("time.time"))
                }) =>
            {
                return call.positional.first().map(|number| number.value.clone()).unwrap_or_default();
            }
            // An object that holds what a dict does, under the names of attributes.
            "types.SimpleNamespace"
            | "argparse.Namespace"
            | "omegaconf.OmegaConf.create"
            | "easydict.EasyDict"
            | "munch.Munch"
            | "box.Box"
            | "addict.Dict"
            | "ml_collections.ConfigDict"
            | "ml_collections.config_dict.ConfigDict"
                if !call.open && (!call.named.is_empty() || !call.positional.is_empty()) =>
            {
                let first = call.positional.first().map(|first| &first.value.known);
                let mut entries: Vec<(Option<Arc<str>>, Value)> = match first {
                    Some(Known::Entries(entries)) => entries.to_vec(),
                    Some(_) => vec![(None, Value::from_taint(call.taint()))],
                    None => Vec::new(),
                };
                entries.extend(
                    call.named
                        .iter()
                        .map(|(name, argument)| (Some(Arc::clone(name)), argument.value.clone())),
                );
                return Known::entries(entries).into();
            }
            "dataclasses.asdict" | "attrs.asdict" | "attr.asdict" | "builtins.vars" => {
                if let Some(Known::Instance(class)) = call.positional.first().map(|one| &one.value.known) {
                    return self.fields_of(*class).tainted(call.taint());
                }
            }
            "builtins.setattr" => {
                if let [owner, name, value] = call.positional.as_slice()
                    && let Some(name) = name.value.as_text()
                {
                    self.set_member(&owner.value, name, &value.value, call);
                }
            }
            "builtins.str"
            | "builtins.bytes"
            | "textwrap.dedent"
            | "os.path.expanduser"
            | "os.path.abspath"
            | "os.fspath"
            | "copy.copy"
            | "copy.deepcopy"
            | "builtins.list"
            | "builtins.tuple"
            | "builtins.staticmethod"
            | "inspect.cleandoc"
            | "os.path.normpath"
            | "pydantic.SecretStr"
            | "pydantic.SecretBytes"
            | "starlette.datastructures.Secret"
            | "sqlalchemy.text"
            | "sqlalchemy.sql.text"
            | "psycopg2.sql.SQL"
            | "psycopg.sql.SQL" => {
                if let [only] = call.positional.as_slice() {
                    return only.value.clone();
                }
            }
            "builtins.getattr" => {
                if let [owner, name, ..] = call.positional.as_slice()
                    && let Some(name) = name.value.as_text()
                {
                    let found = self.attribute(&owner.value, name);
                    return match call.positional.get(2) {
                        Some(default)
                            if matches!(default.value.known, Known::Bool(_))
                                && matches!(found.known, Known::Path(_) | Known::Nothing) =>
                        {
                            switch_unless(&default.value, found.taint)
                        }
                        _ => found,
                    };
                }
                // Anything of a module: who says which, says what is called.
                if let [owner, name, ..] = call.positional.as_slice()
                    && owner
                        .value
                        .as_path()
                        .is_some_and(|path| !path.starts_with(['?', '@']) && !path.contains("()"))
                    && !name.value.is_constant()
                {
                    return Value {
                        known: Known::Path("builtins.getattr()".into()),
                        taint: name.value.all_taint(),
                    };
                }
                // `getattr(self, f"do_{name}")`: one of the methods that begin so.
                if let [owner, name, ..] = call.positional.as_slice()
                    && let Known::Instance(class) | Known::Class(class) = owner.value.known
                {
                    let begins =
                        name.value.as_pieces().and_then(|text| text.split(HOLE).next()).unwrap_or("");
                    let methods = self.methods_of(class, begins);
                    if !methods.is_empty() {
                        return Known::Choice(methods.into()).into();
                    }
                }
            }
            "builtins.__import__" | "importlib.import_module" => {
                let named = call.positional.first().map(|name| name.value.all_taint()).unwrap_or_default();
                self.named_by(named, call);
                let name = call.positional.first().map(|argument| &argument.value);
                if let Some(name) = name.and_then(|name| name.as_text()) {
                    return Value::path(&canonical(name));
                }
                let several = name.map(Value::alternatives).unwrap_or_default();
                if !several.is_empty() && several.iter().all(|name| name.as_text().is_some()) {
                    let paths =
                        several.iter().filter_map(Value::as_text).map(|name| Value::path(&canonical(name)));
                    return paths.reduce(|one, other| one.or(&other)).unwrap_or_default();
                }
            }
            "urllib.parse.urljoin" => {
                if let [base, rest, ..] = call.positional.as_slice() {
                    return Value {
                        known: strings::joined_address(&base.value, &rest.value),
                        taint: call.taint(),
                    };
                }
            }
            "dataclasses.field" | "attr.ib" | "attrs.field" => {
                if let Some(default) = call.keyword("default") {
                    return default.value.clone();
                }
            }
            "typer.Option" | "typer.Argument" | "pydantic.Field" => {
                // What holds unless someone decides otherwise.
                if let Some(default) = call.argument(0, "default") {
                    return default.value.clone();
                }
            }
            "os.getenv" | "os.environ.get" => {
                // The default is what runs unless someone sets it.
                let default = call.argument(1, "default").map(|argument| argument.value.known.clone());
                return Value { known: default.unwrap_or_default(), taint: Taint::ENVIRONMENT };
            }
            _ => {}
        }
        let mut taint = sources::of_call(call);
        let by_name = matches!(call.name(), "decode" | "batch_decode" | "from_template" | "format_messages");
        if strings::hands_on(path) || path.starts_with(['?', '@']) || by_name {
            taint = taint.and(call.taint());
        }
        if !is_harmless_result(path) {
            taint = taint.and(call.receiver.taint);
        }
        // A digest of a number that can be foreseen can be foreseen.
        if keeps_chance(path) {
            taint = taint.and(call.taint().chances());
        }
        let known = Value::path(path).step("()");
        Value { known, taint }
    }

    /// What is called or imported is the one that a value names which is `taint`ed.
    fn named_by(&mut self, taint: Taint, call: &Call<'a>) {
        if self.quiet || taint.is_none() {
            return;
        }
        let callee = call.spelling.chars().take(60).collect();
        let sink = Sink {
            kind: SinkKind::Name,
            span: call.span.clone(),
            callee,
            taint,
            varies: true,
            elsewhere: None,
        };
        self.reach(sink);
    }

    /// A call prepared by `functools.partial`: judged by the options given here, the rest being open.
    fn prepared(&mut self, callee: &Value, call: &Call<'a>) {
        let Some(path) = callee.as_path().filter(|_| !call.named.is_empty()) else { return };
        let positional = call.positional.get(1..).unwrap_or_default().to_vec();
        let spelling = call.positional.first().map_or(call.spelling, |callee| callee.written);
        let prepared = Call { path: Arc::clone(path), spelling, positional, open: true, ..call.clone() };
        self.check(&prepared);
    }
}

/// The names under which frameworks keep the function that a decorator of theirs wraps, or call it as it is.
pub(super) const IS_FUNCTION: &[&str] = &[
    "func",
    "coroutine",
    "fn",
    "__wrapped__",
    "__call__",
    "__func__",
    "_function",
    "local",
    "remote",
    "delay",
    "raw_f",
];
/// The names under which they call it with arguments of their own making: one dict of them, or the only one.
pub(super) const CALLS_FUNCTION: &[&str] = &[
    "invoke",
    "ainvoke",
    "run",
    "arun",
    "call",
    "acall",
    "on_invoke_tool",
    "run_json",
    "submit",
    "with_options",
];

/// Arguments given as one dict, as arguments by name.
fn spread<'a>(positional: &mut Vec<Argument<'a>>, named: &mut Vec<(Arc<str>, Argument<'a>)>) {
    let Some(first) = positional.first() else { return };
    let Known::Entries(entries) = &first.value.known else { return };
    let given = entries.iter().filter_map(|(name, value)| {
        let argument = Argument { value: value.given(), span: first.span.clone(), written: "" };
        Some((Arc::clone(name.as_ref()?), argument))
    });
    let given: Vec<_> = given.collect();
    positional.clear();
    named.splice(0..0, given);
}

/// What a switch holds that is `default` unless what is `taint`ed says otherwise.
pub(super) fn switch_unless(default: &Value, taint: Taint) -> Value {
    let other = Value::from_taint(taint.and(Taint::OPERATOR));
    Value { known: Known::Either([default.clone(), other].into()), taint }
}

/// The end that `paths` have in common, of something not known.
fn common_end(paths: &[Arc<str>]) -> String {
    let Some((first, others)) = paths.split_first() else { return "?".to_owned() };
    let mut common = first.len();
    for other in others {
        let same = first.bytes().rev().zip(other.bytes().rev()).take_while(|(one, other)| one == other);
        common = common.min(same.count());
    }
    let from = first.ceil_char_boundary(first.len().saturating_sub(common));
    let end = first.get(from..).unwrap_or_default();
    format!("?{}", end.find(['.', '(', '[']).and_then(|at| end.get(at..)).unwrap_or_default())
}

/// An argument given beforehand, at the place of the call.
fn handed<'a>(value: &Value, call: &Call<'a>) -> Argument<'a> {
    Argument { value: value.clone(), span: call.span.clone(), written: "" }
}

/// Whether what the function at `path` gives cannot carry what it was given: a number, a yes or no.
fn is_harmless_result(path: &str) -> bool {
    matches!(
        path,
        "builtins.int"
            | "builtins.float"
            | "builtins.len"
            | "builtins.bool"
            | "builtins.isinstance"
            | "builtins.sum"
            | "builtins.hash"
            | "builtins.id"
            | "ast.literal_eval"
            | "shlex.quote"
            | "html.escape"
            | "markupsafe.escape"
            | "bleach.clean"
            | "flask.escape"
            | "werkzeug.utils.secure_filename"
    )
}

/// Whether what the function at `path` gives is as hard to guess as what it is given.
fn keeps_chance(path: &str) -> bool {
    ["hashlib.", "base64.", "binascii."].iter().any(|module| path.starts_with(module))
        || matches!(path, "builtins.hex" | "builtins.chr" | "builtins.int" | "builtins.hash" | "zlib.crc32")
}

/// The first keyword that stands twice: Python compiles no such call, and the parser takes it.
fn repeated(keywords: &[ast::Keyword]) -> Option<&ast::Identifier> {
    keywords.iter().enumerate().find_map(|(place, keyword)| {
        let name = keyword.arg.as_ref()?;
        let before = keywords.get(..place)?.iter().filter_map(|other| other.arg.as_ref());
        before.map(ast::Identifier::as_str).any(|other| other == name.as_str()).then_some(name)
    })
}
