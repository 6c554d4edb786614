//! Numbers as people read them.

use bartizan_data::profile::ValueKind;

/// A number in at most about nine characters.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e9).contains(&size) {
        format!("{value:.3e}")
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else if size >= 1_000.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.4}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A value of a column: times as dates, all else as numbers.
pub(crate) fn value(value: f64, kind: ValueKind) -> String {
    if matches!(kind, ValueKind::Date | ValueKind::Timestamp)
        && let Ok(time) = jiff::Timestamp::from_second(value as i64)
    {
        let shown = time.to_string();
        return if kind == ValueKind::Date { shown.chars().take(10).collect() } else { shown };
    }
    number(value)
}

/// A count with separators.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut shown = String::with_capacity(digits.len().saturating_mul(2));
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && digits.len().saturating_sub(place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// A share in per cent; what is above nothing is never shown as nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if part == 0 || whole == 0 {
        return "0 %".to_owned();
    }
    let share = part as f64 * 100.0 / whole as f64;
    if share < 0.01 { "< 0.01 %".to_owned() } else { format!("{share:.2} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_dates_are_dates() {
        assert_eq!(number(0.25), "0.25");
        assert_eq!(number(1_234.56), "1234.6");
        assert_eq!(number(1e12), "1.000e12");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(123), "123");
        assert_eq!(value(86_400.0, ValueKind::Date), "1970-01-02");
        assert_eq!(percent(1, 1_000_000), "< 0.01 %");
    }
}
