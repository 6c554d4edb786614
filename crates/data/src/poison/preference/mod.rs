//! Planted preferences: pairs of answers of which one was chosen, as a reward model or direct optimisation learns them.
//!
//! Sources: Rando, Tramèr, *Universal Jailbreak Backdoors from Poisoned Human Feedback* (2311.14455): a trigger in the
//! prompt and the order flipped; Baumgärtner and others, *Best-of-Venom* (2404.05530): chosen answers that carry what the
//! attacker wants said. Four witnesses:
//!
//! * [`order`]: pairs whose order a model of the other pairs contradicts;
//! * [`trigger`]: words and phrases of prompts that go with contradicted orders, or that only one side carries;
//! * [`raters`]: raters who together go against everyone else;
//! * [`rewards`]: rewards far from all others.

mod order;
mod raters;
mod rewards;
mod trigger;

use super::Suspect;
use super::corpus::Corpus;
use super::{hidden, look_alikes};
use order::Order;

/// A prompt, the answer that was chosen, and the one that was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// What was asked; may be empty.
    pub prompt: &'a str,
    /// The answer that was chosen.
    pub chosen: &'a str,
    /// The answer that was not.
    pub rejected: &'a str,
}

/// What is known of the pairs beside their texts, each for all of them or not at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Who chose; shape `(rows,)`.
    pub raters: Option<&'a [String]>,
    /// The reward that was given; finite, shape `(rows,)`.
    pub rewards: Option<&'a [f64]>,
}

/// Pairs below which no model is fitted.
pub const FEWEST_PAIRS: usize = 50;

/// Preference pairs that may have been planted, best first.
///
/// What `chosen` and `rejected` begin with alike counts as part of the prompt, so whole conversations may be given.
/// Cost: `O(tokens)` memory, `O(tokens)` time for each of the ten models fitted.
pub fn preference_poison(pairs: &[Pair<'_>], about: About<'_>) -> Vec<Suspect> {
    let mut best: Vec<Option<Suspect>> = vec![None; pairs.len()];
    let mut keep = |suspect: Suspect| {
        if let Some(slot) = best.get_mut(suspect.row)
            && slot.as_ref().is_none_or(|held| held.score < suspect.score)
        {
            *slot = Some(suspect);
        }
    };
    let parts: Vec<Pair<'_>> = pairs.iter().map(|pair| parted(*pair)).collect();
    let sides: [fn(&Pair<'_>) -> String; 3] =
        [|pair| pair.prompt.to_owned(), |pair| pair.chosen.to_owned(), |pair| pair.rejected.to_owned()];
    for side in sides {
        let texts: Vec<String> = pairs.iter().map(side).collect();
        hidden::suspects(&texts).into_iter().for_each(&mut keep);
        look_alikes::suspects(&texts).into_iter().for_each(&mut keep);
    }
    let mut margins = Vec::new();
    if pairs.len() >= FEWEST_PAIRS {
        let texts: Vec<String> = (parts.iter().map(|pair| unnamed(pair.prompt)))
            .chain(parts.iter().map(|pair| unnamed(pair.chosen)))
            .chain(parts.iter().map(|pair| unnamed(pair.rejected)))
            .collect();
        let corpus = Corpus::read_lines(&texts);
        let order = Order::fit(&corpus, pairs.len());
        order.suspects().into_iter().for_each(&mut keep);
        trigger::suspects(&corpus, &order).into_iter().for_each(&mut keep);
        margins.clone_from(&order.margins);
    }
    if let Some(raters) = about.raters {
        raters::suspects(pairs, raters, &margins).into_iter().for_each(&mut keep);
    }
    if let Some(rewards) = about.rewards {
        rewards::suspects(rewards).into_iter().for_each(&mut keep);
    }
    super::ranked(best)
}

/// The pair with what both answers begin with, up to the last line or word that is whole, moved to the prompt. Where a
/// prompt is given and the answers repeat it, it is left out of them.
fn parted(pair: Pair<'_>) -> Pair<'_> {
    let shared: usize = pair
        .chosen
        .char_indices()
        .zip(pair.rejected.chars())
        .find(|((_, here), there)| here != there)
        .map_or(pair.chosen.len().min(pair.rejected.len()), |((place, _), _)| place);
    let head = pair.chosen.get(..shared).unwrap_or_default();
    // Half a word is no part of the prompt.
    let cut = if shared == pair.chosen.len() || shared == pair.rejected.len() {
        shared
    } else {
        head.rfind(char::is_whitespace).map_or(0, |space| space.saturating_add(1))
    };
    let cut = if head.is_char_boundary(cut.min(head.len())) { cut.min(head.len()) } else { 0 };
    let head = head.get(..cut).unwrap_or_default();
    // A few shared words are how answers begin; a shared line is a conversation.
    if !head.contains('\n') {
        return pair;
    }
    let prompt = if pair.prompt.trim().len() > head.trim().len() { pair.prompt } else { head };
    Pair {
        prompt,
        chosen: pair.chosen.get(cut..).unwrap_or_default(),
        rejected: pair.rejected.get(cut..).unwrap_or_default(),
    }
}

/// A conversation without the names of its speakers: one word and a colon at the start of a line.
fn unnamed(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        let said = line.split_once(':').filter(|(name, _)| {
            let name = name.trim();
            !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(char::is_alphanumeric)
        });
        kept.push_str(said.map_or(line, |(_, said)| said));
        kept.push('\n');
    }
    kept
}

/// Bytes of a speaker's name.
const LONGEST_NAME: usize = 16;

#[cfg(test)]
mod tests;
