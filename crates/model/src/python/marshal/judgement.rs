//! What the calls, imports and constants of a code object amount to.

use super::flow::{Call, Flow, Value, follow, name_text};
use super::reader::{Marshalled, Object};
use super::rules::{BYTECODE_DANGEROUS_CALL, BYTECODE_IMPORT, BYTECODE_PAYLOAD, BYTECODE_UNREADABLE};
use super::{Setting, disassembly, distinct, inspect_in, shown};
use crate::Scan;
use crate::pickle::knowledge::{GadgetClass, Standing, is_blunt, standing};
use crate::python::source::{self, Role};
use crate::python::strings::codecs;
use bartizan_core::{Confidence, Finding, Location, Severity, printable};
use std::collections::{BTreeSet, HashSet};
use std::rc::Rc;

/// Reports what the code objects in `marshalled` would do.
pub(super) fn judge(marshalled: &Marshalled<'_>, setting: Setting, place: &Location, scan: &mut Scan<'_>) {
    let version = disassembly::version(marshalled);
    let flow = follow(marshalled, version);
    let mut judge = Judge {
        setting,
        place,
        scan,
        called: BTreeSet::new(),
        sources: HashSet::new(),
        source_bytes: 0,
        pairs_left: MOST_PAIRS,
    };
    for call in &flow.calls {
        judge.call(call);
    }
    judge.references(&flow);
    judge.imports(&flow);
    judge.escapes(marshalled);
    judge.constants(marshalled, &flow);
    if marshalled.error.is_some() || flow.partial {
        judge.pairs(marshalled);
        let why = marshalled
            .error
            .map_or_else(|| "has opcodes of no known version".to_owned(), |error| error.to_string());
        judge.scan.gap(
            place.offset,
            format!("compiled Python code is not read to its end ({why}); review it in source"),
        );
        let finding = Finding::new(
            &BYTECODE_UNREADABLE,
            format!("Compiled Python code cannot be read to its end: {why}."),
        );
        judge.report(finding, "unreadable");
    }
}

struct Judge<'a, 's, 'l> {
    setting: Setting,
    place: &'a Location,
    scan: &'a mut Scan<'s>,
    /// Callees already reported, so that a mere reference to one is not.
    called: BTreeSet<&'l str>,
    /// Source texts already read, and their bytes together.
    sources: HashSet<Rc<str>>,
    source_bytes: usize,
    /// Pairs of names still to be looked up.
    pairs_left: usize,
}

/// Functions that open a file and do nothing more with it.
static OPENERS: &[&str] =
    &["builtins.open", "codecs.open", "io.open", "open", "os.open", "pathlib.Path.open"];

/// Common aliases of packages that a code object uses without importing them itself.
static ALIASES: &[(&str, &str)] = &[
    ("K", "keras.backend"),
    ("jnp", "jax.numpy"),
    ("nn", "torch.nn"),
    ("np", "numpy"),
    ("pd", "pandas"),
    ("sp", "subprocess"),
    ("tf", "tensorflow"),
];

/// What is known of a dotted path as code spells it.
fn standing_of(path: &str) -> Standing {
    let path = path.strip_prefix("globals.").unwrap_or(path);
    match path.split_once('.') {
        None => standing("builtins", path),
        Some((head, rest)) => {
            let head = ALIASES.iter().find(|alias| alias.0 == head).map_or(head, |alias| alias.1);
            standing(head, rest)
        }
    }
}

/// Whether `callee` runs a program or code, or talks to the network, and is no part of a framework that does so in due
/// course.
fn is_outright(callee: &str) -> bool {
    let path = if callee.contains('.') { callee.to_owned() } else { format!("builtins.{callee}") };
    let root = path.split('.').next().unwrap_or_default();
    is_blunt(&path)
        || matches!(
            root,
            "posix" | "nt" | "socket" | "urllib" | "requests" | "http" | "ftplib" | "httpx" | "commands"
        )
}

impl<'l> Judge<'_, '_, 'l> {
    fn report(&mut self, finding: Finding, what: &str) {
        let mut place = self.place.clone();
        let base = place.pointer.take().unwrap_or_default();
        place.pointer = Some(format!("{base}/code/{}", printable(what, 80)));
        self.scan.report(finding.located(&place));
    }

    fn call(&mut self, call: &'l Call) {
        let Standing::Gadget { class, severity, why, .. } = standing_of(&call.callee) else { return };
        let Some(severity) = self.grade(class, severity, call) else { return };
        self.called.insert(&call.callee);
        let arguments = call.arguments.iter().map(shown).collect::<Vec<_>>().join(", ");
        let message = format!(
            "Compiled Python code in `{}` calls `{}`, which {why}.",
            printable(&call.within, 60),
            printable(&call.callee, 80)
        );
        let finding = Finding::new(&BYTECODE_DANGEROUS_CALL, message)
            .severity(severity)
            .evidence(format!("{}({arguments})", call.callee));
        self.report(finding, &call.callee);
        self.arguments(class, call);
    }

    /// How bad a call is inside code: there, plain use of `getattr`, files or threads says less than in a pickle.
    fn grade(&self, class: GadgetClass, severity: Severity, call: &Call) -> Option<Severity> {
        let on_import = call.within == "<module>";
        let severity = match class {
            GadgetClass::Process
            | GadgetClass::PackageInstall
            | GadgetClass::Native
            | GadgetClass::CodeExecution
            | GadgetClass::Debugger
            | GadgetClass::File
            | GadgetClass::Network => severity,
            GadgetClass::Marshal | GadgetClass::NestedPickle => {
                let carried = call.arguments.iter().any(|value| matches!(value, Value::Bytes(_)));
                if carried { severity } else { severity.min(Severity::High) }
            }
            // The module imported is judged by itself; only a name that is computed is worth a word.
            GadgetClass::Import => {
                let plain = call.arguments.first().is_some_and(|value| matches!(value, Value::Text(_)));
                if plain {
                    return None;
                }
                Severity::Medium
            }
            GadgetClass::Environment | GadgetClass::DenialOfService => severity.min(Severity::Medium),
            GadgetClass::Persistence => severity.min(if call.callee.starts_with("atexit") {
                Severity::High
            } else {
                Severity::Medium
            }),
            GadgetClass::Reflection => {
                let hands_out = matches!(
                    call.callee.as_str(),
                    "globals" | "locals" | "vars" | "builtins.globals" | "builtins.vars"
                ) || call.callee.contains("__");
                if !hands_out {
                    return None;
                }
                Severity::Medium
            }
            GadgetClass::Codec => return None,
        };
        if severity <= Severity::Low {
            return None;
        }
        let severity = match self.setting {
            Setting::Payload => severity,
            Setting::Function => match class {
                // Reading a file is what a helper function may do; what removes or replaces one is not.
                GadgetClass::File if OPENERS.contains(&call.callee.as_str()) => {
                    severity.min(Severity::Medium)
                }
                _ => severity.min(Severity::High),
            },
            // A module's functions wait to be called; its top level runs on import.
            Setting::Module if on_import => match class {
                GadgetClass::File
                | GadgetClass::Reflection
                | GadgetClass::Environment
                | GadgetClass::Debugger
                | GadgetClass::NestedPickle
                // Types of C, declared on import.
                | GadgetClass::Native => severity.min(Severity::Medium),
                // Self-tests below `if __name__ == '__main__'`: `doctest.testmod()`, `unittest.main()`.
                GadgetClass::CodeExecution
                    if call.callee.starts_with("doctest.") || call.callee.starts_with("unittest.") =>
                {
                    severity.min(Severity::Low)
                }
                // Hooks and what makes fixtures: only what runs a program or code outright is an attack.
                GadgetClass::Persistence => severity.min(Severity::Low),
                GadgetClass::CodeExecution | GadgetClass::Process | GadgetClass::Network
                    if !is_outright(&call.callee) =>
                {
                    severity.min(Severity::Low)
                }
                _ => severity,
            },
            Setting::Module => match class {
                GadgetClass::Process
                | GadgetClass::CodeExecution
                | GadgetClass::Marshal
                | GadgetClass::Native => severity.min(Severity::Medium),
                _ => severity.min(Severity::Low),
            },
        };
        Some(severity)
    }

    /// Reads source that is handed to a call as a constant; bytecode is read with the constants.
    fn arguments(&mut self, class: GadgetClass, call: &Call) {
        for value in &call.arguments {
            if let (GadgetClass::CodeExecution, Value::Text(text)) = (class, value)
                && text.len() > 3
                && self.sources.insert(text.clone())
            {
                self.source_bytes = self.source_bytes.saturating_add(text.len());
                if self.source_bytes <= MOST_SOURCE {
                    source::inspect(text, Role::Embedded, self.place, self.scan);
                } else {
                    self.scan.gap(
                        self.place.offset,
                        "more source text in compiled Python code than is read; review it in source",
                    );
                }
            }
        }
    }

    /// A dangerous function that is loaded but not seen called: passed to `map`, stored, or called out of sight.
    fn references(&mut self, flow: &Flow) {
        let mut seen = BTreeSet::new();
        for path in &flow.references {
            if self.called.contains(path.as_str()) || !seen.insert(path) {
                continue;
            }
            let Standing::Gadget { class, sole_reference, why, .. } = standing_of(path) else { continue };
            let serious = match class {
                GadgetClass::Process
                | GadgetClass::CodeExecution
                | GadgetClass::PackageInstall
                | GadgetClass::Native
                | GadgetClass::Marshal
                | GadgetClass::Debugger => sole_reference > Severity::Low,
                GadgetClass::Reflection => {
                    path.contains("__globals__")
                        || path.contains("__subclasses__")
                        || path.contains("__builtins__")
                }
                _ => false,
            };
            // `os.path`, or a package on the way to one of its functions.
            let is_prefix = flow
                .references
                .iter()
                .any(|other| other.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.')));
            if !serious || is_prefix || (self.setting == Setting::Module) {
                continue;
            }
            let message = format!("Compiled Python code refers to `{}`, which {why}.", printable(path, 80));
            let finding = Finding::new(&BYTECODE_DANGEROUS_CALL, message)
                .severity(sole_reference)
                .confidence(Confidence::Medium)
                .evidence(path);
            self.report(finding, path);
        }
    }

    fn imports(&mut self, flow: &Flow) {
        if self.setting == Setting::Module {
            return;
        }
        for module in flow.imports.iter().collect::<BTreeSet<_>>() {
            let head = module.split('.').next().unwrap_or_default();
            let severity = match standing(module, "*") {
                Standing::Gadget { class, severity, .. } if severity >= Severity::High => match class {
                    GadgetClass::Process
                    | GadgetClass::Network
                    | GadgetClass::Native
                    | GadgetClass::CodeExecution
                    | GadgetClass::PackageInstall
                    | GadgetClass::Debugger
                    | GadgetClass::Import
                    | GadgetClass::NestedPickle => Severity::Medium,
                    _ => Severity::Low,
                },
                _ if matches!(head, "marshal" | "pickle" | "posix" | "nt") => Severity::Medium,
                _ if matches!(head, "os" | "sys" | "builtins" | "io") && module != "os.path" => Severity::Low,
                _ => continue,
            };
            let message = format!("Compiled Python code imports `{}`.", printable(module, 80));
            let finding = Finding::new(&BYTECODE_IMPORT, message).severity(severity).evidence(module);
            self.report(finding, module);
        }
    }

    /// Names through which code climbs from any object to the interpreter.
    fn escapes(&mut self, marshalled: &Marshalled<'_>) {
        for id in distinct(marshalled, |code| code.names) {
            let Some(name) = marshalled.text(Some(id)) else { continue };
            if matches!(
                name.as_str(),
                "__subclasses__"
                    | "__globals__"
                    | "__builtins__"
                    | "func_globals"
                    | "f_globals"
                    | "f_builtins"
                    | "gi_frame"
            ) {
                let message = format!(
                    "Compiled Python code uses `{name}`, which climbs from any object to the interpreter's functions."
                );
                let severity = if self.setting == Setting::Module { Severity::Low } else { Severity::High };
                let finding = Finding::new(&BYTECODE_DANGEROUS_CALL, message)
                    .severity(severity)
                    .confidence(Confidence::Medium)
                    .evidence(&name);
                self.report(finding, &name);
            }
        }
    }

    fn constants(&mut self, marshalled: &Marshalled<'_>, flow: &Flow) {
        for id in distinct(marshalled, |code| code.consts) {
            match marshalled.get(Some(id)) {
                Some(Object::Text(text)) => self.text(text),
                Some(Object::Bytes(bytes)) => self.bytes(bytes),
                _ => {}
            }
        }
        for value in &flow.folded {
            match value {
                Value::Text(text) => self.text(text.as_bytes()),
                Value::Bytes(bytes) => self.bytes(bytes),
                _ => {}
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if !self.nested(bytes) {
            self.text(bytes);
        }
    }

    /// Reads bytes that are marshalled code themselves.
    fn nested(&mut self, bytes: &[u8]) -> bool {
        let is_code = bytes.len() > 24 && bytes.first().is_some_and(|first| first & 0x7f == b'c');
        if !is_code {
            return false;
        }
        let (setting, place) = (self.setting, self.place.clone());
        self.scan
            .nested("bytecode constant", |scan| inspect_in(bytes, setting, &place, scan))
            .unwrap_or(false)
    }

    fn text(&mut self, text: &[u8]) {
        let text = text.get(..LONGEST_CONSTANT).unwrap_or(text);
        if text.len() < 4 {
            return;
        }
        let shown = String::from_utf8_lossy(text);
        if let Some((sign, what)) = SIGNS.iter().find(|(sign, _)| shown.contains(sign)) {
            let finding = Finding::new(
                &BYTECODE_PAYLOAD,
                format!("A constant of compiled Python code {what} (`{sign}`)."),
            )
            .severity(if self.setting == Setting::Module { Severity::Low } else { Severity::Medium })
            .confidence(Confidence::Medium)
            .evidence(&shown);
            self.report(finding, sign);
        }
        // An encoded payload: long, nothing but base64, and code or a pickle inside.
        if text.len() >= 32
            && let Some(decoded) = codecs::base64(text)
            && decoded.len() >= 16
        {
            let is_source = std::str::from_utf8(&decoded)
                .is_ok_and(|inner| SIGNS.iter().any(|(sign, _)| inner.contains(sign)));
            let is_pickle = decoded.first() == Some(&0x80)
                && decoded.get(1).is_some_and(|&protocol| (2..=5).contains(&protocol))
                && decoded.last() == Some(&b'.');
            if is_pickle {
                self.scan.member("base64 constant", &decoded);
            }
            if is_source || is_pickle || self.nested(&decoded) {
                let finding = Finding::new(
                    &BYTECODE_PAYLOAD,
                    "A constant of compiled Python code is an encoded payload.",
                )
                .severity(Severity::High)
                .evidence(String::from_utf8_lossy(&decoded));
                self.report(finding, "base64");
            }
        }
    }

    /// For code that cannot be followed: a dangerous module and a function of it among the names is enough to say so.
    fn pairs(&mut self, marshalled: &Marshalled<'_>) {
        for code in marshalled.codes() {
            let names: Vec<String> = marshalled
                .items(code.names)
                .iter()
                .take(MOST_NAMES)
                .map(|&id| name_text(marshalled, Some(id)))
                .collect();
            for (index, module) in names.iter().enumerate() {
                // Of a module that is dangerous as a whole, `parser` or `trace`, any name would do.
                let whole = matches!(standing(module, "*"), Standing::Gadget { .. });
                if whole && !matches!(module.as_str(), "commands" | "ctypes" | "pty" | "runpy" | "subprocess")
                {
                    continue;
                }
                for name in names.iter().skip(index.saturating_add(1)) {
                    let Some(left) = self.pairs_left.checked_sub(1) else { return };
                    self.pairs_left = left;
                    if let Standing::Gadget {
                        class: GadgetClass::Process | GadgetClass::CodeExecution,
                        severity: Severity::Critical,
                        why,
                        ..
                    } = standing(module, name)
                    {
                        let path = format!("{module}.{name}");
                        let message =
                            format!("Compiled Python code names `{}`, which {why}.", printable(&path, 80));
                        let finding = Finding::new(&BYTECODE_DANGEROUS_CALL, message)
                            .severity(if self.setting == Setting::Module {
                                Severity::Medium
                            } else {
                                Severity::High
                            })
                            .confidence(Confidence::Medium)
                            .evidence(&path);
                        self.report(finding, &path);
                    }
                }
            }
        }
    }
}

/// Longest constant searched, in bytes.
const LONGEST_CONSTANT: usize = 1 << 20;
/// Most names paired with one another.
const MOST_NAMES: usize = 64;
/// Most pairs of names looked up.
const MOST_PAIRS: usize = 50_000;
/// Most source text read out of calls, in bytes.
const MOST_SOURCE: usize = 4 << 20;

/// Texts that a tensor function has no use for, and what they are signs of.
static SIGNS: &[(&str, &str)] = &[
    ("/dev/tcp/", "opens a reverse shell"),
    ("/bin/sh", "names a shell"),
    ("/bin/bash", "names a shell"),
    ("bash -i", "opens a reverse shell"),
    ("bash -c", "is a shell command"),
    ("nc -e", "opens a reverse shell"),
    ("curl http", "is a shell command that downloads"),
    ("curl -", "is a shell command that downloads"),
    ("wget http", "is a shell command that downloads"),
    ("wget -", "is a shell command that downloads"),
    ("powershell", "is a shell command"),
    ("cmd.exe", "names a shell"),
    ("cmd /c", "is a shell command"),
    ("rm -rf", "is a shell command that deletes"),
    ("chmod +x", "is a shell command"),
    ("mkfifo ", "is a shell command"),
    ("| sh", "is a shell command"),
    ("|sh", "is a shell command"),
    ("| bash", "is a shell command"),
    ("/etc/passwd", "names a system file"),
    ("/etc/shadow", "names a system file"),
    (".ssh/", "names stored keys"),
    ("import os", "is Python source"),
    ("import socket", "is Python source"),
    ("import subprocess", "is Python source"),
    ("__import__(", "is Python source"),
    ("os.system(", "is Python source"),
    ("subprocess.", "is Python source"),
    ("base64.b64decode", "is Python source"),
];

#[cfg(test)]
mod tests {
    use super::is_outright;

    #[test]
    fn fixtures_and_frameworks_are_told_from_what_runs_programs() {
        for callee in ["exec", "os.system", "subprocess.Popen", "urllib.request.urlopen", "builtins.eval"] {
            assert!(is_outright(callee), "{callee}");
        }
        for callee in ["pytest.fixture", "torch.jit.script", "multiprocessing.Pool", "asyncio.run"] {
            assert!(!is_outright(callee), "{callee}");
        }
    }
}
