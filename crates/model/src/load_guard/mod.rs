//! What may be taken by name while a model is being loaded: the judgement behind `bartizan load-guard`.
//!
//! [`Policy::decide`] puts each name that an unpickler asks for to the same knowledge base that judges pickles at rest
//! ([`standing`]): vetted reconstructors pass, gadgets and unknown names do not. [`SHIM`] is the Python side, an audit
//! hook (PEP 578) on `pickle.find_class` and `marshal.loads` that asks and obeys; it decides nothing itself.

use crate::pickle::knowledge::{GadgetClass, Standing, standing};
use bartizan_core::{Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use std::collections::BTreeSet;

rule! {
    /// ## What it finds
    /// A name that an unpickler asked for while a program ran under `bartizan load-guard`, and that is no vetted
    /// reconstructor: a gadget that reaches code, processes, files or the network, or a callable nobody has looked at.
    /// ## Why it matters
    /// Taking the name is the step before calling it, and the call runs with the rights of the program. Stopping there
    /// holds whatever the file looks like to a scanner: encrypted, fetched at run time, or assembled in memory.
    /// ## Example
    /// `torch.load("model.pt", weights_only=False)` of a file that asks for `posix.system`.
    /// ## How to fix
    /// Do not load the file; scan it. When the name is your own class, allow it by name: `--allow mypackage.Net`.
    /// ## References
    /// - <https://peps.python.org/pep-0578/>
    /// - <https://docs.python.org/3/library/pickle.html#restricting-globals>
    pub const LOAD_REFUSED: Rule = Rule {
        id: "model/load-refused",
        title: "a name that loading must not take",
        severity: Severity::High,
        remedy: "Do not load the file; scan it, or allow the name with --allow if it is your own.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Rules of the guard.
pub(crate) static RULES: &[&Rule] = &[&LOAD_REFUSED];

/// The file that a guarded Python imports at start-up.
pub const SHIM: &str = include_str!("sitecustomize.py");

/// Severity of a name of which nothing is known.
const UNKNOWN: Severity = Severity::Medium;
/// Gadgets below this are harmless on their own (a decoder); they pass.
const REFUSED_FROM: Severity = Severity::Medium;

/// What the user lets pass beyond the knowledge base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    names: BTreeSet<String>,
    modules: Vec<String>,
}

/// What is to be done about a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It may be taken.
    Allow,
    /// It must not.
    Refuse {
        /// How bad a call of it is.
        severity: Severity,
        /// What it reaches, if that is known.
        class: Option<GadgetClass>,
        /// One sentence that names it.
        message: String,
    },
}

impl Policy {
    /// Lets pass `allowed`: `module.name` each, or `module.*` for everything in and below a module.
    pub fn new<'a>(allowed: impl IntoIterator<Item = &'a str>) -> Self {
        let mut policy = Self::default();
        for entry in allowed {
            match entry.strip_suffix(".*") {
                Some(module) => policy.modules.push(module.to_owned()),
                None => drop(policy.names.insert(entry.to_owned())),
            }
        }
        policy
    }

    /// Whether an unpickler may take `name` (dotted for attributes) from `module`.
    ///
    /// `module.*` opens a module for names without dots only, since an attribute path leads out of it (`os.system`
    /// through a module that imports `os`).
    pub fn decide(&self, module: &str, name: &str) -> Decision {
        let path = format!("{module}.{name}");
        let is_open = |opened: &String| {
            let below = module.strip_prefix(opened.as_str());
            below.is_some_and(|below| below.is_empty() || below.starts_with('.')) && !name.contains('.')
        };
        if self.names.contains(&path) || self.modules.iter().any(is_open) {
            return Decision::Allow;
        }
        match standing(module, name) {
            Standing::Safe { .. } => Decision::Allow,
            Standing::Gadget { severity, .. } if severity < REFUSED_FROM => Decision::Allow,
            Standing::Gadget { class, severity, why, .. } => Decision::Refuse {
                severity,
                class: Some(class),
                message: format!("`{path}` {why}; a model that is being loaded must not have it"),
            },
            Standing::Unknown => Decision::Refuse {
                severity: UNKNOWN,
                class: None,
                message: format!("`{path}` is no vetted reconstructor; if it is yours, give --allow {path}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn severity(policy: &Policy, module: &str, name: &str) -> Option<Severity> {
        match policy.decide(module, name) {
            Decision::Allow => None,
            Decision::Refuse { severity, .. } => Some(severity),
        }
    }

    #[test]
    fn reconstructors_pass_and_gadgets_do_not() {
        let policy = Policy::default();
        for (module, name) in [
            ("collections", "OrderedDict"),
            ("numpy._core.multiarray", "_reconstruct"),
            ("torch._utils", "_rebuild_tensor_v2"),
            ("base64", "b64decode"),
        ] {
            assert_eq!(severity(&policy, module, name), None, "{module}.{name}");
        }
        for (module, name) in [("posix", "system"), ("builtins", "eval"), ("marshal", "loads")] {
            assert_eq!(severity(&policy, module, name), Some(Severity::Critical), "{module}.{name}");
        }
    }

    #[test]
    fn unknown_names_are_refused_until_they_are_allowed() {
        assert_eq!(severity(&Policy::default(), "shop.nets", "Net"), Some(Severity::Medium));
        assert_eq!(severity(&Policy::new(["shop.nets.Net"]), "shop.nets", "Net"), None);
        assert_eq!(severity(&Policy::new(["shop.nets.Net"]), "shop.nets", "Nets"), Some(Severity::Medium));
    }

    #[test]
    fn an_open_module_opens_neither_its_namesake_nor_what_it_imports() {
        let policy = Policy::new(["shop.*"]);
        assert_eq!(severity(&policy, "shop.nets", "Net"), None);
        assert_eq!(severity(&policy, "shopping", "Net"), Some(Severity::Medium));
        assert_eq!(severity(&policy, "shop.nets", "os.system"), Some(Severity::Critical));
    }

    proptest! {
        #[test]
        fn any_name_gives_a_decision(module: String, name: String) {
            Policy::default().decide(&module, &name);
        }
    }
}
