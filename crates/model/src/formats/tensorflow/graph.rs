//! Nodes of a graph or of a function: operations judged by what they reach, with the constants that feed them.
//!
//! Cost: two passes over the nodes of a scope, the second only where a constant is wanted.
//!
//! Source: `tensorflow/core/framework/{graph,node_def,attr_value,function,tensor}.proto`.

use super::ops::{is_registered, path_inputs, risky_op};
use super::{Place, rules};
use crate::Scan;
use crate::text::indicators;
use crate::wire::protobuf::{Field, fields};
use bartizan_core::{Confidence, Finding, Location, Severity, printable};
use std::collections::{HashMap, HashSet};

/// What is kept over all graphs of one file.
#[derive(Default)]
pub(super) struct Seen<'a> {
    /// Operations already told to be unknown.
    unknown: HashSet<&'a str>,
    /// Names of the tensors that assets feed.
    pub(super) asset_tensors: HashSet<&'a str>,
}

/// One node, as far as it is looked at.
#[derive(Debug, Clone, Default)]
struct Node<'a> {
    name: &'a str,
    op: &'a str,
    inputs: Vec<&'a str>,
    offset: u64,
    body: &'a [u8],
}

/// Inspects a `GraphDef` that stands at `place`.
pub(super) fn inspect<'a>(graph: &'a [u8], place: &Place, seen: &mut Seen<'a>, scan: &mut Scan<'_>) {
    let nodes = || {
        fields(graph)
            .filter_map(Result::ok)
            .filter(|field| field.number == 1)
            .filter_map(|field| node(&field, place))
    };
    scope(nodes, &place.at("node"), seen, scan);
    whole_nodes(graph, 1, &place.at("node"), scan);
    for field in fields(graph) {
        let field = match field {
            Ok(field) => field,
            Err(error) => {
                rules::malformed(place, &error, scan);
                break;
            }
        };
        if field.number == 2
            && let Some(library) = field.bytes()
        {
            let place = place.inside(&field, "library");
            for function in fields(library) {
                match function {
                    Ok(function) if function.number == 1 => self::function(&function, &place, seen, scan),
                    Ok(_) => {}
                    Err(error) => {
                        rules::malformed(&place, &error, scan);
                        break;
                    }
                }
            }
        }
    }
}

/// A `FunctionDef`.
fn function<'a>(field: &Field<'a>, place: &Place, seen: &mut Seen<'a>, scan: &mut Scan<'_>) {
    let Some(body) = field.bytes() else { return };
    let name = fields(body)
        .filter_map(Result::ok)
        .find(|field| field.number == 1)
        .and_then(|signature| {
            fields(signature.bytes()?).filter_map(Result::ok).find(|field| field.number == 1)?.text()
        })
        .unwrap_or("?");
    let place = place.inside(field, "function").at(name);
    let nodes = || {
        fields(body)
            .filter_map(Result::ok)
            .filter(|field| field.number == 3)
            .filter_map(|field| node(&field, &place))
    };
    scope(nodes, &place, seen, scan);
    whole_nodes(body, 3, &place, scan);
    if let Some(error) = fields(body).find_map(Result::err) {
        rules::malformed(&place, &error, scan);
    }
}

/// Tells of the first node in field `number` of `scope_bytes` that is no whole message or names no operation: nothing
/// that writes graphs produces one, and what it was meant to run was not judged.
fn whole_nodes(scope_bytes: &[u8], number: u32, place: &Place, scan: &mut Scan<'_>) {
    for field in fields(scope_bytes).filter_map(Result::ok).filter(|field| field.number == number) {
        let Some(body) = field.bytes() else { continue };
        if let Some(error) = fields(body).find_map(Result::err) {
            let place = Place { offset: place.offset_of(&field), ..place.clone() };
            rules::malformed(&place, &error, scan);
            return;
        }
        let names_one = fields(body)
            .filter_map(Result::ok)
            .any(|field| field.number == 2 && field.text().is_some_and(|op| !op.is_empty()));
        if !names_one {
            rules::nameless(place, place.offset_of(&field), scan);
            return;
        }
    }
}

fn node<'a>(field: &Field<'a>, place: &Place) -> Option<Node<'a>> {
    let body = field.bytes()?;
    let mut node = Node { offset: place.offset_of(field), body, ..Node::default() };
    for field in fields(body).filter_map(Result::ok) {
        match field.number {
            1 => node.name = field.text().unwrap_or_default(),
            2 => node.op = field.text().unwrap_or_default(),
            3 => node.inputs.extend(field.text()),
            _ => {}
        }
    }
    Some(node)
}

/// The nodes that share one name space.
fn scope<'a, Nodes: Iterator<Item = Node<'a>>>(
    nodes: impl Fn() -> Nodes,
    place: &Place,
    seen: &mut Seen<'a>,
    scan: &mut Scan<'_>,
) {
    let mut constants = None;
    for (step, node) in nodes().enumerate() {
        if step % 4096 == 0 && scan.out_of_time() {
            return;
        }
        let wanted = wants_constant(node.op);
        if wanted && constants.is_none() {
            constants = Some(Constants::collect(nodes()));
        }
        judge(&node, constants.as_ref(), place, seen, scan);
    }
}

/// Whether an argument of the operation says how bad it is.
fn wants_constant(op: &str) -> bool {
    risky_op(op).is_some()
        || path_inputs(op).is_some()
        || op.starts_with("InitializeTableFrom")
        || op == "DatasetFromGraph"
}

fn judge<'a>(
    node: &Node<'a>,
    constants: Option<&Constants<'a>>,
    place: &Place,
    seen: &mut Seen<'a>,
    scan: &mut Scan<'_>,
) {
    let pointer = place.at(node.name).pointer;
    let name = printable(node.name, 80);
    let arguments: Vec<(&str, String)> = node
        .inputs
        .iter()
        .filter_map(|input| constants.and_then(|constants| constants.resolve(input)))
        .map(|(name, value)| (name, String::from_utf8_lossy(value).into_owned()))
        .collect();
    let shown = arguments.iter().map(|(_, value)| printable(value, 120)).collect::<Vec<_>>().join(", ");
    let with = if shown.is_empty() { String::new() } else { format!(" with `{shown}`") };
    let report = |finding: Finding, scan: &mut Scan<'_>| {
        scan.report(finding.at(node.offset).pointer(pointer.clone()));
    };
    let texts = texts(node.body);
    if let Some((severity, why)) = risky_op(node.op) {
        let is_python = matches!(node.op, "PyFunc" | "PyFuncStateless" | "EagerPyFunc" | "NumpyFunction");
        let sensitive = arguments.iter().any(|(_, value)| indicators::is_sensitive_path(value));
        let severity = if sensitive { severity.max(Severity::High) } else { severity };
        let rule = if is_python { &rules::TF_PYTHON } else { &rules::TF_OP };
        let message = format!("the node `{name}` runs `{}`, which {why}{with}", node.op);
        let evidence = if shown.is_empty() {
            texts.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(" ")
        } else {
            shown
        };
        report(Finding::new(rule, message).severity(severity).evidence(evidence), scan);
    } else if node.op.starts_with("InitializeTableFrom") {
        for (constant, value) in &arguments {
            let escape = indicators::path_escape(value);
            if let Some(why) = escape.filter(|_| !seen.asset_tensors.contains(constant)) {
                let severity =
                    if indicators::is_sensitive_path(value) { Severity::High } else { Severity::Medium };
                let message =
                    format!("the table `{name}` is read from `{}`, a path that {why}", printable(value, 160));
                report(Finding::new(&rules::TF_OP, message).severity(severity).evidence(value), scan);
            }
        }
    } else if let Some((does, inputs)) = path_inputs(node.op) {
        let paths = inputs
            .iter()
            .filter_map(|&at| node.inputs.get(at))
            .filter_map(|input| constants.and_then(|constants| constants.resolve(input)))
            .filter(|(constant, _)| !seen.asset_tensors.contains(constant));
        for (_, path) in paths {
            let path = String::from_utf8_lossy(path);
            let Some(why) = indicators::path_escape(&path) else { continue };
            let severity =
                if indicators::is_sensitive_path(&path) { Severity::High } else { Severity::Medium };
            let message = format!(
                "the node `{name}` (`{}`) {does} `{}`, a path that {why}",
                node.op,
                printable(&path, 160)
            );
            report(Finding::new(&rules::TF_OP, message).severity(severity).evidence(path.as_ref()), scan);
        }
    } else if node.op == "DatasetFromGraph" {
        for input in &node.inputs {
            if let Some((_, graph)) = constants.and_then(|constants| constants.resolve(input)) {
                scan.member("dataset graph", graph);
            }
        }
    } else if !node.op.is_empty() && !is_registered(node.op) && seen.unknown.insert(node.op) {
        let op = printable(node.op, 80);
        let message = format!(
            "the node `{name}` runs `{op}`, which TensorFlow does not ship: a native library must be loaded for it"
        );
        report(
            Finding::new(&rules::TF_UNKNOWN_OP, message).confidence(Confidence::Medium).evidence(op),
            scan,
        );
    }
    for (key, text) in texts {
        let writes = key == "output_stream" && text.starts_with("file:");
        let debugs = key == "debug_urls" && (text.starts_with("grpc:") || text.starts_with("file:"));
        if writes || debugs {
            let message = format!(
                "the node `{name}` (`{}`) sends what it is given to `{}`",
                node.op,
                printable(text, 160)
            );
            report(Finding::new(&rules::TF_OP, message).evidence(text), scan);
        } else if text.len() >= TELLING_BYTES && !ORDINARY.contains(&key) {
            let place = Location { pointer: Some(format!("{pointer}/attr/{key}")), ..Location::default() };
            indicators::inspect_metadata(text, &place, scan);
        }
    }
}

/// Shortest attribute looked at for commands and addresses, in bytes.
const TELLING_BYTES: usize = 8;

/// Attributes that name things inside the graph.
const ORDINARY: &[&str] = &[
    "_class",
    "shared_name",
    "container",
    "data_format",
    "padding",
    "config_proto",
    "_output_shapes",
    "dtype",
    "value",
];

/// `DT_STRING` of `types.proto`.
const STRING: u64 = 7;

/// Text attributes of a node, single ones and those of lists.
fn texts(node: &[u8]) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    for entry in fields(node).filter_map(Result::ok).filter(|field| field.number == 5) {
        let (mut key, mut value) = ("", None);
        for field in entry.bytes().into_iter().flat_map(fields).filter_map(Result::ok) {
            match field.number {
                1 => key = field.text().unwrap_or_default(),
                2 => value = field.bytes(),
                _ => {}
            }
        }
        for field in value.into_iter().flat_map(fields).filter_map(Result::ok) {
            match field.number {
                1 => {
                    let list = field.bytes().into_iter().flat_map(fields).filter_map(Result::ok);
                    found.extend(
                        list.filter(|item| item.number == 2).filter_map(|item| Some((key, item.text()?))),
                    );
                }
                2 => found.extend(field.text().map(|text| (key, text))),
                _ => {}
            }
        }
    }
    found
}

/// String constants of one scope, and the nodes that only pass a value on.
#[derive(Debug)]
struct Constants<'a> {
    values: HashMap<&'a str, &'a [u8]>,
    passed: HashMap<&'a str, &'a str>,
}

impl<'a> Constants<'a> {
    fn collect(nodes: impl Iterator<Item = Node<'a>>) -> Self {
        let mut constants = Self { values: HashMap::new(), passed: HashMap::new() };
        for node in nodes {
            if constants.values.len().saturating_add(constants.passed.len()) >= Self::KEPT {
                break;
            }
            match node.op {
                "Const" | "HostConst" => {
                    if let Some(value) = string_value(node.body) {
                        constants.values.insert(node.name, value);
                    }
                }
                "Identity"
                | "IdentityN"
                | "StopGradient"
                | "EnsureShape"
                | "PlaceholderWithDefault"
                | "Reshape"
                | "ExpandDims"
                | "Squeeze"
                | "Pack"
                | "ShardedFilename"
                | "ShardedFilespec" => {
                    if let Some(&input) = node.inputs.first() {
                        constants.passed.insert(node.name, input);
                    }
                }
                _ => {}
            }
        }
        constants
    }

    /// The constant that reaches `input`, with its node's name.
    fn resolve(&self, input: &'a str) -> Option<(&'a str, &'a [u8])> {
        let mut at = input;
        for _ in 0..Self::HOPS {
            let name = at.trim_start_matches('^').split(':').next().unwrap_or_default();
            if let Some((&name, &value)) = self.values.get_key_value(name) {
                return Some((name, value));
            }
            at = self.passed.get(name)?;
        }
        None
    }

    /// Most nodes kept of one scope; graphs of the largest models hold some 200,000, few of them strings.
    const KEPT: usize = 1 << 20;
    /// Most nodes a value is followed through.
    const HOPS: usize = 16;
}

/// The first string of a constant's value.
fn string_value(node: &[u8]) -> Option<&[u8]> {
    for entry in fields(node).filter_map(Result::ok).filter(|field| field.number == 5) {
        let entry = entry.bytes()?;
        if fields(entry)
            .filter_map(Result::ok)
            .any(|field| field.number == 1 && field.text() == Some("value"))
        {
            let value = fields(entry).filter_map(Result::ok).find(|field| field.number == 2)?.bytes()?;
            let tensor = fields(value).filter_map(Result::ok).find(|field| field.number == 8)?.bytes()?;
            let dtype = fields(tensor).filter_map(Result::ok).find(|field| field.number == 1)?;
            if dtype.varint() != Some(STRING) {
                return None;
            }
            return fields(tensor).filter_map(Result::ok).find(|field| field.number == 8)?.bytes();
        }
    }
    None
}
