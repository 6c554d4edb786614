//! Which formats an input may be of, by content first and by name only among the undecided.

use crate::{Format, Input, Recognition, registry};

/// The formats that are certain of `input` in registry order, and the best of the weak ones: one whose extension
/// fits if there is any, else the first.
pub(crate) fn candidates(input: &Input<'_>) -> (Vec<&'static dyn Format>, Option<&'static dyn Format>) {
    let extension = input.extension();
    let mut certain = Vec::new();
    let mut weak: Option<&'static dyn Format> = None;
    for &format in registry::FORMATS {
        match format.recognise(input) {
            Recognition::No => {}
            Recognition::Certain => certain.push(format),
            Recognition::Weak => {
                let fits = |format: &dyn Format| format.extensions().contains(&extension.as_ref());
                if weak.is_none_or(|held| !fits(held) && fits(format)) {
                    weak = Some(format);
                }
            }
        }
    }
    (certain, weak)
}

/// The formats that are certain of `input`.
pub(crate) fn certain(input: &Input<'_>) -> Vec<&'static dyn Format> {
    registry::FORMATS.iter().copied().filter(|format| format.recognise(input).is_certain()).collect()
}
