//! NumPy arrays on disk (`.npy`), versions 1 to 3: a magic, a Python literal that describes the array, the data.
//!
//! Source: NumPy enhancement proposal 1 and `numpy/lib/format.py`. The header is parsed as data, never evaluated.
//! An array of objects is a pickle behind a header and is read as one. Cost: the header, the data is skipped.

use super::hidden::{self, HIDDEN_DATA, Hidden};
use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use super::npy_literal::{self, Literal, LiteralError};
use crate::pickle::follow;
use crate::weights::{self, Float};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

/// NumPy `.npy`.
pub static NPY: Npy = Npy;

/// See [`NPY`].
#[derive(Debug, Clone, Copy)]
pub struct Npy;

rule! {
    /// ## What it finds
    /// A NumPy array whose elements are Python objects, which NumPy stores as a pickle behind the array header.
    /// ## Why it matters
    /// `np.load(..., allow_pickle=True)`, and every `np.load` before NumPy 1.16.3 (CVE-2019-6446), unpickles it:
    /// whoever wrote the file chooses what runs. The pickle itself is read too and judged by what it calls.
    /// ## Example
    /// `{'descr': '|O', 'fortran_order': False, 'shape': (2,), }`
    /// ## How to fix
    /// Store the values as plain numeric arrays, one `.npy` each or as safetensors, and load with
    /// `allow_pickle=False`.
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2019-6446>
    /// - <https://numpy.org/doc/stable/reference/generated/numpy.load.html>
    pub const NPY_OBJECT_ARRAY: Rule = Rule {
        id: "model/npy-object-array",
        title: "a NumPy array that is a pickle in disguise",
        severity: Severity::Medium,
        remedy: "Store plain numeric arrays and load with allow_pickle=False.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A call, an import or another expression where the header of a NumPy array may hold literals only.
    /// ## Why it matters
    /// NumPy parses the header as a literal, but loaders written by hand pass it to `eval`: the expression then runs
    /// when the array is opened. No writer of `.npy` files produces one.
    /// ## Example
    /// `{'descr': '<f8', 'fortran_order': False, 'shape': (__import__('os').system('id'),)}`
    /// ## How to fix
    /// Do not load the file; find out who made it.
    /// ## References
    /// - <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>
    pub const NPY_HEADER_CODE: Rule = Rule {
        id: "model/npy-header-code",
        title: "code in the header of a NumPy array",
        severity: Severity::High,
        remedy: "Do not load the file; find out who made it.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(95), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// Bytes after the end of a NumPy array that are not another array.
    /// ## Why it matters
    /// `np.load` ignores them, so they can carry a payload past a reviewer for another program to pick up.
    /// ## Example
    /// A shell script appended to `weights.npy`.
    /// ## How to fix
    /// Load the array and save it again; ask its publisher what the extra bytes are for.
    /// ## References
    /// - <https://atlas.mitre.org/techniques/AML.T0018>
    pub const NPY_TRAILING_DATA: Rule = Rule {
        id: "model/npy-trailing-data",
        title: "bytes after the end of a NumPy array",
        severity: Severity::Low,
        remedy: "Load the array and save it again; ask its publisher what the extra bytes are for.",
        taxonomies: &[atlas("AML.T0018"), cwe(506), owasp_ml("ML06")],
    };
}

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header NumPy reads unless told otherwise, in bytes (`_MAX_HEADER_SIZE` in `numpy/lib/format.py`).
const USUAL_HEADER: usize = 10_000;
/// Longest header parsed here, in bytes.
const LONGEST_HEADER: usize = 1 << 20;
/// Most dimensions of a NumPy array (`NPY_MAXDIMS`, 64 since NumPy 2.0).
const MOST_DIMENSIONS: usize = 64;
/// Most arrays read from one file: `np.save` may be called repeatedly on an open file.
const MOST_ARRAYS: usize = 4096;

impl Format for Npy {
    fn id(&self) -> &'static str {
        "npy"
    }

    fn name(&self) -> &'static str {
        "NumPy array"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["npy"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&NPY_OBJECT_ARRAY, &NPY_HEADER_CODE, &NPY_TRAILING_DATA, &HIDDEN_DATA, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if input.bytes.starts_with(MAGIC) { Recognition::Certain } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let mut start = 0;
        for _ in 0..MOST_ARRAYS {
            match array(input.bytes, start, scan) {
                Some(next) if next < input.bytes.len() => start = next,
                _ => return,
            }
        }
        scan.gap(start as u64, format!("more than {MOST_ARRAYS} arrays in one file; split it"));
    }
}

/// Reads the array at `start`; gives the offset of the next one, `None` when there is none.
fn array(bytes: &[u8], start: usize, scan: &mut Scan<'_>) -> Option<usize> {
    let mut cursor = Cursor::at(bytes, start.saturating_add(MAGIC.len()));
    let (Ok(major), Ok(_minor)) = (cursor.u8(), cursor.u8()) else {
        broken(scan, start, "the array ends inside its header");
        return None;
    };
    let length = match major {
        1 => cursor.u16_le().map(usize::from),
        2 | 3 => cursor.u32_le().map(|length| length as usize),
        _ => {
            broken(scan, start, format!("NumPy array version {major} does not exist"));
            return None;
        }
    };
    let header_at = cursor.position();
    let Some(header) = length.ok().and_then(|length| cursor.take(length).ok()) else {
        broken(scan, header_at, "the array's header is longer than the file");
        return None;
    };
    if header.len() > USUAL_HEADER {
        malformed(
            scan,
            header_at,
            format!("the array's header has {} bytes, NumPy reads {USUAL_HEADER}", header.len()),
        );
    }
    if header.len() > LONGEST_HEADER {
        scan.gap(header_at as u64, "the array's header is too long to be parsed; save the array again");
        return None;
    }
    let description = match npy_literal::parse(header) {
        Ok(literal) => literal,
        Err(LiteralError::Code { offset, text }) => {
            scan.report(
                Finding::new(&NPY_HEADER_CODE, format!("the array's header holds the expression `{text}`"))
                    .at(header_at.saturating_add(offset) as u64)
                    .evidence(String::from_utf8_lossy(header)),
            );
            scan.gap(header_at as u64, "the array's header is no literal, its data was not located");
            return None;
        }
        Err(LiteralError::Syntax { offset }) => {
            broken(scan, header_at.saturating_add(offset), "the array's header is no Python literal");
            return None;
        }
    };
    let data_at = cursor.position();
    let payload = cursor.rest();
    let (dtype, shape) = (description.get("descr"), description.get("shape").and_then(Literal::items));
    let order = description.get("fortran_order");
    let (Some(dtype), Some(shape), Some(Literal::Bool(_))) = (dtype, shape, order) else {
        broken(scan, header_at, "the array's header lacks `descr`, `fortran_order` or `shape`");
        return None;
    };
    let Some(element) = Element::of(dtype, 0) else {
        if mentions_object(dtype) {
            object_array(header, header_at, payload, scan);
        }
        broken(scan, header_at, format!("the array's dtype `{}` is none NumPy knows", dtype.shown()));
        return None;
    };
    let dimensions: Option<Vec<u64>> = shape.iter().map(Literal::unsigned).collect();
    let Some(dimensions) = dimensions.filter(|dimensions| dimensions.len() <= MOST_DIMENSIONS) else {
        if element.is_object {
            object_array(header, header_at, payload, scan);
        }
        broken(scan, header_at, "the array's shape is not a list of at most 64 sizes");
        return None;
    };
    if element.is_object {
        object_array(header, header_at, payload, scan);
        return None;
    }
    let elements = dimensions.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
    let size = elements.and_then(|elements| elements.checked_mul(element.size));
    let end = size.and_then(|size| usize::try_from(size).ok()).and_then(|size| data_at.checked_add(size));
    let Some(end) = end.filter(|&end| end <= bytes.len()) else {
        broken(
            scan,
            data_at,
            format!("the header promises {} of data, {} bytes are there", shown_size(size), payload.len()),
        );
        return None;
    };
    values(dtype, &dimensions, bytes.get(data_at..end).unwrap_or_default(), data_at, scan);
    let rest = bytes.get(end..).unwrap_or_default();
    if !rest.is_empty() && !rest.starts_with(MAGIC) {
        // Padding of zeros hides nothing.
        if rest.iter().any(|&byte| byte != 0) {
            let message = format!("{} bytes follow the end of the array", rest.len());
            scan.report(Finding::new(&NPY_TRAILING_DATA, message).at(end as u64));
            scan.member("data after the array", rest);
        }
        return None;
    }
    Some(end)
}

/// Hands an array of floats to the inspector of weights, and looks for a file where other numbers should begin.
fn values(dtype: &Literal, shape: &[u64], data: &[u8], data_at: usize, scan: &mut Scan<'_>) {
    if let Some(kind) = Hidden::at_start_of(data) {
        hidden::report_tensor(scan, data, data_at as u64, "array", kind);
    }
    let float = match dtype {
        Literal::Text(text) => match text.trim_start_matches(['<', '=']) {
            "f2" | "e" | "float16" => Float::F16,
            "f4" | "f" | "float32" => Float::F32,
            "f8" | "d" | "float64" => Float::F64,
            _ => return,
        },
        _ => return,
    };
    let tensor = weights::Tensor { name: "array", float, shape, bytes: data, offset: data_at as u64 };
    weights::inspect(&[tensor], scan);
}

fn shown_size(size: Option<u64>) -> String {
    size.map_or_else(|| "more than 2^64 bytes".to_owned(), |size| format!("{size} bytes"))
}

fn object_array(header: &[u8], header_at: usize, payload: &[u8], scan: &mut Scan<'_>) {
    scan.report(
        Finding::new(&NPY_OBJECT_ARRAY, "the array's elements are Python objects, stored as a pickle")
            .at(header_at as u64)
            .evidence(String::from_utf8_lossy(header)),
    );
    let followed = scan.nested("objects.pkl", |scan| follow(payload, 0, scan)).unwrap_or_default();
    let rest = payload.get(followed.end..).unwrap_or_default();
    if followed.stopped && rest.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0) {
        let end = header_at.saturating_add(header.len()).saturating_add(followed.end);
        let message = format!("{} bytes follow the end of the pickled array", rest.len());
        scan.report(Finding::new(&NPY_TRAILING_DATA, message).at(end as u64));
        scan.member("data after the array", rest);
    }
}

/// What one element of an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    size: u64,
    is_object: bool,
}

impl Element {
    /// Deepest nesting of structured dtypes followed.
    const DEPTH: u32 = 16;

    /// The element a `descr` value describes (`descr_to_dtype` in `numpy/lib/format.py`).
    fn of(descr: &Literal, depth: u32) -> Option<Self> {
        if depth > Self::DEPTH {
            return None;
        }
        let inner = |descr| Self::of(descr, depth.saturating_add(1));
        match descr {
            Literal::Text(text) => Self::of_text(text),
            Literal::Tuple(items) => {
                let [base, shape] = items.as_slice() else { return None };
                inner(base)?.repeated(shape)
            }
            Literal::List(fields) => {
                let mut whole = Self { size: 0, is_object: false };
                for field in fields {
                    let field = match field.items()? {
                        [_, descr] => inner(descr)?,
                        [_, descr, shape] => inner(descr)?.repeated(shape)?,
                        _ => return None,
                    };
                    whole.size = whole.size.checked_add(field.size)?;
                    whole.is_object |= field.is_object;
                }
                Some(whole)
            }
            _ => None,
        }
    }

    fn repeated(self, shape: &Literal) -> Option<Self> {
        let one = [shape.clone()];
        let dimensions = shape.items().unwrap_or(&one);
        let times = dimensions.iter().try_fold(1u64, |times, size| times.checked_mul(size.unsigned()?))?;
        Some(Self { size: self.size.checked_mul(times)?, ..self })
    }

    /// A dtype string: one type, or several separated by commas.
    fn of_text(text: &str) -> Option<Self> {
        let mut whole = Self { size: 0, is_object: false };
        for part in text.split(',') {
            let part = Self::of_type(part.trim())?;
            whole.size = whole.size.checked_add(part.size)?;
            whole.is_object |= part.is_object;
        }
        Some(whole)
    }

    fn of_type(text: &str) -> Option<Self> {
        let plain = |size| Some(Self { size, is_object: false });
        match text {
            "object" | "object_" | "object0" => return Some(Self { size: 8, is_object: true }),
            "bool" | "bool_" | "int8" | "uint8" | "byte" | "ubyte" => return plain(1),
            "int16" | "uint16" | "float16" | "half" => return plain(2),
            "int32" | "uint32" | "float32" | "single" => return plain(4),
            "int64" | "uint64" | "float64" | "double" | "float" | "int" | "complex64" => return plain(8),
            "complex128" | "float128" | "longdouble" | "complex" => return plain(16),
            _ => {}
        }
        let text = text.strip_prefix(['<', '>', '|', '=']).unwrap_or(text);
        let mut rest = text.chars();
        let kind = rest.next()?;
        // A unit such as `[ns]` follows the size of dates and time spans.
        let digits = rest.as_str().split('[').next().unwrap_or_default();
        let given = if digits.is_empty() { None } else { Some(digits.parse::<u64>().ok()?) };
        match (kind, given) {
            ('O', _) => Some(Self { size: 8, is_object: true }),
            ('U', count) => plain(count.unwrap_or(0).checked_mul(4)?),
            ('S' | 'a' | 'V', count) => plain(count.unwrap_or(0)),
            ('i' | 'u' | 'f' | 'c' | 'b' | 'm' | 'M' | 'B', Some(size)) if size <= 32 => plain(size),
            ('b' | 'B' | '?' | 'c', None) => plain(1),
            ('h' | 'H' | 'e', None) => plain(2),
            ('i' | 'I' | 'f', None) => plain(4),
            ('l' | 'L' | 'q' | 'Q' | 'd' | 'F' | 'm' | 'M' | 'p' | 'P' | 'u', None) => plain(8),
            ('g' | 'D', None) => plain(16),
            ('G', None) => plain(32),
            _ => None,
        }
    }
}

/// Whether a dtype NumPy would refuse still asks for objects somewhere.
fn mentions_object(descr: &Literal) -> bool {
    let shown = descr.shown();
    ["'O'", "'|O", "'<O", "'>O", "'=O", "'O8", "'O4", "object"].iter().any(|object| shown.contains(object))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    fn npy(header: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(data);
        bytes
    }

    #[test]
    fn a_numeric_array_is_clean() {
        let bytes = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 1), }\n", &[0; 8]);
        let outcome = outcome(&NPY, &bytes);
        assert!(outcome.findings.is_empty() && outcome.gaps.is_empty());
    }

    #[test]
    fn an_array_of_objects_is_reported_also_inside_a_structured_dtype() {
        for descr in ["'|O'", "[('a', '<i4'), ('b', [('c', 'O')])]", "('O', (2,))", "'i4,O'"] {
            let bytes =
                npy(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}"), b"\x80\x04N.");
            assert!(rules_of(&NPY, &bytes).contains(&"model/npy-object-array"), "{descr}");
        }
    }

    #[test]
    fn a_structured_array_without_objects_is_clean() {
        let descr = "[('Offset', '<i4'), ('Other', '<f8', (2,))]";
        let bytes = npy(&format!("{{'descr': {descr}, 'fortran_order': True, 'shape': (2,), }}"), &[1; 40]);
        assert_eq!(rules_of(&NPY, &bytes), Vec::<&str>::new());
    }

    #[test]
    fn a_call_in_the_header_is_code() {
        let bytes = npy("{'descr': '<f4', 'shape': (__import__('os').system('id'),)}", &[]);
        assert!(rules_of(&NPY, &bytes).contains(&"model/npy-header-code"));
    }

    #[test]
    fn data_shorter_than_promised_is_malformed_and_incomplete() {
        for shape in ["(1000, 1000)", "(4294967296, 4294967296)", "(-10, 2)"] {
            let bytes =
                npy(&format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}"), &[0; 9]);
            let outcome = outcome(&NPY, &bytes);
            assert_eq!(outcome.findings[0].rule.id, "model/malformed-structure", "{shape}");
            assert_eq!(outcome.gaps.len(), 1);
        }
    }

    #[test]
    fn trailing_bytes_are_noted_but_a_second_array_is_not() {
        let one = npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", b"abc");
        assert_eq!(rules_of(&NPY, &[one.clone(), one.clone()].concat()), Vec::<&str>::new());
        assert!(rules_of(&NPY, &[one, b"more".to_vec()].concat()).contains(&"model/npy-trailing-data"));
    }

    #[test]
    fn values_of_floats_are_looked_at_and_files_in_the_data_are_found() {
        let array = |descr: &str, count: usize, data: &[u8]| {
            let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({count},), }}\n");
            [MAGIC, &[1, 0], &(header.len() as u16).to_le_bytes(), header.as_bytes(), data].concat()
        };
        let mut floats: Vec<u8> = (0u16..64).flat_map(|number| f32::from(number).to_le_bytes()).collect();
        assert_eq!(rules_of(&NPY, &array("<f4", 64, &floats)), Vec::<&str>::new());
        floats[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(rules_of(&NPY, &array("<f4", 64, &floats)), ["model/weights-not-finite"]);
        let pickle = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.";
        assert!(rules_of(&NPY, &array("|u1", pickle.len(), pickle)).contains(&HIDDEN_DATA.id));
    }

    proptest! {
        #[test]
        fn any_header_gives_a_result(header in "[\\{\\}\\[\\]\\(\\)'a-z0-9,: <|OL-]{0,60}", data: Vec<u8>) {
            outcome(&NPY, &npy(&header, &data));
        }

        #[test]
        fn any_bytes_after_the_magic_give_a_result(rest: Vec<u8>) {
            outcome(&NPY, &[MAGIC, &rest].concat());
        }
    }
}
