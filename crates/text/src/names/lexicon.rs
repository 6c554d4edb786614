//! Words the detector of names knows, by what they can be. The lists are short and of our own making: given names and
//! family names of some thirty languages, large cities, countries, peoples, occupations, and the commonest English words,
//! which begin sentences with a capital and are no names.

use std::collections::HashMap;

/// What a word can be; several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Senses(u32);

impl Senses {
    pub(super) const NONE: Self = Self(0);
    pub(super) const GIVEN: Self = Self(1);
    pub(super) const FAMILY: Self = Self(1 << 1);
    pub(super) const PLACE: Self = Self(1 << 2);
    pub(super) const COUNTRY: Self = Self(1 << 3);
    pub(super) const PEOPLE: Self = Self(1 << 4);
    pub(super) const COMMON: Self = Self(1 << 5);
    pub(super) const OCCUPATION: Self = Self(1 << 6);
    pub(super) const MONTH: Self = Self(1 << 7);
    pub(super) const DAY: Self = Self(1 << 8);
    pub(super) const HONORIFIC: Self = Self(1 << 9);
    pub(super) const ORGANIZATION: Self = Self(1 << 10);
    pub(super) const STREET: Self = Self(1 << 11);
    pub(super) const UNIT: Self = Self(1 << 12);
    pub(super) const VERB: Self = Self(1 << 13);
    pub(super) const PARTICLE: Self = Self(1 << 14);
    pub(super) const GEOGRAPHIC: Self = Self(1 << 15);
    pub(super) const LABEL: Self = Self(1 << 16);

    /// Whether it can be one of these.
    pub(super) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Both.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The lists, each with what its words can be.
static LISTS: &[(Senses, &str)] = &[
    (Senses::GIVEN, include_str!("lists/given.txt")),
    (Senses::FAMILY, include_str!("lists/surname.txt")),
    (Senses::PLACE, include_str!("lists/places.txt")),
    (Senses::COUNTRY, include_str!("lists/countries.txt")),
    (Senses::PEOPLE, include_str!("lists/peoples.txt")),
    (Senses::COMMON, include_str!("lists/common.txt")),
    (Senses::OCCUPATION, include_str!("lists/occupations.txt")),
    (Senses::MONTH, "january february march april may june july august september october november december"),
    (Senses::DAY, "monday tuesday wednesday thursday friday saturday sunday"),
    (
        Senses::HONORIFIC,
        "mr mrs ms miss dr prof professor sir madam herr frau monsieur madame mme mlle señor señora signor signora rev",
    ),
    (
        Senses::ORGANIZATION,
        "inc incorporated corp corporation ltd limited llc llp plc gmbh ag nv bv oy ab asa company companies co group bank \
         university institute association foundation partners holdings holding technologies technology systems solutions \
         industries international enterprises services consulting labs laboratories media software networks network capital \
         ventures hospital school college ministry department agency society trust orchestra club committee council \
         federation airlines insurance associates sons brothers analytics data energy health pharma motors electronics \
         research investments securities airways railways logistics telecom communications broadcasting pharmaceuticals \
         petroleum foods brewery realty properties academy museum clinic alliance coalition cooperative chemicals \
         semiconductors aerospace robotics therapeutics genomics movers studios entertainment",
    ),
    (
        Senses::STREET,
        "street st avenue ave road rd boulevard blvd lane ln drive court ct place square sq terrace way parkway pkwy highway \
         hwy circle crescent trail alley plaza row gardens grove rapids crossing creek ridge heights hills meadow manor \
         landing loop mews path pike plain point ports prairie ranch run shoal shore spring springs station summit track \
         trace tunnel turnpike union valley via ville vista walk walks well wells rua rue calle avenida avda strasse straße \
         ulica ul ulice utca út tér körút gata gatan gade vej vei veien väg vägen katu tie straat laan weg plein allee \
         chaussée quai paseo praça largo corso viale piazza prospekt",
    ),
    (Senses::UNIT, "apt apartment suite ste unit flat box"),
    (
        Senses::VERB,
        "said says say asked asks told tells wrote writes shouted spent had has is was will would lives lived works worked \
         flew flies went goes came comes took takes gave gives made makes got called calls loves likes wants wanted thinks \
         thought plays played sings sang died grew started began joined became listed just and",
    ),
    (
        Senses::PARTICLE,
        "de da do dos das del della di du la le el al der den van von ten ter bin ben ibn nad u na pod sur et y et e en of the",
    ),
    (
        Senses::GEOGRAPHIC,
        "new southern northern eastern western central north south east west upper lower great little mount lake port saint st fort san santa são united republic \
         island islands city town bay beach view hill park old royal point nova novi bad los las la el cape",
    ),
    (
        Senses::LABEL,
        "name names address addresses phone telephone tel fax mobile email mail website web occupation company title job \
         date birthday born dob age gender city country state street zip postcode postal code from to subject when where who \
         user bot client customer agent patient office note re cc bcc info personal contact billing shipping directed",
    ),
];

/// The words, in small letters.
#[derive(Debug)]
pub(super) struct Lexicon(HashMap<&'static str, Senses>);

impl Lexicon {
    /// Reads the lists.
    pub(super) fn new() -> Self {
        let mut words = HashMap::<&'static str, Senses>::new();
        for (senses, list) in LISTS {
            for word in list.split_ascii_whitespace() {
                let known = words.entry(word).or_default();
                *known = known.or(*senses);
            }
        }
        Self(words)
    }

    /// What a word in small letters can be.
    pub(super) fn senses(&self, lower: &str) -> Senses {
        let known = self.0.get(lower).copied().unwrap_or_default();
        if known == Senses::NONE
            && STREET_ENDINGS.iter().any(|ending| lower.ends_with(ending) && lower.len() > ending.len() + 2)
        {
            return Senses::STREET;
        }
        if known == Senses::NONE && self.is_derived(lower) {
            return Senses::COMMON;
        }
        if known == Senses::NONE
            && let Some(singular) = lower.strip_suffix('s')
        {
            let known = self.0.get(singular).copied().unwrap_or_default();
            if known.any(Senses::PEOPLE) {
                return Senses::PEOPLE;
            }
            if known.any(Senses::COMMON) {
                return Senses::COMMON;
            }
        }
        known
    }

    /// Whether a word is derived from one of the language: `secretly`, `supposed`, `starting`.
    fn is_derived(&self, lower: &str) -> bool {
        ["ly", "ed", "d", "ing", "er", "ers", "ness", "ful", "less", "ment", "able", "ies"].iter().any(
            |ending| {
                lower.strip_suffix(ending).filter(|base| base.len() >= 3).is_some_and(|base| {
                    ["", "e", "y"].iter().any(|tail| {
                        let mut whole = String::with_capacity(base.len() + 1);
                        whole.push_str(base);
                        whole.push_str(tail);
                        self.0.get(whole.as_str()).is_some_and(|known| known.any(Senses::COMMON))
                    })
                })
            },
        )
    }
}

/// How names of streets end in the languages that write them as one word.
const STREET_ENDINGS: [&str; 20] = [
    "straße", "strasse", "straße", "gasse", "platz", "allee", "weg", "gatan", "gata", "vägen", "gade", "vej",
    "veien", "katu", "kuja", "tie", "straat", "laan", "plein", "utca",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_senses() {
        let lexicon = Lexicon::new();
        assert!(lexicon.senses("anna").any(Senses::GIVEN));
        assert!(lexicon.senses("may").any(Senses::MONTH) && lexicon.senses("may").any(Senses::COMMON));
        assert!(lexicon.senses("mannerheimintie").any(Senses::STREET));
        assert!(lexicon.senses("germans").any(Senses::PEOPLE));
        assert_eq!(lexicon.senses("xyzzy"), Senses::NONE);
    }
}
