//! What a few sentences have done that a purpose must explain: [`of`].

mod guards;
mod judged;
mod leaks;
mod orders;

use super::purpose::Purpose;
use super::said::Said;
use guards::{brings_in, disarms, erases, lets_in, stays};
use judged::{Whom, favours, spares};
use leaks::leaks;
use orders::{is_led, obeys, pays, plants, shadows};
use std::ops::Range;

/// How much a sentence says of a deed, and where.
type Told = Option<(u32, Range<usize>)>;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Something is brought to somebody else.
    Leaks,
    /// What keeps from harm is put out of force.
    Disarms,
    /// Someone gets rights or a way in.
    LetsIn,
    /// Code or its source comes from an address of the text.
    BringsIn,
    /// Something stays where it works on its own.
    Stays,
    /// Someone the text names is placed before others.
    Favours,
    /// What speaks against someone is left out.
    Spares,
    /// What is read is done.
    Obeys,
    /// What events leave behind is destroyed.
    Erases,
    /// Money is led to a number of the text.
    Pays,
    /// The tools of others are put aside for its own.
    Shadows,
    /// Something of its own is put into what is written for others.
    Plants,
}

impl Deed {
    /// What it is, as a part of a sentence.
    pub(crate) const fn what(self) -> &'static str {
        match self {
            Self::Leaks => "it brings something to somebody else",
            Self::Disarms => "it puts a protection out of force",
            Self::LetsIn => "it lets somebody in",
            Self::BringsIn => "it has code come from an address of its own",
            Self::Stays => "it stays where it works on its own",
            Self::Favours => "it places whom it names before others",
            Self::Spares => "it leaves out what speaks against whom it names",
            Self::Obeys => "it has what is read carried out",
            Self::Erases => "it destroys what tells of events",
            Self::Plants => "it puts something of its own into what is written",
            Self::Shadows => "it puts the tools of others aside for its own",
            Self::Pays => "it leads money to a number of its own",
        }
    }
}

/// A deed and where it is said.
#[derive(Debug, Clone)]
pub(super) struct Done {
    /// What is done.
    pub(super) deed: Deed,
    /// How much it says by itself.
    pub(super) weight: u32,
    /// Whether the sentence before says what it is done with.
    pub(super) back: bool,
    /// In bytes of the whole text.
    pub(super) span: Range<usize>,
}

/// What `said` has done, between the sentences around it.
pub(super) fn of(
    before: Option<&Said<'_>>,
    said: &Said<'_>,
    behind: Option<&Said<'_>>,
    purpose: &Purpose<'_>,
) -> Vec<Done> {
    let mut found: Vec<Done> = leaks(before, said, behind, purpose).into_iter().collect();
    let whom = Whom::of(before, said, purpose);
    let single = [
        (Deed::Disarms, disarms(said, purpose)),
        (Deed::LetsIn, lets_in(said, purpose)),
        (Deed::BringsIn, brings_in(said, purpose)),
        (Deed::Stays, stays(said, purpose)),
        (Deed::Obeys, obeys(said).or_else(|| is_led(said, purpose))),
        (Deed::Plants, plants(said, purpose)),
        (Deed::Erases, erases(said, purpose)),
        (Deed::Pays, pays(said)),
        (Deed::Shadows, shadows(said)),
    ];
    let told = single
        .into_iter()
        .filter_map(|(deed, told)| told.map(|(weight, span)| Done { deed, weight, back: false, span }));
    found.extend(told);
    if let Some(whom) = whom {
        let judged =
            [(Deed::Favours, favours(said, whom.at)), (Deed::Spares, spares(said, whom.at, purpose))];
        let told = judged.into_iter().filter_map(|(deed, told)| {
            told.map(|(weight, span)| Done { deed, weight, back: whom.back, span })
        });
        found.extend(told);
    }
    // What comes from an address is not brought there.
    let comes = found.iter().find(|done| done.deed == Deed::BringsIn).map(|done| done.span.end);
    found.retain(|done| done.deed != Deed::Leaks || Some(done.span.end) != comes);
    found
}

/// How far a place stands from its verb, in words.
const REACH: usize = 18;
