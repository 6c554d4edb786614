//! Which rows to set aside: the paper's section 3.2 and its simpler baselines.

use super::{ClassConfidence, ConfidentJoint, Labelled, Quality, arg_max};
use crate::StatsError;

/// How suspects are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// For each pair (given i, true j): the rows labelled i with the largest p(j) − p(i), as many as the joint says.
    PruneByNoiseRate,
    /// For each given class: the rows of least self-confidence, as many as the joint says are wrong.
    PruneByClass,
    /// Chosen by both of the above.
    Both,
    /// The rows off the diagonal of the confident joint.
    ConfidentLearning,
    /// The most probable class is not the given one.
    PredictedNotGiven,
    /// The rows of lowest normalized margin, as many as [`Filter::ConfidentLearning`] finds.
    LowNormalizedMargin,
    /// The rows of lowest self-confidence, as many as [`Filter::ConfidentLearning`] finds.
    LowSelfConfidence,
}

/// Rows left in every class, whatever the joint says.
const LEFT_PER_CLASS: u64 = 1;

impl Labelled<'_> {
    /// The confident joint of this table and the rows off its diagonal.
    ///
    /// # Errors
    /// None on a table that was made: the shapes agree.
    pub fn confident_joint(&self) -> Result<(ConfidentJoint, Vec<usize>), StatsError> {
        let mut confidence = ClassConfidence::new(self.classes);
        confidence.observe(self);
        let mut joint = ConfidentJoint::new(self.classes);
        let off_diagonal = joint.observe(self, &confidence.thresholds())?;
        Ok((joint, off_diagonal))
    }

    /// Whether each row's label is suspected, shape `(n,)`.
    ///
    /// A row whose given label is within [`super::TOLERANCE`] of the most probable is never suspected, except by the
    /// two filters that only rank.
    ///
    /// # Errors
    /// Those of [`Labelled::confident_joint`].
    pub fn suspects(&self, filter: Filter) -> Result<Vec<bool>, StatsError> {
        let (joint, off_diagonal) = self.confident_joint()?;
        let mut suspects = vec![false; self.len()];
        match filter {
            Filter::ConfidentLearning => off_diagonal.iter().for_each(|row| suspects[*row] = true),
            Filter::PredictedNotGiven => {
                for (to, (label, row)) in suspects.iter_mut().zip(self.rows()) {
                    *to = arg_max(row) != label;
                }
            }
            Filter::PruneByNoiseRate => self.prune_by_rate(&joint, &mut suspects),
            Filter::PruneByClass => self.prune_by_class(&joint, &mut suspects),
            Filter::Both => {
                let mut other = suspects.clone();
                self.prune_by_rate(&joint, &mut suspects);
                self.prune_by_class(&joint, &mut other);
                suspects.iter_mut().zip(other).for_each(|(a, b)| *a = *a && b);
            }
            Filter::LowNormalizedMargin | Filter::LowSelfConfidence => {
                let rows: Vec<(usize, &[f64])> = self.rows().collect();
                let count = off_diagonal.iter().filter(|i| !Self::agrees(rows[**i].0, rows[**i].1)).count();
                let method = if filter == Filter::LowSelfConfidence {
                    Quality::SelfConfidence
                } else {
                    Quality::NormalizedMargin
                };
                let mut scored: Vec<(f64, usize)> = self.quality(method).into_iter().zip(0..).collect();
                lowest(&mut scored, count).iter().for_each(|(_, row)| suspects[*row] = true);
                return Ok(suspects);
            }
        }
        for (suspect, (label, row)) in suspects.iter_mut().zip(self.rows()) {
            *suspect = *suspect && !Self::agrees(label, row);
        }
        Ok(suspects)
    }

    /// Row indices by given label.
    fn members(&self) -> Vec<Vec<usize>> {
        let mut members = vec![Vec::new(); self.classes];
        for (index, label) in self.labels.iter().enumerate() {
            members[*label as usize].push(index);
        }
        members
    }

    /// The calibrated joint with every diagonal raised to [`LEFT_PER_CLASS`] at the cost of its row.
    fn prune_counts(&self, joint: &ConfidentJoint) -> Vec<u64> {
        let mut counts = joint.calibrated();
        for (class, row) in counts.chunks_exact_mut(self.classes).enumerate() {
            let raised = LEFT_PER_CLASS.saturating_sub(row[class]);
            let others = row.iter().filter(|c| **c > 0).count().saturating_sub(1).max(1);
            let each = raised as f64 / others as f64;
            for (column, count) in row.iter_mut().enumerate() {
                *count =
                    if column == class { *count + raised } else { (*count as f64 - each).max(0.0) as u64 };
            }
        }
        counts
    }

    fn prune_by_rate(&self, joint: &ConfidentJoint, suspects: &mut [bool]) {
        let counts = self.prune_counts(joint);
        let members = self.members();
        // One pass gathers the rows that prefer class j to their own; where they suffice, nothing else is looked at.
        let mut prefer: Vec<Vec<(f64, usize)>> = vec![Vec::new(); self.classes * self.classes];
        for (index, (given, row)) in self.rows().enumerate() {
            for (class, p) in row.iter().enumerate() {
                if *p > row[given] {
                    prefer[given * self.classes + class].push((row[given] - p, index));
                }
            }
        }
        for (place, mut candidates) in prefer.into_iter().enumerate() {
            let (given, class) = (place / self.classes, place % self.classes);
            let count = counts[place] as usize;
            if class == given || count == 0 || members[given].len() as u64 <= LEFT_PER_CLASS {
                continue;
            }
            if count > candidates.len() {
                let margin = |row: usize| {
                    let start = row * self.classes;
                    self.probabilities[start + given] - self.probabilities[start + class]
                };
                candidates = members[given].iter().map(|row| (margin(*row), *row)).collect();
            }
            lowest(&mut candidates, count).iter().for_each(|(_, row)| suspects[*row] = true);
        }
    }

    fn prune_by_class(&self, joint: &ConfidentJoint, suspects: &mut [bool]) {
        let counts = self.prune_counts(joint);
        for (given, members) in self.members().into_iter().enumerate() {
            if members.len() as u64 <= LEFT_PER_CLASS {
                continue;
            }
            let count = members.len().saturating_sub(counts[given * self.classes + given] as usize);
            let own = |row: usize| (self.probabilities[row * self.classes + given], row);
            let mut scored: Vec<(f64, usize)> = members.into_iter().map(own).collect();
            lowest(&mut scored, count).iter().for_each(|(_, row)| suspects[*row] = true);
        }
    }
}

/// The `count` items of lowest score, ties by index, in O(n): the front part of `items` after selection.
fn lowest(items: &mut [(f64, usize)], count: usize) -> &[(f64, usize)] {
    let count = count.min(items.len());
    if count > 0 && count < items.len() {
        items.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }
    &items[..count]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flipped_label_is_the_only_suspect() {
        let probabilities: Vec<f64> =
            (0..20).flat_map(|i| if i % 2 == 0 { [0.9, 0.1] } else { [0.2, 0.8] }).collect();
        let mut labels: Vec<u32> = (0..20).map(|i| i % 2).collect();
        labels[4] = 1;
        let table = Labelled::new(&labels, &probabilities, 2).unwrap();
        for filter in
            [Filter::PruneByNoiseRate, Filter::PruneByClass, Filter::Both, Filter::ConfidentLearning]
        {
            let suspects = table.suspects(filter).unwrap();
            let found: Vec<usize> = (0..20).filter(|i| suspects[*i]).collect();
            assert_eq!(found, [4], "{filter:?}");
        }
    }

    #[test]
    fn shards_merge_to_the_joint_of_the_whole() {
        let probabilities: Vec<f64> =
            (0..30_u32).flat_map(|i| [f64::from(i) / 30.0, 1.0 - f64::from(i) / 30.0]).collect();
        let labels: Vec<u32> = (0..30).map(|i| u32::from(i % 3 == 0)).collect();
        let whole = Labelled::new(&labels, &probabilities, 2).unwrap();
        let (joint, _) = whole.confident_joint().unwrap();
        let mut confidence = ClassConfidence::new(2);
        let parts = [
            Labelled::new(&labels[..12], &probabilities[..24], 2).unwrap(),
            Labelled::new(&labels[12..], &probabilities[24..], 2).unwrap(),
        ];
        for part in &parts {
            let mut state = ClassConfidence::new(2);
            state.observe(part);
            confidence.merge(&state).unwrap();
        }
        let mut merged = ConfidentJoint::new(2);
        for part in &parts {
            let mut state = ConfidentJoint::new(2);
            state.observe(part, &confidence.thresholds()).unwrap();
            merged.merge(&state).unwrap();
        }
        assert_eq!(merged, joint);
        assert_eq!(joint.calibrated().iter().sum::<u64>(), 30);
    }
}
