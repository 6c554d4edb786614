//! Texts that grow, and those that are whole in their event: judged by themselves, and joined as readers join them.

use super::{Channel, Left, Screen, State, Step, quoted_text};
use crate::check::{Edit, Release, ResponseJudge};
use crate::gateway::exchange::Refused;
use crate::gateway::judging::judged;
use crate::protocol::{Delta, Deltas, Of, Protocol, RefusalKind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

/// What is kept of a text for what may come behind its end, in bytes.
const LAST: usize = 1_024;

/// Texts that readers join, one after the other or by turns.
pub(super) struct Run {
    judge: ResponseJudge,
    /// The pieces that have not left entirely, by the text they belong to, the first first; the last of them grows.
    open: VecDeque<String>,
    /// Its texts, in the order they began.
    texts: Vec<Text>,
    /// The place of the text that grows, or grew last.
    current: usize,
    /// Where the text that began last stands in the answer.
    place: Vec<Number>,
    /// Whether texts of it have taken turns.
    by_turns: bool,
    /// Whether nothing more is taken: all of them are complete.
    finished: bool,
    /// The last of what came: what comes behind the end is judged behind it.
    last: String,
}

/// One text of a run.
struct Text {
    name: String,
    complete: bool,
}

impl Text {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), complete: false }
    }
}

impl Run {
    fn new(judge: ResponseJudge, name: &str) -> Self {
        Self {
            judge,
            open: VecDeque::from([name.to_owned()]),
            texts: vec![Text::new(name)],
            current: 0,
            place: place(name),
            by_turns: false,
            finished: false,
            last: String::new(),
        }
    }

    fn current(&self) -> Option<&Text> {
        self.texts.get(self.current)
    }

    /// Whether all of its texts are complete, so far.
    fn is_complete(&self) -> bool {
        // Where none takes turns, one behind another shows that all before are.
        let all = if self.by_turns { 0 } else { self.current };
        self.texts.iter().skip(all).all(|text| text.complete)
    }

    /// Whether nothing more comes to the text that is called so.
    fn is_over(&self, name: &str) -> bool {
        self.texts.iter().rev().find(|text| text.name == name).is_none_or(|text| text.complete)
    }

    /// Has the text that is called so grow from here on. Gives what may leave.
    fn turn_to(&mut self, name: &str) -> Result<Release, Refused> {
        let before = self.current().filter(|text| !text.complete);
        if before.is_some_and(|text| text.name == name) {
            return Ok(Release::default());
        }
        let from = before.map(|_| self.current);
        let behind = self.texts.iter().rposition(|text| text.name == name);
        let is_next = from.is_none() && behind == Some(self.current);
        let known = behind.filter(|_| !is_next);
        if known.and_then(|at| self.texts.get(at)).is_some_and(|text| text.complete) {
            return Err(Refused::new(RefusalKind::Upstream, "a text of the answer goes on behind its end"));
        }
        // Readers join texts in the order they stand in, which is judged as the one they come in.
        if known.is_none() {
            let place = place(name);
            if place < self.place {
                let order = "texts of the answer begin in another order than they stand in";
                return Err(Refused::new(RefusalKind::Upstream, order));
            }
            self.place = place;
        }
        self.current = known.unwrap_or_else(|| {
            self.texts.push(Text::new(name));
            self.texts.len().saturating_sub(1)
        });
        self.open.push_back(name.to_owned());
        if from.is_none() && !self.by_turns {
            return Ok(Release::default());
        }
        self.by_turns = true;
        let most =
            || Refused::new(RefusalKind::Upstream, "more texts of the answer take turns than are kept apart");
        self.judge.turn(from, self.current).ok_or_else(most)
    }
}

/// A number of any size: how many digits it has, and those.
type Number = (usize, String);

/// Where a text stands in the answer, by the numbers that its name begins with.
fn place(name: &str) -> Vec<Number> {
    name.split(['/', '.']).map_while(number).collect()
}

/// A number as it is written; one in another form that begins with a digit is too large to be written out.
fn number(written: &str) -> Option<Number> {
    let digits = written.trim_start_matches('0');
    if !written.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((if is_plain { digits.len() } else { usize::MAX }, digits.to_owned()))
}

impl Screen {
    /// Gives a piece to the judge of its text.
    pub(super) fn grow(&mut self, piece: &Delta<'_>, step: &mut Step) -> Result<(), Refused> {
        let name = piece.run.as_ref().unwrap_or(&piece.channel);
        if !self.runs.contains_key(name) {
            let run = Run::new(self.asked.judge()?, &piece.channel);
            self.runs.insert(name.clone(), Box::new(run));
        }
        let Some(run) = self.runs.get_mut(name) else { return Ok(()) };
        // What comes behind the end of a text is judged as another one behind it, of which the end has left.
        if run.finished {
            let last = std::mem::take(&mut run.last);
            **run = Run::new(self.asked.judge()?, &piece.channel);
            run.open.push_front(String::new());
            let mut before = run.judge.push(&last);
            before.reasons.clear();
            let mut ended = run.judge.seam();
            ended.reasons.clear();
            run.last = last;
            self.released(name, before, step);
            self.released(name, ended, step);
        }
        let Some(run) = self.runs.get_mut(name) else { return Ok(()) };
        let turned = run.turn_to(&piece.channel)?;
        let release = run.judge.push(&piece.text);
        run.last.push_str(&piece.text);
        if run.last.len() > 2 * LAST {
            let from = run.last.ceil_char_boundary(run.last.len().saturating_sub(LAST));
            run.last.drain(..from);
        }
        let told_again = matches!(self.asked.protocol, Protocol::OpenaiResponses | Protocol::Json);
        let begun = || Box::new(Channel { left: told_again.then(String::new), ..Channel::default() });
        let channel = self.channels.entry(piece.channel.clone()).or_insert_with(begun);
        channel.complete = false;
        for release in [turned, release] {
            self.released(name, release, step);
        }
        Ok(())
    }

    /// What is told whole of a text of which nothing came before is a piece of it: readers join it with the texts beside it.
    pub(super) fn take_lone(&self, added: &mut Deltas<'_>) {
        if added.lone.is_empty() {
            return;
        }
        let whole = added.pieces.iter().enumerate().filter(|(_, piece)| piece.of == Of::Whole);
        let places: BTreeMap<usize, usize> = whole.map(|(place, piece)| (piece.span.start, place)).collect();
        let mut taken = BTreeSet::new();
        for one in std::mem::take(&mut added.lone) {
            let knows = |of: &String| {
                let all = self.channels.range::<str, _>((Bound::Included(of.as_str()), Bound::Unbounded));
                let mut all = all.take_while(|(name, _)| name.starts_with(of.as_str()));
                all.any(|(_, channel)| !channel.is_call)
            };
            if one.of.as_ref().is_some_and(knows) {
                continue;
            }
            let piece = places.get(&one.span.start).and_then(|place| added.pieces.get_mut(*place));
            if let Some(piece) = piece.filter(|piece| !piece.text.is_empty()) {
                (piece.of, piece.channel, piece.run) = (Of::Text, one.channel, one.run);
                taken.insert(one.span.start);
            }
        }
        added.told.retain(|(span, _)| !taken.contains(&span.start));
    }

    /// Ends texts that are complete where something else comes behind them: no other text may come that readers join with them, and what
    /// waits for one would wait for as long as a tool runs. One that comes all the same is judged behind their end.
    pub(super) fn end_complete(&mut self, pieces: &[&Delta<'_>], step: &mut Step) {
        let of = |piece: &&Delta<'_>, name: &String| piece.run.as_ref().unwrap_or(&piece.channel) == name;
        let waits = |name: &String, run: &Run| {
            run.is_complete()
                && !run.finished
                && !pieces.is_empty()
                && !pieces.iter().any(|piece| of(piece, name))
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
        for channel in run.open.iter().chain(run.texts.iter().map(|text| &text.name)) {
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
                continue;
            }
            let (current, mut releases) = (run.current, Vec::new());
            for (number, text) in run.texts.iter_mut().enumerate() {
                if !text.complete && text.name.starts_with(prefix) {
                    text.complete = true;
                    let release = if number == current { run.judge.seam() } else { run.judge.close(number) };
                    releases.push((text.name.clone(), release));
                }
            }
            for (text, release) in releases {
                self.released(&name, release, step);
                self.left(&name, &text);
            }
        }
    }

    /// A text that is complete has left where no piece of it waits.
    fn left(&mut self, run: &str, text: &str) {
        let is_open = self.runs.get(run).is_some_and(|run| run.open.iter().any(|open| open == text));
        if let Some(channel) = self.channels.get_mut(text).filter(|_| !is_open) {
            channel.complete = true;
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
                let goes_on = run.open.contains(&first) || !run.is_over(&first);
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
