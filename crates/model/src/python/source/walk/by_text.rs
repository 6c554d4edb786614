//! What can be said of source that does not parse.

use super::{PYTHON_DANGEROUS_CALL, Role, Seen, one};
use bartizan_core::{Confidence, Severity};

/// The dangerous calls spelt out in its text.
pub(in crate::python::source) fn by_text(code: &str, role: Role) -> Vec<Seen> {
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
