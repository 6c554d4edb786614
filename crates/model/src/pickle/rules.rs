//! The rules that pickle streams are judged by.

use bartizan_core::{Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// A call of a function that runs code, a process, a package installer or a debugger while the pickle is loaded.
    /// ## Why it matters
    /// Unpickling is a small program, and calling functions is one of its instructions. The call runs with the rights of whoever loads the model, before any weight is used.
    /// ## Example
    /// `cos\nsystem\n(S'id'\ntR.` calls `os.system("id")`.
    /// ## How to fix
    /// Do not load the file. Convert the model to safetensors on an isolated machine, or restore it from a trusted copy.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const CODE_EXECUTION: Rule = Rule {
        id: "model/pickle-code-execution",
        title: "code that runs as soon as the pickle is loaded",
        severity: Severity::Critical,
        remedy: "Do not load it; ask for the weights as safetensors, and find out who put the call there.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0018.002"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call of the import machinery with a module name from the stream.
    /// ## Why it matters
    /// Importing runs the module's top level and hands the stream any object in it.
    /// ## Example
    /// `importlib.import_module("os")`.
    /// ## How to fix
    /// Save the model again without functions that import, or as safetensors.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const IMPORT: Rule = Rule {
        id: "model/pickle-import",
        title: "an import of a module that the stream chooses",
        severity: Severity::High,
        remedy: "Do not load it; a model needs no call of the import machinery.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(470), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call that reads, writes, moves or deletes files while the pickle is loaded.
    /// ## Why it matters
    /// It can overwrite start-up files and keys, or read secrets for a later step.
    /// ## Example
    /// `builtins.open("/root/.bashrc", "a")`.
    /// ## How to fix
    /// Do not load the file; find out why it carries the call.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const FILE_ACCESS: Rule = Rule {
        id: "model/pickle-file-access",
        title: "file access while the pickle is loaded",
        severity: Severity::High,
        remedy: "Do not load it; weights are read from the stream, never from other files.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(73), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call that opens a connection or fetches an address while the pickle is loaded.
    /// ## Why it matters
    /// It tells the attacker who loaded the model, fetches a second stage, or reaches services inside the network.
    /// ## Example
    /// `urllib.request.urlopen("http://169.254.169.254/")`.
    /// ## How to fix
    /// Do not load the file; look for earlier connections to the address.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const NETWORK: Rule = Rule {
        id: "model/pickle-network",
        title: "network access while the pickle is loaded",
        severity: Severity::High,
        remedy: "Do not load it; block the address and look for earlier connections to it.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0025"), cwe(502), cwe(918), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Attribute look-ups that lead from harmless objects to dangerous ones: `__class__`, `__subclasses__`, `__globals__`, `__builtins__` and functions that take attribute names.
    /// ## Why it matters
    /// Such chains reach any function without ever importing it by name, which is how deny-lists are passed by.
    /// ## Example
    /// `getattr(str, "__mro__")`.
    /// ## How to fix
    /// Do not load the file; save the model again without such objects.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const REFLECTION: Rule = Rule {
        id: "model/pickle-reflection",
        title: "a walk through Python's internals",
        severity: Severity::High,
        remedy: "Do not load it; a model needs no access to interpreter internals.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(470), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call that loads a native library or reads and writes memory by address.
    /// ## Why it matters
    /// Native code is outside every Python check and runs with the loader's rights.
    /// ## Example
    /// `ctypes.CDLL("./payload.so")`.
    /// ## How to fix
    /// Do not load the file.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const NATIVE: Rule = Rule {
        id: "model/pickle-native-code",
        title: "native code or raw memory reached while the pickle is loaded",
        severity: Severity::Critical,
        remedy: "Do not load it; a model needs no native library of the stream's choice.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(114), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call that changes the interpreter or the process, plants code for later, decodes hidden data, or exhausts memory.
    /// ## Why it matters
    /// None of it builds a model; it prepares or hides what does harm.
    /// ## Example
    /// `atexit.register(...)`, `os.putenv(...)`.
    /// ## How to fix
    /// Save the model again without the call.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const DANGEROUS_CALL: Rule = Rule {
        id: "model/pickle-dangerous-call",
        title: "a dangerous call while the pickle is loaded",
        severity: Severity::High,
        remedy: "Do not load it before the call is understood; ask for the weights as safetensors.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A dangerous function that the stream names without calling it, stores in an object, or hands to another callable.
    /// ## Why it matters
    /// Whatever receives it may call it, during loading or at first use. Importing its module runs code as well.
    /// ## Example
    /// `functools.partial(os.system, "id")` stored as a metric function.
    /// ## How to fix
    /// Save the model again without the reference.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const DANGEROUS_REFERENCE: Rule = Rule {
        id: "model/pickle-dangerous-reference",
        title: "a dangerous callable that the stream imports or passes on",
        severity: Severity::High,
        remedy: "Find out why a model needs this function; do not load the file before.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A function or class outside the vetted families that the stream imports or calls. Graded by where it lives, how it is reached, and whether its arguments look like commands, code, addresses or paths.
    /// ## Why it matters
    /// Loading imports its module and calls it. Whether that is harmless depends on code that this file does not show.
    /// ## Example
    /// `mypackage.loader.restore("https://example.com/x")`.
    /// ## How to fix
    /// Read the callable's source, then vet it; or convert the model to a format without code.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const UNKNOWN_CALLABLE: Rule = Rule {
        id: "model/pickle-unknown-callable",
        title: "a callable that nobody has vetted",
        severity: Severity::Medium,
        remedy: "Check what the callable does with these arguments, or ask for the weights as safetensors.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call of something whose name cannot be read off the stream: names computed at load time, results of calls that are called in turn, values buried under others.
    /// ## Why it matters
    /// Serialisers write names as plain text. Hiding one serves to pass scanners by.
    /// ## Example
    /// `getattr(os, "".join(["sys", "tem"]))`.
    /// ## How to fix
    /// Do not load the file.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const HIDDEN_CALL: Rule = Rule {
        id: "model/pickle-hidden-call",
        title: "a call whose target the stream hides",
        severity: Severity::High,
        remedy: "Do not load it; a model that is saved by its framework spells its names out.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0074"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// BUILD, SETITEM or APPEND applied to an imported object: attributes of modules and classes overwritten, `sys.modules` replaced, allow-lists extended.
    /// ## Why it matters
    /// It changes what later code does in the whole process, also that of scanners and safe loaders, without a call that looks dangerous.
    /// ## Example
    /// `sys.modules["json"] = os`.
    /// ## How to fix
    /// Do not load the file.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const MODULE_TAMPERING: Rule = Rule {
        id: "model/pickle-module-tampering",
        title: "a change of a module, a class or the module table",
        severity: Severity::High,
        remedy: "Do not load it; a model builds objects of its own and changes nobody else's.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), cwe(915), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A stream that the loader cannot follow to its end: unknown opcodes, missing stack values or memo slots, arguments past the end.
    /// ## Why it matters
    /// Everything before the break has run when the loader fails. Scanners that give up at the break show nothing.
    /// ## Example
    /// A call followed by a byte that is no opcode.
    /// ## How to fix
    /// Get an intact copy from the source and compare digests.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const BROKEN_STREAM: Rule = Rule {
        id: "model/pickle-broken-stream",
        title: "a pickle that breaks off",
        severity: Severity::Medium,
        remedy: "Get an intact copy; do not load this one, since what comes before the break still runs.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A FRAME whose length disagrees with the opcodes in it, a PROTO in the middle of a stream.
    /// ## Why it matters
    /// The unpickler in C ignores frame borders, the one in Python does not. A stream that reads differently in both can show a scanner one program and run another.
    /// ## Example
    /// A frame that ends inside a string.
    /// ## How to fix
    /// Save the model again with a standard serialiser.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const FRAME_DESYNC: Rule = Rule {
        id: "model/pickle-frame-desync",
        title: "frames that two loaders read differently",
        severity: Severity::Medium,
        remedy: "Get the file from its source again; no serialiser writes such frames.",
        taxonomies: &[atlas("AML.T0074"), cwe(436), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Shared containers that stand for exponentially many values, memo slots or integers of absurd size, or more live values than any model has.
    /// ## Why it matters
    /// Loading, copying or printing the object exhausts memory; a scanner may give up before it reaches the payload.
    /// ## Example
    /// A list that holds the list before twice, thirty times over.
    /// ## How to fix
    /// Do not load the file.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const EXPANSION: Rule = Rule {
        id: "model/pickle-expansion",
        title: "a pickle that exhausts memory or time",
        severity: Severity::Medium,
        remedy: "Do not load it without a memory limit.",
        taxonomies: &[atlas("AML.T0029"), cwe(400), cwe(776)],
    };

    /// ## What it finds
    /// A pickle, an archive or compressed data inside a byte string or text of a pickle, raw or encoded.
    /// ## Why it matters
    /// Payloads are hidden one or more layers deep, where scanners that look at opcodes only do not see them.
    /// ## Example
    /// `pickle.loads(b"\\x80\\x04...")`.
    /// ## How to fix
    /// Store inner objects as such, not as bytes of their own.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const NESTED: Rule = Rule {
        id: "model/pickle-nested",
        title: "a payload inside a string of a pickle",
        severity: Severity::Low,
        remedy: "Look at what the inner payload does; its own findings say more.",
        taxonomies: &[atlas("AML.T0018.002"), atlas("AML.T0074"), cwe(506)],
    };

    /// ## What it finds
    /// Functions or classes stored by value: code objects, bytecode, dill and cloudpickle functions.
    /// ## Why it matters
    /// The code comes from whoever wrote the file and runs when the function is used, or at once if the stream calls it.
    /// ## Example
    /// `cloudpickle.dumps(lambda x: x)`.
    /// ## How to fix
    /// Ship code as a reviewed package and refer to it by name.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const EMBEDDED_CODE: Rule = Rule {
        id: "model/pickle-embedded-code",
        title: "Python code inside the pickle",
        severity: Severity::Medium,
        remedy: "Read the code before loading; better, ship the function as a package and the weights as safetensors.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0018.002"), cwe(502), cwe(506), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Persistent ids that are not those of torch storages.
    /// ## Why it matters
    /// What they give is decided by the application that loads the file; a plain loader refuses them.
    /// ## Example
    /// `Pexternal:1\n`.
    /// ## How to fix
    /// Say in the model's documentation which loader it needs.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const PERSISTENT_ID: Rule = Rule {
        id: "model/pickle-persistent-id",
        title: "persistent ids of an unknown kind",
        severity: Severity::Low,
        remedy: "Find out which loader resolves them and what it does.",
        taxonomies: &[cwe(502)],
    };

    /// ## What it finds
    /// EXT1, EXT2 and EXT4 opcodes, which name a callable by its number in `copyreg`'s registry.
    /// ## Why it matters
    /// What the number stands for is decided by the process that loads the file, so nothing in the file shows what is called.
    /// ## Example
    /// `\x82\x01`.
    /// ## How to fix
    /// Save the model again without extension codes.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const EXTENSION_REGISTRY: Rule = Rule {
        id: "model/pickle-extension-registry",
        title: "objects named by a number",
        severity: Severity::Medium,
        remedy: "Find out what the number stands for in the process that loads the file.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502)],
    };

    /// ## What it finds
    /// Bytes behind the last STOP that are no further pickle.
    /// ## Why it matters
    /// Data that no loader reads can carry a payload for another program.
    /// ## Example
    /// A pickle followed by an executable.
    /// ## How to fix
    /// Save the model again.
    /// ## References
    /// - <https://docs.python.org/3/library/pickle.html>
    pub const TRAILING: Rule = Rule {
        id: "model/pickle-trailing-data",
        title: "data behind the end of a pickle",
        severity: Severity::Low,
        remedy: "Find out what the data are; a loader of this format does not read them.",
        taxonomies: &[atlas("AML.T0074"), cwe(506)],
    };

}

/// Every rule of this module.
pub static RULES: &[&Rule] = &[
    &CODE_EXECUTION,
    &IMPORT,
    &FILE_ACCESS,
    &NETWORK,
    &REFLECTION,
    &NATIVE,
    &DANGEROUS_CALL,
    &DANGEROUS_REFERENCE,
    &UNKNOWN_CALLABLE,
    &HIDDEN_CALL,
    &MODULE_TAMPERING,
    &BROKEN_STREAM,
    &FRAME_DESYNC,
    &EXPANSION,
    &NESTED,
    &EMBEDDED_CODE,
    &PERSISTENT_ID,
    &EXTENSION_REGISTRY,
    &TRAILING,
];
