//! The template that SciPy's distributions keep in their state and execute when they are rebuilt.
//!
//! Source: SciPy 1.6 to 1.17, `scipy/stats/_distn_infrastructure.py`: `rv_generic.__setstate__` calls
//! `_attach_argparser_methods`, which runs `exec(self._parse_arg_template)`. What SciPy wrote there is three functions
//! that differ in argument names only.

/// Key of the template in a distribution's state.
pub(super) const KEY: &str = "_parse_arg_template";

/// Whether `module` is where distributions that execute their template live.
pub(super) fn is_home(module: &str) -> bool {
    matches!(
        module,
        "scipy.stats._continuous_distns"
            | "scipy.stats._discrete_distns"
            | "scipy.stats._levy_stable"
            | "scipy.stats._distn_infrastructure"
    )
}

/// Whether `template` is what SciPy itself writes, for some names of shape parameters.
pub(super) fn is_scipys_own(template: &str) -> bool {
    let Some(head) = template.trim_start().lines().next() else { return false };
    let Some(parameters) =
        head.strip_prefix("def _parse_args(self, ").and_then(|rest| rest.strip_suffix("):"))
    else {
        return false;
    };
    let Some(place) = parameters.find("loc=0") else { return false };
    let (shapes, given) = parameters.split_at(place);
    let shapes = shapes.trim_end();
    let is_plain =
        shapes.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b',' | b' '));
    if !is_plain {
        return false;
    }
    ["loc, scale", "loc, 1"].iter().any(|result| {
        let expected = format!(
            "def _parse_args(self, {shapes} {given}):\n    return ({shapes}), {result}\n\n\
             def _parse_args_rvs(self, {shapes} {given}, size=None):\n    \
             return self._argcheck_rvs({shapes} {result}, size=size)\n\n\
             def _parse_args_stats(self, {shapes} {given}, moments='mv'):\n    \
             return ({shapes}), {result}, moments"
        );
        matches!(given, "loc=0, scale=1" | "loc=0") && without_spaces(&expected).eq(without_spaces(template))
    })
}

/// Spacing differs between SciPy's versions; the names and signs around it cannot be taken for others.
fn without_spaces(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|one| !one.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAMMA: &str = "\ndef _parse_args(self, a, loc=0, scale=1):\n    return (a,), loc, scale\n\n\
        def _parse_args_rvs(self, a, loc=0, scale=1, size=None):\n    \
        return self._argcheck_rvs(a, loc, scale, size=size)\n\n\
        def _parse_args_stats(self, a, loc=0, scale=1, moments='mv'):\n    return (a,), loc, scale, moments\n";

    #[test]
    fn scipys_own_template_is_known_for_any_shape_names() {
        assert!(is_scipys_own(GAMMA));
        assert!(is_scipys_own(&GAMMA.replace("a,", "")));
        assert!(is_scipys_own(
            &GAMMA.replace("a,", "mu, nu_2,").replace("=0, scale=1", "=0").replace("loc, scale", "loc, 1")
        ));
    }

    #[test]
    fn a_template_with_anything_else_in_it_is_not() {
        assert!(!is_scipys_own(&format!("{GAMMA}\nimport os")));
        assert!(!is_scipys_own(&GAMMA.replacen("loc=0", "loc=print(1)", 1)));
        assert!(!is_scipys_own(&GAMMA.replace("a,", "a=open('x'),")));
        assert!(!is_scipys_own(""));
    }
}
