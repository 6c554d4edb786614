//! Gadgets that fetch or change attributes, frames, types or functions: the joints of a chain.
//!
//! Alone they do little, and old protocols use some of them for plain methods and nested classes; what they are given
//! decides.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::Reflection;
use bartizan_core::Severity::{self, High, Info, Low, Medium};

const fn reflection(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(Reflection, severity, module, names, why)
}

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    reflection(High, "builtins", &["getattr"], "fetches an attribute by name").referenced(Low),
    reflection(High, "builtins", &["delattr", "setattr"], "changes an attribute of an object").referenced(Medium),
    reflection(High, "builtins", &["globals", "locals", "vars"], "hands out a name space").referenced(Medium),
    reflection(Medium, "builtins", &["dir", "hasattr", "id", "callable", "memoryview"], "looks into an object"),
    reflection(Medium, "builtins", &["type"], "builds a class when given three arguments").referenced(Info),
    reflection(Medium, "builtins", &["classmethod", "property", "staticmethod", "super"], "builds class attributes").referenced(Info),
    reflection(Medium, "builtins", &["filter", "map", "sorted", "min", "max", "iter", "next", "sum", "any", "all"], "may call a function it is given").referenced(Info),
    reflection(High, "builtins", &["__dict__", "__loader__", "__spec__"], "hands out the interpreter's own names"),
    reflection(High, "operator", &["attrgetter"], "builds a function that fetches attributes by name").referenced(Low),
    reflection(High, "operator", &["methodcaller"], "builds a function that calls a method by name").referenced(Low),
    reflection(Low, "operator", &["itemgetter", "getitem", "setitem", "delitem", "concat", "iconcat"], "fetches or changes items").referenced(Info),
    reflection(High, "operator", &["call"], "calls its argument").referenced(Medium),
    reflection(Medium, "functools", &["partial", "partialmethod"], "binds a function to arguments; what it binds decides").referenced(Info),
    reflection(High, "functools", &["reduce"], "calls a function over a sequence").referenced(Low),
    reflection(Medium, "functools", &["cached_property", "lru_cache", "_lru_cache_wrapper", "singledispatch", "singledispatchmethod", "wraps", "update_wrapper", "cmp_to_key", "_unwrap_partial", "cache"], "wraps a function").referenced(Info),
    reflection(High, "itertools", &["accumulate", "dropwhile", "filterfalse", "groupby", "ifilter", "ifilterfalse", "imap", "starmap", "takewhile"], "calls a function over a sequence").referenced(Low),
    reflection(High, "inspect", &[ALL], "hands out frames, source and members of objects"),
    reflection(High, "gc", &[ALL], "hands out every object of the process"),
    reflection(High, "types", &["MethodType", "ModuleType", "new_class", "DynamicClassAttribute", "prepare_class", "resolve_bases", "coroutine", "_calculate_meta"], "builds methods, modules or classes").referenced(Low),
    reflection(High, "sys", &["_current_frames", "_getframe", "_getframemodulename", "_current_exceptions", "_clear_type_cache", "_git", "_debugmallocstats", "exc_info", "getrefcount", "intern_table"], "hands out frames"),
    reflection(High, "sys", &["modules", "meta_path", "path", "path_hooks", "path_importer_cache", "argv", "stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__", "last_traceback"], "hands out the interpreter's own state"),
    reflection(High, "builtins", &["__builtins__"], "hands out the interpreter's own names"),
    reflection(High, "__main__", &["__builtins__", "__dict__"], "hands out the interpreter's own names"),
    reflection(High, "ctypes.pythonapi", &[ALL], "calls the interpreter from inside"),
    reflection(High, "collections", &["_sys", "_eq", "_itemgetter"], "is internal to the library").referenced(Low),
    reflection(High, "contextlib", &["ExitStack", "AsyncExitStack", "_BaseExitStack", "contextmanager", "redirect_stdout", "redirect_stderr", "chdir"], "calls functions later, or redirects streams").referenced(Low),
    reflection(High, "traceback", &[ALL], "hands out frames, or prints to a stream").referenced(Low),
    reflection(High, "dis", &[ALL], "compiles and takes apart code"),
    reflection(High, "tokenize", &[ALL], "reads source"),
    reflection(High, "pprint", &["pprint", "PrettyPrinter"], "writes to a given stream").referenced(Low),
    reflection(High, "reprlib", &["recursive_repr"], "wraps a function").referenced(Low),
    reflection(High, "abc", &["update_abstractmethods", "_abc_init"], "changes a class").referenced(Low),
    reflection(High, "string", &["Formatter", "Formatter.vformat", "Formatter.get_field"], "fetches attributes named in a format string").referenced(Low),
    reflection(Medium, "builtins", &["str.format", "str.format_map", "unicode.format", "format"], "fetches attributes named in a format string").referenced(Low),
    reflection(High, "copyreg", &["__reduce_ex__", "_slotnames"], "fetches attributes").referenced(Low),
    reflection(High, "unittest.mock", &["_importer", "_patch", "_dot_lookup", "_get_target"], "imports and replaces what its argument names"),
    reflection(High, "rlcompleter", &["Completer.attr_matches", "get_class_members"], "evaluates the text it completes"),
    reflection(High, "torch.fx._pytree", &["register_pytree_flatten_spec"], "changes how structures are walked"),
    reflection(High, "jax.tree_util", &["Partial"], "binds a function to arguments; what it binds decides").referenced(Low),
    reflection(High, "toolz", &[ALL], "composes and calls functions"),
    reflection(High, "cytoolz", &[ALL], "composes and calls functions"),
    reflection(High, "funcy", &[ALL], "composes and calls functions"),
    reflection(High, "wrapt", &[ALL], "wraps functions"),
    reflection(High, "forbiddenfruit", &[ALL], "changes built-in types"),
    reflection(High, "more_itertools", &["consume", "side_effect"], "calls functions over a sequence"),
];
