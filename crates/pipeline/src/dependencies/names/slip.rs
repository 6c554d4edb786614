//! Names that are taken for one another: one slip of the keyboard, swapped or doubled letters, other separators.

/// Whether `a` and `b` differ by one insertion, deletion, substitution or swap of neighbours, or by separators alone.
/// Equal names do not.
pub(crate) fn is_one_slip(a: &str, b: &str) -> bool {
    if a == b {
        return false;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if long.len().saturating_sub(short.len()) > 1 {
        return false;
    }
    let common = short.iter().zip(long.iter()).take_while(|(x, y)| x == y).count();
    let rest_short = short.get(common..).unwrap_or_default();
    let rest_long = long.get(common..).unwrap_or_default();
    if short.len() < long.len() {
        return rest_long.get(1..) == Some(rest_short);
    }
    let substituted = rest_short.get(1..) == rest_long.get(1..);
    let swapped = match (rest_short, rest_long) {
        ([a, b, after_short @ ..], [c, d, after_long @ ..]) => a == d && b == c && after_short == after_long,
        _ => false,
    };
    substituted || swapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_is_told_from_none_and_from_two() {
        for (a, b) in [
            ("reqeusts", "requests"),
            ("request", "requests"),
            ("requestss", "requests"),
            ("tensorf1ow", "tensorflow"),
        ] {
            assert!(is_one_slip(a, b), "{a} {b}");
        }
        for (a, b) in [("requests", "requests"), ("numpy", "scipy"), ("torch", "pytorch"), ("", "ab")] {
            assert!(!is_one_slip(a, b), "{a} {b}");
        }
    }
}
