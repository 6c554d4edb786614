//! Texts that grow, and those that are whole in their event: judged by themselves, and joined as readers join them.

use super::{Left, Screen, State, Step, quoted_text};
use crate::check::{Edit, Release, ResponseJudge};
use crate::gateway::exchange::Refused;
use crate::gateway::judging::judged;
use crate::protocol::{Delta, Of, RefusalKind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What is kept of a text for what may come behind its end, in bytes.
const LAST: usize = 1_024;

/// Texts that readers join, one after the other.
pub(super) struct Run {
    judge: ResponseJudge,
    /// The pieces that have not left entirely, by the text they belong to, the first first; the last of them grows.
    open: VecDeque<String>,
    /// The text that grows, or grew last.
    current: String,
    /// Whether that is complete.
    closed: bool,
    /// Whether nothing more is taken: all of them are complete.
    finished: bool,
    /// Texts before it.
    past: BTreeSet<String>,
    /// The last of what came: what comes behind the end is judged behind it.
    last: String,
}

impl Screen {
    /// Gives a piece to the judge of its text.
    pub(super) fn grow(&mut self, piece: &Delta<'_>, step: &mut Step) -> Result<(), Refused> {
        let name = piece.run.as_ref().unwrap_or(&piece.channel);
        if !self.runs.contains_key(name) {
            let judge = self.asked.judge()?;
            let run = Run {
                judge,
                open: VecDeque::from([piece.channel.clone()]),
                current: piece.channel.clone(),
                closed: false,
                finished: false,
                past: BTreeSet::new(),
                last: String::new(),
            };
            self.runs.insert(name.clone(), Box::new(run));
        }
        let Some(run) = self.runs.get_mut(name) else { return Ok(()) };
        let mut seam = None;
        // What comes behind the end of a text is judged as another one behind it, of which the end has left.
        if std::mem::take(&mut run.finished) {
            run.judge = self.asked.judge()?;
            let mut before = run.judge.push(&run.last);
            before.reasons.clear();
            run.open = VecDeque::from([String::new(), piece.channel.clone()]);
            run.current.clone_from(&piece.channel);
            run.closed = false;
            run.past.clear();
            let mut ended = run.judge.seam();
            ended.reasons.clear();
            self.released(name, before, step);
            self.released(name, ended, step);
        }
        let Some(run) = self.runs.get_mut(name) else { return Ok(()) };
        if run.current != piece.channel {
            // Texts that take turns are joined by readers in another order than they come in.
            if run.past.contains(&piece.channel) {
                return Err(Refused::new(RefusalKind::Upstream, "texts of the answer take turns"));
            }
            if !run.closed {
                seam = Some(run.judge.seam());
            }
            let before = std::mem::replace(&mut run.current, piece.channel.clone());
            run.past.insert(before);
            run.closed = true;
        }
        if std::mem::take(&mut run.closed) {
            run.open.push_back(piece.channel.clone());
        }
        let release = run.judge.push(&piece.text);
        run.last.push_str(&piece.text);
        if run.last.len() > 2 * LAST {
            let from = run.last.ceil_char_boundary(run.last.len().saturating_sub(LAST));
            run.last.drain(..from);
        }
        let channel = self.channels.entry(piece.channel.clone()).or_default();
        channel.complete = false;
        for release in seam.into_iter().chain([release]) {
            self.released(name, release, step);
        }
        Ok(())
    }

    /// Ends texts that are complete where something else comes behind them: no other text may come that readers join with them, and what
    /// waits for one would wait for as long as a tool runs. One that comes all the same is judged behind their end.
    pub(super) fn end_complete(&mut self, pieces: &[&Delta<'_>], step: &mut Step) {
        let of = |piece: &&Delta<'_>, name: &String| piece.run.as_ref().unwrap_or(&piece.channel) == name;
        let waits = |name: &String, run: &Run| {
            run.closed && !run.finished && !pieces.is_empty() && !pieces.iter().any(|piece| of(piece, name))
        };
        let runs = self.runs.iter().filter(|(name, run)| waits(name, run));
        let names: Vec<String> = runs.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.end(&name, step);
        }
    }

    /// Ends the texts of a run.
    fn end(&mut self, name: &str, step: &mut Step) {
        let Some(run) = self.runs.get_mut(name) else { return };
        run.finished = true;
        let release = run.judge.finish();
        self.released(name, release, step);
        let Some(run) = self.runs.get(name) else { return };
        for channel in run.open.iter().chain([&run.current]) {
            if let Some(channel) = self.channels.get_mut(channel) {
                channel.complete = true;
            }
        }
    }

    /// Texts whose names begin so are complete.
    pub(super) fn complete_texts(&mut self, prefix: &str, step: &mut Step) {
        let names: Vec<String> = self.runs.keys().cloned().collect();
        for name in names {
            let Some(run) = self.runs.get_mut(&name).filter(|run| !run.finished) else { continue };
            if name.starts_with(prefix) {
                self.end(&name, step);
            } else if !run.closed && run.current.starts_with(prefix) {
                run.closed = true;
                let release = run.judge.seam();
                self.released(&name, release, step);
            }
        }
    }

    /// The last event that is held waits for the texts whose names begin so, as far as they are complete and have not left.
    pub(super) fn wait(&mut self, prefix: &str) {
        let Some(held) = self.queue.back_mut().filter(|_| self.enforced && self.state == State::Going) else {
            return;
        };
        let open = self.runs.values().flat_map(|run| &run.open);
        held.waits.extend(open.filter(|name| name.starts_with(prefix)).cloned());
    }

    /// Gives what may leave of a run to its texts.
    fn released(&mut self, name: &str, release: Release, step: &mut Step) {
        if let Some(run) = self.runs.get_mut(name) {
            let mut from = 0;
            for end in release.ends {
                let text = release.text.get(from..end).unwrap_or_default();
                from = end;
                let Some(first) = run.open.pop_front() else { continue };
                let goes_on = run.open.contains(&first);
                if let Some(channel) = self.channels.get_mut(&first) {
                    channel.out.push_str(text);
                    channel.complete = !goes_on;
                }
            }
            if let Some(channel) = run.open.front().and_then(|first| self.channels.get_mut(first)) {
                channel.out.push_str(release.text.get(from..).unwrap_or_default());
            }
        }
        step.reasons.extend(release.reasons);
        if let Some(reason) = release.blocked {
            self.stopping.get_or_insert_with(|| format!("the answer was stopped by {}", reason.check));
            step.reasons.push(reason);
        }
    }

    /// Texts that are whole in one event, those together that readers join; without those that only say again what was asked.
    pub(super) fn wholes<'p, 'd>(&self, pieces: &'p [Delta<'d>]) -> Vec<Vec<&'p Delta<'d>>> {
        let (mut runs, mut known): (Vec<Vec<_>>, BTreeMap<&str, usize>) = (Vec::new(), BTreeMap::new());
        for piece in pieces {
            if piece.of == Of::Echo && self.asked.echoes.has(&piece.text) {
                continue;
            }
            let run = piece.run.as_deref();
            let place = run.and_then(|run| known.get(run));
            if let Some(run) = place.and_then(|place| runs.get_mut(*place)) {
                run.push(piece);
            } else {
                known.extend(run.map(|run| (run, runs.len())));
                runs.push(vec![piece]);
            }
        }
        runs
    }

    /// Judges texts that are whole.
    pub(super) fn whole(&mut self, pieces: &[&Delta<'_>], step: &mut Step) -> Result<Vec<Left>, Refused> {
        let texts: Vec<&str> = pieces.iter().map(|piece| &*piece.text).collect();
        let prepared = self.asked.prepared(&self.asked.policy)?;
        let judged = judged(|| prepared.texts(&texts))?;
        if judged.blocked
            && let Some((_, reason)) = judged.reasons.last()
        {
            self.stopping.get_or_insert_with(|| format!("the answer was stopped by {}", reason.check));
        }
        step.reasons.extend(judged.reasons.into_iter().map(|(_, reason)| reason));
        let each = pieces.iter().zip(judged.left).map(|(piece, left)| match &*left {
            _ if judged.blocked => Left::Stopped,
            left if *left == *piece.text => Left::AsItCame,
            left => Left::Changed(Edit { span: piece.span.clone(), replacement: quoted_text(left) }),
        });
        Ok(each.collect())
    }
}
