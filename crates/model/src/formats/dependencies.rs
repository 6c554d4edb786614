//! What a model folder asks an installer or MLflow to bring in: `requirements.txt`, `conda.yaml`, `MLmodel`.
//!
//! Source: pip requirements file format, conda environment files, MLflow model specification. Read line by line, which
//! these files allow for the keys of interest. Cost: linear.

use crate::text::indicators::inspect_metadata;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule,
};

/// Requirement and environment files.
pub static DEPENDENCIES: Dependencies = Dependencies;
/// MLflow model descriptions.
pub static MLMODEL: MlModel = MlModel;

/// See [`DEPENDENCIES`].
#[derive(Debug, Clone, Copy)]
pub struct Dependencies;

/// See [`MLMODEL`].
#[derive(Debug, Clone, Copy)]
pub struct MlModel;

rule! {
    /// ## What it finds
    /// A dependency of a model that is installed from an address or another package index, or without verification.
    /// ## Why it matters
    /// Installing a package runs its code. A direct reference escapes the index's checks; an extra index lets an
    /// attacker answer for internal package names (dependency confusion).
    /// ## Example
    /// `--extra-index-url http://203.0.113.7/simple`
    /// ## How to fix
    /// Install from one trusted index, over HTTPS, with pinned hashes.
    /// ## References
    /// - <https://pip.pypa.io/en/stable/topics/secure-installs/>
    pub const DEPENDENCY_DIRECT_REFERENCE: Rule = Rule {
        id: "model/dependency-direct-reference",
        title: "a dependency from outside the package index",
        severity: Severity::Low,
        remedy: "Install from one trusted index, over HTTPS, with pinned hashes.",
        taxonomies: &[atlas("AML.T0010"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An MLflow model that is loaded by a module of its own, or brings code along.
    /// ## Why it matters
    /// `mlflow.pyfunc.load_model` imports `loader_module`, puts `code` first on the import path and runs `_load_pyfunc`:
    /// loading the model is running what lies in its folder.
    /// ## Example
    /// `loader_module: custom_loader` with `code: code`
    /// ## How to fix
    /// Review the module and the code folder before loading.
    /// ## References
    /// - <https://mlflow.org/docs/latest/ml/model/>
    pub const MLFLOW_CUSTOM_LOADER: Rule = Rule {
        id: "model/mlflow-custom-loader",
        title: "an MLflow model that brings its own loader",
        severity: Severity::Medium,
        remedy: "Review the module and the code folder before loading.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// How much of a file recognition looks at, in bytes.
const HEAD: usize = 8192;
/// Lines read; longer files are no requirement lists.
const MOST_LINES: usize = 100_000;
/// Options that change where packages come from, and what that means.
const OPTIONS: &[(&str, &str)] = &[
    ("--index-url", "replaces the package index"),
    ("--extra-index-url", "adds a package index, which may answer for any name"),
    ("--trusted-host", "switches off certificate checks for a host"),
    ("--find-links", "takes packages from a page or folder"),
    ("-i ", "replaces the package index"),
    ("-f ", "takes packages from a page or folder"),
];
/// Schemes of direct references.
const SCHEMES: &[&str] = &["git+", "hg+", "svn+", "bzr+", "http://", "https://", "file://", "ftp://"];

fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &str)> {
    let lines = bytes
        .split(|&byte| byte == b'\n')
        .take(MOST_LINES)
        .map(|line| std::str::from_utf8(line).unwrap_or_default());
    (1u32..).zip(lines)
}

impl Format for Dependencies {
    fn id(&self) -> &'static str {
        "dependencies"
    }

    fn name(&self) -> &'static str {
        "dependency list"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "yaml", "yml", "in"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&DEPENDENCY_DIRECT_REFERENCE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        // These files have no mark of their own: their name is what makes pip and conda read them.
        let name = input.file_name().to_ascii_lowercase();
        let is_pip =
            input.extension() == "txt" && (name.contains("requirements") || name.contains("constraints"));
        let is_conda = matches!(
            name.as_str(),
            "conda.yaml" | "conda.yml" | "environment.yml" | "environment.yaml" | "python_env.yaml"
        );
        let is_text = !input.head(HEAD).contains(&0);
        if is_text && (is_pip || is_conda) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        for (number, line) in lines(input.bytes) {
            let line = line.split(" #").next().unwrap_or_default().trim();
            let line = line.trim_start_matches("- ").trim_matches(['"', '\'']);
            if line.starts_with('#') {
                continue;
            }
            let option = OPTIONS.iter().find(|(option, _)| line.starts_with(option));
            let reference = SCHEMES.iter().find(|scheme| {
                line.starts_with(**scheme)
                    || line.contains(&format!("@ {scheme}"))
                    || line.contains(&format!("-e {scheme}"))
            });
            let message = match (option, reference) {
                (Some((option, what)), _) => format!("`{}` {what}", option.trim()),
                (None, Some(_)) => {
                    format!("`{line}` is installed from an address, not from the package index")
                }
                (None, None) => continue,
            };
            let plain = line.contains("http://") || line.starts_with("--trusted-host");
            let severity = if plain { Severity::Medium } else { Severity::Low };
            scan.report(
                Finding::new(&DEPENDENCY_DIRECT_REFERENCE, message)
                    .severity(severity)
                    .at_line(number, 1)
                    .evidence(line),
            );
        }
    }
}

impl Format for MlModel {
    fn id(&self) -> &'static str {
        "mlflow-model"
    }

    fn name(&self) -> &'static str {
        "MLflow model description"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["", "yaml", "yml"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MLFLOW_CUSTOM_LOADER]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        let has = |key: &[u8]| memchr::memmem::find(head, key).is_some();
        let is_model = has(b"flavors:")
            && (has(b"python_function:") || has(b"mlflow_version:") || has(b"loader_module:"));
        if is_model { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        for (number, line) in lines(input.bytes) {
            let Some((key, value)) = line.trim_start_matches([' ', '-']).split_once(':') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            if value.is_empty() || value == "null" {
                continue;
            }
            let report = |message: String, severity, scan: &mut Scan<'_>| {
                scan.report(
                    Finding::new(&MLFLOW_CUSTOM_LOADER, message)
                        .severity(severity)
                        .confidence(Confidence::Medium)
                        .at_line(number, 1)
                        .evidence(line.trim()),
                );
            };
            match key.trim() {
                "loader_module" if !value.starts_with("mlflow.") => {
                    report(format!("loading imports the module `{value}`"), Severity::Medium, scan);
                }
                "code" | "code_path" | "model_code_path" | "python_model" | "code_paths" if value != "[]" => {
                    let escapes = value.starts_with('/') || value.split(['/', '\\']).any(|step| step == "..");
                    let severity = if escapes { Severity::High } else { Severity::Low };
                    report(format!("loading puts the code in `{value}` on the import path"), severity, scan);
                }
                "data" | "path" | "artifact_path" | "uri" | "model_path"
                    if value.starts_with('/') || value.split(['/', '\\']).any(|step| step == "..") =>
                {
                    report(
                        format!("`{}` leads out of the model's folder: `{value}`", key.trim()),
                        Severity::Medium,
                        scan,
                    );
                }
                _ => {
                    let place = Location { line: Some(number), ..Location::default() };
                    if value.len() >= 8 {
                        inspect_metadata(value, &place, scan);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    #[test]
    fn plain_requirements_are_clean_and_addresses_are_not() {
        assert_eq!(
            rules_of(&DEPENDENCIES, b"numpy==2.1.0 # see https://numpy.org\n# git+https://x\ntorch>=2\n"),
            Vec::<&str>::new()
        );
        let lines = b"--extra-index-url http://203.0.113.7/simple\ngit+https://example.com/a/b.git\npkg @ https://example.com/p.whl\n";
        assert_eq!(rules_of(&DEPENDENCIES, lines).len(), 3);
    }

    #[test]
    fn a_loader_of_mlflow_is_clean_and_ones_own_is_not() {
        let model = |loader: &str| {
            format!(
                "flavors:\n  python_function:\n    loader_module: {loader}\n    env: conda.yaml\nmlflow_version: 2.9\n"
            )
        };
        assert_eq!(rules_of(&MLMODEL, model("mlflow.sklearn").as_bytes()), Vec::<&str>::new());
        assert_eq!(rules_of(&MLMODEL, model("custom_loader").as_bytes()), ["model/mlflow-custom-loader"]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>, text in "(code|data|--index-url|git\\+|:| |/|\n|\\.\\.){0,20}") {
            outcome(&DEPENDENCIES, &bytes);
            outcome(&MLMODEL, &bytes);
            outcome(&DEPENDENCIES, text.as_bytes());
            outcome(&MLMODEL, text.as_bytes());
        }
    }
}
