//! Expectations inferred from a profile, each with the confidence at which later batches of the same origin keep it.
//!
//! Sources: Wilks, "Determination of sample sizes for setting tolerance limits", Ann. Math. Statist. 12 (1941), for ranges
//! whatever the distribution; Littlestone & Warmuth, "Relating data compression and learnability" (1986), and McAllester
//! & Schapire, "On the convergence rate of Good–Turing estimators", COLT 2000, for sets and shapes; Wilson, JASA 22 (1927), for shares.

use super::suite::{Bound, Expectation, Reference, Suite};
use crate::profile::{ColumnProfile, ColumnState, Profile, ValueKind};
use bartizan_stats::StatsError;
use bartizan_stats::multiple::wilson_interval;
use bartizan_stats::special::ln_choose;

/// Most values of a set.
const SET: usize = 50;
/// Rows per value from which values count as a set.
const SET_ROWS: u64 = 20;
/// Most shapes that become a pattern.
const FORMS: usize = 3;
/// Fewest rows from which anything but the schema is inferred.
const LEAST_ROWS: u64 = 50;

/// How sure an inference has to be, in (0, 1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence(f64);

impl Confidence {
    /// A confidence, if it is one.
    pub fn new(value: f64) -> Option<Self> {
        (value > 0.0 && value < 1.0).then_some(Self(value))
    }

    /// Its value.
    pub fn value(self) -> f64 {
        self.0
    }
}

/// The least share of all values that lies between the smallest and the largest of `n`, at `confidence`.
///
/// Solves n·βⁿ⁻¹ − (n − 1)·βⁿ = 1 − confidence for β by bisection, whatever the continuous distribution.
pub fn coverage(n: u64, confidence: Confidence) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let n = n as f64;
    let risk = 1.0 - confidence.0;
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        // n βⁿ⁻¹ − (n − 1) βⁿ = βⁿ⁻¹ (n (1 − β) + β), which does not cancel near 1.
        let chance = ((n - 1.0) * middle.ln()).exp() * (n * (1.0 - middle) + middle);
        if chance > risk {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// An upper bound on the share of values to come that are not among the `kinds` different ones seen in `n`, `once` of them
/// exactly once.
///
/// The lesser of two bounds: of sample compression, (ln C(n, k) + ln(2n / δ)) / (n − k), because k values reproduce the
/// set and all others agree with it; and of Good–Turing with its deviation, at δ / 2 each.
pub fn unseen_share(kinds: u64, once: u64, n: u64, confidence: Confidence) -> f64 {
    if n <= kinds {
        return 1.0;
    }
    let risk = (1.0 - confidence.0) / 2.0;
    let total = n as f64;
    let compression = (ln_choose(n, kinds) + (total / risk).ln()) / (total - kinds as f64);
    let deviation = (2.0 * 2.0_f64.sqrt() + 3.0_f64.sqrt()) * ((3.0 / risk).ln() / total).sqrt();
    (once as f64 / total + deviation).min(compression).min(1.0)
}

/// A suite for batches like the profiled one, and a comment for each expectation.
///
/// `unique` names columns already proven to repeat no value.
///
/// # Errors
/// [`StatsError`] never in practice: the confidence is checked on construction.
pub fn learn(
    profile: &Profile,
    unique: &[String],
    confidence: Confidence,
) -> Result<(Suite, Vec<String>), StatsError> {
    let mut found: Vec<(Expectation, String)> = vec![(
        Expectation::Columns {
            names: profile.columns.iter().map(|c| c.name.clone()).collect(),
            exact: false,
        },
        "The columns a reader relies on; set exact = true to refuse others.".to_owned(),
    )];
    if let Some(volume) = volume(profile) {
        found.push(volume);
    }
    for column in &profile.columns {
        of_column(column, unique.contains(&column.name), confidence, &mut found)?;
    }
    if profile.rows >= LEAST_ROWS {
        found.push((
            Expectation::Drift { columns: Vec::new(), level: 0.01, least_effect: 0.1 },
            "Distributions against the profile of the reference.".to_owned(),
        ));
    }
    let (expectations, comments) = found.into_iter().unzip();
    let mut suite = Suite::new(expectations);
    suite.reference = Some(Reference { profile: None, rows: profile.rows, confidence: confidence.0 });
    Ok((suite, comments))
}

fn volume(profile: &Profile) -> Option<(Expectation, String)> {
    let rows: Vec<u64> = profile.shards.iter().map(|shard| shard.rows).collect();
    let (low, high) = (rows.iter().min()?, rows.iter().max()?);
    let expectation = Expectation::Volume { min: Some((low / 2).max(1)), max: Some(high.saturating_mul(2)) };
    Some((expectation, format!("From half the smallest to twice the largest of {} file(s).", rows.len())))
}

fn of_column(
    column: &ColumnProfile,
    unique: bool,
    confidence: Confidence,
    found: &mut Vec<(Expectation, String)>,
) -> Result<(), StatsError> {
    let (state, name) = (&column.state, || column.name.clone());
    let kind = state.kind();
    found.push((
        Expectation::Type { column: name(), is: kind },
        format!("`{}` in the reference.", column.data_type),
    ));
    if state.rows() < LEAST_ROWS {
        return Ok(());
    }
    let percent = confidence.0 * 100.0;
    let present = state.rows().saturating_sub(state.missing());
    let (_, missing) = wilson_interval(state.missing(), state.rows(), confidence.0)?;
    if state.missing() == 0 {
        let comment = format!(
            "None of {} is missing: at {percent} % confidence fewer than {:.2e} of all values are.",
            state.rows(),
            1.0 - (1.0 - confidence.0).powf(1.0 / state.rows() as f64)
        );
        found.push((Expectation::NotNull { column: name(), mostly: None }, comment));
    } else if missing < 0.5 {
        let comment = format!(
            "{} of {} are missing; upper bound at {percent} % confidence.",
            state.missing(),
            state.rows()
        );
        found.push((Expectation::NotNull { column: name(), mostly: Some(floor(1.0 - missing)) }, comment));
    }
    if present < LEAST_ROWS {
        return Ok(());
    }
    if unique {
        found.push((
            Expectation::Unique { columns: vec![name()] },
            "No value occurs twice in the reference.".to_owned(),
        ));
    }
    if kind == ValueKind::Float && state.not_finite() == (0, 0) {
        found.push((
            Expectation::Finite { column: name(), mostly: None },
            "No NaN, no infinity in the reference.".to_owned(),
        ));
    }
    if let Some(set) = set(column, present, confidence) {
        let of_set = matches!(kind, ValueKind::Text | ValueKind::Boolean);
        found.push(set);
        balance(column, present, confidence, found)?;
        if of_set {
            return Ok(());
        }
    }
    if unique && kind == ValueKind::Integer {
        // Identifiers go on counting: a range would refuse the next batch.
        return Ok(());
    }
    let share = floor(coverage(present, confidence));
    let covered = format!("At {percent} % confidence this holds {share:.4} of all values (Wilks 1941).");
    match (kind, state.range()) {
        (ValueKind::Integer, Some((low, high))) => {
            let bound = |value: f64| Some(Bound::Integer(value as i64));
            found.push((
                Expectation::Range { column: name(), min: bound(low), max: bound(high), mostly: Some(share) },
                covered,
            ));
        }
        (ValueKind::Float | ValueKind::Decimal, Some((low, high))) => {
            let bound = |value: f64| Some(Bound::Float(value));
            found.push((
                Expectation::Range { column: name(), min: bound(low), max: bound(high), mostly: Some(share) },
                covered,
            ));
        }
        (ValueKind::Text, Some((low, high))) => {
            let bound = |value: f64| {
                #[expect(clippy::cast_sign_loss, reason = "lengths are not negative")]
                let length = value as u64;
                Some(length)
            };
            found.push((
                Expectation::Length {
                    column: name(),
                    min: bound(low),
                    max: bound(high),
                    mostly: Some(share),
                },
                covered,
            ));
            found.extend(pattern(column, confidence));
        }
        _ => {}
    }
    Ok(())
}

/// A share a little below `share`, in four digits, so that the written number is no stricter than the bound.
fn floor(share: f64) -> f64 {
    ((share * 10_000.0).floor() / 10_000.0).clamp(0.0, 1.0)
}

fn set(column: &ColumnProfile, present: u64, confidence: Confidence) -> Option<(Expectation, String)> {
    let state = &column.state;
    let kind = state.kind();
    let items = state.frequent().top(SET.saturating_add(1));
    let few = items.len() <= SET
        && state.frequent().shortfall() == 0
        && present >= SET_ROWS.saturating_mul(items.len() as u64);
    if !few || !matches!(kind, ValueKind::Text | ValueKind::Boolean | ValueKind::Integer) {
        return None;
    }
    // A whole text is kept only up to a length.
    if items.iter().any(|item| item.value.len() >= bartizan_stats::sketch::LONGEST_KEPT) {
        return None;
    }
    if kind == ValueKind::Integer && items.len() > 20 {
        return None;
    }
    let once = items.iter().filter(|item| item.lower == 1).count() as u64;
    let kinds = items.len() as u64;
    let mostly = floor(1.0 - unseen_share(kinds, once, present, confidence));
    let mut of: Vec<Bound> = items
        .into_iter()
        .map(|item| match kind {
            ValueKind::Integer => item.value.parse().map_or(Bound::Text(item.value), Bound::Integer),
            ValueKind::Boolean => item.value.parse().map_or(Bound::Text(item.value), Bound::Boolean),
            _ => Bound::Text(item.value),
        })
        .collect();
    of.sort_by_cached_key(|bound| match bound {
        Bound::Integer(value) => (*value, String::new()),
        other => (0, other.to_string()),
    });
    let comment = format!(
        "All values of the reference; at {} % confidence at least this share of all to come is among them.",
        confidence.0 * 100.0
    );
    Some((Expectation::Values { column: column.name.clone(), of, mostly: Some(mostly) }, comment))
}

fn balance(
    column: &ColumnProfile,
    present: u64,
    confidence: Confidence,
    found: &mut Vec<(Expectation, String)>,
) -> Result<(), StatsError> {
    let items = column.state.frequent().top(SET);
    let (Some(most), Some(least)) = (items.first(), items.last()) else { return Ok(()) };
    if items.len() < 2 {
        return Ok(());
    }
    let (low, _) = wilson_interval(least.lower, present, confidence.0)?;
    let (_, high) = wilson_interval(most.lower, present, confidence.0)?;
    let expectation = Expectation::Balance {
        column: column.name.clone(),
        min_share: Some(floor(low / 2.0)),
        max_share: Some(floor(high.midpoint(1.0))),
        min_classes: Some(items.len() as u64),
    };
    found.push((
        expectation,
        format!(
            "{} classes with {:.4} to {:.4} of the rows: half the lower bound, half way from the upper bound to all.",
            items.len(),
            least.lower as f64 / present as f64,
            most.lower as f64 / present as f64
        ),
    ));
    Ok(())
}

/// A pattern of at most [`FORMS`] shapes that all texts have.
fn pattern(column: &ColumnProfile, confidence: Confidence) -> Option<(Expectation, String)> {
    let shapes = column.state.shapes();
    let items = shapes.top(FORMS.saturating_add(1));
    if items.len() > FORMS || shapes.shortfall() > 0 || shapes.total() < LEAST_ROWS {
        return None;
    }
    let forms: Vec<String> = items.iter().map(|item| regex_of(&item.value)).collect::<Option<_>>()?;
    let once = items.iter().filter(|item| item.lower == 1).count() as u64;
    let kinds = items.len() as u64;
    let mostly = floor(1.0 - unseen_share(kinds, once, shapes.total(), confidence));
    let matches = format!("^(?:{})$", forms.join("|"));
    let comment = format!("The shapes of all {} texts looked at.", shapes.total());
    Some((Expectation::Pattern { column: column.name.clone(), matches, mostly: Some(mostly) }, comment))
}

/// The regular expression of a shape; none for shapes that were cut.
fn regex_of(shape: &str) -> Option<String> {
    let mut regex = String::new();
    let mut characters = shape.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            'a' => regex.push_str(r"\p{Alphabetic}"),
            'A' => regex.push_str(r"\p{Uppercase}"),
            '9' => {
                regex.push_str("[0-9]");
                if characters.peek() == Some(&'{') {
                    regex.extend(characters.by_ref().take_while(|next| *next != '}'));
                    regex.push('}');
                    continue;
                }
            }
            ' ' => regex.push_str(r"\s+"),
            '¤' => regex.push_str(r"[^\p{Alphabetic}\s]"),
            '…' => return None,
            other => {
                if !other.is_ascii_alphanumeric() {
                    regex.push('\\');
                }
                regex.push(other);
            }
        }
        if matches!(character, 'a' | 'A' | '¤') && characters.next_if_eq(&'+').is_some() {
            regex.push('+');
        }
    }
    Some(regex)
}

/// Columns of a profile that may hold no value twice, by their estimated distinct count; the engine proves it.
pub(crate) fn may_be_unique(state: &ColumnState) -> bool {
    let present = state.rows().saturating_sub(state.missing()) as f64;
    matches!(state.kind(), ValueKind::Integer | ValueKind::Text)
        && present >= LEAST_ROWS as f64
        && state.distinct() >= present * (1.0 - 4.0 * state.distinct_error())
}

impl Profile {
    /// Names of columns whose distinct count lets them be unique; whether they are has to be checked on the rows.
    pub fn candidate_keys(&self) -> Vec<String> {
        let candidates = self.columns.iter().filter(|column| may_be_unique(&column.state));
        candidates.map(|column| column.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Parts;

    fn confidence() -> Confidence {
        Confidence::new(0.95).unwrap()
    }

    #[test]
    fn tolerance_limits_are_those_of_the_tables() {
        // Wilks: 93 values suffice for 95 % of the population at 95 % confidence, 473 for 99 %.
        assert!(coverage(92, confidence()) < 0.95 && coverage(93, confidence()) >= 0.95);
        assert!(coverage(472, confidence()) < 0.99 && coverage(473, confidence()) >= 0.99);
        assert!(coverage(5_000_000, confidence()) > 0.999_999);
        assert!(coverage(1, confidence()).abs() < 1e-300);
    }

    #[test]
    fn the_unseen_share_falls_with_the_rows_and_rises_with_the_kinds() {
        assert!((unseen_share(0, 0, 0, confidence()) - 1.0).abs() < 1e-12);
        let at = |kinds, n| unseen_share(kinds, 0, n, confidence());
        // ln C(2000, 3) = 21.009; ln(2000 / 0.025) = 11.290; both over 1997.
        assert!((at(3, 2_000) - 32.299 / 1_997.0).abs() < 1e-5, "{}", at(3, 2_000));
        assert!(at(3, 1_000_000) < 1e-4 && at(50, 2_000) > at(3, 2_000));
    }

    #[test]
    fn texts_with_few_values_become_a_set_and_others_a_pattern() {
        let texts: Vec<String> = (0..200).map(|i| format!("AB-{:04}", i * 7)).collect();
        let kinds: Vec<String> = (0..200).map(|i| if i % 4 == 0 { "x" } else { "y" }.to_owned()).collect();
        let column = |name: &str, texts: &[String]| {
            let mut state = ColumnState::new(ValueKind::Text).unwrap();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            state.add_rows(200, 0);
            state.add_texts(texts.len(), |place| texts[place], Parts::ALL);
            ColumnProfile { name: name.to_owned(), data_type: "Utf8".to_owned(), state }
        };
        let mut profile = Profile::empty();
        profile.rows = 200;
        profile.columns = vec![column("code", &texts), column("kind", &kinds)];
        assert_eq!(profile.candidate_keys(), ["code"]);
        let (suite, comments) = learn(&profile, &["code".to_owned()], confidence()).unwrap();
        assert_eq!(suite.expectations.len(), comments.len());
        let pattern = suite.expectations.iter().find_map(|e| match e {
            Expectation::Pattern { matches, .. } => Some(matches.as_str()),
            _ => None,
        });
        assert_eq!(pattern, Some(r"^(?:\p{Uppercase}+\-[0-9]{4})$"));
        assert!(suite.expectations.iter().any(
            |e| matches!(e, Expectation::Values { column, of, .. } if column == "kind" && of.len() == 2)
        ));
        assert!(suite.expectations.contains(&Expectation::Unique { columns: vec!["code".to_owned()] }));
        let text = suite.to_toml(&comments).unwrap();
        assert_eq!(Suite::from_toml(&text).unwrap(), suite);
    }
}
