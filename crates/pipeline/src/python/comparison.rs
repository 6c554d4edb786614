//! Whether comparisons hold: [`compared`].

use super::value::{Known, Taint, Value};
use ruff_python_ast::CmpOp;

/// Whether `left operator right` holds. A setting of the environment holds what is written down for it unless someone sets it otherwise, and
/// one for which nothing is written down is equal to no text. Constants are compared where they are `sure`: the text of a loop stands for the
/// others of its list. A yes or no where it is not known.
pub(super) fn compared(operator: CmpOp, left: &Value, right: &Value, sure: bool) -> Value {
    let set = left.taint.sources() == Taint::ENVIRONMENT && left.taint.parameters() == 0;
    let unset = set && left.known == Known::Nothing;
    let constant = set || sure && left.taint.is_none();
    let text = left.as_text().filter(|_| constant);
    let equal = || {
        let other = right.as_text().filter(|_| right.taint.is_none())?;
        if unset { Some(false) } else { Some(text? == other) }
    };
    let among = || {
        let Known::Items(items) = &right.known else { return None };
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_text).collect();
        let texts = texts?;
        if unset { Some(false) } else { Some(texts.contains(&text?)) }
    };
    let is_none = || {
        let something = matches!(
            left.known,
            Known::Bool(_) | Known::Integer(_) | Known::Text(_) | Known::Entries(_) | Known::Items(_)
        );
        (constant && something && right.known == Known::Null).then_some(false)
    };
    let holds = match operator {
        CmpOp::Eq => equal(),
        CmpOp::NotEq => equal().map(|equal| !equal),
        CmpOp::In => among(),
        CmpOp::NotIn => among().map(|among| !among),
        CmpOp::Is => is_none(),
        CmpOp::IsNot => is_none().map(|none| !none),
        _ => None,
    };
    match holds {
        Some(holds) => Known::Bool(holds).into(),
        None => Value::yes_or_no(left.taint.and(right.taint)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_as_written_down_and_one_that_is_not_is_equal_to_nothing() {
        let set = Value::text("1").tainted(Taint::ENVIRONMENT);
        let unset = Value::from_taint(Taint::ENVIRONMENT);
        let holds = |operator, left: &Value| compared(operator, left, &Value::text("1"), false).truth();
        assert_eq!(holds(CmpOp::Eq, &set), Some(true));
        assert_eq!(holds(CmpOp::NotEq, &unset), Some(true));
        assert_eq!(holds(CmpOp::Eq, &Value::text("1")), None);
        assert_eq!(compared(CmpOp::Eq, &Value::text("1"), &Value::text("2"), true).truth(), Some(false));
        let typed = compared(CmpOp::Gt, &Value::from_taint(Taint::OPERATOR), &Value::default(), false);
        assert_eq!((typed.truth(), typed.taint), (None, Taint::OPERATOR));
    }
}
