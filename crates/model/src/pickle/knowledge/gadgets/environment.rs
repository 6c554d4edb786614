//! Gadgets that read or change the process environment and its global state, and codecs that hide payloads.

use super::{ALL, Gadgets};
use crate::pickle::knowledge::GadgetClass::{Codec, Environment};
use bartizan_core::Severity::{self, High, Low, Medium};

const fn environment(
    severity: Severity,
    module: &'static str,
    names: &'static [&'static str],
    why: &'static str,
) -> Gadgets {
    Gadgets::new(Environment, severity, module, names, why)
}

const fn codec(module: &'static str, names: &'static [&'static str]) -> Gadgets {
    Gadgets::new(Codec, Low, module, names, "decodes data that may hide a payload")
}

const SCANNER: &str = "is a part of a model scanner, which no model has business changing";

#[rustfmt::skip] // one name per line would be pages of scrolling
pub(super) static GADGETS: &[Gadgets] = &[
    environment(High, "os", &["putenv", "unsetenv", "environ", "environb", "_Environ", "reload_environ"], "changes the environment of the process, which steers how later programs and libraries load"),
    environment(Medium, "os", &["getenv", "getenvb", "get_exec_path"], "reads the environment, where secrets are kept"),
    environment(High, "os", &["chroot", "setuid", "seteuid", "setgid", "setegid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "initgroups", "setpriority", "setsid", "setpgid", "nice", "umask", "chdir", "fchdir", "setns", "unshare", "sched_setaffinity", "sched_setscheduler", "sched_setparam"],
        "changes the rights or settings of the process"),
    environment(Medium, "os", &["getcwd", "getcwdb", "getlogin", "getpid", "getuid", "uname", "cpu_count", "getloadavg", "sysconf", "times"], "reads facts about the machine"),
    environment(High, "getpass", &[ALL], "asks for or reads the user's name or password"),
    environment(High, "pwd", &[ALL], "reads the user database"),
    environment(High, "spwd", &[ALL], "reads the password database"),
    environment(High, "grp", &[ALL], "reads the group database"),
    environment(High, "nis", &[ALL], "reads the network's user database"),
    environment(High, "netrc", &[ALL], "reads stored passwords"),
    environment(High, "crypt", &[ALL], "hashes passwords"),
    environment(High, "resource", &[ALL], "changes the limits of the process"),
    environment(High, "termios", &[ALL], "changes the terminal"),
    environment(High, "tty", &[ALL], "changes the terminal"),
    environment(High, "readline", &[ALL], "reads or writes the command history, or installs a hook"),
    environment(High, "curses", &[ALL], "changes the terminal"),
    environment(High, "syslog", &[ALL], "writes to the system log"),
    environment(Medium, "locale", &["setlocale"], "changes the locale of the process"),
    environment(Medium, "warnings", &["filterwarnings", "simplefilter", "resetwarnings", "_setoption"], "hides warnings"),
    environment(Medium, "logging", &["disable", "basicConfig", "shutdown", "setLoggerClass", "setLogRecordFactory"], "changes logging, or opens a log file"),
    environment(High, "logging", &["FileHandler", "_StderrHandler"], "opens a file for writing"),
    environment(High, "logging.handlers", &[ALL], "opens files or connections for log records"),
    environment(High, "keyring", &[ALL], "reads stored passwords"),
    environment(High, "dotenv", &[ALL], "reads secrets from files into the environment"),
    environment(Medium, "sys", &["setrecursionlimit", "setswitchinterval", "set_int_max_str_digits", "setdlopenflags", "setcheckinterval", "set_asyncgen_hooks", "set_coroutine_origin_tracking_depth", "activate_stack_trampoline", "_enablelegacywindowsfsencoding"],
        "changes the interpreter's settings"),
    environment(High, "sys", &["addaudithook"], "installs a hook that sees every audited action"),
    environment(High, "torch.serialization", &["set_default_load_endianness", "add_safe_globals", "clear_safe_globals", "safe_globals", "register_package", "set_crc32_options", "set_default_mmap_options"],
        "changes what the loader accepts"),
    environment(High, "torch._weights_only_unpickler", &[ALL], "changes what the loader accepts"),
    environment(High, "bartizan", &[ALL], SCANNER).referenced(High),
    environment(High, "fickling", &[ALL], SCANNER).referenced(High),
    environment(High, "hayward", &[ALL], SCANNER).referenced(High),
    environment(High, "model_unpickler", &[ALL], SCANNER).referenced(High),
    environment(High, "modelaudit", &[ALL], SCANNER).referenced(High),
    environment(High, "modelscan", &[ALL], SCANNER).referenced(High),
    environment(High, "picklescan", &[ALL], SCANNER).referenced(High),
    environment(High, "saferpickle", &[ALL], SCANNER).referenced(High),
    codec("base64", &["a85decode", "b16decode", "b32decode", "b32hexdecode", "b64decode", "b85decode", "decode", "decodebytes", "decodestring", "standard_b64decode", "urlsafe_b64decode", "z85decode"]),
    codec("binascii", &["a2b_base64", "a2b_hex", "a2b_qp", "a2b_uu", "unhexlify", "a2b_hqx", "rlecode_hqx", "rledecode_hqx"]),
    codec("codecs", &["decode", "getdecoder", "lookup", "getreader", "iterdecode"]),
    codec("_codecs", &["decode", "lookup", "escape_decode", "unicode_escape_decode", "raw_unicode_escape_decode"]),
    codec("builtins", &["bytes.fromhex", "bytearray.fromhex", "bytes.decode", "chr", "unichr", "ord"]),
    codec("zlib", &["decompress", "decompressobj"]),
    codec("gzip", &["decompress"]),
    codec("bz2", &["decompress", "BZ2Decompressor"]),
    codec("lzma", &["decompress", "LZMADecompressor"]),
    codec("compression.zstd", &["decompress", "ZstdDecompressor"]),
    codec("_zstd", &["ZstdDecompressor"]),
    codec("quopri", &["decodestring"]),
    codec("string", &["Template"]),
    codec("html", &["unescape"]),
    codec("urllib.parse", &["unquote", "unquote_plus", "unquote_to_bytes"]),
];
