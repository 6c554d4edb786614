//! Gadgets that arrange for something to run later (hooks, threads, handlers), and those that end or block the process.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::{DenialOfService, Persistence};
use bartizan_core::Severity::{self, Critical, High, Low, Medium};

const fn later(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(Persistence, severity, module, names, why)
}

const fn stops(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(DenialOfService, severity, module, names, why)
}

const EXIT: &str = "ends the process";
const CRASH: &str = "crashes the process";

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    later(Critical, "atexit", &[ALL], "registers a function to run when the process ends"),
    later(High, "signal", &[ALL], "installs a handler, or signals a process"),
    later(Critical, "_thread", &["start_new", "start_new_thread", "start_joinable_thread"], "runs a function in a new thread"),
    later(High, "threading", &["Thread", "Timer", "Thread.start", "Thread.run", "_start_new_thread", "_register_atexit", "excepthook", "Timer.run", "start_joinable_thread", "_start_joinable_thread"], "runs a function in a thread"),
    later(Critical, "weakref", &["finalize", "finalize._exitfunc"], "registers a function to run when an object dies"),
    later(High, "sched", &[ALL], "runs functions later"),
    later(High, "concurrent", &[ALL], "runs given functions in workers"),
    later(High, "asyncio", &[ALL], "runs coroutines, callbacks or processes"),
    later(High, "contextvars", &["Context.run", "copy_context"], "runs a function"),
    later(High, "os", &["register_at_fork", "add_dll_directory"], "installs a hook"),
    later(High, "codecs", &["register", "register_error", "unregister"], "installs a codec function"),
    later(High, "_codecs", &["register", "register_error"], "installs a codec function"),
    later(High, "mimetypes", &["init", "add_type"], "changes global tables"),
    later(High, "readline", &["set_startup_hook", "set_pre_input_hook", "set_completer"], "installs a hook"),
    later(High, "torch", &["set_default_tensor_type", "set_default_device", "compile", "set_printoptions"], "changes the framework's global state").referenced(Low),
    later(High, "torch.multiprocessing", &[ALL], "starts worker processes that run a given function"),
    later(High, "torch.overrides", &[ALL], "installs hooks"),
    later(High, "torch.nn.modules.module", &["register_module_forward_hook", "register_module_forward_pre_hook", "register_module_backward_hook", "register_module_full_backward_hook"], "installs a hook on every module"),
    later(High, "schedule", &[ALL], "runs functions later"),
    later(High, "apscheduler", &[ALL], "runs functions later"),
    later(High, "celery", &[ALL], "runs functions in workers"),
    stops(High, "os", &["_exit", "abort"], EXIT),
    stops(High, "sys", &["exit", "exitfunc"], EXIT),
    stops(High, "builtins", &["exit", "quit", "license", "credits", "copyright"], EXIT),
    stops(Medium, "builtins", &["SystemExit", "KeyboardInterrupt"], EXIT).referenced(Low),
    stops(High, "_thread", &["exit", "exit_thread", "interrupt_main"], EXIT),
    stops(High, "faulthandler", &[ALL], CRASH),
    stops(Medium, "time", &["sleep", "clock_settime", "clock_settime_ns"], "blocks the process, or sets the clock"),
    stops(Medium, "threading", &["Barrier", "Condition.wait", "Event.wait"], "blocks the process"),
    stops(Medium, "itertools", &["count", "cycle", "permutations", "product", "combinations", "combinations_with_replacement"], "makes sequences without end").referenced(Low),
    stops(Medium, "os", &["wait", "waitpid", "wait3", "wait4", "waitid", "pause", "sync", "fsync", "fdatasync", "posix_fallocate"], "blocks the process or fills the disk"),
    stops(Low, "re", &["_compile", "compile"], "compiles a pattern, which may take exponential time to match"),
    stops(Medium, "re", &["template", "match", "search", "sub", "findall", "fullmatch", "split", "subn"], "matches a pattern, which may take exponential time"),
    stops(Medium, "builtins", &["pow"], "may compute without end").referenced(Low),
    stops(Medium, "math", &["factorial", "comb", "perm"], "may compute without end").referenced(Low),
    stops(High, "_testcapi", &["crash_no_current_thread"], CRASH),
    stops(High, "torch._C", &["_crash_if_aten_asan", "_crash_if_csrc_asan", "_crash_if_csrc_ubsan", "_crash_if_vptr_ubsan", "_crash_if_debug_asserts_fail"], CRASH),
];
