//! Builtins that would read the clock, throw dice or take memory at once that no look could catch, and what takes their place:
//! [`replace`].

use anyhow::{Result as Answer, bail};
use regorus::{Engine, Value as Rego};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Longest range that a policy may write out, in elements.
const LONGEST_RANGE: i64 = 1_000_000;

/// Takes the place of builtins that would read the clock, throw dice or take memory at once that no look could catch.
pub(super) fn replace(engine: &mut Engine, now_ns: &Arc<AtomicI64>) -> Answer<()> {
    let now_ns = Arc::clone(now_ns);
    let now = move |_: Vec<Rego>| -> Answer<Rego> { Ok(Rego::from(now_ns.load(Ordering::Relaxed))) };
    engine.add_extension("time.now_ns".to_owned(), 0, Box::new(now))?;
    let parse = |arguments: Vec<Rego>| -> Answer<Rego> {
        let [text] = arguments.as_slice() else { bail!("one text is expected") };
        let time: jiff::Timestamp = text.as_string()?.parse()?;
        Ok(Rego::from(i64::try_from(time.as_nanosecond())?))
    };
    engine.add_extension("time.parse_rfc3339_ns".to_owned(), 1, Box::new(parse))?;
    let dice = |_: Vec<Rego>| -> Answer<Rego> {
        bail!("a decision is the same every time; rand.intn is not offered")
    };
    engine.add_extension("rand.intn".to_owned(), 2, Box::new(dice))?;
    let range = |arguments: Vec<Rego>| -> Answer<Rego> {
        let [from, to] = arguments.as_slice() else { bail!("two numbers are expected") };
        stepped(from.as_i64()?, to.as_i64()?, 1)
    };
    engine.add_extension("numbers.range".to_owned(), 2, Box::new(range))?;
    let range_step = |arguments: Vec<Rego>| -> Answer<Rego> {
        let [from, to, step] = arguments.as_slice() else { bail!("three numbers are expected") };
        stepped(from.as_i64()?, to.as_i64()?, step.as_i64()?)
    };
    engine.add_extension("numbers.range_step".to_owned(), 3, Box::new(range_step))
}

/// The numbers from `from` to `to`, both included, up or down.
fn stepped(from: i64, to: i64, step: i64) -> Answer<Rego> {
    if step <= 0 {
        bail!("the step is {step}; a positive one is expected");
    }
    let count = i128::from(from).abs_diff(i128::from(to)) / u128::from(step.unsigned_abs());
    if count >= u128::from(LONGEST_RANGE.unsigned_abs()) {
        bail!("the range from {from} to {to} has more than {LONGEST_RANGE} elements");
    }
    let (mut next, step) = (i128::from(from), i128::from(if to < from { -step } else { step }));
    let mut numbers = Vec::new();
    for _ in 0..=count {
        numbers.push(Rego::from(i64::try_from(next)?));
        next = next.saturating_add(step);
    }
    Ok(Rego::from(numbers))
}

#[cfg(test)]
mod tests {
    use crate::PolicyError;
    use crate::evaluate::asked;
    use serde_json::json;

    #[test]
    fn time_is_that_of_the_decision_and_dice_are_not_thrown() {
        let outcome = asked(
            "package bartizan.gate\ndeny contains \"late\" if time.now_ns() > time.parse_rfc3339_ns(\"2026-05-31T00:00:00Z\")\n\
             deny contains \"early\" if time.now_ns() < time.parse_rfc3339_ns(\"2026-06-01T00:00:00Z\")\n",
            &json!({}),
        );
        assert_eq!(outcome.unwrap().deny, [("deny".to_owned(), json!("late"))]);
        let dice =
            asked("package bartizan.gate\ndeny contains \"x\" if rand.intn(\"a\", 6) == 1\n", &json!({}));
        assert!(matches!(dice, Err(PolicyError::Evaluation(why)) if why.contains("rand.intn")));
    }

    #[test]
    fn ranges_go_up_and_down_and_end_at_the_limit() {
        let outcome = asked(
            "package bartizan.gate\n\
             deny contains \"up\" if numbers.range(1, 3) == [1, 2, 3]\n\
             deny contains \"down\" if numbers.range(3, 1) == [3, 2, 1]\n\
             deny contains \"step\" if numbers.range_step(0, 10, 4) == [0, 4, 8]\n",
            &json!({}),
        );
        assert_eq!(outcome.unwrap().deny.len(), 3);
        let long = asked(
            "package bartizan.gate\ndeny contains \"x\" if numbers.range(0, 1000000)[0] == 1\n",
            &json!({}),
        );
        assert!(matches!(long, Err(PolicyError::Evaluation(why)) if why.contains("more than 1000000")));
    }
}
