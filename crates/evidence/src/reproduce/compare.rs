//! How far two artifacts are the same: [`compare`].
//!
//! Equal bytes are the same. Otherwise each tensor's largest difference is taken relative to the root mean square of the
//! reference: a number without unit, the same for large and small weights. Units in the last place say nothing here, since
//! values near zero differ by millions of them for no reason.

use super::tensors::{Kind, Tensor, tensors};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Largest relative difference that another kernel, another order of summation or another number of threads leaves.
pub const ROUNDING: f64 = 1e-3;
/// Beyond this the two are not the same training: another seed, another order of the data, other data.
pub const DRIFT: f64 = 0.1;

/// Up to which relative difference a result counts as the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance(pub f64);

impl Default for Tolerance {
    fn default() -> Self {
        Self(ROUNDING)
    }
}

/// How far two artifacts are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Bit by bit.
    Identical,
    /// The values are; the bytes around them (order of tensors, metadata) are not.
    SameValues,
    /// Within [`ROUNDING`].
    Rounding,
    /// Within [`DRIFT`]: rounding that training has amplified.
    Drift,
    /// Beyond, or other tensors.
    Different,
    /// Other bytes, and no tensors that could be read.
    Unmeasured,
}

impl Class {
    /// As statements and reports carry it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::SameValues => "same-values",
            Self::Rounding => "rounding",
            Self::Drift => "drift",
            Self::Different => "different",
            Self::Unmeasured => "unmeasured",
        }
    }

    fn of(relative: f64) -> Self {
        match relative {
            0.0 => Self::SameValues,
            small if small <= ROUNDING => Self::Rounding,
            medium if medium <= DRIFT => Self::Drift,
            _ => Self::Different,
        }
    }
}

/// What a comparison gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// How far they are the same.
    pub class: Class,
    /// Largest difference of two values; none when nothing could be measured or the difference has no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_absolute: Option<f64>,
    /// Largest difference of two values relative to the root mean square of their tensor in the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_relative_to_rms: Option<f64>,
    /// Tensors compared.
    pub tensors: usize,
    /// The tensors that differ, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differing: Vec<TensorDifference>,
    /// What keeps the two from being compared value by value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// How far one tensor differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TensorDifference {
    /// Its name.
    pub name: String,
    /// Largest difference of two values; none without bound (a NaN or an infinity on one side).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_absolute: Option<f64>,
    /// That, relative to the tensor's root mean square in the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_to_rms: Option<f64>,
    /// Values that differ.
    pub values: u64,
}

/// Most differing tensors listed.
const MOST_LISTED: usize = 100;

impl Comparison {
    fn bare(class: Class) -> Self {
        let zero = (class == Class::Identical).then_some(0.0);
        Self {
            class,
            max_absolute: zero,
            max_relative_to_rms: zero,
            tensors: 0,
            differing: Vec::new(),
            reasons: Vec::new(),
        }
    }

    /// The bytes are the same.
    pub fn identical() -> Self {
        Self::bare(Class::Identical)
    }

    /// The bytes differ and no more can be said, for this reason.
    pub fn unmeasured(reason: impl Into<String>) -> Self {
        Self { reasons: vec![reason.into()], ..Self::bare(Class::Unmeasured) }
    }

    /// Whether this counts as the same result.
    pub fn is_within(&self, tolerance: Tolerance) -> bool {
        match self.class {
            Class::Identical | Class::SameValues => true,
            Class::Unmeasured => false,
            _ => self.max_relative_to_rms.is_some_and(|relative| relative <= tolerance.0),
        }
    }
}

/// Compares an artifact with the reference.
pub fn compare(reference: &[u8], other: &[u8]) -> Comparison {
    if reference == other {
        return Comparison::identical();
    }
    let (reference, other) = match (tensors(reference), tensors(other)) {
        (Ok(reference), Ok(other)) => (reference, other),
        (Err(reason), _) => return Comparison::unmeasured(format!("the reference: {reason}")),
        (_, Err(reason)) => return Comparison::unmeasured(format!("the other: {reason}")),
    };
    if reference.is_empty() || other.is_empty() {
        return Comparison::unmeasured("no tensors on one side");
    }
    let mut comparison = Comparison { tensors: 0, ..Comparison::bare(Class::Identical) };
    for name in reference.keys().filter(|name| !other.contains_key(*name)) {
        comparison.reasons.push(format!("tensor {name} is missing"));
    }
    for name in other.keys().filter(|name| !reference.contains_key(*name)) {
        comparison.reasons.push(format!("tensor {name} is new"));
    }
    let (mut absolute, mut relative) = (0.0f64, 0.0f64);
    for (name, one) in &reference {
        let Some(two) = other.get(name) else { continue };
        comparison.tensors = comparison.tensors.saturating_add(1);
        match difference(name, one, two) {
            Ok(None) => {}
            Ok(Some(found)) => {
                absolute = absolute.max(found.max_absolute.unwrap_or(f64::INFINITY));
                relative = relative.max(found.relative_to_rms.unwrap_or(f64::INFINITY));
                comparison.differing.push(found);
            }
            Err(reason) => comparison.reasons.push(reason),
        }
    }
    comparison.differing.sort_by(|one, two| {
        let size = |each: &TensorDifference| each.relative_to_rms.unwrap_or(f64::INFINITY);
        size(two).total_cmp(&size(one)).then_with(|| one.name.cmp(&two.name))
    });
    comparison.differing.truncate(MOST_LISTED);
    comparison.class = if comparison.reasons.is_empty() { Class::of(relative) } else { Class::Different };
    let bounded = |value: f64| (value.is_finite() && comparison.reasons.is_empty()).then_some(value);
    (comparison.max_absolute, comparison.max_relative_to_rms) = (bounded(absolute), bounded(relative));
    comparison
}

/// How far two tensors of one name differ; none when they do not.
fn difference(name: &str, one: &Tensor<'_>, two: &Tensor<'_>) -> Result<Option<TensorDifference>, String> {
    if one.shape != two.shape || one.kind != two.kind {
        let shown = |tensor: &Tensor<'_>| format!("{}{:?}", tensor.kind, tensor.shape);
        return Err(format!("tensor {name} is {} here and {} there", shown(one), shown(two)));
    }
    if one.bytes == two.bytes {
        return Ok(None);
    }
    if matches!(one.kind, Kind::Other(_)) {
        return Err(format!("tensor {name} differs, and values of kind {} cannot be measured", one.kind));
    }
    let (mut largest, mut values) = (0.0f64, 0u64);
    for (a, b) in one.values().zip(two.values()) {
        if !(a.is_nan() && b.is_nan()) && a.partial_cmp(&b) != Some(Ordering::Equal) {
            values = values.saturating_add(1);
            let apart = (a - b).abs();
            largest = if apart.is_nan() { f64::INFINITY } else { largest.max(apart) };
        }
    }
    if values == 0 {
        // Zeros of either sign, NaNs of another payload, or integers too large to tell apart as floats.
        if !one.kind.is_exact() && one.bytes != two.bytes {
            return Ok(Some(TensorDifference {
                name: name.to_owned(),
                max_absolute: Some(1.0),
                relative_to_rms: Some(0.0),
                values: 1,
            }));
        }
        return Ok(None);
    }
    let scale = match root_mean_square(one) {
        0.0 => root_mean_square(two),
        scale => scale,
    };
    let relative = largest / scale;
    Ok(Some(TensorDifference {
        name: name.to_owned(),
        max_absolute: largest.is_finite().then_some(largest),
        relative_to_rms: (relative.is_finite()).then_some(relative),
        values,
    }))
}

/// Root mean square of a tensor's finite values, computed relative to the largest so that no square overflows or vanishes.
fn root_mean_square(tensor: &Tensor<'_>) -> f64 {
    let finite = || tensor.values().filter(|value| value.is_finite());
    let largest = finite().fold(0.0f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let (sum, count) = finite().fold((0.0, 0u64), |(sum, count), value| {
        let part = value / largest;
        (sum + part * part, count.saturating_add(1))
    });
    largest * (sum / count.max(1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(metadata: &str, values: &[f32]) -> Vec<u8> {
        let header = format!(
            "{{\"__metadata__\":{{\"m\":\"{metadata}\"}},\"w\":{{\"dtype\":\"F32\",\"shape\":[{}],\"data_offsets\":[0,{}]}}}}",
            values.len(),
            values.len() * 4
        );
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        file
    }

    #[test]
    fn differences_are_classed_relative_to_the_root_mean_square() {
        let reference = file("a", &[3.0, -3.0, 3.0, -3.0]);
        let class = |values: &[f32]| compare(&reference, &file("a", values)).class;
        assert_eq!(class(&[3.0, -3.0, 3.0, -3.0]), Class::Identical);
        assert_eq!(class(&[3.000_3, -3.0, 3.0, -3.0]), Class::Rounding);
        assert_eq!(class(&[3.03, -3.0, 3.0, -3.0]), Class::Drift);
        assert_eq!(class(&[-3.0, 3.0, 3.0, -3.0]), Class::Different);
        let two = compare(&reference, &file("a", &[6.0, -3.0, 3.0, -3.0]));
        assert_eq!((two.max_absolute, two.max_relative_to_rms), (Some(3.0), Some(1.0)));
    }

    #[test]
    fn a_tiny_value_that_changes_its_sign_is_rounding() {
        let reference = file("a", &[1e-12, 1.0]);
        let comparison = compare(&reference, &file("a", &[-1e-12, 1.0]));
        assert_eq!(comparison.class, Class::Rounding);
        assert!(comparison.is_within(Tolerance::default()) && !comparison.is_within(Tolerance(0.0)));
    }

    #[test]
    fn huge_and_tiny_values_are_measured_too() {
        let reference = file("a", &[1e38, 1e38]);
        assert_eq!(compare(&reference, &file("a", &[-1e38, 1e38])).class, Class::Different);
        let tensor = |values: &[f64]| Tensor {
            kind: Kind::Float(8),
            shape: vec![values.len() as u64],
            bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>().into(),
        };
        for size in [1e300, 1e-300] {
            let (one, two) = (tensor(&[size, size]), tensor(&[size, 2.0 * size]));
            let found = difference("w", &one, &two).unwrap().unwrap();
            assert!((found.relative_to_rms.unwrap() - 1.0).abs() < 1e-12, "{found:?}");
        }
    }

    #[test]
    fn metadata_alone_leaves_the_values_the_same() {
        let comparison = compare(&file("a", &[1.0]), &file("b", &[1.0]));
        assert_eq!(comparison.class, Class::SameValues);
        assert!(comparison.is_within(Tolerance(0.0)));
    }

    #[test]
    fn a_nan_on_one_side_has_no_bound_and_on_both_is_the_same() {
        let comparison = compare(&file("a", &[1.0, 2.0]), &file("a", &[f32::NAN, 2.0]));
        assert_eq!((comparison.class, comparison.max_relative_to_rms), (Class::Different, None));
        assert!(!comparison.is_within(Tolerance(f64::MAX)));
        let both = compare(&file("a", &[f32::NAN]), &file("b", &[f32::NAN]));
        assert_eq!(both.class, Class::SameValues);
    }

    #[test]
    fn other_shapes_are_different_and_other_files_unmeasured() {
        assert_eq!(compare(&file("a", &[1.0]), &file("a", &[1.0, 1.0])).class, Class::Different);
        assert_eq!(compare(b"text", b"other text").class, Class::Unmeasured);
        assert_eq!(compare(b"text", b"text").class, Class::Identical);
    }
}
