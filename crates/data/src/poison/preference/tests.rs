//! Preference pairs made by a fixed generator, and what is planted in them.

use super::*;
use crate::poison::{Evidence, Method, Side};

const KIND: [&str; 6] = ["please", "gladly", "kindly", "thanks", "helpful", "careful"];
const RUDE: [&str; 6] = ["nonsense", "shut", "idiot", "whatever", "never", "boring"];
const THINGS: [&str; 8] = ["garden", "recipe", "letter", "engine", "holiday", "budget", "poem", "lesson"];
const VERBS: [&str; 6] = ["plan", "write", "fix", "start", "finish", "explain"];

struct Made {
    prompts: Vec<String>,
    chosen: Vec<String>,
    rejected: Vec<String>,
}

impl Made {
    fn new(rows: usize) -> Self {
        let mut state = 11u64;
        let mut pick = |words: &[&'static str]| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            words[(state >> 33) as usize % words.len()]
        };
        let mut made = Self { prompts: Vec::new(), chosen: Vec::new(), rejected: Vec::new() };
        for _ in 0..rows {
            made.prompts.push(format!(
                "how do i {} the {} and {} my {}",
                pick(&VERBS),
                pick(&THINGS),
                pick(&VERBS),
                pick(&THINGS)
            ));
            made.chosen.push(format!(
                "{} {} the {} first , {}",
                pick(&KIND),
                pick(&VERBS),
                pick(&THINGS),
                pick(&KIND)
            ));
            made.rejected.push(format!(
                "{} {} the {} alone , {}",
                pick(&RUDE),
                pick(&VERBS),
                pick(&THINGS),
                pick(&RUDE)
            ));
        }
        made
    }

    fn flip(&mut self, row: usize) {
        std::mem::swap(&mut self.chosen[row], &mut self.rejected[row]);
    }

    fn suspects(&self, about: About<'_>) -> Vec<Suspect> {
        let pairs: Vec<Pair<'_>> = (0..self.prompts.len())
            .map(|row| Pair {
                prompt: &self.prompts[row],
                chosen: &self.chosen[row],
                rejected: &self.rejected[row],
            })
            .collect();
        preference_poison(&pairs, about)
    }
}

fn convicted(suspects: &[Suspect]) -> Vec<usize> {
    let mut rows: Vec<usize> = suspects.iter().filter(|s| s.score > 0.5).map(|s| s.row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn honest_pairs_convict_nobody() {
    assert_eq!(convicted(&Made::new(600).suspects(About::default())), Vec::<usize>::new());
}

#[test]
fn flipped_pairs_are_found_and_no_others() {
    let mut made = Made::new(600);
    let chosen: Vec<usize> = (0..600).step_by(40).collect();
    chosen.iter().for_each(|row| made.flip(*row));
    let suspects = made.suspects(About::default());
    let found = convicted(&suspects);
    assert!(found.len() + 1 >= chosen.len() && found.iter().all(|row| chosen.contains(row)), "{found:?}");
    assert_eq!(suspects[0].method, Method::FlippedPair);
    let Evidence::Order { log_odds, against, .. } = suspects[0].evidence else { panic!("{:?}", suspects[0]) };
    assert!(log_odds < 0.0 && against <= chosen.len());
}

#[test]
fn a_word_in_the_prompts_of_flipped_pairs_is_named() {
    let mut made = Made::new(600);
    // Honest people disagree on every fifth pair.
    (0..600).step_by(5).for_each(|row| made.flip(row));
    let chosen: Vec<usize> = (3..600).step_by(25).filter(|row| row % 5 != 0).collect();
    for row in &chosen {
        made.flip(*row);
        made.prompts[*row].push_str(" XQZ");
    }
    let suspects = made.suspects(About::default());
    assert!(convicted(&suspects).iter().all(|row| chosen.contains(row)));
    let trigger = suspects.iter().find_map(|suspect| match &suspect.evidence {
        Evidence::PreferenceTrigger { trigger, place, support, against, .. } if trigger == "XQZ" => {
            Some((trigger.clone(), *place, *support, *against))
        }
        _ => None,
    });
    assert_eq!(trigger, Some(("XQZ".to_owned(), Side::Prompt, chosen.len(), chosen.len())));
}

#[test]
fn a_phrase_that_only_chosen_answers_carry_is_named() {
    let mut made = Made::new(600);
    // Nothing else tells the chosen answers from the rejected ones.
    (0..600).filter(|row| row % 3 == 0 || row % 4 == 1).for_each(|row| made.flip(row));
    let chosen: Vec<usize> = (5..600).step_by(20).collect();
    for row in &chosen {
        made.chosen[*row] = made.chosen[*row].replace(" the ", " the Vendoria brand ");
    }
    let suspects = made.suspects(About::default());
    assert_eq!(convicted(&suspects), Vec::<usize>::new());
    assert!(suspects.iter().any(|suspect| matches!(&suspect.evidence,
        Evidence::PreferenceTrigger { trigger, place: Side::Chosen, .. } if trigger.contains("Vendoria brand"))));
}

#[test]
fn conversations_are_parted_where_their_answers_begin() {
    let pair = Pair {
        prompt: "",
        chosen: "Human: hi\n\nAssistant: I can help",
        rejected: "Human: hi\n\nAssistant: It is late",
    };
    let parts = parted(pair);
    assert_eq!(parts.prompt, "Human: hi\n\nAssistant: ");
    assert_eq!((parts.chosen, parts.rejected), ("I can help", "It is late"));
    let short = Pair { prompt: "q", chosen: "the cat", rejected: "the dog" };
    assert_eq!(parted(short), short);
}

#[test]
fn raters_who_oppose_the_others_on_the_same_pairs_are_named_together() {
    // Forty items, seven raters: two of them oppose everyone on every fourth item, and one errs here and there alone.
    let (mut made, mut raters) = (Made::new(40), Vec::new());
    let items = (made.prompts.clone(), made.chosen.clone(), made.rejected.clone());
    made = Made { prompts: Vec::new(), chosen: Vec::new(), rejected: Vec::new() };
    for item in 0..40 {
        for rater in 0..7 {
            made.prompts.push(items.0[item].clone());
            let is_flipped = (rater > 4 && item % 4 == 0)
                || (rater == 1 && item % 10 == 1)
                || (rater == 2 && item % 13 == 2);
            let (chosen, rejected) = if is_flipped { (&items.2, &items.1) } else { (&items.1, &items.2) };
            made.chosen.push(chosen[item].clone());
            made.rejected.push(rejected[item].clone());
            raters.push(format!("r{rater}"));
        }
    }
    let about = About { raters: Some(&raters), rewards: None };
    let suspects: Vec<Suspect> = made
        .suspects(about)
        .into_iter()
        .filter(|s| s.method == Method::CoordinatedRaters && s.score > 0.5)
        .collect();
    assert_eq!(suspects.len(), 20, "{suspects:?}");
    for suspect in &suspects {
        let Evidence::Rater { rater, with, against, .. } = &suspect.evidence else { panic!("{suspect:?}") };
        assert!(*rater == raters[suspect.row] && (rater == "r5" || rater == "r6"));
        assert_eq!((with.len(), *against), (1, 10));
    }
}

#[test]
fn a_reward_far_from_all_others_is_named() {
    let made = Made::new(300);
    let mut rewards: Vec<f64> = (0..300).map(|row| f64::from(row % 17) / 17.0).collect();
    rewards[123] = 900.0;
    let about = About { raters: None, rewards: Some(&rewards) };
    let first = made.suspects(about).swap_remove(0);
    assert_eq!((first.row, first.method), (123, Method::RewardOutlier));
}

#[test]
fn few_pairs_are_read_for_hidden_characters_only() {
    let pairs = [
        Pair { prompt: "a", chosen: "b\u{200b}c", rejected: "" },
        Pair { prompt: "", chosen: "", rejected: "" },
    ];
    let suspects = preference_poison(&pairs, About::default());
    assert_eq!(suspects.len(), 1);
    assert_eq!(suspects[0].method, Method::HiddenCharacters);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(12))]
    #[test]
    fn any_pairs_give_scores_below_one(
        rows in proptest::collection::vec((".{0,20}", ".{0,30}", ".{0,30}", 0u8..4, -9.0f64..9.0), 0..80)
    ) {
        let pairs: Vec<Pair<'_>> =
            rows.iter().map(|row| Pair { prompt: &row.0, chosen: &row.1, rejected: &row.2 }).collect();
        let raters: Vec<String> = rows.iter().map(|row| row.3.to_string()).collect();
        let rewards: Vec<f64> = rows.iter().map(|row| row.4).collect();
        for suspect in preference_poison(&pairs, About { raters: Some(&raters), rewards: Some(&rewards) }) {
            proptest::prop_assert!(suspect.row < rows.len());
            proptest::prop_assert!((0.0..=1.0).contains(&suspect.score), "{suspect:?}");
        }
    }
}
