//! The calls that tags and targets of a YAML text describe, with what each is given.
//!
//! PyYAML's unsafe loaders parse strictly: what the strict parser here refuses is not loaded, and the names in it are
//! judged alone. Source: PyYAML 6.0, `construct_python_object_apply` and its neighbours in `yaml/constructor.py`.
//! Iterative; depth, and what is kept of one node, are bounded, so that cost and memory are linear in the text.

use super::tags::python_suffix;
use crate::call::{Argument, Call, How, Name};
use crate::text::hydra;
use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;

/// Longest text whose calls are read with their arguments, in bytes; of longer ones only the names are judged.
const TEXT_BYTES: usize = 4 << 20;
/// Open collections at most; PyYAML's own recursion ends near 300.
const OPEN: usize = 512;
/// Nesting kept of one value.
const HEIGHT: u32 = 12;
/// Values kept of one node.
const VALUES: u32 = 256;
/// Bytes kept of one string.
const STRING_BYTES: usize = 16 << 10;

/// Calls by what names them, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Calls {
    tags: HashMap<String, Slots>,
    targets: HashMap<String, Slots>,
}

/// Calls of one name, and how many were taken.
#[derive(Debug, Default)]
struct Slots {
    calls: Vec<Option<Call>>,
    taken: usize,
}

impl Slots {
    fn take(&mut self) -> Option<Call> {
        let call = self.calls.get_mut(self.taken).and_then(Option::take);
        self.taken = self.taken.saturating_add(1);
        call
    }
}

impl Calls {
    /// Reads `text` as far as it parses.
    pub(super) fn read(text: &str) -> Self {
        let mut builder = Builder::default();
        let describes = ["python", "target", "class_path", "cls", "_call_", "_function_"];
        if text.len() > TEXT_BYTES || !describes.iter().any(|word| text.contains(word)) {
            return builder.calls;
        }
        for event in Parser::new_from_str(text) {
            let Ok((event, _)) = event else { break };
            if builder.event(&event).is_none() {
                break;
            }
        }
        builder.calls
    }

    /// The next call that the tag `python/…` describes.
    pub(super) fn tag(&mut self, python: &str) -> Option<Call> {
        self.tags.get_mut(python)?.take()
    }

    /// The next call whose target is `path`.
    pub(super) fn target(&mut self, path: &str) -> Option<Call> {
        self.targets.get_mut(path)?.take()
    }
}

/// What one node stands for, how deep it is and how many values it holds.
#[derive(Debug, Clone)]
struct Node {
    value: Argument,
    height: u32,
    weight: u32,
}

/// A collection not yet closed.
#[derive(Debug)]
struct Frame {
    anchor: usize,
    /// The tag behind `python/`, and the slot of its call.
    tag: Option<(String, usize)>,
    is_mapping: bool,
    items: Vec<Argument>,
    /// Whether the last item of a mapping is a key whose value was left out.
    skips_value: bool,
    height: u32,
    weight: u32,
}

#[derive(Debug, Default)]
struct Builder {
    calls: Calls,
    open: Vec<Frame>,
    anchors: HashMap<usize, Node>,
}

impl Builder {
    /// Takes one event in; `None` when the text nests too deep to go on.
    fn event(&mut self, event: &Event<'_>) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().and_then(|tag| self.reserve(&tag.handle, &tag.suffix));
                let cut = text.get(..text.floor_char_boundary(STRING_BYTES)).unwrap_or(text);
                let value = if *style == ScalarStyle::Plain && tag.is_none() {
                    plain(cut)
                } else {
                    Argument::Text(cut.to_owned())
                };
                self.node(Node { value, height: 0, weight: 1 }, *anchor, tag);
            }
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag) => {
                if self.open.len() >= OPEN {
                    return None;
                }
                let tag = tag.as_ref().and_then(|tag| self.reserve(&tag.handle, &tag.suffix));
                self.open.push(Frame {
                    anchor: *anchor,
                    tag,
                    is_mapping: matches!(event, Event::MappingStart(..)),
                    items: Vec::new(),
                    skips_value: false,
                    height: 0,
                    weight: 0,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let frame = self.open.pop()?;
                let value = if frame.is_mapping {
                    self.mapping(frame.items)
                } else {
                    Argument::Sequence(frame.items)
                };
                let (height, weight) = (frame.height.saturating_add(1), frame.weight.saturating_add(1));
                let value = if height > HEIGHT { Argument::Unknown } else { value };
                let height = if height > HEIGHT { 0 } else { height };
                self.node(Node { value, height, weight }, frame.anchor, frame.tag);
            }
            Event::Alias(anchor) => {
                let unknown = Node { value: Argument::Unknown, height: 0, weight: 1 };
                let node = self.anchors.get(anchor).cloned().unwrap_or(unknown);
                self.add(node);
            }
            Event::DocumentStart(_) => self.anchors.clear(),
            _ => {}
        }
        Some(())
    }

    /// The tag's part behind `python/`, with a slot for its call before those of the tags inside.
    fn reserve(&mut self, handle: &str, suffix: &str) -> Option<(String, usize)> {
        let python = python_suffix(&format!("{handle}{suffix}"))?;
        let slots = self.calls.tags.entry(python.clone()).or_default();
        slots.calls.push(None);
        Some((python, slots.calls.len().saturating_sub(1)))
    }

    /// A node is complete: what its tag makes of it goes to the collection around it.
    fn node(&mut self, mut node: Node, anchor: usize, tag: Option<(String, usize)>) {
        if let Some((python, slot)) = tag {
            let (kind, path) = python.split_once(':').unwrap_or((&python, ""));
            node.value = match kind {
                "name" => Argument::Name(Name::of_path(path)),
                "module" => Argument::Name(Name { module: path.to_owned(), name: String::new() }),
                "object/apply" | "object/new" | "object" => {
                    let call = tagged(kind, path, node.value);
                    let place = self.calls.tags.get_mut(&python).and_then(|slots| slots.calls.get_mut(slot));
                    if let Some(place) = place {
                        *place = Some(call.clone());
                    }
                    Argument::Result(Box::new(call))
                }
                _ => node.value,
            };
            node.height = node.height.saturating_add(1);
        }
        if anchor != 0 && node.weight <= Self::ANCHORED {
            self.anchors.insert(anchor, node.clone());
        }
        self.add(node);
    }

    fn add(&mut self, node: Node) {
        let Some(frame) = self.open.last_mut() else { return };
        let is_value = frame.is_mapping && frame.items.len() % 2 == 1;
        if frame.skips_value {
            frame.skips_value = false;
            return;
        }
        let fits = frame.weight.saturating_add(node.weight) <= VALUES && node.height < HEIGHT;
        let is_telling = matches!(&node.value, Argument::Text(key) if tells(key));
        match (fits || is_telling, is_value) {
            (true, _) => {
                frame.height = frame.height.max(node.height);
                frame.weight = frame.weight.saturating_add(node.weight);
                frame.items.push(node.value);
            }
            (false, true) => {
                let is_telling = matches!(frame.items.last(), Some(Argument::Text(key)) if tells(key));
                let value = if is_telling && node.height < HEIGHT { node.value } else { Argument::Unknown };
                frame.items.push(value);
            }
            (false, false) => frame.skips_value = frame.is_mapping,
        }
    }

    /// A mapping, or the call of the target in it.
    fn mapping(&mut self, items: Vec<Argument>) -> Argument {
        let mut pairs: Vec<(Argument, Argument)> = Vec::with_capacity(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            pairs.push((key, value));
        }
        let target = pairs.iter().find_map(|pair| match pair {
            (Argument::Text(key), Argument::Text(path)) if hydra::is_target_key(key) => {
                Some(path.trim().to_owned())
            }
            _ => None,
        });
        let Some(target) = target else { return Argument::Mapping(pairs) };
        let mut call = Call::of_path(&target.replace(':', "."), How::Called);
        for (key, value) in pairs {
            match (key, value) {
                (Argument::Text(key), Argument::Sequence(items)) if key == "_args_" => call.arguments = items,
                (Argument::Text(key), value) if hydra::is_argument(&key) => call.keywords.push((key, value)),
                _ => {}
            }
        }
        self.calls.targets.entry(target).or_default().calls.push(Some(call.clone()));
        Argument::Result(Box::new(call))
    }

    /// Values of a node that aliases repeat.
    const ANCHORED: u32 = 64;
}

/// Whether what stands under `key` is kept however much there is beside it.
fn tells(key: &str) -> bool {
    hydra::is_target_key(key) || key == "_args_"
}

/// What PyYAML makes of a node under an object tag.
fn tagged(kind: &str, path: &str, value: Argument) -> Call {
    let how = if kind == "object/apply" { How::Called } else { How::Made };
    let mut call = Call::of_path(path, how);
    match (kind, value) {
        ("object", Argument::Mapping(pairs)) => call.state = Some(Argument::Mapping(pairs)),
        ("object", _) => {}
        (_, Argument::Sequence(items)) => call.arguments = items,
        (_, Argument::Mapping(pairs)) => {
            for (key, value) in pairs {
                match (key, value) {
                    (Argument::Text(key), Argument::Sequence(items)) if key == "args" => {
                        call.arguments = items
                    }
                    (Argument::Text(key), Argument::Mapping(pairs)) if key == "kwds" => {
                        let named = pairs.into_iter().filter_map(|(key, value)| match key {
                            Argument::Text(key) => Some((key, value)),
                            _ => None,
                        });
                        call.keywords = named.collect();
                    }
                    (Argument::Text(key), value) if key == "state" => call.state = Some(value),
                    _ => {}
                }
            }
        }
        _ => {}
    }
    call
}

/// A plain scalar as YAML 1.1 resolves it.
fn plain(text: &str) -> Argument {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Argument::None,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "on" | "On" => Argument::Bool(true),
        "false" | "False" | "FALSE" | "no" | "No" | "off" | "Off" => Argument::Bool(false),
        _ => text.parse().map_or_else(|_| Argument::Text(text.to_owned()), Argument::Int),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Argument {
        Argument::Text(text.to_owned())
    }

    #[test]
    fn every_way_to_hand_arguments_to_a_tag_is_read() {
        let wanted = vec![text("touch x"), Argument::Int(3)];
        for source in [
            "a: !!python/object/apply:os.system ['touch x', 3]",
            "a: !!python/object/apply:os.system\n- touch x\n- 3\n",
            "a: !!python/object/apply:os.system {args: [touch x, 3]}",
            "a: !<tag:yaml.org,2002:python/object/apply:os.system> [touch x, 3]",
            "%TAG !e! tag:yaml.org,2002:python/\n---\na: !e!object/apply:os.system [touch x, 3]\n",
        ] {
            let call = Calls::read(source).tag("object/apply:os.system");
            assert_eq!(call.map(|call| call.arguments), Some(wanted.clone()), "{source}");
        }
        let keywords = "!!python/object/apply:subprocess.Popen {kwds: {args: [id]}, state: {a: 1}}";
        let call = Calls::read(keywords).tag("object/apply:subprocess.Popen").unwrap();
        assert_eq!(call.keywords, [("args".to_owned(), Argument::Sequence(vec![text("id")]))]);
        assert!(call.state.is_some());
    }

    #[test]
    fn targets_keep_what_stands_beside_them_in_any_order() {
        let source = "model:\n  lr: 1\n  _target_: os.system\n  _args_: [id]\n  inner:\n    _target_: a.B\n";
        let mut calls = Calls::read(source);
        let call = calls.target("os.system").unwrap();
        assert_eq!(call.arguments, [text("id")]);
        assert_eq!(call.keywords.first(), Some(&("lr".to_owned(), Argument::Int(1))));
        assert!(calls.target("a.B").is_some() && calls.target("a.B").is_none());
    }

    #[test]
    fn aliases_nesting_and_floods_stay_within_bounds() {
        let given = "x: &x id\na: !!python/object/apply:os.system [*x]\n";
        let call = Calls::read(given).tag("object/apply:os.system").unwrap();
        assert_eq!(call.arguments, [text("id")]);
        let deep = format!("python: {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Calls::read(&deep).tags.is_empty());
        let wide = format!("m: {{_target_: a.b, _args_: [{}]}}", "1,".repeat(100_000));
        assert!(Calls::read(&wide).target("a.b").is_some_and(|call| call.arguments.len() <= 256));
    }
}
