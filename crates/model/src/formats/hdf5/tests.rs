//! Fixtures are written by [`Writer`]: superblock version 2 with new groups, or version 0 with a symbol table.

use super::*;
use crate::Outcome;
use bartizan_core::{Limits, MonotonicClock};
use proptest::prelude::*;

/// Appends structures to a file and remembers nothing but their addresses.
struct Writer {
    bytes: Vec<u8>,
}

/// A message of a version 2 object header.
type Message = (u8, Vec<u8>);

impl Writer {
    /// Leaves room for the superblock, which [`Writer::finish`] writes.
    fn new() -> Self {
        Self { bytes: vec![0; 96] }
    }

    fn append(&mut self, bytes: &[u8]) -> u64 {
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        let address = self.bytes.len() as u64;
        self.bytes.extend_from_slice(bytes);
        address
    }

    fn object(&mut self, messages: &[Message]) -> u64 {
        let mut body = Vec::new();
        for (kind, data) in messages {
            body.push(*kind);
            body.extend((data.len() as u16).to_le_bytes());
            body.push(0);
            body.extend(data);
        }
        let mut header = b"OHDR\x02\x02".to_vec();
        header.extend((body.len() as u32).to_le_bytes());
        header.extend(body);
        header.extend([0; 4]);
        self.append(&header)
    }

    fn global_heap(&mut self, object: &[u8]) -> u64 {
        let mut heap = b"GCOL\x01\0\0\0".to_vec();
        let padded = object.len().next_multiple_of(8);
        heap.extend((16 + 16 + padded as u64 + 16).to_le_bytes());
        heap.extend([1, 0, 1, 0, 0, 0, 0, 0]);
        heap.extend((object.len() as u64).to_le_bytes());
        heap.extend(object);
        heap.resize(32 + padded + 16, 0);
        self.append(&heap)
    }

    fn local_heap(&mut self, names: &[u8]) -> u64 {
        let segment = self.append(names);
        let mut heap = b"HEAP\0\0\0\0".to_vec();
        for value in [names.len() as u64, u64::MAX, segment] {
            heap.extend(value.to_le_bytes());
        }
        self.append(&heap)
    }

    fn finish(mut self, root: u64) -> Vec<u8> {
        let end = self.bytes.len() as u64;
        let mut block = SIGNATURE.to_vec();
        block.extend([2, 8, 8, 0]);
        for value in [0, u64::MAX, end, root] {
            block.extend(value.to_le_bytes());
        }
        self.bytes[..block.len()].copy_from_slice(&block);
        self.bytes
    }

    /// A version 0 superblock whose root group is an old one.
    fn finish_v0(mut self, root: u64) -> Vec<u8> {
        let end = self.bytes.len() as u64;
        let mut block = SIGNATURE.to_vec();
        block.extend([0, 0, 0, 0, 0, 8, 8, 0, 4, 0, 16, 0, 0, 0, 0, 0]);
        for value in [0, u64::MAX, end, u64::MAX, 0, root] {
            block.extend(value.to_le_bytes());
        }
        self.bytes[..block.len()].copy_from_slice(&block);
        self.bytes
    }
}

use super::superblock::SIGNATURE;

/// An attribute with one string of fixed length.
fn attribute(name: &str, text: &str) -> Message {
    let mut data = vec![3, 0];
    for size in [name.len() as u16 + 1, 8, 4] {
        data.extend(size.to_le_bytes());
    }
    data.push(0);
    data.extend(name.as_bytes());
    data.push(0);
    data.extend([0x13, 0, 0, 0]);
    data.extend((text.len() as u32).to_le_bytes());
    data.extend([2, 0, 0, 0]);
    data.extend(text.as_bytes());
    (0x0c, data)
}

/// An attribute with one string in the global heap.
fn variable_attribute(name: &str, length: usize, heap: u64) -> Message {
    let mut data = vec![3, 0];
    for size in [name.len() as u16 + 1, 16, 4] {
        data.extend(size.to_le_bytes());
    }
    data.push(0);
    data.extend(name.as_bytes());
    data.push(0);
    data.extend([0x19, 1, 0, 0, 16, 0, 0, 0, 0x13, 0, 0, 0, 1, 0, 0, 0]);
    data.extend([2, 0, 0, 0]);
    data.extend((length as u32).to_le_bytes());
    data.extend(heap.to_le_bytes());
    data.extend(1u32.to_le_bytes());
    (0x0c, data)
}

fn hard_link(name: &str, address: u64) -> Message {
    let mut data = vec![1, 0, name.len() as u8];
    data.extend(name.as_bytes());
    data.extend(address.to_le_bytes());
    (0x06, data)
}

fn external_link(name: &str, file: &str) -> Message {
    let mut data = vec![1, 8, 64, name.len() as u8];
    data.extend(name.as_bytes());
    let value = format!("\0{file}\0/weights\0");
    data.extend((value.len() as u16).to_le_bytes());
    data.extend(value.as_bytes());
    (0x06, data)
}

const LAMBDA: &str = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Lambda", "config": {"function": "f(x)"}}]}}"#;
const DENSE: &str = r#"{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {"units": 1}}]}}"#;

fn scan(bytes: &[u8]) -> Outcome {
    crate::scan(&Input::new("model.h5", bytes), &Limits::default(), &MonotonicClock::start())
}

fn rules(bytes: &[u8]) -> Vec<(&'static str, Severity)> {
    let outcome = scan(bytes);
    assert_eq!(outcome.format, Some("hdf5"));
    outcome.findings.iter().map(|finding| (finding.rule.id, finding.severity)).collect()
}

fn with_root(messages: &[Message]) -> Vec<u8> {
    let mut writer = Writer::new();
    let root = writer.object(messages);
    writer.finish(root)
}

#[test]
fn a_lambda_in_the_configuration_attribute_is_found_and_a_dense_layer_is_not() {
    assert_eq!(
        rules(&with_root(&[attribute("model_config", LAMBDA)])),
        [("model/keras-lambda", Severity::High)]
    );
    let outcome = scan(&with_root(&[attribute("model_config", DENSE)]));
    assert_eq!((outcome.findings.len(), outcome.gaps.len()), (0, 0));
    let outcome = scan(&with_root(&[attribute("model_config", LAMBDA)]));
    assert_eq!(
        outcome.findings[0].location.pointer.as_deref(),
        Some("/@model_config/config/layers/0/config/function")
    );
}

#[test]
fn a_configuration_in_the_global_heap_is_read() {
    let mut writer = Writer::new();
    let heap = writer.global_heap(LAMBDA.as_bytes());
    let root = writer.object(&[variable_attribute("model_config", LAMBDA.len(), heap)]);
    assert_eq!(rules(&writer.finish(root)), [("model/keras-lambda", Severity::High)]);
}

/// A chunked dataset of `content` as bytes in chunks of 16, compressed when asked.
fn chunked(content: &[u8], compressed: bool) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = Writer::new();
    let chunks: Vec<(u64, u32)> = content
        .chunks(16)
        .map(|chunk| {
            let mut padded = chunk.to_vec();
            padded.resize(16, 0);
            if compressed {
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(&padded).unwrap();
                padded = encoder.finish().unwrap();
            }
            let size = padded.len() as u32;
            (writer.append(&padded), size)
        })
        .collect();
    let mut tree = b"TREE\x01\0".to_vec();
    tree.extend((chunks.len() as u16).to_le_bytes());
    tree.extend([0xff; 16]);
    for (index, (address, size)) in chunks.iter().enumerate() {
        tree.extend(size.to_le_bytes());
        tree.extend(0u32.to_le_bytes());
        tree.extend((index as u64 * 16).to_le_bytes());
        tree.extend(0u64.to_le_bytes());
        tree.extend(address.to_le_bytes());
    }
    let tree = writer.append(&tree);
    let mut dataspace = vec![2, 1, 0, 1];
    dataspace.extend((content.len() as u64).to_le_bytes());
    let datatype = vec![0x10, 0, 0, 0, 1, 0, 0, 0, 0, 0, 8, 0];
    let mut layout = vec![3, 2, 2];
    layout.extend(tree.to_le_bytes());
    layout.extend(16u32.to_le_bytes());
    layout.extend(1u32.to_le_bytes());
    let mut messages = vec![(0x01, dataspace), (0x03, datatype), (0x08, layout)];
    if compressed {
        messages.push((0x0b, vec![2, 1, 1, 0, 1, 0, 1, 0, 9, 0, 0, 0]));
    }
    let root = writer.object(&messages);
    writer.finish(root)
}

#[test]
fn a_pickle_in_compressed_chunks_is_found_and_cut_chunks_are_told() {
    let pickle = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.";
    for compressed in [false, true] {
        let outcome = scan(&chunked(pickle, compressed));
        assert_eq!(outcome.findings[0].rule.id, "model/pickle-code-execution", "{outcome:?}");
        let outcome = scan(&chunked(&[7; 64], compressed));
        assert_eq!((outcome.findings.len(), outcome.gaps.len()), (0, 0), "{outcome:?}");
    }
    let mut damaged = chunked(pickle, true);
    let stream = damaged.windows(2).position(|pair| pair == [0x78, 0xda]).unwrap();
    damaged[stream + 2] ^= 0xff;
    assert!(!scan(&damaged).gaps.is_empty());
}

#[test]
fn a_configuration_of_an_unreadable_type_is_told() {
    let (kind, mut data) = attribute("model_config", LAMBDA);
    let datatype = data.iter().position(|&byte| byte == 0x13).unwrap();
    data[datatype] = 0x11; // a floating-point number
    let outcome = scan(&with_root(&[(kind, data)]));
    assert_eq!(outcome.findings[0].rule.id, MALFORMED.id);
    assert_eq!(outcome.gaps.len(), 1);
}

#[test]
fn a_configuration_that_is_no_json_is_told() {
    let outcome = scan(&with_root(&[attribute("model_config", "{ not json")]));
    assert_eq!(outcome.findings[0].rule.id, "model/keras-malformed-config");
    assert!(!outcome.gaps.is_empty());
}

#[test]
fn an_external_link_is_graded_by_where_it_leads() {
    let severity = |file| rules(&with_root(&[external_link("w", file)]));
    assert_eq!(severity("/etc/passwd"), [("model/hdf5-external-file", Severity::High)]);
    assert_eq!(severity("../secret.h5"), [("model/hdf5-external-file", Severity::High)]);
    assert_eq!(severity("part2.h5"), [("model/hdf5-external-file", Severity::Medium)]);
}

#[test]
fn external_storage_is_found_and_a_contiguous_dataset_is_not() {
    let external = |name: &str| {
        let mut writer = Writer::new();
        let heap = writer.local_heap(format!("\0{name}\0").as_bytes());
        let mut data = vec![1, 0, 0, 0, 1, 0, 1, 0];
        for value in [heap, 1, 0, 8] {
            data.extend(value.to_le_bytes());
        }
        let dataset = writer.object(&[(0x07, data)]);
        let root = writer.object(&[hard_link("kernel", dataset)]);
        writer.finish(root)
    };
    assert_eq!(rules(&external("/etc/shadow")), [("model/hdf5-external-file", Severity::High)]);
    let mut writer = Writer::new();
    let numbers = writer.append(&[0; 32]);
    let mut layout = vec![3, 1];
    layout.extend(numbers.to_le_bytes());
    layout.extend(32u64.to_le_bytes());
    let float = vec![0x11, 0x20, 0x1f, 0, 4, 0, 0, 0];
    let dataset =
        writer.object(&[(0x03, float), (0x01, vec![2, 1, 0, 1, 8, 0, 0, 0, 0, 0, 0, 0]), (0x08, layout)]);
    let root = writer.object(&[hard_link("kernel", dataset)]);
    let outcome = scan(&writer.finish(root));
    assert_eq!((outcome.findings.len(), outcome.gaps.len()), (0, 0), "{outcome:?}");
}

#[test]
fn a_virtual_dataset_names_its_files_and_itself_is_no_other_file() {
    let virtual_over = |name: &str| {
        let mut list = vec![0];
        list.extend(1u64.to_le_bytes());
        list.extend(format!("{name}\0d\0").as_bytes());
        list.extend([3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0].repeat(2));
        let mut writer = Writer::new();
        let heap = writer.global_heap(&list);
        let mut layout = vec![4, 3];
        layout.extend(heap.to_le_bytes());
        layout.extend(1u32.to_le_bytes());
        let byte = vec![0x10, 0, 0, 0, 1, 0, 0, 0];
        let dataset = writer.object(&[(0x03, byte), (0x01, vec![2, 0, 0, 0]), (0x08, layout)]);
        let root = writer.object(&[hard_link("v", dataset)]);
        writer.finish(root)
    };
    assert_eq!(rules(&virtual_over("/etc/passwd")), [("model/hdf5-external-file", Severity::High)]);
    assert_eq!(rules(&virtual_over(".")), []);
}

#[test]
fn an_unregistered_filter_is_told_and_deflate_is_not() {
    let filtered = |number: u16| {
        let mut data = vec![2, 1];
        data.extend(number.to_le_bytes());
        data.extend(if number >= 256 { vec![0, 0, 0, 0, 0, 0] } else { vec![0, 0, 0, 0] });
        with_root(&[(0x0b, data)])
    };
    assert_eq!(rules(&filtered(1)), []);
    assert_eq!(rules(&filtered(300)), [("model/hdf5-filter-plugin", Severity::Medium)]);
    assert_eq!(rules(&filtered(32015)), [("model/hdf5-filter-plugin", Severity::Low)]);
}

#[test]
fn a_link_of_unknown_type_is_told() {
    let data = vec![1, 8, 187, 1, b'u', 0, 0];
    assert_eq!(rules(&with_root(&[(0x06, data)])), [("model/hdf5-user-defined-link", Severity::Medium)]);
}

#[test]
fn an_old_group_is_walked_through_its_tree_and_a_loop_ends() {
    let mut writer = Writer::new();
    let heap = writer.local_heap(b"\0child\0\0");
    let mut child = vec![1, 0, 1, 0, 1, 0, 0, 0];
    let (_, config) = attribute("model_config", LAMBDA);
    child.extend(((config.len() + 8) as u32).to_le_bytes());
    child.extend([0; 4]);
    child.extend([0x0c, 0]);
    child.extend((config.len() as u16).to_le_bytes());
    child.extend([0; 4]);
    child.extend(config);
    let child = writer.append(&child);
    let mut node = b"SNOD\x01\0\x01\0".to_vec();
    node.extend(1u64.to_le_bytes());
    node.extend(child.to_le_bytes());
    node.extend([0; 24]);
    let node = writer.append(&node);
    let mut tree = b"TREE\0\0\x01\0".to_vec();
    for value in [u64::MAX, u64::MAX, 0, node, 1] {
        tree.extend(value.to_le_bytes());
    }
    let tree = writer.append(&tree);
    let mut root = vec![1, 0, 1, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0x11, 0, 16, 0, 0, 0, 0, 0];
    root.extend(tree.to_le_bytes());
    root.extend(heap.to_le_bytes());
    let root = writer.append(&root);
    let bytes = writer.finish_v0(root);
    assert_eq!(rules(&bytes), [("model/keras-lambda", Severity::High)]);
    // The root links to itself: each object is visited once.
    let looped = with_root(&[hard_link("self", 96)]);
    assert_eq!(rules(&looped), []);
}

#[test]
fn a_broken_structure_is_a_finding_and_a_gap() {
    let outcome = scan(&with_root(&[hard_link("gone", 1 << 40)]));
    assert_eq!(outcome.findings[0].rule.id, "model/hdf5-malformed");
    assert!(!outcome.gaps.is_empty());
}

#[test]
fn a_cut_file_and_a_file_that_goes_on_are_told() {
    let whole = with_root(&[attribute("model_config", DENSE)]);
    let outcome = scan(&whole[..whole.len() - 1]);
    assert!(!outcome.gaps.is_empty());
    let mut longer = whole;
    longer.extend(b"something else");
    assert_eq!(rules(&longer), [("model/hdf5-malformed", Severity::Low)]);
}

#[test]
fn a_signature_after_a_user_block_is_found() {
    let mut bytes = vec![0; 512];
    bytes.extend(with_root(&[attribute("model_config", LAMBDA)]));
    assert_eq!(rules(&bytes), [("model/keras-lambda", Severity::High)]);
}

#[test]
fn text_that_calls_itself_hdf5_is_told() {
    assert_eq!(rules(b"not a model at all"), [("model/hdf5-malformed", Severity::Low)]);
}

proptest! {
    #[test]
    fn a_damaged_file_never_panics(at in 0usize..1000, byte: u8, cut in 0usize..1000) {
        let mut writer = Writer::new();
        let heap = writer.global_heap(LAMBDA.as_bytes());
        let child = writer.object(&[variable_attribute("model_config", LAMBDA.len(), heap), (0x0b, vec![2, 1, 1, 0, 0, 0, 0, 0])]);
        let root = writer.object(&[hard_link("a", child), external_link("b", "x.h5")]);
        let mut bytes = writer.finish(root);
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len() - cut % bytes.len());
        let _ = scan(&bytes);
    }

    #[test]
    fn any_bytes_after_a_superblock_never_panic(rest: Vec<u8>) {
        let mut bytes = with_root(&[]);
        bytes.extend(rest);
        let _ = scan(&bytes);
    }
}
