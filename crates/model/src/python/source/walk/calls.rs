//! What a call gives: look-ups that hide a name, methods of known texts, and what is handed on.

use super::signs::{NETWORK, names_credential_file, names_secret};
use super::{PYTHON_DANGEROUS_CALL, Role, TORCHSCRIPT_OPERATOR, Walk};
use crate::pickle::knowledge::{GadgetClass, Standing, standing};
use crate::python::source::fold::{self, Known, Value};
use crate::python::source::torchscript;
use bartizan_core::Severity;
use ruff_python_ast::{self as ast, Expr};

impl Walk {
    pub(super) fn call(&mut self, call: &ast::ExprCall) -> Value {
        let offset = self.place(call.range_start);
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
        // A function that is written where it is called: its parameters are what it is given.
        if let Expr::Lambda(lambda) = &*call.func {
            return self.lambda(lambda, &arguments);
        }
        let function = self.evaluate(&call.func);
        match &function.known {
            Known::Path(path) => {
                let path = path.clone();
                let outer = std::mem::replace(&mut self.disguised, function.disguised);
                let mut value = self.called(&path, &arguments, &named, offset);
                self.disguised = outer;
                // A module whose name is put together is named so for no reader's sake.
                let is_import = matches!(path.as_str(), "importlib.import_module" | "importlib.__import__");
                let is_spelt =
                    matches!(call.arguments.args.first(), Some(Expr::StringLiteral(_) | Expr::Name(_)));
                value.disguised |= is_import && !is_spelt && value.path().is_some();
                value
            }
            Known::Getter(name) => match arguments.first() {
                Some(base) => self.member(base, name, offset),
                None => Value::default(),
            },
            _ => {
                let given = || arguments.iter().chain(named.iter().map(|(_, value)| value));
                // Whatever it is, it may call what it is given.
                for inner in given().filter_map(Value::path).map(str::to_owned).collect::<Vec<_>>() {
                    self.referred(&inner, offset);
                }
                given().fold(function.clone_sources(), Value::with)
            }
        }
    }

    /// The body of `lambda`, its parameters bound to `given` as far as that goes.
    pub(super) fn lambda(&mut self, lambda: &ast::ExprLambda, given: &[Value]) -> Value {
        let parameters = lambda.parameters.iter().flat_map(|parameters| parameters.iter());
        for (position, parameter) in parameters.enumerate() {
            let value = given.get(position).cloned().unwrap_or_default();
            self.bind(parameter.name().as_str(), value);
        }
        self.functions = self.functions.saturating_add(1);
        let value = self.evaluate(&lambda.body);
        self.functions = self.functions.saturating_sub(1);
        value
    }

    pub(super) fn method(
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
                Known::list(text.split(by.as_str()).map(|part| Known::Text(part.to_owned())).collect())
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
        if matches!(method, "sendall" | "post" | "put" | "sendto" | "sendmail") {
            if all.secret {
                self.moves.sends.get_or_insert(offset);
            }
            self.sends(&all, arguments, named, offset);
        }
        value
    }

    /// A call of the function at `path`.
    pub(super) fn called(
        &mut self,
        path: &str,
        arguments: &[Value],
        named: &[(String, Value)],
        offset: usize,
    ) -> Value {
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
                    let mut found = self.member(&first, &name, offset);
                    found.disguised = true;
                    return found;
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
                        return all.but(letters.map_or(Known::Nothing, Known::list));
                    }
                    let argument: Vec<Value> = items.into_iter().take(1).map(Value::from).collect();
                    return self.called(&function, &argument, &[], offset);
                }
            }
            "builtins.__import__" | "importlib.import_module" | "importlib.__import__" => {
                if let Some(name) = first.text().map(str::to_owned) {
                    self.imported(&name, offset);
                    let top = name.split('.').next().unwrap_or_default().to_owned();
                    let is_plain = path == "importlib.import_module";
                    let known = Known::Path(if is_plain { name } else { top });
                    return Value { disguised: !is_plain, ..known.into() };
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
            self.sends(&all, arguments, named, offset);
            // A request was judged with its address here; the call that is handed it no longer shows one.
            if path == "urllib.request.Request" && first.text().is_some_and(|text| text.contains("://")) {
                value.credential = None;
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
                value.secret = first.text().is_none();
                value.credential = first.text().filter(|name| names_secret(name)).map(str::to_owned);
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
    pub(super) fn referred(&mut self, path: &str, offset: usize) {
        if VALUES
            .iter()
            .any(|value| path.strip_prefix(value).is_some_and(|rest| rest.starts_with(['.', '['])))
        {
            return;
        }
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
}

/// Tables of dangerous packages that hold values and no functions: what is taken from them is not called.
const VALUES: &[&str] = &["streamlit.secrets", "streamlit.session_state", "streamlit.query_params"];
