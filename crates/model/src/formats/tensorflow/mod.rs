//! TensorFlow: saved models, meta graphs, frozen graphs and Keras metadata, in the binary and the text encoding.
//!
//! Messages have no magic number and are recognised by the fields of their head. Cost: linear in the number of nodes;
//! constants are stepped over.
//!
//! Source: `tensorflow/core/protobuf/{saved_model,meta_graph,saved_object_graph}.proto`,
//! `tensorflow/core/framework/graph.proto`, `tensorflow/python/keras/protobuf/saved_metadata.proto`.

mod checkpoint;
mod graph;
mod ops;
mod rules;
mod text_format;

pub use checkpoint::TENSORFLOW_CHECKPOINT;
pub(crate) use ops::{is_registered, risky_op};
pub use text_format::TENSORFLOW_TEXT;

use crate::formats::keras;
use crate::text::indicators;
use crate::wire::protobuf::{Field, Value, fields};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, Severity, printable};
use graph::Seen;

/// TensorFlow in the binary encoding.
pub struct TensorFlow;

/// The format, for the registry.
pub static TENSORFLOW: TensorFlow = TensorFlow;

/// Where a message stands: its pointer and the offset of its first byte in the input.
#[derive(Debug, Clone, Default)]
struct Place {
    pointer: String,
    offset: u64,
}

impl Place {
    /// The place of the message in `field` of the message here.
    fn inside(&self, field: &Field<'_>, name: &str) -> Self {
        Self {
            pointer: format!("{}/{name}", self.pointer),
            offset: self.offset.saturating_add(field.value_offset as u64),
        }
    }

    /// One step further in the pointer, at the same offset.
    fn at(&self, name: &str) -> Self {
        Self { pointer: format!("{}/{}", self.pointer, printable(name, 120)), offset: self.offset }
    }

    fn offset_of(&self, field: &Field<'_>) -> u64 {
        self.offset.saturating_add(field.value_offset as u64)
    }
}

/// Which message a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Message {
    SavedModel,
    MetaGraph,
    Graph,
    KerasMetadata,
    Fingerprint,
}

impl Format for TensorFlow {
    fn id(&self) -> &'static str {
        "tensorflow"
    }

    fn name(&self) -> &'static str {
        "TensorFlow graph"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["pb", "meta", "graphdef", "savedmodel"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if message(input.bytes).or_else(|| runnable(input.bytes)).is_some() {
            Recognition::Certain
        } else if matches!(input.extension().as_ref(), "pb" | "meta") && !input.bytes.is_empty() {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let place = Place::default();
        let mut seen = Seen::default();
        match message(input.bytes).or_else(|| runnable(input.bytes)) {
            Some(Message::SavedModel) => saved_model(input.bytes, &place, &mut seen, scan),
            Some(Message::MetaGraph) => meta_graph(input.bytes, &place, &mut seen, scan),
            Some(Message::Graph) => graph::inspect(input.bytes, &place, &mut seen, scan),
            // Five hashes and a version: nothing in them can act.
            Some(Message::Fingerprint) => {}
            Some(Message::KerasMetadata) => keras_metadata(input.bytes, &place, scan),
            None => match fields(input.bytes).find_map(Result::err) {
                Some(error) => rules::malformed(&place, &error, scan),
                None => scan.report(
                    Finding::new(
                        &rules::TF_MALFORMED,
                        "the file is called a TensorFlow graph but holds none",
                    )
                    .at(0),
                ),
            },
        }
    }
}

/// Which message `bytes` begin, by the fields of their head.
fn message(bytes: &[u8]) -> Option<Message> {
    let mut walk = fields(bytes);
    let first = walk.next()?.ok()?;
    match (first.number, first.value) {
        (1, Value::Varint(_)) if is_fingerprint(bytes) => Some(Message::Fingerprint),
        (1, Value::Varint(0..=64)) => {
            let second = walk.next()?.ok()?;
            (second.number == 2 && is_meta_graph(second.bytes()?)).then_some(Message::SavedModel)
        }
        // The version may be left out.
        (2, Value::Bytes(inner)) if is_meta_graph(inner) => Some(Message::SavedModel),
        (1 | 2, Value::Bytes(_)) if is_meta_graph(bytes) => Some(Message::MetaGraph),
        (1, Value::Bytes(node)) if is_node(node) => Some(Message::Graph),
        (1, Value::Bytes(object)) if is_keras_metadata(object) => Some(Message::KerasMetadata),
        (2, Value::Bytes(library)) if is_library(library) => Some(Message::Graph),
        _ => None,
    }
}

/// Which message the loader finds operations of TensorFlow's own in, whatever fields stand around them.
///
/// A parser of Protocol Buffers passes over fields that it does not know, so that a head no version of TensorFlow writes
/// keeps nothing from being loaded.
fn runnable(bytes: &[u8]) -> Option<Message> {
    let shapes = [(Message::SavedModel, &[2, 2][..]), (Message::MetaGraph, &[2]), (Message::Graph, &[])];
    shapes
        .into_iter()
        .find(|(_, path)| graphs(bytes, path).into_iter().any(has_operation))
        .map(|found| found.0)
}

/// The messages at `path`, field numbers below `bytes`, the first of each level.
fn graphs<'a>(bytes: &'a [u8], path: &[u32]) -> Vec<&'a [u8]> {
    let mut level = vec![bytes];
    for &number in path {
        let inner = level.iter().flat_map(|message| messages(message, number));
        level = inner.take(RUNNABLE_GRAPHS).collect();
    }
    level
}

/// The messages in the fields `number` among the first of `message`.
fn messages(message: &[u8], number: u32) -> impl Iterator<Item = &[u8]> {
    let walk = fields(message).take(RUNNABLE_FIELDS).map_while(Result::ok);
    walk.filter(move |field| field.number == number).filter_map(|field| field.bytes())
}

/// Whether one of the first nodes of `graph`, or of the functions in its library, runs an operation that TensorFlow ships.
fn has_operation(graph: &[u8]) -> bool {
    let functions = messages(graph, 2).take(1).flat_map(|library| messages(library, 1));
    let inside = functions.flat_map(|function| messages(function, 3));
    messages(graph, 1).chain(inside).take(RUNNABLE_NODES).any(|node| {
        let operation = messages(node, 2).last().and_then(|text| std::str::from_utf8(text).ok());
        operation.is_some_and(is_registered)
    })
}

/// Graphs of one file that [`runnable`] looks into.
const RUNNABLE_GRAPHS: usize = 16;
/// Fields of one message that it looks at.
const RUNNABLE_FIELDS: usize = 4096;
/// Nodes that it looks at.
const RUNNABLE_NODES: usize = 256;

/// Fields of a message's head that recognition looks at.
const HEAD_FIELDS: usize = 16;

/// Whether `bytes` begin a `MetaGraphDef`: messages only, a graph or an information block of the right shape.
fn is_meta_graph(bytes: &[u8]) -> bool {
    let mut graph = false;
    for field in fields(bytes).take(HEAD_FIELDS) {
        let Ok(field) = field else { return graph };
        let Value::Bytes(value) = field.value else { return false };
        match field.number {
            1 if !is_meta_info(value) => return false,
            2 => {
                if !is_graph(value) {
                    return false;
                }
                graph = true;
            }
            1 | 3..=7 => {}
            _ => return false,
        }
    }
    graph
}

/// Whether `bytes` are a `MetaInfoDef`.
fn is_meta_info(bytes: &[u8]) -> bool {
    fields(bytes).take(HEAD_FIELDS).all(|field| {
        field.is_ok_and(|field| match field.number {
            1..=3 | 8 => field.bytes().is_some(),
            4..=6 => field.text().is_some(),
            7 => field.varint().is_some(),
            _ => false,
        })
    })
}

/// Whether `bytes` begin a `GraphDef`; an empty one counts.
fn is_graph(bytes: &[u8]) -> bool {
    match fields(bytes).next() {
        Some(Ok(Field { number: 1, value: Value::Bytes(node), .. })) => is_node(node),
        Some(Ok(Field { number: 2, value: Value::Bytes(library), .. })) => is_library(library),
        None
        | Some(Ok(
            Field { number: 4, value: Value::Bytes(_), .. }
            | Field { number: 3, value: Value::Varint(_), .. },
        )) => true,
        _ => false,
    }
}

/// Whether `bytes` are a `FunctionDefLibrary` with a function.
fn is_library(bytes: &[u8]) -> bool {
    let function = fields(bytes)
        .next()
        .and_then(Result::ok)
        .filter(|field| field.number == 1)
        .and_then(|field| field.bytes());
    function.is_some_and(|function| {
        fields(function)
            .filter_map(Result::ok)
            .any(|field| field.number == 3 && field.bytes().is_some_and(is_node))
    })
}

/// Whether `bytes` are a `NodeDef`: a name, an operation spelt like one, and messages.
fn is_node(bytes: &[u8]) -> bool {
    let (mut name, mut op) = (false, false);
    for field in fields(bytes).take(HEAD_FIELDS) {
        let Ok(field) = field else { return name && op };
        if field.bytes().is_none() {
            return false;
        }
        match field.number {
            1 => name = field.text().is_some_and(|text| !text.is_empty()),
            2 => op = field.text().is_some_and(is_op_name),
            3 | 4 if field.text().is_none() => return false,
            3..=7 => {}
            _ => return false,
        }
    }
    name && op
}

/// Whether `text` is spelt like an operation: letters, digits, and the separators of custom ones.
fn is_op_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '>' | '.' | '-' | '/' | ':'))
}

/// Whether `bytes` are the `FingerprintDef` beside a saved model.
fn is_fingerprint(bytes: &[u8]) -> bool {
    let mut hashes = 0u32;
    let fits = fields(bytes).take(HEAD_FIELDS).all(|field| {
        field.is_ok_and(|field| match field.number {
            1..=5 => {
                hashes = hashes.saturating_add(1);
                field.varint().is_some()
            }
            6 => field.bytes().is_some(),
            7 => field.text().is_some(),
            _ => false,
        })
    });
    fits && hashes >= 4
}

/// Whether `bytes` are a node of `SavedMetadata`.
fn is_keras_metadata(bytes: &[u8]) -> bool {
    let walk = || fields(bytes).take(HEAD_FIELDS).filter_map(Result::ok);
    walk().any(|field| field.number == 4 && field.text().is_some_and(|text| text.starts_with("_tf_keras")))
        && walk().any(|field| field.number == 5 && field.text().is_some())
}

fn saved_model<'a>(bytes: &'a [u8], place: &Place, seen: &mut Seen<'a>, scan: &mut Scan<'_>) {
    let mut index = 0u32;
    for field in fields(bytes) {
        match field {
            Ok(field) if field.number == 2 => {
                let place = place.inside(&field, "meta_graphs").at(&index.to_string());
                index = index.saturating_add(1);
                meta_graph(field.bytes().unwrap_or_default(), &place, seen, scan);
            }
            Ok(_) => {}
            Err(error) => {
                rules::malformed(place, &error, scan);
                return;
            }
        }
    }
}

fn meta_graph<'a>(bytes: &'a [u8], place: &Place, seen: &mut Seen<'a>, scan: &mut Scan<'_>) {
    // Assets first: they say which constants are replaced by paths inside the model.
    for field in fields(bytes).filter_map(Result::ok).filter(|field| field.number == 6) {
        asset(&field, &place.inside(&field, "asset_file_def"), seen, scan);
    }
    for field in fields(bytes) {
        let field = match field {
            Ok(field) => field,
            Err(error) => {
                rules::malformed(place, &error, scan);
                return;
            }
        };
        let Some(inner) = field.bytes() else { continue };
        match field.number {
            2 => graph::inspect(inner, &place.inside(&field, "graph_def"), seen, scan),
            4 => collection(inner, &place.inside(&field, "collection_def"), scan),
            7 => object_graph(inner, &place.inside(&field, "object_graph_def"), scan),
            _ => {}
        }
    }
}

/// An `AssetFileDef`: the tensor it feeds and the file it names.
fn asset<'a>(field: &Field<'a>, place: &Place, seen: &mut Seen<'a>, scan: &mut Scan<'_>) {
    for field in field.bytes().into_iter().flat_map(fields).filter_map(Result::ok) {
        match field.number {
            1 => {
                let name = field.bytes().and_then(|info| {
                    fields(info).filter_map(Result::ok).find(|field| field.number == 1)?.text()
                });
                seen.asset_tensors.extend(name.and_then(|name| name.split(':').next()));
            }
            2 => {
                let Some(name) = field.text() else { continue };
                if let Some(why) = indicators::path_escape(name) {
                    let message = format!("the asset `{}` {why}", printable(name, 160));
                    scan.report(
                        Finding::new(&rules::TF_ASSET, message)
                            .at(place.offset)
                            .pointer(place.pointer.clone())
                            .evidence(name),
                    );
                }
            }
            _ => {}
        }
    }
}

/// An entry of the collections: byte values may hold anything, pickles of old estimators among them.
fn collection(entry: &[u8], place: &Place, scan: &mut Scan<'_>) {
    let mut key = "";
    for field in fields(entry).filter_map(Result::ok) {
        match field.number {
            1 => key = field.text().unwrap_or_default(),
            2 => {
                let lists = field.bytes().into_iter().flat_map(fields).filter_map(Result::ok);
                let values = lists
                    .filter(|list| list.number == 2)
                    .flat_map(|list| list.bytes().into_iter().flat_map(fields).filter_map(Result::ok))
                    .filter_map(|value| value.bytes());
                for value in values.take(COLLECTION_VALUES).filter(|value| matches!(value, [0x80, 2..=5, ..]))
                {
                    scan.member(&place.at(key).pointer, value);
                }
            }
            _ => {}
        }
    }
}

/// Most values of one collection looked at.
const COLLECTION_VALUES: usize = 4096;

/// A `SavedObjectGraph`: Keras kept its configurations in the metadata of objects before it had a file for them.
fn object_graph(bytes: &[u8], place: &Place, scan: &mut Scan<'_>) {
    for (index, node) in fields(bytes).filter_map(Result::ok).filter(|field| field.number == 1).enumerate() {
        let users = node
            .bytes()
            .into_iter()
            .flat_map(fields)
            .filter_map(Result::ok)
            .filter(|field| field.number == 4);
        for user in users {
            let metadata = user.bytes().and_then(|user| {
                fields(user)
                    .filter_map(Result::ok)
                    .find(|field| field.number == 3)
                    .and_then(|field| field.bytes())
            });
            if let Some(metadata) = metadata.filter(|metadata| metadata.starts_with(b"{")) {
                let place = place.inside(&node, "nodes").at(&index.to_string());
                keras::config::inspect(metadata, &place.pointer, scan);
            }
        }
    }
}

/// A `SavedMetadata`: the configuration of each Keras object of a saved model.
fn keras_metadata(bytes: &[u8], place: &Place, scan: &mut Scan<'_>) {
    for (index, node) in fields(bytes).enumerate() {
        let node = match node {
            Ok(node) => node,
            Err(error) => {
                rules::malformed(place, &error, scan);
                return;
            }
        };
        if index % 256 == 0 && scan.out_of_time() {
            return;
        }
        let metadata = node.bytes().and_then(|node| {
            fields(node)
                .filter_map(Result::ok)
                .find(|field| field.number == 5)
                .and_then(|field| field.bytes())
        });
        if let Some(metadata) = metadata {
            let place = place.inside(&node, "nodes").at(&index.to_string());
            keras::config::inspect(metadata, &place.pointer, scan);
        }
    }
}

/// How bad an operation given by name is where only names are known, with the rule it breaks.
fn judge_name(op: &str) -> Option<(&'static Rule, Severity, String)> {
    if let Some((severity, why)) = risky_op(op) {
        let is_python = matches!(op, "PyFunc" | "PyFuncStateless" | "EagerPyFunc" | "NumpyFunction");
        let rule = if is_python { &rules::TF_PYTHON } else { &rules::TF_OP };
        return Some((rule, severity, format!("runs `{op}`, which {why}")));
    }
    (!is_registered(op)).then(|| {
        let op = printable(op, 80);
        (&rules::TF_UNKNOWN_OP, Severity::Low, format!("runs `{op}`, which TensorFlow does not ship"))
    })
}

#[cfg(test)]
mod tests;
