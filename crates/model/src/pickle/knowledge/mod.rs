//! What is known of the names a pickle may import: harmless families, and gadgets that reach dangerous code.

use bartizan_core::Severity;

/// What a name is known for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Vetted: constructing or calling it with any argument does nothing but build data.
    Safe {
        /// The library family it belongs to, for example `numpy`.
        family: &'static str,
    },
    /// Reaches dangerous code when called.
    Gadget {
        /// What kind of danger.
        class: GadgetClass,
        /// How bad a call of it is.
        severity: Severity,
        /// What it does, completing "which …".
        why: &'static str,
        /// How bad a mere reference without a call is.
        sole_reference: Severity,
    },
    /// Nothing is known of it.
    Unknown,
}

/// Kinds of danger a gadget leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GadgetClass {
    /// Evaluates Python code.
    CodeExecution,
    /// Starts a process or a shell.
    Process,
    /// Imports a module.
    Import,
    /// Reads, writes or deletes files.
    File,
    /// Talks to the network.
    Network,
    /// Reaches arbitrary attributes or objects.
    Reflection,
    /// Installs packages.
    PackageInstall,
    /// Starts a debugger, which runs commands.
    Debugger,
    /// Loads native code or touches raw memory.
    Native,
    /// Builds code objects from bytes.
    Marshal,
    /// Decodes or transforms data so that names and code can hide.
    Codec,
    /// Loads a further pickle.
    NestedPickle,
    /// Changes the interpreter's or the process's environment.
    Environment,
    /// Makes code run later.
    Persistence,
    /// Exhausts memory or time.
    DenialOfService,
}

/// What is known of `module.name`; both as Python 3 spells them.
pub fn standing(module: &str, name: &str) -> Standing {
    match (module, name) {
        ("os" | "posix" | "nt", "system") => Standing::Gadget {
            class: GadgetClass::Process,
            severity: Severity::Critical,
            why: "runs a shell command",
            sole_reference: Severity::High,
        },
        ("builtins", "exec" | "eval") => Standing::Gadget {
            class: GadgetClass::CodeExecution,
            severity: Severity::Critical,
            why: "runs Python code",
            sole_reference: Severity::High,
        },
        ("collections", "OrderedDict") => Standing::Safe { family: "python" },
        _ => Standing::Unknown,
    }
}
