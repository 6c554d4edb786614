//! Tensors behind a body: KServe's extension for binary data, which Triton's own clients use unless they are told not to.
//!
//! A header gives the length of the JSON; what stands behind it are the tensors that name a `binary_data_size`, one after the other. Of type
//! `BYTES` they are texts: each is put into the JSON as the `data` of its tensor, so that it is judged like any other, and taken out again.
//!
//! Source: KServe, *Binary Tensor Data Extension*; Triton Inference Server, `extension_binary_data.md`.

use super::json::{Json, JsonLimits, Node, Value, quoted};
use super::splice::spliced;
use crate::check::Edit;
use std::borrow::Cow;
use std::ops::Range;

/// Why the tensors behind a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BinaryError {
    /// The JSON is longer than the body, or no JSON.
    #[error("the first {0} bytes of the body, which Inference-Header-Content-Length names, are no JSON")]
    Head(usize),
    /// A size that is none, or more or fewer bytes than the sizes say.
    #[error("tensor {0}: binary_data_size is not the number of bytes behind the JSON")]
    Size(usize),
    /// An element that ends behind its tensor.
    #[error("tensor {0}: an element is longer than what is left of it")]
    Element(usize),
}

/// A body with its tensors: what of it is judged, and how it is put together again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tensors<'b> {
    /// The JSON, with the texts behind it in it.
    pub document: Vec<u8>,
    /// How many elements are no text.
    pub files: usize,
    list: &'static str,
    behind: Vec<Tensor<'b>>,
}

/// One tensor behind the JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tensor<'b> {
    /// Its place in the list.
    place: usize,
    bytes: &'b [u8],
    /// Its elements, where they are texts.
    elements: Option<Vec<Element<'b>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Element<'b> {
    bytes: &'b [u8],
    /// The text that is judged in its place.
    shown: Cow<'b, str>,
}

/// The text of bytes that may be none, and whether they are not all of it: nothing where more than one character in ten is none, as in
/// pictures.
pub(crate) fn shown(bytes: &[u8]) -> (Cow<'_, str>, bool) {
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Borrowed(_)) {
        return (text, false);
    }
    let (mut all, mut none) = (0_usize, 0_usize);
    for character in text.chars() {
        all = all.saturating_add(1);
        none = none.saturating_add(usize::from(
            character == char::REPLACEMENT_CHARACTER || character.is_control() && !character.is_whitespace(),
        ));
    }
    if none.saturating_mul(10) > all { (Cow::Borrowed(""), true) } else { (text, true) }
}

impl<'b> Tensors<'b> {
    /// Takes a body apart whose first `head` bytes are JSON, with tensors in that list.
    ///
    /// # Errors
    /// [`BinaryError`] says what does not fit.
    pub fn of(
        body: &'b [u8],
        head: usize,
        list: &'static str,
        limits: JsonLimits,
    ) -> Result<Self, BinaryError> {
        let (text, mut rest) = body.split_at_checked(head).ok_or(BinaryError::Head(head))?;
        let json = Json::read(text, limits).map_err(|_| BinaryError::Head(head))?;
        let (mut tensors, mut edits, mut files) = (Vec::new(), Vec::new(), 0_usize);
        for (place, node) in json.root().all(list).flat_map(Node::items).enumerate() {
            let Some((size, _)) = size_of(node) else { continue };
            let size = size.ok_or(BinaryError::Size(place))?;
            let (bytes, after) = rest.split_at_checked(size).ok_or(BinaryError::Size(place))?;
            rest = after;
            let is_text =
                node.all("datatype").filter_map(Node::as_str).any(|kind| kind.eq_ignore_ascii_case("BYTES"));
            let elements =
                is_text.then(|| elements(bytes)).transpose().map_err(|()| BinaryError::Element(place))?;
            if let Some(elements) = &elements {
                let mut data = b",\"data\":[".to_vec();
                for (at, element) in elements.iter().enumerate() {
                    files = files.saturating_add(usize::from(element.shown.as_bytes() != element.bytes));
                    if at > 0 {
                        data.push(b',');
                    }
                    quoted(&element.shown, &mut data);
                }
                data.push(b']');
                let end = node.span().end.saturating_sub(1);
                let replacement = String::from_utf8_lossy(&data).into_owned();
                edits.push(Edit { span: end..end, replacement });
            }
            tensors.push(Tensor { place, bytes, elements });
        }
        if !rest.is_empty() {
            return Err(BinaryError::Size(tensors.len()));
        }
        let document = spliced(text, &edits).ok_or(BinaryError::Head(head))?;
        Ok(Self { document, files, list, behind: tensors })
    }

    /// The body of a document that was changed, and how long its JSON is; none where it is no longer that of these tensors.
    pub fn written(&self, changed: &[u8], limits: JsonLimits) -> Option<(Vec<u8>, usize)> {
        let json = Json::read(changed, limits).ok()?;
        let nodes: Vec<Node<'_, '_>> = json.root().all(self.list).flat_map(Node::items).collect();
        let (mut edits, mut behind) = (Vec::new(), Vec::new());
        for tensor in &self.behind {
            let node = nodes.get(tensor.place)?;
            let Some(elements) = &tensor.elements else {
                behind.extend_from_slice(tensor.bytes);
                continue;
            };
            let start = behind.len();
            let data = node.get("data")?;
            let texts: Vec<_> = data.items().map(Node::as_str).collect::<Option<_>>()?;
            if texts.len() != elements.len() {
                return None;
            }
            for (text, element) in texts.iter().zip(elements) {
                let bytes = if *text == element.shown { element.bytes } else { text.as_bytes() };
                behind.extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_le_bytes());
                behind.extend_from_slice(bytes);
            }
            let (_, span) = size_of(*node)?;
            edits.push(Edit { span, replacement: behind.len().saturating_sub(start).to_string() });
            // The comma that was put before it goes with it.
            let from = data.key_span()?.start.checked_sub(1)?;
            edits.push(Edit { span: from..data.span().end, replacement: String::new() });
        }
        edits.sort_by_key(|edit| edit.span.start);
        let mut body = spliced(changed, &edits)?;
        let head = body.len();
        body.extend_from_slice(&behind);
        Some((body, head))
    }
}

/// How many bytes of a tensor stand behind the JSON, none where that is no number, and where it says so.
fn size_of(tensor: Node<'_, '_>) -> Option<(Option<usize>, Range<usize>)> {
    let size = tensor.get("parameters")?.get("binary_data_size")?;
    let number = match size.value() {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    };
    Some((number, size.span()))
}

/// The elements of a tensor of type `BYTES`: each has its length before it, in four bytes, the lowest first.
fn elements(mut bytes: &[u8]) -> Result<Vec<Element<'_>>, ()> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>().ok_or(())?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| ())?;
        let (element, rest) = rest.split_at_checked(length).ok_or(())?;
        all.push(Element { bytes: element, shown: shown(element).0 });
        bytes = rest;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(texts: &[&[u8]]) -> Vec<u8> {
        texts.iter().flat_map(|text| [&(text.len() as u32).to_le_bytes()[..], text].concat()).collect()
    }

    /// A body of a tensor of texts between two of numbers, and the length of its JSON.
    fn body(texts: &[&[u8]]) -> (Vec<u8>, usize) {
        let texts = bytes(texts);
        let head = format!(
            r#"{{"inputs":[{{"name":"a","datatype":"FP32","shape":[1],"parameters":{{"binary_data_size":4}}}},{{"name":"t","datatype":"BYTES","parameters":{{"binary_data_size":{}}}, "shape":[2] }},{{"name":"n","datatype":"BYTES","shape":[1],"data":["plain"]}},{{"name":"b","datatype":"UINT8","parameters":{{"binary_data_size":2}}}}]}}"#,
            texts.len()
        );
        ([head.as_bytes(), &[1, 2, 3, 4], &texts, &[9, 8]].concat(), head.len())
    }

    #[test]
    fn texts_behind_the_json_are_in_the_document_and_go_back_as_they_came() {
        let picture = [0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10, b'J'];
        let (body, head) = body(&[b"a \"text\"", &picture, b"the\xe9 au lait, s'il vous plait"]);
        let tensors = Tensors::of(&body, head, "inputs", JsonLimits::default()).unwrap();
        let document = String::from_utf8(tensors.document.clone()).unwrap();
        assert!(
            document.contains(
                "\"shape\":[2] ,\"data\":[\"a \\\"text\\\"\",\"\",\"the\u{fffd} au lait, s'il vous plait\"]}"
            ),
            "{document}"
        );
        assert_eq!(tensors.files, 2);
        let same = tensors.written(&tensors.document, JsonLimits::default()).unwrap();
        assert_eq!(same, (body.clone(), head));
        let changed = document.replace("a \\\"text\\\"", "[GONE]");
        let (after, head) = tensors.written(changed.as_bytes(), JsonLimits::default()).unwrap();
        let again = Tensors::of(&after, head, "inputs", JsonLimits::default()).unwrap();
        assert_eq!(String::from_utf8(again.document).unwrap(), changed.replace(":56}", ":54}"));
        assert!(after.ends_with(&[9, 8]) && after.windows(7).any(|seven| seven == picture));
    }

    #[test]
    fn sizes_that_do_not_fit_are_told() {
        let (whole, head) = body(&[b"text"]);
        let of = |body: &[u8], head| Tensors::of(body, head, "inputs", JsonLimits::default()).map(|_| ());
        assert_eq!(of(&whole, head), Ok(()));
        assert_eq!(of(&whole, head + 1), Err(BinaryError::Head(head + 1)));
        assert_eq!(of(&whole, usize::MAX), Err(BinaryError::Head(usize::MAX)));
        assert_eq!(of(&whole[..whole.len() - 1], head), Err(BinaryError::Size(3)));
        assert_eq!(of(&[&whole[..], &[0]].concat(), head), Err(BinaryError::Size(3)));
        let mut lying = whole;
        lying[head + 4] = 200;
        assert_eq!(of(&lying, head), Err(BinaryError::Element(1)));
        let head = br#"{"inputs":[{"parameters":{"binary_data_size":"4"}}]}"#;
        assert_eq!(of(head, head.len()), Err(BinaryError::Size(0)));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_tensors_or_an_error_and_go_back_as_they_came(
            texts in proptest::collection::vec(proptest::collection::vec(proptest::prelude::any::<u8>(), 0..12), 0..4),
            cut in 0..200_usize,
        ) {
            let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
            let (body, head) = body(&texts);
            let tensors = Tensors::of(&body, head, "inputs", JsonLimits::default()).unwrap();
            let back = tensors.written(&tensors.document, JsonLimits::default());
            proptest::prop_assert_eq!(back, Some((body.clone(), head)));
            let _ = Tensors::of(&body[..cut.min(body.len())], head, "inputs", JsonLimits::default());
            let _ = Tensors::of(&body, cut, "inputs", JsonLimits::default());
        }
    }
}
