//! Expectations of Great Expectations: suites as its 1.x `to_json_dict` and the files of 0.x hold them.
//!
//! Source: the expectation gallery of Great Expectations 1.x. An argument that is given and not understood makes an expectation
//! unmapped: a limit left out would be another expectation.

use super::import::{bound, bounds, kind, literal, literals, names, optional, quoted, text};
use super::suite::{Expectation, Statistic};
use crate::profile::ValueKind;
use serde_json::Value;

/// What one expectation becomes: nothing when it does not map, which is then noted.
pub(super) fn expectations(item: &Value, unmapped: &mut Vec<String>) -> Vec<Expectation> {
    let name = item
        .get("type")
        .or_else(|| item.get("expectation_type"))
        .and_then(Value::as_str)
        .unwrap_or("(no type)");
    let empty = Value::Null;
    let arguments = item.get("kwargs").unwrap_or(&empty);
    let column = arguments.get("column").and_then(Value::as_str).unwrap_or("-");
    if arguments.get("row_condition").is_some_and(|value| !value.is_null()) {
        unmapped.push(format!("{name} ({column}): `row_condition` has no counterpart"));
        return Vec::new();
    }
    let found = Arguments(arguments).expectations(name);
    match &found {
        None => {
            unmapped.push(format!(
                "{name} ({column}): no counterpart, or an argument that is missing or not known"
            ));
        }
        Some(_) => {
            if let Some(rest) = left_out(name, arguments) {
                unmapped.push(format!("{name} ({column}): {rest}"));
            }
        }
    }
    found.unwrap_or_default()
}

/// What of an expectation that maps has no counterpart.
fn left_out(name: &str, arguments: &Value) -> Option<&'static str> {
    let has = |key: &str| arguments.get(key).is_some_and(|value| !value.is_null());
    match name {
        "expect_column_distinct_values_to_equal_set" => Some("that every value of the set occurs"),
        "expect_table_columns_to_match_ordered_list" => Some("the order of the columns"),
        "expect_column_to_exist" if has("column_index") => Some("at which place the column stands"),
        _ => None,
    }
}

/// The arguments of an expectation.
struct Arguments<'a>(&'a Value);

impl Arguments<'_> {
    fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn is(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::Bool(true))
    }

    fn column(&self) -> Option<String> {
        self.get("column").and_then(text)
    }

    fn mostly(&self) -> Option<f64> {
        self.get("mostly").and_then(Value::as_f64).filter(|share| *share < 1.0)
    }

    /// The share of values that must hold is a number, where it is given.
    fn mostly_is_known(&self) -> bool {
        self.get("mostly").is_none_or(Value::is_number)
    }

    /// Limits, of which one at least is given.
    fn limits<T>(&self, read: impl Fn(&Value) -> Option<T>) -> Option<(Option<T>, Option<T>)> {
        let min = optional(self.get("min_value"), &read).ok()?;
        let max = optional(self.get("max_value"), &read).ok()?;
        (min.is_some() || max.is_some()).then_some((min, max))
    }

    fn statistic(&self, of: Statistic) -> Option<Expectation> {
        if self.is("strict_min") || self.is("strict_max") {
            return None;
        }
        let (min, max) = self.limits(Value::as_f64)?;
        Some(Expectation::Statistic { column: self.column()?, of, min, max })
    }

    fn row(&self, expression: String) -> Expectation {
        Expectation::Row { name: None, expression, mostly: self.mostly() }
    }

    fn pattern(&self, matches: String) -> Option<Expectation> {
        Some(Expectation::Pattern { column: self.column()?, matches, mostly: self.mostly() })
    }

    fn expectations(&self, name: &str) -> Option<Vec<Expectation>> {
        if !self.mostly_is_known() {
            return None;
        }
        let one = |found: Option<Expectation>| found.map(|found| vec![found]);
        match name {
            "expect_column_values_to_match_regex_list" => self.patterns(),
            "expect_column_quantile_values_to_be_between" => self.quantiles(),
            _ if name.starts_with("expect_column_pair_") => one(self.pair(name)),
            _ if name.starts_with("expect_table_") => one(self.table(name)),
            _ => one(self.of_column(name).or_else(|| self.of_values(name))),
        }
    }

    /// Expectations about a table as a whole.
    fn table(&self, name: &str) -> Option<Expectation> {
        Some(match name {
            "expect_table_columns_to_match_set" => Expectation::Columns {
                names: names(self.get("column_set"))?,
                exact: optional(self.get("exact_match"), Value::as_bool).ok()?.unwrap_or(true),
            },
            "expect_table_columns_to_match_ordered_list" => {
                Expectation::Columns { names: names(self.get("column_list"))?, exact: true }
            }
            "expect_table_row_count_to_be_between" if !self.is("strict_min") && !self.is("strict_max") => {
                let (min, max) = self.limits(whole)?;
                Expectation::Volume { min, max }
            }
            "expect_table_row_count_to_equal" => {
                let rows = whole(self.get("value")?)?;
                Expectation::Volume { min: Some(rows), max: Some(rows) }
            }
            _ => return None,
        })
    }

    /// Expectations about a column as a whole.
    fn of_column(&self, name: &str) -> Option<Expectation> {
        Some(match name {
            "expect_column_to_exist" => Expectation::Columns { names: vec![self.column()?], exact: false },
            "expect_column_values_to_be_unique" => Expectation::Unique { columns: vec![self.column()?] },
            "expect_compound_columns_to_be_unique" => {
                Expectation::Unique { columns: names(self.get("column_list"))? }
            }
            "expect_column_values_to_be_of_type" => {
                Expectation::Type { column: self.column()?, is: kind(self.get("type_")?.as_str()?)? }
            }
            // Names that the same type has in several systems.
            "expect_column_values_to_be_in_type_list" => {
                let named = names(self.get("type_list"))?;
                let kinds: Vec<ValueKind> = named.iter().map(|name| kind(name)).collect::<Option<_>>()?;
                let is = *kinds.first()?;
                let alike = kinds.iter().all(|kind| *kind == is);
                alike.then_some(Expectation::Type { column: self.column()?, is })?
            }
            "expect_column_mean_to_be_between" => self.statistic(Statistic::Mean)?,
            "expect_column_median_to_be_between" => self.statistic(Statistic::Median)?,
            "expect_column_stdev_to_be_between" => self.statistic(Statistic::StandardDeviation)?,
            "expect_column_min_to_be_between" => self.statistic(Statistic::Min)?,
            "expect_column_max_to_be_between" => self.statistic(Statistic::Max)?,
            "expect_column_unique_value_count_to_be_between" => self.statistic(Statistic::Distinct)?,
            "expect_column_proportion_of_non_null_values_to_be_between"
                if !self.is("strict_min") && !self.is("strict_max") =>
            {
                let (min, max) = self.limits(Value::as_f64)?;
                let turned = |share: Option<f64>| share.map(|share| 1.0 - share);
                Expectation::Statistic {
                    column: self.column()?,
                    of: Statistic::MissingShare,
                    min: turned(max),
                    max: turned(min),
                }
            }
            _ => return None,
        })
    }

    /// Expectations about every value of a column.
    fn of_values(&self, name: &str) -> Option<Expectation> {
        let column = self.column()?;
        let (mostly, named) = (self.mostly(), quoted(&column));
        Some(match name {
            "expect_column_values_to_not_be_null" => Expectation::NotNull { column, mostly },
            "expect_column_values_to_be_null" => self.row(format!("{named} IS NULL")),
            "expect_column_values_to_be_between" => {
                if self.is("strict_min") || self.is("strict_max") {
                    let (min, max) = self.limits(literal)?;
                    let compared = |limit: Option<String>, strict: bool, sign: &str| {
                        limit.map(|limit| format!("{named} {sign}{} {limit}", if strict { "" } else { "=" }))
                    };
                    let both = [
                        compared(min, self.is("strict_min"), ">"),
                        compared(max, self.is("strict_max"), "<"),
                    ];
                    return Some(self.row(both.into_iter().flatten().collect::<Vec<_>>().join(" AND ")));
                }
                let (min, max) = self.limits(|value| bound(Some(value)))?;
                Expectation::Range { column, min, max, mostly }
            }
            "expect_column_values_to_be_in_set" => {
                Expectation::Values { column, of: bounds(self.get("value_set"))?, mostly }
            }
            "expect_column_distinct_values_to_be_in_set" | "expect_column_distinct_values_to_equal_set" => {
                Expectation::Values { column, of: bounds(self.get("value_set"))?, mostly: None }
            }
            "expect_column_values_to_not_be_in_set" => {
                self.row(format!("{named} NOT IN ({})", literals(self.get("value_set"))?))
            }
            "expect_column_values_to_match_regex" => self.pattern(self.get("regex").and_then(text)?)?,
            "expect_column_values_to_not_match_regex" => self.row(format!(
                "{named} !~ {}",
                literal(self.get("regex").filter(|regex| regex.is_string())?)?
            )),
            "expect_column_values_to_not_match_regex_list" => {
                let any = Value::from(any_of(&names(self.get("regex_list"))?));
                self.row(format!("{named} !~ {}", literal(&any)?))
            }
            "expect_column_values_to_match_like_pattern" => {
                self.row(format!("{named} LIKE {}", literal(self.get("like_pattern")?)?))
            }
            "expect_column_values_to_not_match_like_pattern" => {
                self.row(format!("{named} NOT LIKE {}", literal(self.get("like_pattern")?)?))
            }
            "expect_column_value_lengths_to_be_between"
                if !self.is("strict_min") && !self.is("strict_max") =>
            {
                let (min, max) = self.limits(whole)?;
                Expectation::Length { column, min, max, mostly }
            }
            "expect_column_value_lengths_to_equal" => {
                let length = whole(self.get("value")?)?;
                Expectation::Length { column, min: Some(length), max: Some(length), mostly }
            }
            _ => return None,
        })
    }

    /// Patterns of which one, or each, must match.
    fn patterns(&self) -> Option<Vec<Expectation>> {
        let list = names(self.get("regex_list"))?;
        match self.get("match_on").map_or(Some("any"), Value::as_str)? {
            "any" => Some(vec![self.pattern(any_of(&list))?]),
            // A share of the values would be another one for each pattern.
            "all" if self.mostly().is_none() => list.into_iter().map(|regex| self.pattern(regex)).collect(),
            _ => None,
        }
    }

    /// Quantiles, as far as all of them are among the statistics here.
    fn quantiles(&self) -> Option<Vec<Expectation>> {
        let ranges = self.get("quantile_ranges")?;
        let shares = ranges.get("quantiles")?.as_array()?;
        let limits = ranges.get("value_ranges")?.as_array()?;
        if shares.is_empty() || shares.len() != limits.len() {
            return None;
        }
        let each = shares.iter().zip(limits).map(|(share, limits)| {
            let known = [(0.5, Statistic::Median), (0.95, Statistic::P95), (0.99, Statistic::P99)];
            let share = share.as_f64()?;
            let (_, of) = known.into_iter().find(|(known, _)| (known - share).abs() < 1e-9)?;
            let [min, max] = limits.as_array()?.as_slice() else { return None };
            let min = optional(Some(min), Value::as_f64).ok()?;
            let max = optional(Some(max), Value::as_f64).ok()?;
            (min.is_some() || max.is_some()).then_some(Expectation::Statistic {
                column: self.column()?,
                of,
                min,
                max,
            })
        });
        each.collect()
    }

    /// Expectations about two columns of a row.
    fn pair(&self, name: &str) -> Option<Expectation> {
        let quoted_column = |key: &str| self.get(key).and_then(text).map(|column| quoted(&column));
        let (a, b) = (quoted_column("column_A")?, quoted_column("column_B")?);
        let holds = match name {
            "expect_column_pair_values_a_to_be_greater_than_b"
            | "expect_column_pair_values_A_to_be_greater_than_B" => {
                let or_equal = optional(self.get("or_equal"), Value::as_bool).ok()?.unwrap_or(false);
                format!("{a} {} {b}", if or_equal { ">=" } else { ">" })
            }
            "expect_column_pair_values_to_be_equal" => format!("{a} = {b}"),
            "expect_column_pair_values_to_be_in_set" => {
                let pairs = self.get("value_pairs_set")?.as_array()?.iter().map(|pair| {
                    let [one, other] = pair.as_array()?.as_slice() else { return None };
                    Some(format!("({a} = {} AND {b} = {})", literal(one)?, literal(other)?))
                });
                let pairs: Vec<String> = pairs.collect::<Option<_>>()?;
                (!pairs.is_empty()).then(|| format!("({})", pairs.join(" OR ")))?
            }
            _ => return None,
        };
        // A comparison with a missing value is neither true nor false, and is let pass here.
        Some(self.row(
            match self.get("ignore_row_if").map_or(Some("both_values_are_missing"), Value::as_str)? {
                "both_values_are_missing" => format!("({a} IS NULL) = ({b} IS NULL) AND {holds}"),
                "either_value_is_missing" => holds,
                "neither" | "never" => format!("{a} IS NOT NULL AND {b} IS NOT NULL AND {holds}"),
                _ => return None,
            },
        ))
    }
}

/// A whole number, also where it is written with a fraction of nothing.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (0.0..1e15).contains(number))?;
        format!("{number:.0}").parse().ok()
    })
}

/// A pattern that matches where one of these does.
fn any_of(patterns: &[String]) -> String {
    patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::super::suite::Bound;
    use super::*;
    use serde_json::json;

    /// What an expectation with these arguments becomes, and what is said of it.
    fn of(name: &str, arguments: &Value) -> (Vec<Expectation>, Vec<String>) {
        let mut unmapped = Vec::new();
        let found = expectations(&json!({"type": name, "kwargs": arguments}), &mut unmapped);
        (found, unmapped)
    }

    fn expression(name: &str, arguments: &Value) -> String {
        match of(name, arguments).0.as_slice() {
            [Expectation::Row { expression, .. }] => expression.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn half_of_a_limit_is_no_expectation() {
        let unknown = json!({"$PARAMETER": "low"});
        for (name, arguments) in [
            (
                "expect_column_values_to_be_between",
                json!({"column": "x", "min_value": unknown, "max_value": 5}),
            ),
            (
                "expect_column_min_to_be_between",
                json!({"column": "x", "min_value": "2026-01-01", "max_value": "2026-02-01"}),
            ),
            ("expect_table_row_count_to_be_between", json!({"min_value": unknown, "max_value": 5})),
            (
                "expect_column_value_lengths_to_be_between",
                json!({"column": "x", "min_value": 1.5, "max_value": 5}),
            ),
            ("expect_column_values_to_not_be_null", json!({"column": "x", "mostly": unknown})),
            ("expect_column_mean_to_be_between", json!({"column": "x", "min_value": 1, "strict_min": true})),
        ] {
            let (found, unmapped) = of(name, &arguments);
            assert!(found.is_empty() && unmapped.len() == 1, "{name}: {found:?} {unmapped:?}");
        }
    }

    #[test]
    fn strict_limits_sets_and_patterns_that_must_not_hold_become_expressions() {
        let strict = json!({"column": "x", "min_value": 0, "strict_min": true, "max_value": 9.5});
        assert_eq!(expression("expect_column_values_to_be_between", &strict), r#""x" > 0 AND "x" <= 9.5"#);
        let set = json!({"column": "x", "value_set": ["a", "it's"]});
        assert_eq!(expression("expect_column_values_to_not_be_in_set", &set), r#""x" NOT IN ('a', 'it''s')"#);
        let list = json!({"column": "x", "regex_list": ["a", "b+"]});
        assert_eq!(
            expression("expect_column_values_to_not_match_regex_list", &list),
            r#""x" !~ '(?:a)|(?:b+)'"#
        );
        let (found, _) = of("expect_column_values_to_match_regex_list", &list);
        assert!(
            matches!(found.as_slice(), [Expectation::Pattern { matches, .. }] if matches == "(?:a)|(?:b+)")
        );
    }

    #[test]
    fn rows_with_one_missing_value_of_two_are_judged_as_the_suite_says() {
        let pair = |ignore: Option<&str>| {
            expression(
                "expect_column_pair_values_to_be_equal",
                &json!({"column_A": "a", "column_B": "b", "ignore_row_if": ignore}),
            )
        };
        assert_eq!(pair(None), r#"("a" IS NULL) = ("b" IS NULL) AND "a" = "b""#);
        assert_eq!(pair(Some("either_value_is_missing")), r#""a" = "b""#);
        assert_eq!(pair(Some("neither")), r#""a" IS NOT NULL AND "b" IS NOT NULL AND "a" = "b""#);
    }

    #[test]
    fn what_of_an_expectation_is_left_out_is_said() {
        let (found, unmapped) =
            of("expect_column_distinct_values_to_equal_set", &json!({"column": "x", "value_set": ["a"]}));
        let of_set = vec![Bound::Text("a".into())];
        assert_eq!(found, [Expectation::Values { column: "x".into(), of: of_set, mostly: None }]);
        assert!(unmapped[0].contains("that every value of the set occurs"), "{unmapped:?}");
        let quantiles = |shares: Value| {
            let ranges = json!({"quantiles": shares, "value_ranges": [[1, 2], [null, 9]]});
            of(
                "expect_column_quantile_values_to_be_between",
                &json!({"column": "x", "quantile_ranges": ranges}),
            )
            .0
        };
        assert_eq!(quantiles(json!([0.5, 0.95])).len(), 2);
        assert!(quantiles(json!([0.5, 0.9])).is_empty());
    }
}
