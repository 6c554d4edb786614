//! The walk over a Keras configuration: every object and every string of it is judged by what the loader would do.
//!
//! Iterative over a flat tree; each value is looked at once, so cost is linear in the text.
//!
//! Source: `keras/src/saving/serialization_lib.py`, `keras/src/legacy/saving/serialization.py`, Keras 2
//! `keras/saving/legacy/serialization.py`; advisories CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-9905,
//! CVE-2025-9906, CVE-2025-12058, CVE-2025-49655.

use super::lambda;
use super::names::{self, Module};
use super::rules::{KERAS_CUSTOM, KERAS_FUNCTION, KERAS_MALFORMED, KERAS_MODULE, KERAS_PATH, KERAS_TORCH};
use crate::Scan;
use crate::call::{self, Argument, Call, How, Name, json};
use crate::pickle::knowledge::{Standing, standing};
use crate::text::indicators;
use crate::wire::base64;
use crate::wire::json_tree::{self, Document, NodeId, Value};
use bartizan_core::{Finding, Location, Severity, printable};

/// Deepest nesting of a configuration that is still believed: the deepest published models stay below 60.
const BELIEVABLE_DEPTH: usize = 128;

/// Most text of one configuration looked into, in bytes; the largest published ones hold some 10 MB.
const CONFIG_BYTES: usize = 256 << 20;

/// Inspects `bytes` as the JSON configuration of a Keras model, an optimiser or a compilation.
///
/// `place` is put before the pointers: empty for a file of its own, `/model_config` for an attribute.
pub(crate) fn inspect(bytes: &[u8], place: &str, scan: &mut Scan<'_>) {
    if bytes.len() > CONFIG_BYTES {
        scan.gap(None, format!("a configuration of more than {CONFIG_BYTES} bytes is not read"));
        return;
    }
    let text = json_tree::decode(bytes);
    let document = json_tree::parse(&text);
    let mut walk = Walk { document: &document, place, scan };
    walk.structure();
    walk.values();
}

/// Why calling `module.name` from a configuration is dangerous, and how much; `None` when it is Keras's own business.
pub(super) fn callable_danger(module: &str, name: &str) -> Option<(Severity, String)> {
    let known = |fallback: Option<(Severity, &str)>| match standing(module, name) {
        Standing::Gadget { severity, why, .. } => Some((severity.max(Severity::High), why.to_owned())),
        Standing::Safe { .. } => None,
        Standing::Unknown => fallback.map(|(severity, why)| (severity, why.to_owned())),
    };
    let kind = names::module(module);
    // The public name of the same thing: `tf.io.gfile.GFile` is one string for us.
    if matches!(kind, Module::Keras | Module::Backend)
        && let Some((severity, why)) = names::dangerous_function(name)
    {
        return Some((severity, why.to_owned()));
    }
    match kind {
        Module::Keras | Module::Main => None,
        Module::Backend => known(None),
        Module::Builtins => match standing("builtins", name) {
            Standing::Gadget { severity, why, .. } => Some((severity.max(Severity::High), why.to_owned())),
            _ => None,
        },
        Module::Stdlib => {
            known(Some((Severity::High, "belongs to Python's standard library, not to a model")))
        }
        Module::ThirdParty => {
            known(Some((Severity::High, "is imported from a package outside Keras and called")))
        }
    }
}

/// The call of `module.name` that the object at `id` describes: its configuration as keyword arguments, or what the node
/// of a functional model hands to it.
fn call_of(document: &Document<'_>, id: NodeId, module: &str, name: &str) -> Call {
    described(document, id, module, name, NESTED)
}

fn described(document: &Document<'_>, id: NodeId, module: &str, name: &str, depth: u32) -> Call {
    let special = |id: NodeId| {
        let inner = document.get_text(id, "class_name")?;
        let module = document.get_text(id, "module").unwrap_or("builtins");
        if inner == "function" {
            let name = document.get_text(id, "config")?.to_owned();
            return Some(Argument::Name(Name { module: module.to_owned(), name }));
        }
        let depth = depth.checked_sub(1)?;
        Some(Argument::Result(Box::new(described(document, id, module, inner, depth))))
    };
    let callee = Name { module: module.to_owned(), name: name.to_owned() };
    let mut call = Call { callee, ..Call::of_path("", How::Called) };
    let nodes = document.get(id, "inbound_nodes");
    if let Some(node) = nodes.and_then(|nodes| document.children(nodes).next()) {
        let given = document.get(node, "args").map(|args| json::argument(document, args, &special));
        if let Some(Argument::Sequence(items)) = given {
            call.arguments = items;
        }
        if let Some(named) = document.get(node, "kwargs") {
            call.keywords = json::keywords(document, named, &[], &special);
        }
    }
    if let Some(config) = document.get(id, "config") {
        call.keywords.extend(json::keywords(document, config, &[], &special));
    }
    call
}

/// Objects inside objects whose calls are read as arguments.
const NESTED: u32 = 3;

/// The walk over one configuration.
pub(super) struct Walk<'d, 's, 'l> {
    pub(super) document: &'d Document<'d>,
    place: &'d str,
    pub(super) scan: &'s mut Scan<'l>,
}

impl Walk<'_, '_, '_> {
    /// The pointer to `id`, from the subject's root.
    pub(super) fn pointer(&self, id: NodeId) -> String {
        format!("{}{}", self.place, self.document.pointer(id))
    }

    /// Reports `finding` at `id`.
    pub(super) fn report(&mut self, id: NodeId, finding: Finding) {
        let pointer = self.pointer(id);
        self.scan.report(finding.pointer(pointer));
    }

    /// What is wrong with the text as JSON.
    fn structure(&mut self) {
        if let Some(error) = &self.document.error {
            let message = format!("the configuration is not JSON: {error}");
            self.scan.gap(
                Some(error.offset as u64),
                format!("{message}; only what stands before it was looked at"),
            );
            self.scan.report(
                Finding::new(&KERAS_MALFORMED, message)
                    .at(error.offset as u64)
                    .pointer(self.place.to_owned()),
            );
        }
        if self.document.depth > BELIEVABLE_DEPTH {
            let message = format!("the configuration nests {} levels deep", self.document.depth);
            self.scan.report(Finding::new(&KERAS_MALFORMED, message).pointer(self.place.to_owned()));
        }
        for id in self.document.duplicates().into_iter().take(Self::DUPLICATES) {
            let key = printable(self.document.key(id), 80);
            let message = format!("the key `{key}` occurs twice in one object; the loader keeps the last");
            self.report(id, Finding::new(&KERAS_MALFORMED, message));
        }
    }

    fn values(&mut self) {
        let document = self.document;
        // For each value, the nearest object with a class name at or around it, so that strings are read in its
        // context. Looked up once an object: keys are searched linearly.
        let mut owners: Vec<Option<Owner<'_>>> = Vec::with_capacity(document.len());
        let mut mentions = Mentions::default();
        for (step, id) in self.document.ids().enumerate() {
            if step % 4096 == 0 && self.scan.out_of_time() {
                return;
            }
            let around = document.parent(id).and_then(|parent| owners.get(parent.index()).copied().flatten());
            let mut owner = around;
            match document.value(id) {
                Value::Object => {
                    if document.get(id, "class_name").is_some() {
                        let class_name = document.get_text(id, "class_name").unwrap_or_default();
                        let module = document.get_text(id, "module").unwrap_or_default();
                        owner = Some(Owner { id, class_name, module });
                    }
                    self.object(id, around);
                }
                Value::Text(text) => self.string(id, text, around, &mut mentions),
                _ => {}
            }
            owners.push(owner);
        }
        self.fetches(mentions);
    }

    /// An object, judged by its class and module.
    fn object(&mut self, id: NodeId, around: Option<Owner<'_>>) {
        let document = self.document;
        let module = document.get_text(id, "module");
        let config = document.get(id, "config");
        if let Some(fn_module) = document.get(id, "fn_module") {
            let name = ["fn_name", "function_name", "fn", "function"]
                .into_iter()
                .find_map(|key| document.get_text(id, key));
            let module = document.text(fn_module).unwrap_or_default();
            self.callable(fn_module, module, name.unwrap_or_default());
        }
        let Some(class_name) = document.get_text(id, "class_name") else {
            if let Some(value) = document.get(id, "module")
                && let Some(module) = module
                && !self.is_code_config(id, around)
                && matches!(names::module(module), Module::Stdlib)
            {
                let name = ["name", "fn", "function", "class"]
                    .into_iter()
                    .find_map(|key| document.get_text(id, key));
                self.callable(value, module, name.unwrap_or_default());
            }
            return;
        };
        if let Some(known) = names::imitated_class(class_name) {
            let message = format!("the class name `{}` imitates `{known}`", printable(class_name, 80));
            self.report(id, Finding::new(&KERAS_MALFORMED, message).evidence(class_name));
        }
        match class_name {
            "Lambda" => lambda::inspect_layer(self, id, config),
            "__lambda__" => {
                lambda::inspect_object(self, id, config);
                return;
            }
            "TorchModuleWrapper" => self.torch_module(id, config),
            "function" => {
                let name = config.and_then(|config| document.text(config)).unwrap_or_default();
                self.callable(id, module.unwrap_or("builtins"), name);
                return;
            }
            "TFOpLambda" | "SlicingOpLambda" | "ClassMethod" | "InstanceProperty" | "InstanceMethod" => {
                self.tensorflow_symbol(id, config);
            }
            "TensorFlowOpLayer" => self.tensorflow_node(id, config),
            _ => {}
        }
        // A type specification is imported by the name in `spec_name`.
        let imported = if class_name == "__typespec__" {
            document.get_text(id, "spec_name").unwrap_or_default()
        } else {
            class_name
        };
        self.class(id, module, imported);
    }

    /// Whether the object is the configuration of a layer whose `module` key means something of its own.
    fn is_code_config(&self, id: NodeId, around: Option<Owner<'_>>) -> bool {
        let Some(owner) = around else { return false };
        self.document.parent(id) == Some(owner.id)
            && matches!(owner.class_name, "Lambda" | "TorchModuleWrapper")
    }

    /// A class by module and name.
    fn class(&mut self, id: NodeId, module: Option<&str>, name: &str) {
        let registered = self.document.get_text(id, "registered_name");
        let Some(module) = module.filter(|module| !module.is_empty()) else {
            if let Some((package, function)) = name.rsplit_once('.')
                && let Some((severity, why)) = callable_danger(package, function)
            {
                let message = format!("the class `{name}`, which {why}");
                self.report(id, Finding::new(&KERAS_MODULE, message).severity(severity).evidence(name));
            } else if !names::is_builtin_class(name) {
                let shown = registered.unwrap_or(name).to_owned();
                let message = format!("the class `{shown}` is none of Keras's own");
                self.report(id, Finding::new(&KERAS_CUSTOM, message).evidence(shown));
            }
            return;
        };
        let full = format!("{module}.{name}");
        let (rule, severity, message) = match names::module(module) {
            Module::Keras | Module::Backend if names::dangerous_function(name).is_some() => {
                let (severity, why) = names::dangerous_function(name).unwrap_or((Severity::High, ""));
                (&KERAS_FUNCTION, severity, format!("the loader calls `{full}`, which {why}"))
            }
            Module::Keras => return,
            Module::Main => (
                &KERAS_CUSTOM,
                Severity::Low,
                format!("the class `{full}` belongs to the program that saved it"),
            ),
            kind => {
                let known = standing(module, name);
                let call = call_of(self.document, id, module, name);
                let verdict = call::verdict(&call, self.document.offset(id), self.scan);
                // A class that nobody has vetted is Keras's everyday; what it is given may still say what it does.
                let verdict = verdict.filter(|verdict| {
                    !matches!(known, Standing::Unknown) || verdict.severity >= Severity::High
                });
                match (verdict, kind) {
                    (Some(verdict), _) => (
                        &KERAS_MODULE,
                        verdict.severity.max(if matches!(known, Standing::Gadget { .. }) {
                            Self::LEAST_FOREIGN
                        } else {
                            Severity::Low
                        }),
                        format!("the loader {}", verdict.does),
                    ),
                    (None, Module::Builtins | Module::Stdlib) => (
                        &KERAS_MODULE,
                        Severity::High,
                        format!(
                            "the loader imports `{module}`, where no layer lives, and calls `{name}` of it"
                        ),
                    ),
                    // A registered class of a package is how custom layers are saved; a class that passes for
                    // Keras's own while its module is another's is not.
                    (None, Module::ThirdParty)
                        if names::is_builtin_class(name)
                            && registered.is_none_or(|registered| !registered.contains('>')) =>
                    {
                        (
                            &KERAS_MODULE,
                            Severity::High,
                            format!("the loader imports `{module}` for `{name}`, a name of Keras's own"),
                        )
                    }
                    (None, Module::ThirdParty) => (
                        &KERAS_CUSTOM,
                        Severity::Medium,
                        format!("the class `{full}` is imported from a package outside Keras"),
                    ),
                    _ => (&KERAS_CUSTOM, Severity::Low, format!("the class `{full}` is none of Keras's own")),
                }
            }
        };
        self.report(id, Finding::new(rule, message).severity(severity).evidence(full));
    }

    /// A function by module and name.
    fn callable(&mut self, id: NodeId, module: &str, name: &str) {
        let full = format!("{module}.{name}");
        match callable_danger(module, name) {
            Some((severity, why)) => {
                let is_own = matches!(names::module(module), Module::Keras | Module::Backend);
                let rule =
                    if names::module(module) == Module::Keras { &KERAS_FUNCTION } else { &KERAS_MODULE };
                let call = call_of(self.document, id, module, name);
                let verdict =
                    if is_own { None } else { call::verdict(&call, self.document.offset(id), self.scan) };
                let (severity, message) = match verdict {
                    Some(verdict) if verdict.severity >= severity => {
                        (verdict.severity, format!("the loader {}", verdict.does))
                    }
                    _ => (severity, format!("the loader calls `{full}`, which {why}")),
                };
                self.report(id, Finding::new(rule, message).severity(severity).evidence(full));
            }
            None if matches!(names::module(module), Module::Keras | Module::Backend) => {}
            None if module == "builtins" && name.chars().all(|c| c.is_ascii_lowercase() || c == '_') => {
                // Keras files its own losses and activations under `builtins` too.
                let message =
                    format!("the function `{name}` is looked up by name among registered functions");
                self.report(id, Finding::new(&KERAS_CUSTOM, message).severity(Severity::Info).evidence(name));
            }
            None => {
                let shown = if module == "builtins" { name.to_owned() } else { full };
                let message = format!("the function `{shown}` is none of Keras's own");
                self.report(id, Finding::new(&KERAS_CUSTOM, message).evidence(shown));
            }
        }
    }

    /// A layer that holds a pickled PyTorch module.
    fn torch_module(&mut self, id: NodeId, config: Option<NodeId>) {
        let payload =
            config.and_then(|config| self.document.get_text(config, "module")).and_then(base64::decode);
        let before = self.scan.findings().len();
        if let Some(bytes) = &payload {
            self.scan.member("torch module", bytes);
        }
        let worst = self.scan.findings().iter().skip(before).map(|finding| finding.severity).max();
        let severity = worst.unwrap_or(Severity::High).max(Severity::High);
        let message =
            "a TorchModuleWrapper layer: the loader hands its bytes to torch.load with weights_only=False";
        self.report(id, Finding::new(&KERAS_TORCH, message).severity(severity));
    }

    /// A layer that stands for one function of TensorFlow, given by its public name.
    fn tensorflow_symbol(&mut self, id: NodeId, config: Option<NodeId>) {
        let Some(value) = config.and_then(|config| self.document.get(config, "function")) else { return };
        let Some(symbol) = self.document.text(value) else { return };
        let (module, name) = symbol.rsplit_once('.').unwrap_or(("tf", symbol));
        let parts = || module.split('.').chain([name]);
        let danger = parts().find_map(names::dangerous_function);
        let graph =
            crate::formats::tensorflow::risky_op(name).filter(|_| parts().any(|part| part == "raw_ops"));
        if let Some((severity, why)) = danger.or(graph) {
            let message = format!("a layer calls the TensorFlow function `{symbol}`, which {why}");
            self.report(id, Finding::new(&KERAS_FUNCTION, message).severity(severity).evidence(symbol));
        }
    }

    /// A layer that stands for one TensorFlow operation, given as a node definition.
    fn tensorflow_node(&mut self, id: NodeId, config: Option<NodeId>) {
        let Some(value) = config.and_then(|config| self.document.get(config, "node_def")) else { return };
        let Some(node) = self.document.text(value) else { return };
        // JSON in Keras 2.2 to 2.4, protobuf text format before.
        let named = |quote: &str| {
            node.match_indices(quote).find_map(|(at, _)| {
                let rest = node.get(at.saturating_add(quote.len())..)?;
                rest.trim_start_matches([':', ' ', '"']).split('"').next()
            })
        };
        let Some(op) = named("\"op\"").or_else(|| named("op:")) else { return };
        if let Some((severity, why)) = crate::formats::tensorflow::risky_op(op) {
            let message = format!("a layer runs the TensorFlow operation `{op}`, which {why}");
            self.report(id, Finding::new(&KERAS_FUNCTION, message).severity(severity).evidence(node));
        }
    }

    /// A string, judged by its key and by the object around it.
    fn string(&mut self, id: NodeId, text: &str, owner: Option<Owner<'_>>, mentions: &mut Mentions) {
        let document = self.document;
        let key = document.key(id);
        let class_name = owner.map_or("", |owner| owner.class_name);
        if matches!(key, "class_name" | "code")
            || matches!(class_name, "Lambda" | "__lambda__") && text.len() > 200
        {
            return;
        }
        if let Some(owner) = owner {
            let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
            if lower.contains("://") || lower.starts_with("http") {
                mentions.addresses.push((owner.id, id));
            }
            if text == "get_file" {
                mentions.fetchers.push((owner.id, id));
            }
            if key != "name"
                && names::is_non_modelling_module(owner.module)
                && let Some((severity, why)) = names::dangerous_function(text)
                && owner.class_name != "function"
            {
                let message = format!("an object of `{}` names `{text}`, which {why}", owner.module);
                self.report(id, Finding::new(&KERAS_FUNCTION, message).severity(severity).evidence(text));
            }
        }
        if let Some((module, name)) = text.rsplit_once('.')
            && text.len() <= 200
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
        {
            self.dotted_name(id, module, name);
        }
        self.path(id, key, text, class_name);
        if text.len() >= Self::TELLING_BYTES && text.contains(|c: char| !c.is_alphanumeric() && c != '_') {
            let place = Location { pointer: Some(self.pointer(id)), ..Location::default() };
            indicators::inspect_metadata(text, &place, self.scan);
        }
        if text.len() >= Self::PAYLOAD_BYTES
            && class_name != "TorchModuleWrapper"
            && base64::is_base64(text)
            && let Some(bytes) = base64::decode(text)
        {
            self.scan.member(document.key(id), &bytes);
        }
    }

    /// A string that is a dotted Python name.
    fn dotted_name(&mut self, id: NodeId, module: &str, name: &str) {
        let danger = match names::module(module) {
            Module::Keras | Module::Backend => callable_danger(module, name),
            Module::Stdlib | Module::Builtins => match standing(module, name) {
                Standing::Gadget { severity, why, .. } => Some((severity, why.to_owned())),
                _ => None,
            },
            Module::Main | Module::ThirdParty => None,
        };
        let Some((severity, why)) = danger else { return };
        // A layer may carry any name; elsewhere a dotted name is there to be resolved.
        let severity = if self.document.key(id) == "name" { Severity::Low } else { severity };
        let full = format!("{module}.{name}");
        let message = format!("the configuration names `{full}`, which {why}");
        self.report(id, Finding::new(&KERAS_FUNCTION, message).severity(severity).evidence(full));
    }

    /// A string under a key that holds a path.
    fn path(&mut self, id: NodeId, key: &str, text: &str, class_name: &str) {
        let opens = names::path_keys(class_name).is_some_and(|keys| keys.contains(&key));
        // A vocabulary in a list is the vocabulary itself.
        if text.is_empty() || !(opens || names::PATH_KEYS.contains(&key)) {
            return;
        }
        let escape = indicators::path_escape(text);
        let (severity, why) = match escape {
            Some(why) => (
                if opens || indicators::is_sensitive_path(text) { Severity::High } else { Severity::Medium },
                why,
            ),
            None if opens => (Severity::Medium, "is opened from wherever the loader stands"),
            None => return,
        };
        let class = if class_name.is_empty() { "the configuration" } else { class_name };
        let message = format!("{class} reads `{}` as its {key}, a path that {why}", printable(text, 120));
        self.report(id, Finding::new(&KERAS_PATH, message).severity(severity).evidence(text));
    }

    /// Objects that name both a downloader and an address.
    fn fetches(&mut self, mut mentions: Mentions) {
        mentions.addresses.sort_unstable();
        for &(owner, id) in &mentions.fetchers {
            let with = mentions.addresses.binary_search_by_key(&owner, |&(owner, _)| owner).ok();
            let Some(&(_, address)) = with.and_then(|at| mentions.addresses.get(at)) else { continue };
            let address = self.document.text(address).unwrap_or_default().to_owned();
            let message = format!(
                "an object names `get_file` and the address `{}`: the loader would download it",
                printable(&address, 120)
            );
            self.report(id, Finding::new(&KERAS_FUNCTION, message).evidence(address));
        }
    }

    /// How bad any gadget is in a configuration: none has a place among layers, whatever it is given.
    const LEAST_FOREIGN: Severity = Severity::High;
    /// Most duplicate keys told of one text.
    const DUPLICATES: usize = 16;
    /// Shortest string looked at for commands and addresses, in bytes.
    const TELLING_BYTES: usize = 8;
    /// Shortest base64 text looked into, in bytes.
    const PAYLOAD_BYTES: usize = 48;
}

/// An object with a class name, as the values inside it see it.
#[derive(Debug, Clone, Copy)]
struct Owner<'d> {
    id: NodeId,
    class_name: &'d str,
    module: &'d str,
}

/// Strings that mean something together, by the object they belong to; the addresses are sorted by owner once all are read.
#[derive(Default)]
struct Mentions {
    fetchers: Vec<(NodeId, NodeId)>,
    addresses: Vec<(NodeId, NodeId)>,
}
