//! Answers that are there as a whole: texts that readers join are judged together, and calls.

use super::{Prepared, Release};
use crate::check::findings::quoted;
use crate::check::judgement::{Action, Edit, Judgement, Reason};
use crate::exchange::{Exchange, Part};
use crate::protocol::run_of;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// What becomes of whole texts that readers join.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// What is left of each; nothing from where they were stopped.
    pub(crate) left: Vec<String>,
    /// What was found, with the number of the text that it begins in. What stops them is the last.
    pub(crate) reasons: Vec<(usize, Reason)>,
    /// Whether they are stopped.
    pub(crate) blocked: bool,
}

impl Prepared {
    /// Judges whole texts that readers join.
    pub(crate) fn texts(self: &Arc<Self>, texts: &[&str]) -> Texts {
        let (mut judge, mut all, mut open) = (self.judge(), Texts::default(), String::new());
        let (mut found, mut blocked) = (Vec::new(), None);
        let mut take = |release: Release| {
            let mut from = 0;
            for end in release.ends {
                open.push_str(release.text.get(from..end).unwrap_or_default());
                all.left.push(std::mem::take(&mut open));
                from = end;
            }
            if open.is_empty() && from == 0 {
                open = release.text;
            } else {
                open.push_str(release.text.get(from..).unwrap_or_default());
            }
            found.extend(release.reasons);
            blocked = blocked.take().or(release.blocked);
        };
        for (place, text) in texts.iter().enumerate() {
            if place > 0 {
                take(judge.seam());
            }
            take(judge.push(text));
        }
        take(judge.finish());
        all.left.push(open);
        all.left.resize(texts.len().max(1), String::new());
        all.blocked = blocked.is_some();
        let mut starts = vec![0_usize];
        for text in texts {
            starts.push(starts.last().copied().unwrap_or_default().saturating_add(text.len()));
        }
        all.reasons = found.into_iter().chain(blocked).map(|reason| placed(reason, &starts)).collect();
        all
    }

    /// Judges a whole answer.
    pub(crate) fn response(self: &Arc<Self>, response: &Exchange<'_>) -> Judgement {
        let mut judgement = Judgement::default();
        for run in runs(&response.parts) {
            let texts: Vec<&str> = run.iter().map(|part| &*part.text).collect();
            let judged = self.texts(&texts);
            judgement.reasons.extend(judged.reasons.into_iter().map(|(place, reason)| {
                let pointer = run.get(place).map(|part| part.pointer.clone()).unwrap_or_default();
                Reason { pointer, ..reason }
            }));
            for (part, left) in run.iter().zip(judged.left).filter(|(part, left)| part.text != left.as_str())
            {
                let replacement = quoted(&left);
                judgement.edits.push(Edit { span: part.span.clone(), replacement });
            }
        }
        for call in &response.calls {
            let called = self.judge().call(call);
            judgement.reasons.extend(called.reasons);
            judgement.edits.extend(called.edits);
        }
        judgement.action = judgement.reasons.iter().map(|reason| reason.action).max().unwrap_or_default();
        if judgement.action == Action::Block {
            judgement.edits.clear();
        }
        if !judgement.edits.is_empty() {
            // What is in them goes with them.
            let mut repeats = response.repeats.clone();
            repeats.sort_by_key(|one| one.start);
            let goes = |edit: &Edit| {
                let before = repeats.partition_point(|one| one.start <= edit.span.start);
                repeats.get(before.wrapping_sub(1)).is_some_and(|one| edit.span.end <= one.end)
            };
            judgement.edits.retain(|edit| !goes(edit));
            let null = |span: &Range<usize>| Edit { span: span.clone(), replacement: "null".to_owned() };
            judgement.edits.extend(response.repeats.iter().map(null));
        }
        judgement.edits.sort_by_key(|edit| edit.span.start);
        judgement
    }
}

/// Texts of an answer, those together that readers join, in the order they stand.
fn runs<'p, 'b>(parts: &'p [Part<'b>]) -> Vec<Vec<&'p Part<'b>>> {
    if let [part] = parts {
        return vec![vec![part]];
    }
    let (mut runs, mut known): (Vec<Vec<_>>, BTreeMap<String, usize>) = (Vec::new(), BTreeMap::new());
    for part in parts {
        let run = run_of(&part.pointer);
        let place = run.as_ref().and_then(|run| known.get(run));
        if let Some(run) = place.and_then(|place| runs.get_mut(*place)) {
            run.push(part);
        } else {
            known.extend(run.map(|run| (run, runs.len())));
            runs.push(vec![part]);
        }
    }
    runs
}

/// The text that a finding begins in, of texts that begin at these places and end where the next one begins, and the finding in it.
fn placed(reason: Reason, starts: &[usize]) -> (usize, Reason) {
    let last = starts.len().saturating_sub(2);
    let place = starts.partition_point(|start| *start <= reason.span.start).saturating_sub(1).min(last);
    let at = |place: usize| starts.get(place).copied().unwrap_or_default();
    let (start, end) = (at(place), at(place.saturating_add(1)));
    let span = reason.span.start.saturating_sub(start)..reason.span.end.min(end).saturating_sub(start);
    (place, Reason { span, ..reason })
}
