//! Why a run may give another result: [`causes`] compares two environments and names what differs, most telling first.

use super::Environment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// Something that differs between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// What kind of thing: `command`, `seed`, `data`, `package`, `threads`, `processor`, `accelerator`, `interpreter`,
    /// `system`, `container`, `variable`, `hash-order`.
    pub kind: String,
    /// Which one.
    pub name: String,
    /// What it was in the recorded run.
    pub recorded: String,
    /// What it is now.
    pub now: String,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &str| if value.is_empty() { "none".to_owned() } else { value.to_owned() };
        write!(f, "{} {}: {} recorded, {} now", self.kind, self.name, shown(&self.recorded), shown(&self.now))
    }
}

impl Cause {
    /// A difference.
    pub fn new(kind: &str, name: &str, recorded: impl Into<String>, now: impl Into<String>) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned(), recorded: recorded.into(), now: now.into() }
    }
}

/// What differs between the recorded environment and the one now.
pub fn causes(recorded: &Environment, now: &Environment) -> Vec<Cause> {
    let mut causes = Vec::new();
    maps("seed", &recorded.seeds, &now.seeds, &mut causes);
    let versions = |environment: &Environment| {
        let shown = |package: &super::Package| {
            let files = package.record.as_deref().and_then(|record| record.get(..12)).unwrap_or("unrecorded");
            (package.purl.clone(), format!("{} (files {files})", package.version))
        };
        environment.packages.iter().map(shown).collect::<BTreeMap<_, _>>()
    };
    maps("package", &versions(recorded), &versions(now), &mut causes);
    let threads = |environment: &Environment| {
        let mut threads: BTreeMap<String, String> = environment
            .variables
            .iter()
            .filter(|(name, _)| name.contains("THREADS"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        threads.insert("available".to_owned(), environment.threads.to_string());
        threads
    };
    maps("threads", &threads(recorded), &threads(now), &mut causes);
    let mut one = |kind: &str, name: &str, recorded: &str, now: &str| {
        if recorded != now {
            causes.push(Cause::new(kind, name, recorded, now));
        }
    };
    one("processor", "features", &recorded.processor.features.join(" "), &now.processor.features.join(" "));
    one("processor", "model", &recorded.processor.model, &now.processor.model);
    let driver = |environment: &Environment| {
        environment.accelerators.as_ref().map(|all| all.driver.clone()).unwrap_or_default()
    };
    let devices = |environment: &Environment| {
        let models =
            environment.accelerators.iter().flat_map(|all| &all.devices).map(|device| device.model.as_str());
        models.collect::<Vec<_>>().join(", ")
    };
    one("accelerator", "driver", &driver(recorded), &driver(now));
    one("accelerator", "devices", &devices(recorded), &devices(now));
    let python = |environment: &Environment| {
        environment
            .interpreter
            .as_ref()
            .map(|python| {
                let file = python.sha256.get(..12).unwrap_or("unread");
                format!("{} {} (file {file})", python.implementation, python.version)
            })
            .unwrap_or_default()
    };
    one("interpreter", "python", &python(recorded), &python(now));
    one("system", "kernel", &recorded.system.kernel, &now.system.kernel);
    one("system", "distribution", &recorded.system.distribution, &now.system.distribution);
    one("system", "architecture", &recorded.system.architecture, &now.system.architecture);
    let image = |environment: &Environment| {
        environment
            .container
            .as_ref()
            .and_then(|container| container.image_digest.clone())
            .unwrap_or_default()
    };
    one("container", "image", &image(recorded), &image(now));
    let others = |environment: &Environment| {
        let seen = |name: &&String| !name.contains("THREADS") && !name.to_ascii_uppercase().contains("SEED");
        let others = environment.variables.iter().filter(|(name, _)| seen(name));
        others.map(|(name, value)| (name.clone(), value.clone())).collect::<BTreeMap<_, _>>()
    };
    maps("variable", &others(recorded), &others(now), &mut causes);
    causes
}

fn maps(
    kind: &str,
    recorded: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    causes: &mut Vec<Cause>,
) {
    let names: std::collections::BTreeSet<&String> = recorded.keys().chain(now.keys()).collect();
    for name in names {
        let value = |map: &BTreeMap<String, String>| map.get(name).cloned().unwrap_or_default();
        if recorded.get(name) != now.get(name) {
            causes.push(Cause::new(kind, name, value(recorded), value(now)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Package, Processor};
    use super::*;

    #[test]
    fn equal_environments_have_no_cause_and_each_difference_is_named() {
        let recorded = Environment {
            seeds: BTreeMap::from([("--seed".to_owned(), "1".to_owned())]),
            packages: vec![Package {
                purl: "pkg:pypi/numpy".to_owned(),
                version: "1.0".to_owned(),
                record: None,
            }],
            processor: Processor { features: vec!["avx2".to_owned()], ..Processor::default() },
            variables: BTreeMap::from([("OMP_NUM_THREADS".to_owned(), "1".to_owned())]),
            ..Environment::default()
        };
        assert_eq!(causes(&recorded, &recorded), []);
        let mut now = recorded.clone();
        now.seeds.clear();
        now.packages[0].version = "2.0".to_owned();
        now.processor.features.clear();
        now.variables.insert("OMP_NUM_THREADS".to_owned(), "2".to_owned());
        let kinds: Vec<_> = causes(&recorded, &now).into_iter().map(|cause| cause.kind).collect();
        assert_eq!(kinds, ["seed", "package", "threads", "processor"]);
    }
}
