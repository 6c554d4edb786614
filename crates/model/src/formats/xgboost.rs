//! XGBoost models: JSON, Universal Binary JSON, and the binary format of releases before 3.1.
//!
//! Source: XGBoost `doc/model.schema` and `src/learner.cc` (`LearnerModelParam`, `binf` and `bs64` prefixes). The trees
//! are checked as the predictor walks them: it trusts lengths and child indices. Cost: linear; one tree is held.

use super::boosted_tree::{Tree, TreeArray};
use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::text::printable::{inspect_runs, inspect_where_no_text_belongs};
use crate::wire::{json, ubjson};
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Cursor, Kind, Location, Rule};

/// XGBoost models.
pub static XGBOOST: XgBoost = XgBoost;

/// See [`XGBOOST`].
#[derive(Debug, Clone, Copy)]
pub struct XgBoost;

/// How much recognition looks at, in bytes.
const HEAD: usize = 4096;
/// Size of `LearnerModelParam`, in bytes.
const PARAMETERS: u64 = 136;
/// Longest name of an objective or booster.
const LONGEST_NAME: u64 = 256;
/// Boosters XGBoost has.
const BOOSTERS: &[&str] = &["gbtree", "gblinear", "dart"];
/// Extensions XGBoost models carry and nothing else does.
const OWN_EXTENSIONS: &[&str] = &["bst", "xgb", "xgboost", "ubj", "deprecated"];
/// Shortest string judged, in bytes.
const SHORTEST: usize = 6;
/// Events read before the clock is asked.
const CHECK_EVERY: u32 = 1 << 16;

impl Format for XgBoost {
    fn id(&self) -> &'static str {
        "xgboost"
    }

    fn name(&self) -> &'static str {
        "XGBoost model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["json", "ubj", "bst", "xgb", "xgboost", "model", "deprecated", "bin"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(HEAD);
        let has = |text: &[u8]| memchr::memmem::find(head, text).is_some();
        if head.starts_with(b"binf") || head.starts_with(b"bs64\t") {
            return Recognition::Certain;
        }
        let is_object = head.trim_ascii_start().first() == Some(&b'{');
        let learner =
            has(b"learner") && (has(b"version") || has(b"gradient_booster") || has(b"learner_model_param"));
        if is_object && learner {
            return Recognition::Certain;
        }
        if OWN_EXTENSIONS.contains(&input.extension().as_ref()) { Recognition::Weak } else { Recognition::No }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let bytes = input.bytes;
        let start = bytes.trim_ascii_start();
        if start.first() != Some(&b'{') {
            binary(bytes, scan);
        } else if matches!(start.get(1), Some(b'i' | b'U' | b'I' | b'l' | b'L' | b'#' | b'$')) {
            universal(bytes, scan);
        } else {
            text(bytes, scan);
        }
    }
}

/// What is open while a model is read: the name of each object's current member, and the tree in it.
#[derive(Default)]
struct Model {
    levels: Vec<Level>,
    saw_learner: bool,
}

#[derive(Default)]
struct Level {
    is_object: bool,
    key: String,
    array: Option<TreeArray>,
    count: u64,
    tree: Tree,
}

impl Model {
    fn pointer(&self) -> String {
        self.levels.iter().fold(String::new(), |mut path, level| {
            path.push('/');
            if level.is_object {
                path.push_str(&level.key);
            } else {
                path.push_str(&level.count.saturating_sub(1).to_string());
            }
            path
        })
    }

    /// A value begins: counts it in an array.
    fn value(&mut self) {
        if let Some(level) = self.levels.last_mut().filter(|level| !level.is_object) {
            level.count = level.count.saturating_add(1);
        }
    }

    fn key(&mut self, name: &str) {
        let depth = self.levels.len();
        self.saw_learner |= depth == 1 && name == "learner";
        if let Some(level) = self.levels.last_mut() {
            level.key.clear();
            level.key.push_str(name.get(..name.floor_char_boundary(200)).unwrap_or(name));
        }
    }

    fn open(&mut self, is_object: bool) {
        self.value();
        let array = match self.levels.last() {
            Some(level) if level.is_object && !is_object => TreeArray::named(&level.key),
            _ => None,
        };
        self.levels.push(Level { is_object, array, ..Level::default() });
    }

    fn close(&mut self, offset: usize, scan: &mut Scan<'_>) {
        let pointer = self.pointer();
        let Some(level) = self.levels.pop() else { return };
        if let Some(array) = level.array {
            if let Some(parent) = self.levels.last_mut() {
                parent.tree.ends(array, level.count);
            }
        } else if let Some(what) = level.tree.contradiction() {
            let place = pointer.rsplit_once('/').map_or("", |(place, _)| place);
            malformed(scan, offset, format!("the tree `{place}` {what}"));
        }
    }

    fn number(&mut self, number: i64) {
        self.value();
        let Some(array) = self.levels.last().and_then(|level| level.array) else { return };
        let parent = self.levels.len().checked_sub(2).and_then(|index| self.levels.get_mut(index));
        if let Some(parent) = parent {
            parent.tree.item(array, number);
        }
    }

    /// A whole array of numbers at once.
    fn numbers(&mut self, kind: u8, count: u64, bytes: &[u8]) {
        let Some(level) = self.levels.last_mut() else { return };
        let Some(array) = TreeArray::named(&level.key).filter(|_| level.is_object) else { return };
        if array.is_child() {
            let mut cursor = Cursor::new(bytes);
            for _ in 0..count {
                let number = match kind {
                    b'l' => cursor.i32_be().map(i64::from),
                    b'L' => cursor.u64_be().map(u64::cast_signed),
                    b'I' => cursor.u16_be().map(|number| i64::from(number.cast_signed())),
                    _ => cursor.u8().map(|number| i64::from(number.cast_signed())),
                };
                let Ok(number) = number else { break };
                level.tree.item(array, number);
            }
        }
        level.tree.ends(array, count);
    }

    fn text(&mut self, text: &str, offset: usize, scan: &mut Scan<'_>) {
        self.value();
        judge(text, offset, Some(self.pointer()), scan);
    }
}

fn judge(text: &str, offset: usize, pointer: Option<String>, scan: &mut Scan<'_>) {
    if text.len() >= SHORTEST && text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        let place = Location { offset: Some(offset as u64), pointer, ..Location::default() };
        inspect_where_no_text_belongs(text, &place, scan);
    }
}

fn text(bytes: &[u8], scan: &mut Scan<'_>) {
    let mut model = Model::default();
    let mut reader = json::Reader::new(bytes);
    let mut count = 0u32;
    while let Some(event) = reader.next() {
        count = count.wrapping_add(1);
        if count.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
            return;
        }
        let offset = reader.offset();
        match event {
            Ok(json::Event::ObjectStart) => model.open(true),
            Ok(json::Event::ArrayStart) => model.open(false),
            Ok(json::Event::ObjectEnd | json::Event::ArrayEnd) => model.close(offset, scan),
            Ok(json::Event::Key { name, duplicate }) => {
                let name = name.text();
                if duplicate {
                    malformed(
                        scan,
                        offset,
                        format!("the member `{name}` occurs twice; readers differ on which counts"),
                    );
                }
                model.key(&name);
                judge(&name, offset, None, scan);
            }
            Ok(json::Event::String(text)) => model.text(&text.text(), offset, scan),
            Ok(json::Event::Number(number)) => model.number(number.parse().unwrap_or(i64::MIN)),
            Ok(json::Event::Bool(_) | json::Event::Null) => model.value(),
            Err(error) => {
                broken(scan, error.offset, format!("the model breaks off: {}", error.reason));
                return;
            }
        }
    }
    finish(&model, scan);
}

fn universal(bytes: &[u8], scan: &mut Scan<'_>) {
    let mut model = Model::default();
    let mut reader = ubjson::Reader::new(bytes);
    let mut count = 0u32;
    while let Some(event) = reader.next() {
        count = count.wrapping_add(1);
        if count.is_multiple_of(CHECK_EVERY) && scan.out_of_time() {
            return;
        }
        let offset = reader.offset();
        match event {
            Ok(ubjson::Event::ObjectStart) => model.open(true),
            Ok(ubjson::Event::ArrayStart) => model.open(false),
            Ok(ubjson::Event::ObjectEnd | ubjson::Event::ArrayEnd) => model.close(offset, scan),
            Ok(ubjson::Event::Key(name)) => {
                let name = String::from_utf8_lossy(name);
                model.key(&name);
                judge(&name, offset, None, scan);
            }
            Ok(ubjson::Event::Text(text)) => model.text(&String::from_utf8_lossy(text), offset, scan),
            Ok(ubjson::Event::Integer(number)) => model.number(number),
            Ok(ubjson::Event::Numbers { kind, count, bytes }) => model.numbers(kind, count, bytes),
            Ok(ubjson::Event::Float(_) | ubjson::Event::Bool(_) | ubjson::Event::Null) => model.value(),
            Err(error) => {
                broken(scan, offset, format!("the model breaks off: {error}"));
                let rest = bytes.get(offset.min(bytes.len())..).unwrap_or_default();
                inspect_runs(rest, offset, scan);
                return;
            }
        }
    }
    let rest = bytes.get(reader.position()..).unwrap_or_default();
    if !rest.trim_ascii().is_empty() {
        malformed(scan, reader.position(), format!("{} bytes follow the model", rest.len()));
        scan.member("data after the model", rest);
    }
    finish(&model, scan);
}

fn finish(model: &Model, scan: &mut Scan<'_>) {
    if !model.saw_learner {
        malformed(scan, 0, "the model has no `learner`");
    }
}

/// The binary format: parameters, two names, then the booster.
fn binary(bytes: &[u8], scan: &mut Scan<'_>) {
    if bytes.starts_with(b"bs64\t") {
        scan.gap(0, "the base64 variant of the binary format is not decoded; save the model as JSON");
    } else if let Err(what) = header(bytes) {
        malformed(scan, 0, format!("no XGBoost model: {what}"));
    }
    inspect_runs(bytes, 0, scan);
}

fn header(bytes: &[u8]) -> Result<(), &'static str> {
    let mut cursor = Cursor::at(bytes, if bytes.starts_with(b"binf") { 4 } else { 0 });
    cursor.skip(PARAMETERS).map_err(|_| "it ends inside the parameters")?;
    let mut name = || {
        let length = cursor.u64_le().map_err(|_| "it ends before the names of objective and booster")?;
        if length > LONGEST_NAME {
            return Err("the length of a name is out of bounds");
        }
        let name = cursor.take(length as usize).map_err(|_| "it ends inside a name")?;
        std::str::from_utf8(name).map_err(|_| "a name is no text")
    };
    name()?;
    if BOOSTERS.contains(&name()?) { Ok(()) } else { Err("the booster is none XGBoost has") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    fn model(left: &str, right: &str) -> Vec<u8> {
        format!(
            "{{\"version\": [2, 0, 0], \"learner\": {{\"gradient_booster\": {{\"model\": {{\"trees\": [{{\
             \"left_children\": {left}, \"right_children\": {right}, \"split_indices\": [0, 0, 0]}}]}}}}}}}}"
        )
        .into_bytes()
    }

    #[test]
    fn a_sound_model_is_clean() {
        let bytes = model("[1, -1, -1]", "[2, -1, -1]");
        assert_eq!(XGBOOST.recognise(&Input::new("m", &bytes)), Recognition::Certain);
        assert_eq!(rules_of(&XGBOOST, &bytes), Vec::<&str>::new());
    }

    #[test]
    fn a_child_out_of_bounds_or_a_loop_is_malformed() {
        for (left, right) in
            [("[9, -1, -1]", "[2, -1, -1]"), ("[1, 0, -1]", "[2, -1, -1]"), ("[1]", "[2, -1, -1]")]
        {
            assert_eq!(
                rules_of(&XGBOOST, &model(left, right)),
                ["model/malformed-structure"],
                "{left} {right}"
            );
        }
    }

    #[test]
    fn typed_arrays_of_universal_json_are_checked_too() {
        let bytes =
            b"{U\x07learner{U\x0dleft_children[$U#U\x02\x05\x00U\x0eright_children[$U#U\x02\x01\x00}}";
        assert_eq!(rules_of(&XGBOOST, bytes), ["model/malformed-structure"]);
    }

    #[test]
    fn code_in_an_attribute_is_high() {
        let bytes =
            br#"{"version": [1], "learner": {"attributes": {"hook": "__import__('os').system('id')"}}}"#;
        assert!(outcome(&XGBOOST, bytes).findings[0].severity >= Severity::High);
    }

    #[test]
    fn the_binary_format_needs_its_header() {
        let mut bytes = b"binf".to_vec();
        bytes.extend([0; 136]);
        for name in ["reg:squarederror", "gbtree"] {
            bytes.extend((name.len() as u64).to_le_bytes());
            bytes.extend(name.as_bytes());
        }
        assert_eq!(rules_of(&XGBOOST, &bytes), Vec::<&str>::new());
        assert_eq!(rules_of(&XGBOOST, b"binf and nothing more"), ["model/malformed-structure"]);
    }

    proptest! {
        #[test]
        fn any_arrays_give_a_result(left in proptest::collection::vec(-3i64..5, 0..6), cut in 0usize..200) {
            let mut bytes = model(&format!("{left:?}"), "[2, -1, -1]");
            bytes.truncate(bytes.len().saturating_sub(cut));
            outcome(&XGBOOST, &bytes);
        }

        #[test]
        fn any_bytes_give_a_result(bytes: Vec<u8>) {
            outcome(&XGBOOST, &bytes);
            outcome(&XGBOOST, &[b"{U".as_slice(), &bytes].concat());
        }
    }
}
