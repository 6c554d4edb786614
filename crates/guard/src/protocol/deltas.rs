//! What one event of a streamed answer adds: [`Deltas`].
//!
//! Source: OpenAI's chat completion chunks and completions; Anthropic's streaming messages (version `2023-06-01`); the API of Ollama.

mod gemini;
mod told;

use super::Protocol;
use super::calls::{
    DOING, WRAPPING, acting, begins_as, is_call, is_call_block, is_call_type, is_calls_key, says_what,
};
use super::json::{Json, Node, Value, folded};
use super::names::{TELLING, is_base64, is_identifier, is_name, is_no_text};
use super::openai::has_numbers;
use super::responses::{ABOUT, ECHOES};
use super::runs;
use gemini::gemini;
use std::borrow::Cow;
use std::ops::Range;

/// A piece of a text that grows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delta<'d> {
    /// Which text: pieces of one text have the same name.
    pub channel: String,
    /// The bytes of its JSON string in the event's data.
    pub span: Range<usize>,
    /// What it adds.
    pub text: Cow<'d, str>,
    /// What it is a piece of.
    pub of: Of,
    /// The texts that readers join with this one, where there are any: pieces of all of them have the same name here.
    pub run: Option<String>,
    /// Whether it stands there as JSON itself, and not in a JSON string.
    pub bare: bool,
}

/// What a delta is a piece of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// A text that is shown as it comes.
    Text,
    /// A text that is whole in its event.
    Whole,
    /// A text that is whole in its event and says again what was asked, if that was said.
    Echo,
    /// The name of the tool of a call.
    CallName(String),
    /// The arguments of a call.
    CallArguments(String),
}

/// What one event adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deltas<'d> {
    /// Pieces, in the order they stand.
    pub pieces: Vec<Delta<'d>>,
    /// Texts and calls whose names begin with one of these are complete.
    pub complete: Vec<String>,
    /// Values that repeat the texts in other words, such as the probabilities of their tokens.
    pub repeats: Vec<Range<usize>>,
    /// Strings that say again the whole of a text that came piece by piece, and what the name of that text begins with.
    pub told: Vec<(Range<usize>, String)>,
    /// Texts that are told whole, which are pieces of ones that grow where nothing came of those before.
    pub lone: Vec<Lone>,
    /// What the event opens or closes, for whoever must end the stream early.
    pub marks: Vec<Mark>,
}

/// A text that an event tells whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lone {
    /// The bytes of its JSON string in the event's data.
    pub span: Range<usize>,
    /// What the names of texts begin with of which it may say something again; of none where it begins one itself.
    pub of: Option<String>,
    /// Its name if it is a text that grows.
    pub channel: String,
    /// The texts that readers join with it.
    pub run: Option<String>,
}

/// What an event opens or closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// A block of content begins.
    Open(u64),
    /// It ends.
    Close(u64),
    /// Members that every event of the stream has, as they are written.
    Head(String),
}

/// Reads one event.
pub fn deltas<'d>(protocol: Protocol, json: &Json<'d>) -> Deltas<'d> {
    deltas_of(protocol, json, None)
}

/// Reads one event that may not say which item of a response it is of, with the number of the item that it names.
pub(crate) fn deltas_of<'d>(protocol: Protocol, json: &Json<'d>, item: Option<usize>) -> Deltas<'d> {
    let mut all = Deltas::default();
    let root = json.root();
    if !root.is_object() {
        strings(root, "", &mut all);
        keys(root, &mut all);
        return all;
    }
    match protocol {
        Protocol::AnthropicMessages => anthropic(root, &mut all),
        Protocol::OpenaiChat | Protocol::OpenaiCompletions => openai(root, &mut all),
        Protocol::OpenaiResponses => responses(root, item, &mut all),
        // Where the path does not tell what is spoken, each event does.
        _ if root.all("candidates").any(Node::is_array) => gemini(root, &mut all),
        _ => match spoken(root) {
            Some(Protocol::AnthropicMessages) => anthropic(root, &mut all),
            Some(Protocol::OpenaiResponses) => responses(root, item, &mut all),
            Some(_) => openai(root, &mut all),
            None => strings(root, "", &mut all),
        },
    }
    keys(root, &mut all);
    all
}

/// Keys that are long enough to say something, each whole; of calls they belong to what is called with.
fn keys<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    /// A key with its quotes.
    const SHORTEST: usize = TELLING + 2;
    let calls = all.pieces.iter().filter(|piece| piece.bare).map(|piece| piece.span.clone());
    let calls: Vec<_> = calls.collect();
    for node in root.inside() {
        let Some(span) = node.key_span().filter(|span| span.len() >= SHORTEST) else { continue };
        if calls.iter().any(|call| call.contains(&span.start)) {
            continue;
        }
        if let Some(text) = node.key().filter(|key| key.len() >= TELLING && !is_identifier(key)) {
            all.pieces.push(Delta {
                channel: "key".to_owned(),
                span,
                text,
                of: Of::Whole,
                run: None,
                bare: false,
            });
        }
    }
}

/// Whose event it is by its shape, as far as calls of tools come in it piece by piece.
fn spoken(root: Node<'_, '_>) -> Option<Protocol> {
    if root.all("choices").any(|choices| choices.is_array() || choices.is_object()) {
        return Some(Protocol::OpenaiChat);
    }
    let kind = root.get("type").and_then(Node::as_str)?;
    if begins_as(&kind, "content_block_") {
        Some(Protocol::AnthropicMessages)
    } else {
        kind.starts_with("response.").then_some(Protocol::OpenaiResponses)
    }
}

/// A place in a list as it is meant, however it is written; nought where none is given.
fn index(node: Node<'_, '_>, name: &str) -> String {
    let written = match node.get(name).map(Node::value) {
        None | Some(Value::Null) => return "0".to_owned(),
        Some(Value::Number(text)) => Cow::Borrowed(text),
        Some(Value::String(text)) => text,
        Some(_) => return "other".to_owned(),
    };
    match written.trim().parse::<f64>() {
        Ok(number) if number.fract() == 0.0 => format!("{}", number + 0.0),
        _ => written.into_owned(),
    }
}

fn openai<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let mut head = Vec::new();
    for name in ["id", "object", "created", "created_at", "model"] {
        if let Some(node) = root.get(name) {
            head.push(format!("\"{name}\":{}", node.raw()));
        }
    }
    if !head.is_empty() {
        all.marks.push(Mark::Head(head.join(",")));
    }
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "message" if child.is_object() => ollama(child, all),
            "choices" => choices(child, all),
            "context" if has_numbers(child) => repeat(child, "/context", all),
            "id" | "object" | "created" | "created_at" | "model" | "usage" | "system_fingerprint"
            | "service_tier" | "done_reason" | "context" | "obfuscation" => {
                words(child, &format!("/{key}"), all);
            }
            // Of Ollama's own.
            "response" | "thinking" => strings(child, &format!("/{key}"), all),
            other => wholes(child, &format!("/{other}"), all),
        }
    }
    // The last of Ollama's values.
    if root.all("done").any(|done| done.value() == Value::Bool(true)) {
        all.complete.push(String::new());
        all.marks.push(Mark::Close(0));
    }
}

/// Choices: a list of them, one, or an object of them.
fn choices<'d>(node: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let is_one = ["delta", "message", "text"].iter().any(|name| node.all(name).next().is_some());
    if node.is_object() && is_one {
        return of_choice(node, all);
    }
    if node.is_string() {
        return strings(node, "/choices", all);
    }
    for (place, (key, child)) in node.children().enumerate() {
        if child.is_object() {
            of_choice(child, all);
        } else {
            let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
            strings(child, &format!("/choices/{key}"), all);
        }
    }
}

/// A message of Ollama's own stream: what it adds to its texts, and its calls, each whole.
fn ollama<'d>(message: Node<'_, 'd>, all: &mut Deltas<'d>) {
    for (key, child) in message.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "role" => words(child, "message/role", all),
            key if is_calls_key(key) => {
                calls(child, "message/call", all);
                // Whole in this event, so that the next one may have the same name.
                all.complete.push("message/call/".to_owned());
            }
            "content" => content(child, "message/content", all),
            other => strings(child, &format!("message/{other}"), all),
        }
    }
}

/// Events of a response. Texts come as deltas, and whole in the events that end them: each of those is a text of its own.
fn responses<'d>(root: Node<'_, 'd>, item: Option<usize>, all: &mut Deltas<'d>) {
    let kind = root.get("type").and_then(Node::as_str).unwrap_or_default();
    let item = item.map_or_else(|| index(root, "output_index"), |number| number.to_string()) + "/";
    if let Some(response) = root.get("response") {
        let members = ["id", "object", "created_at", "model"]
            .iter()
            .filter_map(|name| response.get(name).map(|node| format!("\"{name}\":{}", node.raw())));
        all.marks.push(Mark::Head(members.collect::<Vec<_>>().join(",")));
    }
    let is_call = kind.contains("call_arguments") || kind.contains("tool_call_input");
    let call = format!("{item}call/");
    // Summaries count their parts by themselves.
    let summary = root.get("summary_index").map(|_| format!(".{}", index(root, "summary_index")));
    let part = format!("{item}{}{}/", index(root, "content_index"), summary.unwrap_or_default());
    let text_of = format!("{part}{kind}");
    let whole = format!("whole/{}/{kind}", root.get("sequence_number").map_or("", Node::raw));
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        let name = format!("{whole}/{key}");
        match (&*folded(&key), child.as_str()) {
            ("type" | "item_id" | "sequence_number" | "call_id" | "obfuscation", _) => {
                words(child, &name, all);
            }
            ("delta", Some(text)) if kind == "response.audio.delta" && is_base64(&text) => {}
            ("partial_image_b64", Some(text)) if is_base64(&text) => {}
            ("delta", Some(_)) if is_call => {
                call_piece(child, &format!("{call}arguments"), Of::CallArguments(call.clone()), all);
            }
            ("delta", Some(text)) => all.pieces.push(Delta {
                channel: text_of.clone(),
                span: child.span(),
                text,
                of: Of::Text,
                run: runs::of_kind(&kind),
                bare: false,
            }),
            // What was called is known from the event that began it.
            ("arguments" | "input", _) if is_call => {
                call_piece(child, &name, Of::CallArguments(format!("{whole}/{AGAIN}{call}")), all);
            }
            ("item", _) => {
                let begins =
                    kind == "response.output_item.added" && DOING.iter().all(|doing| is_empty(child, doing));
                response_item(child, &name, begins.then_some(call.as_str()), all);
                if kind.ends_with(".done") {
                    told::of_item(child, &item, Some(&item), all);
                } else {
                    told::begin_item(child, &item, all);
                }
            }
            ("part", None) if kind.ends_with(".done") => {
                wholes(child, &name, all);
                told::of_part(child, &part, Some(&part), all);
            }
            ("part", None) if kind.ends_with(".added") => {
                wholes(child, &name, all);
                told::begin_part(child, &part, all);
            }
            ("response", None) => whole_response(child, &name, all),
            _ => wholes(child, &name, all),
        }
    }
    if let Some(done) = kind.strip_suffix(".done") {
        if !is_call {
            told::of_part(root, &part, Some(&part), all);
        }
        all.complete.push(match done {
            _ if is_call => call,
            "response.output_item" => item,
            "response.content_part" | "response.reasoning_summary_part" => part,
            _ => format!("{part}{done}.delta"),
        });
    }
    // A call that is told as a whole is complete with its event.
    if !kind.ends_with(".delta") {
        all.complete.push(whole);
    }
    if matches!(&*kind, "response.completed" | "response.incomplete" | "response.failed") {
        all.complete.push(String::new());
    }
}

/// A response as it is so far: its items, and what it says beside what was asked.
fn whole_response<'d>(response: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for (key, child) in response.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "output" if child.is_array() => {
                for (place, output) in child.items().enumerate() {
                    response_item(output, &format!("{name}/{place}"), None, all);
                    told::of_item(output, &format!("{place}/"), None, all);
                }
            }
            "output" => response_item(child, &format!("{name}/output"), None, all),
            key if ECHOES.contains(&key) => texts(child, &format!("{name}/{key}"), &Of::Echo, all),
            key if ABOUT.contains(&key) => words(child, &format!("{name}/{key}"), all),
            key => wholes(child, &format!("{name}/{key}"), all),
        }
    }
}

/// What the key of a call that is told again has before the key under which it was told first.
pub(crate) const AGAIN: &str = "again/";

/// Whether an item says nothing yet of what is to be done.
fn is_empty(item: Node<'_, '_>, name: &str) -> bool {
    item.all(name).all(|node| match node.value() {
        Value::String(text) => text.is_empty(),
        _ => node.children().next().is_none(),
    })
}

/// An item as a whole, or one that begins a call whose arguments are yet to come under that key.
fn response_item<'d>(item: Node<'_, 'd>, name: &str, begins: Option<&str>, all: &mut Deltas<'d>) {
    let kind = item.get("type").and_then(Node::as_str).unwrap_or_default();
    let acts = acting(&kind);
    if !is_call_type(&kind) && !is_call_block(item) {
        return wholes(item, name, all);
    }
    let key = begins.map_or_else(|| format!("{name}/"), str::to_owned);
    for (member, child) in item.children() {
        let member = member.unwrap_or_default();
        let channel = format!("{key}{member}");
        match &*folded(&member) {
            "type" if acts.is_some() => call_piece(child, &channel, Of::CallName(key.clone()), all),
            "name" if acts.is_none() => call_piece(child, &channel, Of::CallName(key.clone()), all),
            doing if DOING.contains(&doing) => {
                if begins.is_none() {
                    call_piece(child, &channel, Of::CallArguments(key.clone()), all);
                }
            }
            _ => wholes(child, &format!("{name}/{member}"), all),
        }
    }
}

fn of_choice<'d>(choice: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let index = index(choice, "index");
    let name = format!("{index}/");
    all.marks.push(Mark::Open(index.parse().unwrap_or_default()));
    for (key, child) in choice.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "delta" | "message" if child.is_object() => of_delta(child, &name, all),
            key if REPEATING.contains(&key) => repeat(child, &format!("{name}{key}"), all),
            "finish_reason" => {
                words(child, &format!("{name}finish_reason"), all);
                // Some servers give an empty one with every piece.
                let is_none = child.value() == Value::Null
                    || child.as_str().is_some_and(|reason| matches!(reason.trim(), "" | "null"));
                if !is_none {
                    all.complete.push(name.clone());
                    all.marks.push(Mark::Close(index.parse().unwrap_or_default()));
                }
            }
            "index" => {}
            "stop_reason" => words(child, &format!("{name}stop_reason"), all),
            other if child.is_string() => strings(child, &format!("{name}{other}"), all),
            other => wholes(child, &format!("{name}{other}"), all),
        }
    }
}

fn of_delta<'d>(delta: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for (key, child) in delta.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "role" => words(child, &format!("{name}role"), all),
            "function_call" => calls(child, &format!("{name}call/function"), all),
            key if is_calls_key(key) => calls(child, &format!("{name}call"), all),
            "audio" => speech(child, &format!("{name}audio"), all),
            "content" => content(child, &format!("{name}content"), all),
            other => strings(child, &format!("{name}{other}"), all),
        }
    }
}

/// Content that grows: a string, or a list whose texts readers join.
fn content<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    if !node.is_array() {
        return strings(node, name, all);
    }
    for (place, item) in node.items().enumerate() {
        if !item.is_object() {
            strings(item, name, all);
        }
        for (key, child) in item.children() {
            let key = key.unwrap_or_default();
            if child.is_string() && folded(&key) == "text" {
                strings(child, name, all);
            } else {
                strings(child, &format!("{name}/{place}/{key}"), all);
            }
        }
    }
}

/// Calls under a key of calls: one, a list of them, or an object of them.
fn calls<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    if node.is_object() && says_what(node) {
        return tool_call(node, &format!("{name}/{}/", index(node, "index")), all);
    }
    if !node.is_array() && !node.is_object() {
        return strings(node, name, all);
    }
    for (place, (key, call)) in node.children().enumerate() {
        let at = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
        if call.is_object() {
            let at = if call.get("index").is_some() { index(call, "index") } else { at.into_owned() };
            tool_call(call, &format!("{name}/{at}/"), all);
        } else {
            calls(call, &format!("{name}/{at}"), all);
        }
    }
}

/// A call in `tool_calls`: what is called stands in a member, or in the call itself.
fn tool_call<'d>(call: Node<'_, 'd>, key: &str, all: &mut Deltas<'d>) {
    let mut wrapped = false;
    for function in WRAPPING.iter().flat_map(|name| call.all(name)).filter(|function| function.is_object()) {
        wrapped = true;
        of_call(function, key, all);
    }
    if !wrapped {
        return of_call(call, key, all);
    }
    for (name, child) in call.children() {
        let name = name.unwrap_or_default();
        if !child.is_object() || !WRAPPING.contains(&&*folded(&name)) {
            strings(child, &format!("{key}{name}"), all);
        }
    }
}

fn of_call<'d>(function: Node<'_, 'd>, key: &str, all: &mut Deltas<'d>) {
    for (name, child) in function.children() {
        let name = name.unwrap_or_default();
        let channel = format!("{key}{name}");
        match &*folded(&name) {
            "name" => call_piece(child, &channel, Of::CallName(key.to_owned()), all),
            doing if DOING.contains(&doing) => {
                call_piece(child, &channel, Of::CallArguments(key.to_owned()), all);
            }
            _ => strings(child, &channel, all),
        }
    }
}

/// A piece of a call, in a string or as JSON itself.
fn call_piece<'d>(node: Node<'_, 'd>, channel: &str, of: Of, all: &mut Deltas<'d>) {
    let (text, bare) = match node.as_str() {
        Some(text) => (text, false),
        None if node.is_object() || node.is_array() => (Cow::Borrowed(node.raw()), true),
        None => return,
    };
    all.pieces.push(Delta { channel: channel.to_owned(), span: node.span(), text, of, run: None, bare });
}

fn anthropic<'d>(root: Node<'_, 'd>, all: &mut Deltas<'d>) {
    let index = index(root, "index");
    let (number, name) = (index.parse().unwrap_or_default(), format!("{index}/"));
    let kind = root.get("type").and_then(Node::as_str).unwrap_or_default();
    // Of what is added to no message it is not certain that nobody puts it together.
    let is_block = !begins_as(&kind, "message_");
    match &*kind {
        "message_stop" => all.complete.push(String::new()),
        "content_block_stop" => {
            all.complete.push(name.clone());
            all.marks.push(Mark::Close(number));
        }
        "content_block_start" => all.marks.push(Mark::Open(number)),
        _ => {}
    }
    for (key, child) in root.children() {
        let key = key.unwrap_or_default();
        match &*folded(&key) {
            "type" | "index" | "usage" => words(child, &key, all),
            "content_block" | "delta" if is_block && child.is_object() => of_block(child, &name, all),
            // What is said here is not part of the content, and is judged as it stands.
            "message" | "delta" if child.is_object() => {
                for (key, child) in child.children() {
                    let key = key.unwrap_or_default();
                    match &*folded(&key) {
                        folded if MESSAGE.contains(&folded) => words(child, &key, all),
                        // A message may begin with blocks that are whole.
                        "content" if child.is_array() => {
                            for (place, block) in child.items().enumerate() {
                                let kind = block.get("type").and_then(Node::as_str);
                                if kind.as_deref() == Some("text") {
                                    of_block(block, &format!("{place}/"), all);
                                    continue;
                                }
                                response_item(block, &format!("message/content/{place}"), None, all);
                            }
                            all.complete.push("message/".to_owned());
                        }
                        folded => wholes(child, &format!("message/{folded}"), all),
                    }
                }
            }
            key => wholes(child, key, all),
        }
    }
}

/// A block of content as it begins, or what is added to it.
fn of_block<'d>(block: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    let call = format!("{name}call/");
    let is_call = is_call_block(block);
    for (key, child) in block.children() {
        let key = key.unwrap_or_default();
        let channel = format!("{call}{key}");
        match &*folded(&key) {
            "partial_json" => call_piece(child, &channel, Of::CallArguments(call.clone()), all),
            "name" if is_call => call_piece(child, &channel, Of::CallName(call.clone()), all),
            // It begins empty, as a rule; some give all of it at once.
            "input" if is_call => {
                if child.is_string() || child.children().next().is_some() {
                    call_piece(child, &channel, Of::CallArguments(call.clone()), all);
                }
            }
            folded => {
                let run = runs::of_kind(folded);
                let from = all.pieces.len();
                strings(child, &format!("{name}{key}"), all);
                for piece in all.pieces.iter_mut().skip(from).filter(|_| child.is_string()) {
                    piece.run.clone_from(&run);
                }
            }
        }
    }
}

/// Every string in a value that is text, each a piece of one that grows.
fn strings<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    texts(node, name, &Of::Text, all);
}

/// Every string in a value that is text, each whole.
fn wholes<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    texts(node, name, &Of::Whole, all);
}

/// Every string in a value that is more than a name, each whole.
fn words<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    for inner in node.inside() {
        if let Some(text) = inner.as_str().filter(|text| !is_name(text)) {
            let (channel, span) = (name.to_owned(), inner.span());
            all.pieces.push(Delta { channel, span, text, of: Of::Whole, run: None, bare: false });
        }
    }
}

fn texts<'d>(node: Node<'_, 'd>, name: &str, of: &Of, all: &mut Deltas<'d>) {
    let key = name.rsplit('/').next().unwrap_or_default();
    if let Some(text) = node.as_str() {
        if !is_no_text(key, &text) {
            let of = of.clone();
            let run = if of == Of::Text { None } else { runs::of_pointer(name) };
            let (channel, span) = (name.to_owned(), node.span());
            all.pieces.push(Delta { channel, span, text, of, run, bare: false });
        }
        return;
    }
    if REPEATING.contains(&key) {
        return repeat(node, name, all);
    }
    if is_calls_key(key) {
        return calls(node, name, all);
    }
    // One that says itself that it is a call is whole, wherever it stands.
    if is_call(node) {
        let call = format!("{name}/call/");
        tool_call(node, &call, all);
        return all.complete.push(call);
    }
    for (place, (key, child)) in node.children().enumerate() {
        let key = key.unwrap_or_else(|| Cow::Owned(place.to_string()));
        texts(child, &format!("{name}/{}", folded(&key)), of, all);
    }
}

/// Keys whose values tell the tokens of a text again.
const REPEATING: [&str; 4] = ["logprobs", "token_ids", "prompt_logprobs", "prompt_token_ids"];
/// Members of an Anthropic message, and of what is added to it, that are names and numbers, as a rule.
const MESSAGE: [&str; 7] = ["id", "type", "role", "model", "usage", "stop_sequence", "stop_reason"];

/// What repeats the texts; a string in it that is longer than a token is a text all the same.
fn repeat<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    if node.value() == Value::Null {
        return;
    }
    all.repeats.push(node.span());
    for inner in node.inside() {
        if let Some(text) = inner.as_str().filter(|text| text.len() >= TELLING) {
            let (channel, span) = (name.to_owned(), inner.span());
            all.pieces.push(Delta { channel, span, text, of: Of::Whole, run: None, bare: false });
        }
    }
}

/// Speech: what is said in it, and not its sound.
fn speech<'d>(node: Node<'_, 'd>, name: &str, all: &mut Deltas<'d>) {
    if !node.is_object() {
        return strings(node, name, all);
    }
    for (key, child) in node.children() {
        let key = key.unwrap_or_default();
        if key != "data" || !child.as_str().is_some_and(|text| is_base64(&text)) {
            strings(child, &format!("{name}/{key}"), all);
        }
    }
}

#[cfg(test)]
mod tests;
