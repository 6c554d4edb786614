//! Whole native programs and libraries shipped as, or beside, a model: ELF, PE, Mach-O, static libraries, WebAssembly,
//! Java, Dalvik.

use super::header;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A native program or library (ELF, PE, Mach-O, an archive of objects), a WebAssembly module, a Java class or a Dalvik executable among
    /// the files of a model. It is `high` when its name claims to be something else, such as weights or a text file.
    /// ## Why it matters
    /// A model is data. A binary beside it is loaded through `ctypes`, `torch.ops.load_library`, a plugin registry or
    /// an installer, runs with the rights of whoever loads it, and no model scanner can say what it does.
    /// ## Example
    /// `pytorch_model.bin` that begins with `\x7fELF`.
    /// ## How to fix
    /// Build the library from source you trust, or drop the file. Never ship it under a model's name.
    /// ## References
    /// - MITRE ATLAS AML.T0011.000, Unsafe AI Artifacts
    /// - CWE-829, Inclusion of Functionality from Untrusted Control Sphere
    pub const EXECUTABLE_FILE: Rule = Rule {
        id: "model/executable-file",
        title: "a native program or library among the model's files",
        severity: Severity::Medium,
        remedy: "Remove the binary, or build it from source you trust and verify its signature before anything loads it.",
        taxonomies: &[atlas("AML.T0011.000"), atlas("AML.T0074"), cwe(829), owasp_llm("LLM03")],
    };
}

/// Names that objects and libraries share with texts (meshes, models of circuits): honest, and no claim.
const SHARED: [&str; 2] = ["obj", "lib"];

/// Native programs and libraries.
#[derive(Debug)]
pub struct ExecutableFile;

impl Format for ExecutableFile {
    fn id(&self) -> &'static str {
        "executable"
    }

    fn name(&self) -> &'static str {
        "native executable or library"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn extensions(&self) -> &'static [&'static str] {
        &[
            "so",
            "dll",
            "exe",
            "dylib",
            "pyd",
            "node",
            "wasm",
            "class",
            "dex",
            "o",
            "a",
            "rlib",
            "elf",
            "com",
            "sys",
            "ko",
            "llamafile",
        ]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&EXECUTABLE_FILE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        match header::at_start(input.head(header::MAX_LFANEW.saturating_add(1024))) {
            Some(found) if found.whole => Recognition::Certain,
            Some(_) => Recognition::Weak,
            None => Recognition::No,
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let Some(found) = header::at_start(input.bytes) else { return };
        let extension = input.extension();
        let versioned = input.file_name().contains(".so.");
        let honest = versioned
            || self.extensions().contains(&extension.as_ref())
            || SHARED.contains(&extension.as_ref());
        let named_as_program = honest || extension.is_empty();
        let (severity, message) = if named_as_program {
            (Severity::Medium, format!("{} shipped among the model's files", found.name))
        } else {
            (Severity::High, format!("{} under the name of a `.{extension}` file", found.name))
        };
        let confidence =
            if found.whole { bartizan_core::Confidence::High } else { bartizan_core::Confidence::Medium };
        scan.report(Finding::new(&EXECUTABLE_FILE, message).severity(severity).confidence(confidence).at(0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::header::tests::{elf_bytes, pe_bytes};
    use bartizan_core::{Limits, MonotonicClock};

    fn severity(name: &str, bytes: &[u8]) -> Option<Severity> {
        let outcome = crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start());
        outcome
            .findings
            .iter()
            .filter(|finding| finding.rule == &EXECUTABLE_FILE)
            .map(|finding| finding.severity)
            .max()
    }

    #[test]
    fn a_program_named_as_weights_is_high_and_a_library_medium() {
        assert_eq!(severity("pytorch_model.bin", &elf_bytes()), Some(Severity::High));
        assert_eq!(severity("libcustom.so", &elf_bytes()), Some(Severity::Medium));
        assert_eq!(severity("weights.safetensors", &pe_bytes()), Some(Severity::High));
    }

    #[test]
    fn a_static_library_is_one_library_and_hides_nothing() {
        let member =
            format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "ops.o/", 0, 0, 0, 644, elf_bytes().len());
        let library = [b"!<arch>\n", member.as_bytes(), &elf_bytes()].concat();
        let outcome =
            crate::scan(&Input::new("libops.a", &library), &Limits::default(), &MonotonicClock::start());
        let rules: Vec<&str> = outcome.findings.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(rules, ["model/executable-file"]);
        assert_eq!(severity("libops.a", &library), Some(Severity::Medium));
        assert_eq!(severity("weights.bin", &library), Some(Severity::High));
        assert_eq!(severity("ops.lib", &library), Some(Severity::Medium));
        let circuit = Input::new("opamp.lib", b".SUBCKT opamp 1 2 3\nR1 1 2 10k\n.ENDS\n");
        assert_eq!(crate::scan(&circuit, &Limits::default(), &MonotonicClock::start()).findings, []);
    }

    #[test]
    fn text_about_a_program_is_not_one() {
        assert_eq!(severity("notes.txt", b"MZ is how a PE starts, \x7fELF an ELF"), None);
    }
}
