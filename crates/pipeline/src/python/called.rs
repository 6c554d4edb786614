//! What a call is: its callee looked up, its arguments evaluated, the rules told, and what it gives back. Part of [`Walk`].

use super::call::{Argument, Call};
use super::evaluate::{MOST_ITEMS, subscript};
use super::module::{Sink, SinkKind};
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
                        match name {
                            Some(name) => named.push((
                                Arc::clone(name),
                                Argument { value: value.clone(), span: span.clone(), written: "" },
                            )),
                            None => open = true,
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
        self.called(&callee, &mut seen, call.func.as_ref())
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

    fn called_path(&mut self, call: &Call<'a>, function: &'a Expr) -> Value {
        if let Expr::Attribute(attribute) = function {
            let values: Vec<Value> = call.positional.iter().map(|argument| argument.value.clone()).collect();
            let name = attribute.attr.as_str();
            if !matches!(call.receiver.known, Known::Path(_) | Known::Nothing)
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
                    return self.attribute(&owner.value, name);
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
                if let Some(name) = call.positional.first().and_then(|argument| argument.value.as_text()) {
                    return Value::path(name);
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

    /// Methods that change the list or dict they belong to, or take something out of it.
    fn container_method(&mut self, call: &Call<'a>, name: &str, owner: &'a Expr) -> Option<Value> {
        if let ("get", Known::Path(path), Some("authorization" | "Authorization")) =
            (name, &call.receiver.known, call.positional.first().and_then(|key| key.value.as_text()))
            && (path.ends_with("headers") || path.ends_with("headers()"))
        {
            return Some(subscript(&call.receiver, &Value::text("authorization")));
        }
        if let ("get", Known::Path(path), Some(key)) = (name, &call.receiver.known, call.positional.first())
            && matches!(path.as_ref(), "builtins.globals()" | "builtins.locals()")
        {
            return Some(subscript(&call.receiver, &key.value));
        }
        if let ("get" | "pop", Known::Entries(_), Some(key)) =
            (name, &call.receiver.known, call.positional.first())
        {
            let found = subscript(&call.receiver, &key.value);
            return Some(match call.positional.get(1) {
                Some(default) if matches!(found.known, Known::Nothing) => {
                    found.tainted(default.value.all_taint())
                }
                _ => found,
            });
        }
        if let ("values" | "items", Known::Entries(entries)) = (name, &call.receiver.known) {
            let listed = entries.iter().map(|(key, value)| match (name, key) {
                ("values", _) => value.clone(),
                (_, Some(key)) => Known::Items([Value::text(key), value.clone()].into()).into(),
                (_, None) => Known::Items([Value::default(), value.clone()].into()).into(),
            });
            return Some(Value {
                known: Known::items(listed.collect::<Vec<_>>()),
                taint: call.receiver.taint,
            });
        }
        if !matches!(name, "append" | "extend" | "insert" | "add" | "update" | "setdefault" | "write") {
            return None;
        }
        let before = call.receiver.clone();
        if matches!(before.known, Known::Path(ref path) if path.starts_with("os.environ")) {
            return None;
        }
        let taint = call.taint();
        let known = match (&before.known, name) {
            (Known::Items(items), "append") if items.len() < MOST_ITEMS => {
                let added =
                    call.positional.first().map(|argument| argument.value.clone()).unwrap_or_default();
                Known::items(items.iter().cloned().chain([added]).collect::<Vec<_>>())
            }
            (Known::Entries(entries), "update") if entries.len() < MOST_ITEMS => {
                let mut entries = entries.to_vec();
                match call.positional.first().map(|argument| &argument.value.known) {
                    Some(Known::Entries(inner)) => entries.extend(inner.iter().take(MOST_ITEMS).cloned()),
                    Some(_) => entries.push((None, Value::default())),
                    None => {}
                }
                entries.extend(
                    call.named
                        .iter()
                        .map(|(name, argument)| (Some(Arc::clone(name)), argument.value.clone())),
                );
                Known::entries(entries)
            }
            (Known::Nothing, "update") => {
                let given = call.positional.first().map(|argument| &argument.value.known);
                let inner = match given {
                    Some(Known::Entries(inner)) => inner.iter().take(MOST_ITEMS).cloned().collect(),
                    _ => Vec::new(),
                };
                let named = call.named.iter().map(|(name, argument)| {
                    (Some(Arc::clone(name)).filter(|name| !name.starts_with('*')), argument.value.clone())
                });
                let all: Vec<_> = inner.into_iter().chain(named).collect();
                // Nothing that is known by a name is in it: a set, or what is handed on as it came.
                if all.iter().all(|(name, _)| name.is_none()) {
                    Known::Nothing
                } else {
                    let unknown = (None, Value::from_taint(before.taint));
                    Known::entries(std::iter::once(unknown).chain(all).collect::<Vec<_>>())
                }
            }
            (Known::Path(_), _) => before.known.clone(),
            _ => Known::Nothing,
        };
        let is_container = matches!(before.known, Known::Items(_) | Known::Entries(_) | Known::Nothing);
        if is_container || !taint.is_none() {
            let value = Value { known, taint: before.taint.and(taint) };
            match owner {
                Expr::Name(owner) => self.scope().bind(owner.id.as_str(), value),
                Expr::Attribute(attribute) => self.keep(attribute, &value),
                _ => return None,
            }
        }
        is_container.then(Value::default)
    }
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

/// The first keyword that stands twice: Python compiles no such call, and the parser takes it.
fn repeated(keywords: &[ast::Keyword]) -> Option<&ast::Identifier> {
    keywords.iter().enumerate().find_map(|(place, keyword)| {
        let name = keyword.arg.as_ref()?;
        let before = keywords.get(..place)?.iter().filter_map(|other| other.arg.as_ref());
        before.map(ast::Identifier::as_str).any(|other| other == name.as_str()).then_some(name)
    })
}
