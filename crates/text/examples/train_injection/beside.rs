//! Texts with something harmless beside them, before or behind: an attack stays one whatever stands there, and two harmless texts
//! stay harmless. Without them a model learns that what is said in an attack's neighbourhood weighs against it.

use crate::learner::Example;
use crate::variety::Random;

/// Bytes of a text that something is put beside, and of what is put there.
const LENGTHS: std::ops::RangeInclusive<usize> = 20..=500;
/// Copies of a text, each beside something else, to train on.
const COPIES: usize = 2;
/// Of the harmless texts one in so many is scored.
const SCORED: usize = 8;

/// A text that was put together.
pub(crate) struct Mixed {
    /// The text.
    pub(crate) text: String,
    /// Number of the row whose text was taken.
    pub(crate) of: usize,
    /// Family of what stands beside it.
    pub(crate) beside: usize,
}

/// What is trained on, and what is scored: texts of rows `of`, each with something of the first `read` families beside it.
pub(crate) fn texts(
    random: &mut Random,
    texts: &[String],
    examples: &[Example],
    of: std::ops::Range<usize>,
    read: usize,
) -> (Vec<Mixed>, Vec<Mixed>) {
    let short = |at: usize| LENGTHS.contains(&texts[at].len()) && !examples[at].operator;
    let harmless: Vec<usize> = (0..texts.len())
        .filter(|at| short(*at) && !examples[*at].attack && examples[*at].family < read)
        .collect();
    let mut put = |of: usize| {
        let one = harmless[random.below(harmless.len())];
        // Of one family, so that leaving one out leaves out all of it.
        let two = loop {
            let two = harmless[random.below(harmless.len())];
            if examples[two].family == examples[one].family {
                break two;
            }
        };
        let gap = random.pick(&[" ", " ", "\n", "\n\n"]);
        let (text, one_text, two_text) = (&texts[of], &texts[one], &texts[two]);
        let text = match random.below(5) {
            0 | 1 => format!("{text}{gap}{one_text}"),
            2 | 3 => format!("{one_text}{gap}{text}"),
            _ => format!("{one_text}{gap}{text}{gap}{two_text}"),
        };
        Mixed { text, of, beside: examples[one].family }
    };
    let (mut train, mut scored) = (Vec::new(), Vec::new());
    for at in of.filter(|at| short(*at) && examples[*at].for_words) {
        let collected = !(read..=read + 1).contains(&examples[at].family);
        for _ in 0..if collected { COPIES } else { 1 } {
            train.push(put(at));
        }
        if collected && (examples[at].attack || at % SCORED == 0) {
            scored.push(put(at));
        }
    }
    (train, scored)
}
