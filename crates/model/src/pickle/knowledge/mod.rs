//! What is known of the Python callables a pickle may name: [`standing`] says whether one is safe to call with any
//! arguments, is a gadget that reaches something dangerous, or is not known.
//!
//! Allow-lists first: a name is safe only if it stands in [`safe`] by its exact name, or is a class (by Python's naming
//! convention) of a package whose classes were looked through. Gadgets in [`gadgets`] are graded by what they reach.
//! Source: CPython 2.7 to 3.15 and the named packages, searched by the reachability of exec, processes, files,
//! sockets and native loading from every function and constructor; published bypasses (picklescan and fickling
//! advisories, arXiv 2508.19774, 2508.15987).

pub mod gadgets;
pub mod safe;

mod constructors;
mod lookup;
mod names;
mod stdlib;

pub use constructors::{Constructor, constructor};
pub use lookup::standing;
pub(crate) use stdlib::is_blunt;
pub use stdlib::is_stdlib;

use bartizan_core::Severity;

/// Where a callable stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Calling it with any arguments neither runs code nor touches files, processes or the network. A class is as
    /// safe to make; for calling it see [`constructor`].
    Safe {
        /// The package or part of the standard library it belongs to, for example `torch`.
        family: &'static str,
    },
    /// Reaches something dangerous.
    Gadget {
        /// What it reaches.
        class: GadgetClass,
        /// How bad a call is.
        severity: Severity,
        /// What it does, as a verb phrase that follows the name: `runs a shell command`.
        why: &'static str,
        /// How bad it is when it is only referenced and never called.
        sole_reference: Severity,
    },
    /// Nothing is known of it.
    Unknown,
}

/// What a gadget reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GadgetClass {
    /// Runs Python source or bytecode.
    CodeExecution,
    /// Starts, replaces or signals a process.
    Process,
    /// Imports a module, which runs its top level.
    Import,
    /// Reads, writes, moves or deletes files.
    File,
    /// Opens a connection or a listening socket.
    Network,
    /// Fetches or changes attributes, frames, types or functions, and so leads to any other class.
    Reflection,
    /// Installs a package, which runs its build script.
    PackageInstall,
    /// Enters a debugger or tracer that evaluates what it is given.
    Debugger,
    /// Loads native code or touches raw memory.
    Native,
    /// Turns bytes into code objects.
    Marshal,
    /// Decodes a hidden payload; harmless alone.
    Codec,
    /// Unpickles further bytes.
    NestedPickle,
    /// Reads or changes the environment of the process.
    Environment,
    /// Arranges for something to run later: hooks, threads, handlers.
    Persistence,
    /// Ends, blocks or exhausts the process.
    DenialOfService,
}

impl GadgetClass {
    /// The words used in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodeExecution => "code execution",
            Self::Process => "process",
            Self::Import => "import",
            Self::File => "file access",
            Self::Network => "network access",
            Self::Reflection => "reflection",
            Self::PackageInstall => "package installation",
            Self::Debugger => "debugger",
            Self::Native => "native code",
            Self::Marshal => "bytecode loading",
            Self::Codec => "decoding",
            Self::NestedPickle => "nested unpickling",
            Self::Environment => "environment",
            Self::Persistence => "persistence",
            Self::DenialOfService => "denial of service",
        }
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn gadget(module: &str, name: &str) -> (GadgetClass, Severity) {
        match standing(module, name) {
            Standing::Gadget { class, severity, .. } => (class, severity),
            other => panic!("{module}.{name} is {other:?}"),
        }
    }

    fn is_safe(module: &str, name: &str) -> bool {
        matches!(standing(module, name), Standing::Safe { .. })
    }

    #[test]
    fn no_callable_is_listed_twice_or_on_both_sides() {
        let mut seen = HashSet::new();
        let mut packages = HashSet::new();
        let safe = safe::TABLES.iter().copied().flatten().map(|group| (group.module, group.names));
        let gadgets = gadgets::TABLES.iter().copied().flatten().map(|group| (group.module, group.names));
        let mut twice = Vec::new();
        for (module, names) in safe.chain(gadgets) {
            for name in names {
                let fresh = if *name == "*" {
                    packages.insert(module.to_owned())
                } else {
                    seen.insert(format!("{module}.{name}"))
                };
                if !fresh {
                    twice.push(format!("{module}.{name}"));
                }
            }
        }
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn every_listed_path_is_spelled_as_it_is_looked_up() {
        let safe = safe::TABLES.iter().copied().flatten().map(|group| group.module);
        let gadgets = gadgets::TABLES.iter().copied().flatten().map(|group| group.module);
        let renamed: Vec<&str> = safe
            .chain(gadgets)
            .filter(|module| names::canonical(&format!("{module}.x")) != format!("{module}.x"))
            .collect();
        assert!(renamed.is_empty(), "{renamed:?}");
    }

    #[test]
    fn each_class_of_gadget_is_known() {
        use GadgetClass as Class;
        use Severity::{Critical, High};
        for (module, name, class, at_least) in [
            ("builtins", "exec", Class::CodeExecution, Critical),
            ("os", "system", Class::Process, Critical),
            ("importlib", "import_module", Class::Import, Critical),
            ("builtins", "open", Class::File, High),
            ("socket", "create_connection", Class::Network, High),
            ("operator", "methodcaller", Class::Reflection, High),
            ("pip._internal.cli.main", "main", Class::PackageInstall, Critical),
            ("bdb", "Bdb.run", Class::Debugger, Critical),
            ("ctypes", "CDLL", Class::Native, Critical),
            ("marshal", "loads", Class::Marshal, Critical),
            ("base64", "b64decode", Class::Codec, Severity::Low),
            ("pickle", "loads", Class::NestedPickle, Critical),
            ("os", "putenv", Class::Environment, High),
            ("atexit", "register", Class::Persistence, Critical),
            ("os", "_exit", Class::DenialOfService, High),
        ] {
            let (found, severity) = gadget(module, name);
            assert_eq!(found, class, "{module}.{name}");
            assert!(severity >= at_least, "{module}.{name}");
        }
    }

    #[test]
    fn other_spellings_of_a_gadget_are_the_same_gadget() {
        for (module, name) in [
            ("posix", "system"),
            ("nt", "system"),
            ("torch.serialization", "os.system"),
            ("random", "_os.system"),
            ("numpy.f2py", "os.system"),
            ("logging.config", "os.system"),
            ("torch.serialization.os", "system"),
            ("some_package.module", "subprocess.Popen"),
            ("__builtin__", "eval"),
            ("numpy", "__builtins__.eval"),
            ("six.moves.builtins", "exec"),
            ("os", "system.__call__"),
            ("builtins", "exec.__call__"),
            ("distutils.spawn", "subprocess.check_output"),
            ("site", "builtins.exec"),
        ] {
            assert!(gadget(module, name).1 == Severity::Critical, "{module}.{name}");
        }
        assert_eq!(gadget("logging.config", "socketserver.TCPServer").0, GadgetClass::Network);
    }

    #[test]
    fn a_module_or_an_internal_reached_as_an_attribute_is_reflection() {
        assert_eq!(gadget("random", "_os").0, GadgetClass::Reflection);
        assert_eq!(gadget("socket", "socket").0, GadgetClass::Network);
        assert_eq!(
            gadget("torch.nn.modules.linear", "Linear.__init__.__globals__").0,
            GadgetClass::Reflection
        );
        assert_eq!(gadget("builtins", "object.__subclasses__").0, GadgetClass::Reflection);
    }

    #[test]
    fn reconstructors_and_classes_of_the_frameworks_are_safe() {
        for (module, name) in [
            ("torch._utils", "_rebuild_tensor_v2"),
            ("torch", "FloatStorage"),
            ("torch.nn.modules.linear", "Linear"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("numpy.core.multiarray", "scalar"),
            ("numpy", "dtype"),
            ("sklearn.ensemble._forest", "RandomForestClassifier"),
            ("sklearn.tree._tree", "Tree"),
            ("pandas._libs.internals", "_unpickle_block"),
            ("collections", "OrderedDict"),
            ("copy_reg", "_reconstructor"),
            ("__builtin__", "set"),
            ("_codecs", "encode"),
            ("xgboost.sklearn", "XGBClassifier"),
            ("joblib.numpy_pickle", "NumpyArrayWrapper"),
            ("pathlib._local", "PosixPath"),
            ("argparse", "Namespace"),
            ("transformers.models.bert.configuration_bert", "BertConfig"),
            ("datetime", "datetime"),
        ] {
            assert!(is_safe(module, name), "{module}.{name}: {:?}", standing(module, name));
        }
    }

    #[test]
    fn functions_of_a_safe_package_and_look_alikes_are_not_safe() {
        for (module, name) in [
            ("torch.nn.modules.module", "register_module_forward_hook"),
            ("sklearn.utils", "helper"),
            ("sklearnx.ensemble", "Forest"),
            ("my_torch.nn.modules", "Linear"),
            ("torch.nn.modules.linear", "Linear.forward"),
            ("collections", "ordereddict"),
            ("numpy", "load"),
            ("torch", "load"),
            ("sklearn.datasets", "Bunch"),
            ("torch._utilsx", "_rebuild_tensor_v2"),
            ("", ""),
            ("__main__", "Net"),
        ] {
            assert!(!is_safe(module, name), "{module}.{name}");
        }
        assert_eq!(standing("__main__", "Net"), Standing::Unknown);
        assert_eq!(standing("transformers.utils.logging", "get_logger"), Standing::Unknown);
    }
}
