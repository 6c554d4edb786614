//! How bad a call, an import or a sequence of moves is, by what it reaches and where the code comes from.

use super::signs::{
    fetches_and_runs, goes_elsewhere, goes_home, names_credential_file, opens_shell, runs_at_start, spelt,
};
use super::{
    MOST_SEEN, PYTHON_BACKDOOR, PYTHON_DANGEROUS_CALL, PYTHON_HIDDEN_CODE, Role, TORCHSCRIPT_OPERATOR, Walk,
    layer, one,
};
use crate::pickle::knowledge::{GadgetClass, Standing, is_blunt, standing};
use crate::python::source::OWN_STACK_FROM;
use crate::python::source::fold::{Known, Value};
use bartizan_core::python::levels;
use bartizan_core::{Rule, Severity};

/// The function of Windows at `path` that makes memory executable or starts code in it. Called through `ctypes` it has
/// no use but to run machine code that no file holds.
fn writes_executable_memory(path: &str) -> Option<&str> {
    let function = path.rsplit('.').next()?;
    let is_native = path.starts_with("ctypes.");
    (is_native
        && matches!(
            function,
            "VirtualAlloc"
                | "VirtualAllocEx"
                | "VirtualProtect"
                | "VirtualProtectEx"
                | "WriteProcessMemory"
                | "CreateRemoteThread"
                | "RtlMoveMemory"
                | "NtCreateThreadEx"
        ))
    .then_some(function)
}

impl Walk {
    pub(super) fn judge(
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
        if let Some(function) = writes_executable_memory(path) {
            let message = format!("calls `{function}`, by which code is written into memory and run");
            self.push(&PYTHON_BACKDOOR, Severity::High, message, offset);
            return;
        }
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
        if let Some(message) = self.hides(path, class, severity, arguments, named) {
            self.push(&PYTHON_HIDDEN_CODE, Severity::High, message, offset);
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
            // Writing a pickle runs nothing.
            (_, GadgetClass::NestedPickle) if severity < Severity::Medium => return,
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
            ) if self.role != Role::Module
                || matches!(
                    class,
                    GadgetClass::CodeExecution | GadgetClass::Persistence | GadgetClass::Debugger
                ) && is_blunt(path) =>
            {
                Severity::Medium
            }
            // People write scripts that start processes and read pickles; how they do it is judged where code is judged.
            (
                _,
                GadgetClass::Process
                | GadgetClass::NestedPickle
                | GadgetClass::Native
                | GadgetClass::Marshal
                | GadgetClass::PackageInstall
                | GadgetClass::Network
                | GadgetClass::Import
                | GadgetClass::CodeExecution
                | GadgetClass::Persistence
                | GadgetClass::Debugger,
            ) => Severity::Low,
            _ => return,
        };
        let with = if command.trim().is_empty() {
            String::new()
        } else {
            format!(" with `{}`", bartizan_core::printable(command.trim(), 120))
        };
        self.push(&PYTHON_DANGEROUS_CALL, severity, format!("calls `{path}`{with}, which {why}"), offset);
    }

    /// Why the call hides from a reader what it runs: a function whose name is looked up, or an argument that is a constant
    /// behind an encoding. No program needs either to start a process or to unpickle.
    fn hides(
        &self,
        path: &str,
        class: GadgetClass,
        severity: Severity,
        arguments: &[Value],
        named: &[(String, Value)],
    ) -> Option<String> {
        let starts = matches!(class, GadgetClass::Process | GadgetClass::CodeExecution);
        if self.disguised && starts && severity >= Severity::Critical && is_blunt(path) {
            return Some(format!("calls `{path}` by a look-up that hides its name"));
        }
        let received = arguments.first().is_some_and(|first| first.downloaded);
        if received
            && class == GadgetClass::Process
            && (path.starts_with("subprocess.") || path.starts_with("os."))
        {
            return Some(format!("`{path}` runs what came over the network"));
        }
        let runs = starts || matches!(class, GadgetClass::NestedPickle | GadgetClass::Marshal);
        let is_constant = |value: &&Value| {
            value.decoded
                && match &value.known {
                    Known::Text(text) => !text.is_empty(),
                    Known::Bytes(bytes) => !bytes.is_empty(),
                    _ => false,
                }
        };
        let encoded = arguments.iter().chain(named.iter().map(|(_, value)| value)).find(is_constant)?;
        runs.then(|| {
            let shown = bartizan_core::printable(&spelt(&encoded.known), 120);
            format!("`{path}` is given `{shown}`, a constant that the source keeps encoded")
        })
    }

    pub(super) fn runs_code(&mut self, path: &str, code: &Value, all: &Value, offset: usize) {
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
            let severity = match self.role {
                // A server evaluates what it is sent.
                Role::Handler if code.text().is_none() => Severity::High,
                Role::Module | Role::Handler => Severity::Medium,
                _ => Severity::Critical,
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
            && self.seen.len() < MOST_SEEN
            && levels(&inner) < OWN_STACK_FROM
        {
            let walked = layer(&inner, Role::Embedded, self.layers.saturating_sub(1));
            if walked.unparsed.is_some() {
                self.unparsed.get_or_insert(offset);
            }
            for mut seen in walked.seen {
                if seen.severity >= Severity::Medium {
                    seen.message = format!("inside `{name}`: {}", seen.message);
                    seen.offset = offset;
                    self.seen.push(seen);
                }
            }
        }
    }

    pub(super) fn opens(
        &mut self,
        file: &Value,
        arguments: &[Value],
        named: &[(String, Value)],
        offset: usize,
    ) {
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

    pub(super) fn note_moves(&mut self, path: &str, first: &Value, offset: usize) {
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

    /// A call that sends: what it takes with it, and whose machine it goes to. A credential that signs in to the service
    /// it belongs to is what it is for.
    pub(super) fn sends(
        &mut self,
        all: &Value,
        arguments: &[Value],
        named: &[(String, Value)],
        offset: usize,
    ) {
        if all.secret {
            let message = "sends credentials or the environment over the network".to_owned();
            self.push(&PYTHON_BACKDOOR, Severity::High, message, offset);
            return;
        }
        let Some(name) = &all.credential else { return };
        let address = arguments
            .iter()
            .chain(named.iter().filter(|(name, _)| name == "url").map(|(_, value)| value))
            .filter_map(Value::text)
            .find(|text| text.contains("://"));
        let body = named.iter().any(|(argument, value)| {
            matches!(argument.as_str(), "data" | "json" | "files" | "content") && value.credential.is_some()
        });
        let severity = match address {
            Some(address) if goes_elsewhere(name, address) => Severity::High,
            Some(address) if body && !goes_home(name, address) => Severity::Medium,
            // Inside an address that is not wholly known; a service with a known name takes its own in a header.
            None if arguments.first().is_some_and(|first| first.credential.is_some())
                && goes_elsewhere(name, "") =>
            {
                Severity::High
            }
            _ => return,
        };
        let name = bartizan_core::printable(name, 60);
        self.push(&PYTHON_BACKDOOR, severity, format!("sends the credential in `{name}` elsewhere"), offset);
    }

    pub(super) fn conclude(&mut self) {
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

    pub(super) fn imported(&mut self, module: &str, offset: usize) {
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

    pub(super) fn push(&mut self, rule: &'static Rule, severity: Severity, message: String, offset: usize) {
        if self.seen.len() < MOST_SEEN {
            self.seen.push(one(rule, severity, message, offset));
        }
    }
}
