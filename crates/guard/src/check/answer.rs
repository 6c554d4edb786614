//! An answer judged while it streams: what may leave, what is redacted, and where it ends.

#[cfg(test)]
mod calm_tests;
mod course;
mod turns;
mod whole;

use super::checks::{Caller, Checks, Request};
use super::findings::{Findings, changed};
use super::judgement::{Action, Judgement, Reason, Release};
use super::session::{Session, restored};
use super::stream::{Reader, Seen, Tail};
use crate::exchange::{Exchange, ToolCall};
use crate::protocol::{Json, JsonLimits, Node, Value, unquoted};
use course::{Beside, Course};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use turns::Turns;

/// Judges one answer: the text of one choice of it as it comes, and its calls of tools once they are whole.
///
/// Text is held back only while something in it may still become a finding; what the bound of each check is stands in the
/// book. The same text gives the same releases in sum, the same reasons and the same end, however it was cut into deltas.
///
/// An answer may be made of several texts, one behind the other, which readers join: [`seam`](Self::seam) says where one ends. Each is
/// judged by itself and all of them as one, so that nothing hides in being cut over two. Texts may also take [turns](Self::turn).
#[derive(Debug)]
pub struct ResponseJudge {
    prepared: Arc<Prepared>,
    /// Reads all texts as one.
    whole: Course,
    /// Reads the text under way by itself, where others came before it.
    alone: Option<Course>,
    /// What else is read, from where texts take turns.
    turns: Option<Box<Turns>>,
    /// What left.
    released: usize,
    changes: Vec<(Range<usize>, String)>,
    /// Where texts end that have not left.
    seams: VecDeque<usize>,
    /// Whether there was a seam: what is found then may be found twice, and is told once.
    twice: bool,
    told: Vec<(&'static str, String, Range<usize>)>,
    ended: bool,
}

/// What is known before the first word of an answer, shared by its choices.
#[derive(Debug)]
pub(crate) struct Prepared {
    readers: Vec<Box<dyn Reader>>,
    callers: Vec<Box<dyn Caller>>,
    values: BTreeMap<String, String>,
}

impl Prepared {
    /// A judge of one text.
    pub(crate) fn judge(self: &Arc<Self>) -> ResponseJudge {
        ResponseJudge {
            whole: self.course(0, |_| true),
            prepared: Arc::clone(self),
            alone: None,
            turns: None,
            released: 0,
            changes: Vec::new(),
            seams: VecDeque::new(),
            twice: false,
            told: Vec::new(),
            ended: false,
        }
    }
}

impl Checks {
    /// A judge of the answer to a request, with the session that judged the request. One per choice of the answer.
    pub fn answer(&self, request: &Exchange<'_>, session: &Session) -> ResponseJudge {
        self.prepared(request, session).judge()
    }

    /// Judges a whole answer: every text of the assistant and every call in it.
    pub fn response(&self, response: &Exchange<'_>, request: &Exchange<'_>, session: &Session) -> Judgement {
        self.prepared(request, session).response(response)
    }

    /// What can be known of the answer to a request before it comes.
    pub(crate) fn prepared(&self, request: &Exchange<'_>, session: &Session) -> Arc<Prepared> {
        let request = Request::new(request, session);
        Arc::new(Prepared {
            readers: self.each().filter_map(|check| check.reader(&request)).collect(),
            callers: self.each().filter_map(|check| check.caller(&request)).collect(),
            values: session.values(),
        })
    }
}

impl ResponseJudge {
    /// Takes the next piece of text and gives what may leave. Nothing leaves after a block.
    pub fn push(&mut self, delta: &str) -> Release {
        let mut release = Release::default();
        if self.ended {
            return release;
        }
        let place = self.whole.tail.end();
        self.whole.tail.push(delta);
        if let Some(alone) = &mut self.alone {
            alone.take(delta, place);
        }
        self.by_turns(place, delta, &mut release);
        self.read_steps(&mut release);
        if !self.ended {
            self.release(self.whole.tail.floor(self.settled()), &mut release);
            self.whole.forget(self.released);
            if let Some(alone) = &mut self.alone {
                alone.forget(self.released);
            }
        }
        release
    }

    /// Says that a text is complete and that another one may follow, which readers join with it; gives what may leave.
    pub fn seam(&mut self) -> Release {
        let mut release = Release::default();
        if self.ended {
            return release;
        }
        self.twice = true;
        let (before, mut seen) = (self.settled(), Vec::new());
        let mut ending = self.alone.take().unwrap_or_else(|| self.whole.fork());
        let end = self.whole.tail.end();
        let mut beside = Vec::new();
        if let Some(turns) = &mut self.turns {
            beside = turns.complete(turns.current(), ending.fork(), end, &mut seen);
        }
        ending.finish(&mut seen);
        beside.extend(ending.beside());
        self.take_beside(beside, &seen);
        self.alone = Some(self.prepared.course(end, |reader| reader.rereads()));
        self.found(seen, before, false, &mut release);
        if self.turns.is_some() {
            self.read_steps(&mut release);
        }
        if !self.ended {
            self.seams.push_back(end);
            self.release(self.whole.tail.floor(self.settled()), &mut release);
        }
        release
    }

    /// Says that the last text is complete, and gives what was still held.
    pub fn finish(&mut self) -> Release {
        let mut release = Release::default();
        // Texts whose ends were not told are read on into those behind them like others.
        if !self.ended {
            self.close_all(&mut release);
        }
        if let Some(mut alone) = self.alone.take().filter(|_| !self.ended) {
            let (before, mut seen) = (self.settled().min(alone.settled()), Vec::new());
            alone.finish(&mut seen);
            self.take_beside(alone.beside(), &seen);
            self.found(seen, before, false, &mut release);
        }
        if let Some(mut turns) = self.turns.take().filter(|_| !self.ended) {
            let (before, mut seen) = (self.settled().min(turns.holds_from()), Vec::new());
            turns.finish(&mut seen);
            self.take_beside(turns.beside(), &seen);
            self.found(seen, before, false, &mut release);
        }
        if !self.ended {
            let (before, mut seen) = (self.settled(), Vec::new());
            self.whole.finish(&mut seen);
            self.found(seen, before, true, &mut release);
            if !self.ended {
                self.release(self.whole.tail.end(), &mut release);
            }
            self.ended = true;
        }
        release
    }

    /// How many bytes are held back now.
    pub fn held(&self) -> usize {
        if self.ended { 0 } else { self.whole.tail.end().saturating_sub(self.released) }
    }

    /// Judges a whole call of a tool. Edits are for the body whose spans the call names: redactions, and values put back
    /// where the arguments hold their tokens.
    pub fn call(&self, call: &ToolCall<'_>) -> Judgement {
        let mut findings = Findings::default();
        for caller in &self.prepared.callers {
            caller.call(call, &mut findings);
        }
        // A name can say what arguments can.
        let mut texts = format!("{}{LINE}", call.name);
        collect(&call.arguments, &mut texts);
        let mut tail = Tail::default();
        tail.push(&texts);
        let mut readers: Vec<Box<dyn Reader>> = self
            .prepared
            .readers
            .iter()
            .filter(|reader| reader.reads_arguments())
            .map(|reader| reader.boxed())
            .collect();
        let mut seen = Vec::new();
        loop {
            let step = tail.step();
            let last = step.is_none();
            let step = step.unwrap_or_else(|| tail.rest());
            for reader in &mut readers {
                reader.read(&tail, &step, last, &mut seen);
            }
            if last {
                break;
            }
        }
        for one in seen {
            // A span of the texts taken together says nothing to whoever reads the arguments.
            findings.reason(Reason {
                pointer: call.pointer.clone(),
                span: 0..call.arguments.len(),
                ..one.reason
            });
        }
        let exchange = Exchange { calls: vec![call.clone()], ..Exchange::default() };
        findings.restoring(&self.prepared.values).judgement(&exchange)
    }

    /// No reading finds anything more in what stands before.
    fn settled(&self) -> usize {
        let alone = self.alone.as_ref().map_or(usize::MAX, Course::settled);
        let turns = self.turns.as_ref().map_or(usize::MAX, |turns| turns.holds_from());
        self.whole.settled().min(alone).min(turns)
    }

    /// Reads every step that is there, of all readings the one that ends first, so that it does not matter how they came.
    fn read_steps(&mut self, release: &mut Release) {
        while !self.ended {
            // Where there is one reading alone, no other waits for the words that are nothing to it.
            if self.alone.is_none() && self.turns.is_none() && self.whole.pass() {
                continue;
            }
            let before = self.settled();
            let others = self.turns.iter_mut().flat_map(|turns| turns.reading());
            let mut first: Option<(usize, &mut Course)> = None;
            for course in std::iter::once(&mut self.whole).chain(&mut self.alone).chain(others) {
                if let Some(end) = course.next_end()
                    && first.as_ref().is_none_or(|(before, _)| end < *before)
                {
                    first = Some((end, course));
                }
            }
            let Some((_, course)) = first else { break };
            let mut seen = Vec::new();
            course.read_next(&mut seen);
            // Most steps hold nothing.
            if !seen.is_empty() {
                let beside = course.beside();
                self.take_beside(beside, &seen);
                self.found(seen, before, false, release);
            }
        }
        if let Some(turns) = &mut self.turns {
            turns.clear();
        }
    }

    /// Takes out what findings take in beside the place where something is put instead of them.
    fn take_beside(&mut self, beside: Vec<Beside>, seen: &[Seen]) {
        for (of, span) in beside {
            let is_replaced = |one: &Seen| one.replacement.is_some() && one.reason.span == of;
            if span.end > self.released && seen.iter().any(is_replaced) {
                self.changes.push((span, String::new()));
            }
        }
    }

    /// Takes in what was found. What is settled leaves later, with all steps of a piece at once, unless something is found: what was settled
    /// before that step then leaves first, as it would have when the stream ended there.
    fn found(&mut self, seen: Vec<Seen>, before: usize, last: bool, release: &mut Release) {
        if seen.is_empty() {
            return;
        }
        self.release(self.whole.tail.floor(before), release);
        let mut blocked: Option<Reason> = None;
        for one in seen {
            if one.reason.action == Action::Block {
                if blocked.as_ref().is_none_or(|first| one.reason.span.start < first.span.start) {
                    blocked = Some(one.reason);
                }
                continue;
            }
            let has_left = self.turns.is_some() && one.reason.span.end <= self.released;
            if let Some(replacement) = one.replacement.filter(|_| !has_left) {
                self.changes.push((one.reason.span.clone(), replacement));
            }
            if self.is_new(&one.reason) {
                release.reasons.push(one.reason);
            }
        }
        let safe = if last { self.whole.tail.end() } else { self.whole.tail.floor(self.settled()) };
        if let Some(reason) = blocked {
            self.release(safe.min(self.whole.tail.floor(reason.span.start)), release);
            self.ended = true;
            release.blocked = Some(reason);
        } else {
            self.release(safe, release);
        }
    }

    /// Whether something was not found by another reading before.
    fn is_new(&mut self, reason: &Reason) -> bool {
        if !self.twice {
            return true;
        }
        let span = &reason.span;
        let same = |(check, label, other): &(&str, String, Range<usize>)| {
            *check == reason.check
                && *label == reason.label
                && (other == span || other.start < span.end && span.start < other.end)
        };
        if self.told.iter().any(same) {
            return false;
        }
        let released = self.released;
        self.told.retain(|(_, _, span)| span.end >= released);
        self.told.push((reason.check, reason.label.clone(), span.clone()));
        true
    }

    /// Gives what stands before `safe`, unless that is in the middle of a change.
    fn release(&mut self, mut safe: usize, release: &mut Release) {
        for (span, _) in &self.changes {
            if span.start < safe && safe < span.end {
                safe = self.whole.tail.floor(span.start);
            }
        }
        while let Some(seam) = self.seams.pop_front_if(|seam| *seam <= safe) {
            self.release_until(seam, &mut release.text);
            release.ends.push(release.text.len());
        }
        self.release_until(safe, &mut release.text);
    }

    fn release_until(&mut self, safe: usize, out: &mut String) {
        if safe <= self.released {
            return;
        }
        let from = self.released;
        if self.changes.is_empty() && self.prepared.values.is_empty() {
            out.push_str(self.whole.tail.get(from..safe));
            self.released = safe;
            return;
        }
        let (now, mut later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.changes).into_iter().partition(|(span, _)| span.start < safe);
        // What goes on in the next text is taken out there.
        let on = now.iter().filter(|(span, _)| span.end > safe);
        later.extend(on.map(|(span, _)| (safe..span.end, String::new())));
        self.changes = later;
        let text = self.whole.tail.get(from..safe);
        let now: Vec<(Range<usize>, String)> = now
            .into_iter()
            .map(|(span, replacement)| {
                (span.start.saturating_sub(from)..span.end.saturating_sub(from), replacement)
            })
            .collect();
        let text = if now.is_empty() { text.to_owned() } else { changed(text, now) };
        out.push_str(&restored(&text, &self.prepared.values));
        self.released = safe;
    }
}

/// What stands behind each text of arguments.
const LINE: char = '\n';

/// Keys from this length on count as texts, in bytes.
const TELLING_KEY: usize = 16;

/// The strings and numbers in arguments, a line each, of a key that is given twice both; of a list of strings also all in one line, as a
/// command is given with its arguments. Arguments that are no JSON are there as they are and with their escapes read.
pub(crate) fn collect(arguments: &str, texts: &mut String) {
    for text in texts_of(arguments) {
        texts.push_str(&text);
        texts.push(LINE);
    }
}

/// The same, each by itself: what begins in one of them does not go on in the next.
pub(crate) fn texts_of(arguments: &str) -> Vec<String> {
    let mut texts = Vec::new();
    if let Ok(json) = Json::read(arguments.as_bytes(), JsonLimits::default()) {
        walk(json.root(), &mut texts);
    } else {
        texts.push(arguments.to_owned());
        if arguments.contains('\\') {
            texts.push(unquoted(&format!("\"{arguments}\"")).into_owned());
        }
    }
    texts
}

/// Values of one document nest no deeper than [`JsonLimits::depth`].
fn walk(node: Node<'_, '_>, texts: &mut Vec<String>) {
    match node.value() {
        Value::String(text) => texts.push(text.into_owned()),
        Value::Number(number) => texts.push(number.to_string()),
        Value::Array | Value::Object => {
            for (key, child) in node.children() {
                if let Some(key) = key.filter(|key| key.len() >= TELLING_KEY) {
                    texts.push(key.into_owned());
                }
                walk(child, texts);
            }
            if node.items().nth(1).is_some() && node.items().all(Node::is_string) {
                let words: Vec<_> = node.items().filter_map(Node::as_str).collect();
                texts.push(words.join(" "));
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

#[cfg(test)]
pub(crate) mod tests;
