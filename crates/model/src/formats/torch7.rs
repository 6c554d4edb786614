//! Torch7 files (`.t7`, `.th`, `.net`): Lua tables, tensors, objects and functions, binary or ASCII.
//!
//! Source: torch7 `File.lua` (`writeObject`, `readObject`) and `lib/TH/THDiskFile.c`. The walk keeps its own stack; cost
//! is linear; tensor data is skipped.

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use super::native_library::{NATIVE_LIBRARY, inspect_binary};
use crate::text::printable::inspect_where_no_text_belongs;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{
    Confidence, Cursor, Finding, Kind, Location, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule,
};
use std::collections::BTreeSet;

/// Torch7 files.
pub static TORCH7: Torch7 = Torch7;

/// See [`TORCH7`].
#[derive(Debug, Clone, Copy)]
pub struct Torch7;

rule! {
    /// ## What it finds
    /// A Lua function in a Torch7 file: bytecode made by `string.dump`, with its upvalues.
    /// ## Why it matters
    /// `torch.load` hands the bytes to `loadstring`. LuaJIT does not verify bytecode: a crafted function escapes any
    /// sandbox when it is called, and methods such as `forward` or `read` call it. Networks of plain modules hold none.
    /// ## Example
    /// A `read` method replaced by a function that calls `os.execute`.
    /// ## How to fix
    /// Do not load the file; convert models to a format without functions.
    /// ## References
    /// - <https://github.com/torch/torch7/blob/master/doc/serialization.md>
    pub const TORCH7_FUNCTION: Rule = Rule {
        id: "model/torch7-function",
        title: "a Lua function in a Torch7 file",
        severity: Severity::High,
        remedy: "Do not load the file; convert models to a format without functions.",
        taxonomies: &[atlas("AML.T0011.000"), cwe(502), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An object in a Torch7 file whose class belongs to none of Torch's own packages.
    /// ## Why it matters
    /// `torch.load` requires the package and runs the class's `read` method with data from the file.
    /// ## Example
    /// An object of class `acme.Loader`.
    /// ## How to fix
    /// Review the class before loading.
    /// ## References
    /// - <https://github.com/torch/torch7/blob/master/doc/serialization.md>
    pub const TORCH7_UNKNOWN_CLASS: Rule = Rule {
        id: "model/torch7-unknown-class",
        title: "a Torch7 object of an unknown class",
        severity: Severity::Medium,
        remedy: "Review the class before loading.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(502), owasp_ml("ML06")],
    };
}

/// Packages whose classes hold data and layers.
const PACKAGES: &[&str] = &[
    "torch", "nn", "cunn", "cudnn", "nngraph", "graph", "inn", "nnx", "rnn", "dp", "optim", "tds", "image",
    "cltorch", "clnn", "fbnn", "fbcunn", "stn", "dpnn", "nninit", "onmt", "tnt", "autograd", "bnn",
    "mattorch", "trepl", "hdf5",
];

/// Most objects followed.
const MOST_OBJECTS: usize = 1 << 20;
/// Most dimensions of a tensor.
const MOST_DIMENSIONS: i32 = 64;
/// Steps between looks at the clock.
const CHECK_EVERY: u32 = 1 << 16;

impl Format for Torch7 {
    fn id(&self) -> &'static str {
        "torch7"
    }

    fn name(&self) -> &'static str {
        "Torch7 file"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["t7", "th", "net"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&TORCH7_FUNCTION, &TORCH7_UNKNOWN_CLASS, &NATIVE_LIBRARY, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        // An object's type, its index, then `V 1` or the class at once; an index of 1 because it is the first.
        if input.bytes.starts_with(b"\x04\0\0\0\x01\0\0\0\x03\0\0\0V ")
            || input.bytes.starts_with(b"4\n1\n3\nV ")
        {
            return Recognition::Certain;
        }
        if self.extensions().contains(&input.extension().as_ref()) {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let is_ascii =
            input.bytes.first().is_some_and(u8::is_ascii_digit) && input.bytes.get(1) == Some(&b'\n');
        let mut walker = Walker {
            cursor: Cursor::new(input.bytes),
            is_ascii,
            tasks: vec![Task::Object],
            known: BTreeSet::new(),
            reported: BTreeSet::new(),
        };
        let read = walker.run(scan);
        let offset = walker.cursor.position();
        let rest = input.bytes.get(offset..).unwrap_or_default();
        if let Err(what) = read {
            malformed(scan, offset, format!("no Torch7 object from here on: {what}"));
            scan.gap(offset as u64, format!("{what}; the rest was searched as text only"));
            inspect_binary(rest, offset, scan);
            lua(rest, offset, scan);
        } else if !rest.trim_ascii().is_empty() {
            malformed(scan, offset, format!("{} bytes follow the Torch7 object", rest.len()));
            inspect_binary(rest, offset, scan);
        }
    }
}

/// Calls of Lua that compile text or load libraries, where no Lua belongs.
fn lua(bytes: &[u8], base: usize, scan: &mut Scan<'_>) {
    for call in
        ["loadstring(", "dofile(", "loadfile(", "package.loadlib(", "ffi.load(", "os.execute(", "io.popen("]
    {
        if let Some(at) = memchr::memmem::find(bytes, call.as_bytes()) {
            let shown = bytes.get(at..at.saturating_add(160).min(bytes.len())).unwrap_or_default();
            scan.report(
                Finding::new(
                    &TORCH7_FUNCTION,
                    format!("Lua source in the file calls `{}`", call.trim_end_matches('(')),
                )
                .confidence(Confidence::Medium)
                .at(base.saturating_add(at) as u64)
                .evidence(String::from_utf8_lossy(shown)),
            );
        }
    }
}

type Stop = &'static str;

const ENDS: Stop = "the file ends inside an object";

#[derive(Debug, Clone, Copy)]
enum Task {
    Object,
    /// Pairs of a table still to come, two objects each.
    Pairs(u32),
}

struct Walker<'a> {
    cursor: Cursor<'a>,
    is_ascii: bool,
    tasks: Vec<Task>,
    /// Indices of objects read before.
    known: BTreeSet<i32>,
    reported: BTreeSet<&'a [u8]>,
}

impl<'a> Walker<'a> {
    fn run(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
        let mut steps = 0u32;
        while let Some(task) = self.tasks.pop() {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
                return Err("the time is used up");
            }
            if self.known.len() > MOST_OBJECTS || self.tasks.len() > MOST_OBJECTS {
                return Err("more objects than are followed");
            }
            match task {
                Task::Pairs(0) => {}
                Task::Pairs(left) => {
                    self.tasks.extend([Task::Pairs(left.saturating_sub(1)), Task::Object, Task::Object]);
                }
                Task::Object => self.object(scan)?,
            }
        }
        Ok(())
    }

    fn object(&mut self, scan: &mut Scan<'_>) -> Result<(), Stop> {
        let start = self.cursor.position();
        match self.integer()? {
            0 => {}
            1 => self.numbers(1, 8)?,
            2 => {
                let text = self.string()?;
                let place = Location { offset: Some(start as u64), ..Location::default() };
                inspect_where_no_text_belongs(&String::from_utf8_lossy(text), &place, scan);
            }
            3 => {
                if self.is_new()? {
                    let pairs = self.integer()?;
                    let pairs = u32::try_from(pairs).map_err(|_| "a table of negative size")?;
                    if u64::from(pairs) > self.cursor.remaining() as u64 {
                        return Err("a table larger than the file");
                    }
                    self.tasks.push(Task::Pairs(pairs));
                }
            }
            4 => {
                if self.is_new()? {
                    self.instance(start, scan)?;
                }
            }
            5 => drop(self.integer()?),
            kind @ 6..=8 => {
                // The plain type 6 has no index.
                if kind == 6 || self.is_new()? {
                    let code = self.string()?;
                    Self::function(code, start, scan);
                    self.tasks.push(Task::Object);
                }
            }
            _ => return Err("an object type that does not exist"),
        }
        Ok(())
    }

    fn is_new(&mut self) -> Result<bool, Stop> {
        let index = self.integer()?;
        Ok(self.known.insert(index))
    }

    fn function(code: &[u8], offset: usize, scan: &mut Scan<'_>) {
        let kind = match code {
            [0x1b, b'L', b'J', ..] => "LuaJIT bytecode",
            [0x1b, b'L', b'u', b'a', ..] => "Lua bytecode",
            _ => "code of unknown kind",
        };
        let message = format!("the file holds a function of {} bytes of {kind}", code.len());
        scan.report(
            Finding::new(&TORCH7_FUNCTION, message).at(offset as u64).evidence(String::from_utf8_lossy(code)),
        );
        inspect_binary(code, offset, scan);
    }

    fn instance(&mut self, offset: usize, scan: &mut Scan<'_>) -> Result<(), Stop> {
        let first = self.string()?;
        let class = if first.starts_with(b"V ") { self.string()? } else { first };
        let name = String::from_utf8_lossy(class);
        let package = name.split('.').next().unwrap_or_default();
        if !PACKAGES.contains(&package) && self.reported.insert(class) {
            let message = format!("loading brings in an object of the unknown class `{name}`");
            scan.report(Finding::new(&TORCH7_UNKNOWN_CLASS, message).at(offset as u64).evidence(&*name));
        }
        if let Some(element) = name.strip_prefix("torch.").and_then(|name| name.strip_suffix("Storage")) {
            let width = width(element).ok_or("a storage of unknown elements")?;
            let length = self.long()?;
            let length = u64::try_from(length).map_err(|_| "a storage of negative size")?;
            return self.numbers(length, width);
        }
        if name.starts_with("torch.") && name.ends_with("Tensor") {
            let dimensions = self.integer()?;
            if !(0..=MOST_DIMENSIONS).contains(&dimensions) {
                return Err("a tensor with an impossible number of dimensions");
            }
            // Sizes, strides, the offset of the first element.
            for _ in 0..dimensions.saturating_mul(2).saturating_add(1) {
                self.long()?;
            }
        }
        // The storage of a tensor, the fields of everything else.
        self.tasks.push(Task::Object);
        Ok(())
    }

    fn word(&mut self) -> Result<&'a [u8], Stop> {
        let blank = self.cursor.rest().iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let _ = self.cursor.take(blank);
        let length = self.cursor.rest().iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
        self.cursor.take(length).ok().filter(|word| !word.is_empty()).ok_or(ENDS)
    }

    fn ascii_number(&mut self) -> Result<i64, Stop> {
        let word = self.word()?;
        std::str::from_utf8(word)
            .ok()
            .and_then(|word| word.parse().ok())
            .ok_or("a word where a number should stand")
    }

    fn integer(&mut self) -> Result<i32, Stop> {
        if self.is_ascii {
            let number = self.ascii_number()?;
            return i32::try_from(number).map_err(|_| "a number out of range");
        }
        self.cursor.i32_le().map_err(|_| ENDS)
    }

    fn long(&mut self) -> Result<i64, Stop> {
        if self.is_ascii { self.ascii_number() } else { self.cursor.i64_le().map_err(|_| ENDS) }
    }

    fn numbers(&mut self, count: u64, width: u64) -> Result<(), Stop> {
        if !self.is_ascii {
            return self
                .cursor
                .skip(count.saturating_mul(width))
                .map_err(|_| "the file ends inside a storage");
        }
        for _ in 0..count {
            self.word()?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.integer()?;
        let length = usize::try_from(length).map_err(|_| "a string of negative length")?;
        if self.is_ascii {
            let _ = self.cursor.take(1);
        }
        self.cursor.take(length).map_err(|_| "a string longer than the file")
    }
}

/// Bytes per element of a storage.
fn width(element: &str) -> Option<u64> {
    match element.strip_prefix("Cuda").filter(|rest| !rest.is_empty()).unwrap_or(element) {
        "Double" | "Long" => Some(8),
        "Float" | "Int" | "Cuda" => Some(4),
        "Short" | "Half" => Some(2),
        "Byte" | "Char" => Some(1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use proptest::prelude::*;

    #[derive(Default)]
    struct File(Vec<u8>);

    impl File {
        fn ints(mut self, values: &[i32]) -> Self {
            self.0.extend(values.iter().flat_map(|value| value.to_le_bytes()));
            self
        }

        fn text(self, text: &[u8]) -> Self {
            let mut file = self.ints(&[i32::try_from(text.len()).unwrap()]);
            file.0.extend(text);
            file
        }

        fn object(self, index: i32, class: &str) -> Self {
            self.ints(&[4, index]).text(b"V 1").text(class.as_bytes())
        }
    }

    #[test]
    fn a_tensor_is_clean() {
        let mut file = File::default().object(1, "torch.FloatTensor").ints(&[1]);
        file.0.extend([2i64, 1, 1].iter().flat_map(|value| value.to_le_bytes()));
        let mut file = file.object(2, "torch.FloatStorage");
        file.0.extend(2i64.to_le_bytes());
        file.0.extend([0; 8]);
        assert_eq!(TORCH7.recognise(&Input::new("m", &file.0)), Recognition::Certain);
        assert_eq!(rules_of(&TORCH7, &file.0), Vec::<&str>::new());
    }

    #[test]
    fn a_tensor_in_ascii_is_clean() {
        let text = b"4\n1\n3\nV 1\n18\ntorch.DoubleTensor\n1\n2\n1\n1\n4\n2\n3\nV 1\n19\ntorch.DoubleStorage\n2\n0.5 1\n";
        assert_eq!(rules_of(&TORCH7, text), Vec::<&str>::new());
    }

    #[test]
    fn a_function_is_high_also_inside_a_table() {
        // {"f": function}
        let file =
            File::default().ints(&[3, 1, 1, 2]).text(b"f").ints(&[8, 2]).text(b"\x1bLJ\x01").ints(&[0]);
        let found = outcome(&TORCH7, &file.0);
        assert_eq!(
            (found.findings[0].rule.id, found.findings[0].severity),
            ("model/torch7-function", Severity::High)
        );
        assert!(found.gaps.is_empty(), "{:?}", found.gaps);
    }

    #[test]
    fn an_unknown_class_is_named_and_a_layer_is_not() {
        assert_eq!(
            rules_of(&TORCH7, &File::default().object(1, "acme.Loader").ints(&[0]).0),
            ["model/torch7-unknown-class"]
        );
        assert_eq!(
            rules_of(&TORCH7, &File::default().object(1, "nn.Linear").ints(&[0]).0),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn lua_source_behind_a_false_header_is_found() {
        let found = outcome(&TORCH7, b"T7\0\0-- note\nx = loadstring('return 1')()");
        assert_eq!(found.findings[0].severity, Severity::High);
    }

    proptest! {
        #[test]
        fn any_words_give_a_result(words in proptest::collection::vec(0i32..9, 0..60)) {
            outcome(&TORCH7, &File::default().ints(&words).0);
        }

        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&TORCH7, &bytes);
        }
    }
}
