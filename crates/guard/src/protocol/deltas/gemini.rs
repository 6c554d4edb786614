//! What one event of a stream of Gemini's adds, where the path does not say what is spoken.
//!
//! Source: the reference of the Gemini API (`v1beta`, `streamGenerateContent`). A part of an event goes on with the text of the parts before it,
//! in whichever event they came; thoughts are a text of their own.

use super::{Delta, Deltas, Mark, Of, REPEATING, calls, index, repeat, strings, wholes, words};
use crate::protocol::calls::is_calls_key;
use crate::protocol::files::is_binary;
use crate::protocol::json::{Node, Value, folded};
use crate::protocol::names::{is_base64, is_no_text};

/// Members of an event that are names and numbers, as a rule.
const ABOUT: [&str; 4] = ["modelversion", "responseid", "usagemetadata", "createtime"];

/// Reads one event.
pub(super) fn gemini<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "candidates" if child.is_array() => {
                for (place, one) in child.items().enumerate() {
                    if one.is_object() {
                        candidate(one, all);
                    } else {
                        strings(one, &format!("/candidates/{place}"), all);
                    }
                }
            }
            about if ABOUT.contains(&about) => words(child, about, all),
            other => wholes(child, &format!("/{other}"), all),
        }
    }
}

fn candidate<'d>(one: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let index = index(one, "index");
    let name = format!("{index}/");
    for (key, child) in one.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "content" if child.is_object() => content(child, &name, all),
            key if REPEATING.contains(&key) || key == "logprobsresult" => {
                repeat(child, &format!("{name}{key}"), all);
            }
            "finishreason" => {
                words(child, &format!("{name}finishreason"), all);
                if child.value() != Value::Null {
                    all.complete.push(name.clone());
                    all.marks.push(Mark::Close(index.parse().unwrap_or_default()));
                }
            }
            "index" => words(child, "index", all),
            other => wholes(child, &format!("{name}{other}"), all),
        }
    }
}

fn content<'d>(content: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for (key, child) in content.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "role" => words(child, &format!("{name}role"), all),
            "parts" => {
                let list = if child.is_array() { None } else { Some(child) };
                for (place, part) in child.items().chain(list).enumerate() {
                    if part.is_object() {
                        of_part(part, place, name, all);
                    } else {
                        strings(part, &format!("{name}text"), all);
                    }
                }
            }
            other => wholes(child, &format!("{name}{other}"), all),
        }
    }
}

fn of_part<'d>(part: Node<'_, 'd>, place: usize, name: &str, all: &mut Deltas<'d>) {
    let is_thought = part.all("thought").any(|thought| thought.value() == Value::Bool(true));
    let text_of = if is_thought { format!("{name}thought") } else { format!("{name}text") };
    let is_file = is_binary(part);
    for (key, child) in part.children() {
        let key = key.unwrap_or_default();
        match (&*folded(&key), child.as_str()) {
            ("text", Some(text)) => all.pieces.push(Delta {
                channel: text_of.clone(),
                span: child.span(),
                text,
                of: Of::Text,
                run: None,
                bare: false,
            }),
            ("thoughtsignature", Some(text)) if is_no_text("thought_signature", &text) => {}
            ("data", Some(text)) if is_file && is_base64(&text) => {}
            ("inlinedata" | "inline_data", None) => of_part(child, place, &format!("{name}file/"), all),
            (key, _) if is_calls_key(key) => {
                // Whole in this event, so that the next one may have the same name.
                let call = format!("{name}call/{place}/");
                calls(child, call.trim_end_matches('/'), all);
                all.complete.push(call);
            }
            (other, _) => wholes(child, &format!("{name}{other}"), all),
        }
    }
}
