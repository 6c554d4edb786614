//! The witnesses of texts taken together.

use super::judge::Look;
use bartizan_stats::anomaly::robust_z;

/// Groups of texts of like length, and the fewest texts of one.
const GROUPS: usize = 8;
const FEWEST: usize = 50;

/// A witness, and whether less than usual is strange as well.
type Witness = (fn(&Look) -> f32, bool);

/// Texts nearer to others than texts of their length usually are lie in a heap apart: templates, advertisements, copies.
const WITNESSES: [Witness; 4] = [
    (|look| look.distance, true),
    (|look| look.sample_distance, true),
    (|look| look.rarity, false),
    (|look| look.word_rarity, false),
];

/// How strange each text is: the mean over its witnesses of asinh of the robust standard score among texts of like length; 0
/// for a row without a text. Shape as `looks`; no unit, about 0.3 in the middle, above 1.2 for few.
///
/// O(rows · log rows) time, O(rows) memory. asinh keeps one loud witness from outvoting the others, and the order within it.
pub fn text_scores(looks: &[Option<Look>]) -> Vec<f64> {
    let mut order: Vec<(u32, usize)> =
        looks.iter().enumerate().filter_map(|(row, look)| look.map(|look| (look.pieces, row))).collect();
    order.sort_unstable();
    let groups = (order.len() / FEWEST).clamp(1, GROUPS);
    let mut scores = vec![0.0; looks.len()];
    for group in order.chunks(order.len().div_ceil(groups).max(1)) {
        for (witness, either_way) in WITNESSES {
            let values: Vec<f64> = group
                .iter()
                .filter_map(|(_, row)| looks.get(*row).copied().flatten())
                .map(|look| f64::from(witness(&look)))
                .collect();
            let standard = robust_z(&values).unwrap_or_default();
            for ((_, row), z) in group.iter().zip(standard) {
                if let Some(score) = scores.get_mut(*row) {
                    let z = if either_way { z.abs() } else { z };
                    *score += z.asinh() / WITNESSES.len() as f64;
                }
            }
        }
    }
    scores
}

#[cfg(test)]
mod tests {
    use super::super::{TextJudge, TextStatistics};
    use super::*;
    use bartizan_stats::Random;

    /// Sentences of a small grammar.
    fn sentence(random: &mut Random) -> String {
        let mut pick = |words: [&str; 6]| words.get(random.below(6)).copied().unwrap_or_default().to_owned();
        let parts = [
            pick(["the cook", "our neighbour", "a customer", "the waiter", "my sister", "the owner"]),
            pick(["liked", "praised", "ordered", "returned", "tasted", "forgot"]),
            pick(["the soup", "a fresh salad", "warm bread", "the fish", "some coffee", "the dessert"]),
            pick(["in the evening", "with friends", "last week", "at the window", "on sunday", "again"]),
        ];
        parts.join(" ")
    }

    fn judged(texts: &[String]) -> (TextJudge, Vec<f64>) {
        let rows: Vec<(u64, String)> = (0..).zip(texts.iter().cloned()).collect();
        let mut statistics = TextStatistics::new(1).unwrap();
        for (row, text) in &rows {
            statistics.add(*row, text);
        }
        let judge = TextJudge::new(&statistics);
        let scores = text_scores(&judge.look_at(&rows));
        (judge, scores)
    }

    #[test]
    fn foreign_and_garbled_texts_lead_and_say_why() {
        let mut random = Random::new(5);
        let mut texts: Vec<String> = (0..400).map(|_| sentence(&mut random)).collect();
        texts.push("xqzvk jjwpq zzkrt vvbnq kkjhx".to_owned());
        texts.push("der Nachbar lobte gestern Abend die Suppe".to_owned());
        texts.push("SELECT id FROM users WHERE 1=1; DROP TABLE users".to_owned());
        texts.push(String::new());
        let (judge, scores) = judged(&texts);
        let above = |row: usize| scores.iter().filter(|score| **score >= scores[row]).count();
        assert!((400..403).all(|row| above(row) <= 3), "{:?}", &scores[400..]);
        assert!(scores[403].abs() < 1e-12);
        assert_eq!(
            judge.rare_words("the cook liked zzkrt again", 2).first().map(String::as_str),
            Some("zzkrt")
        );
        let looks = judge.look_at(&[(0, texts[0].clone()), (999, texts[0].clone())]);
        assert!(looks[0].unwrap().nearest.unwrap().0 != 0, "a row is its own neighbour");
        assert!((looks[1].unwrap().nearest.unwrap().1 - 1.0).abs() < 1e-4);
    }

    #[test]
    fn parts_merge_to_the_statistics_of_the_whole() {
        let mut random = Random::new(8);
        let texts: Vec<String> = (0..90).map(|_| sentence(&mut random)).collect();
        let of = |range: std::ops::Range<usize>| {
            let mut state = TextStatistics::new(3).unwrap();
            range.for_each(|row| state.add(row as u64, &texts[row]));
            state
        };
        let (whole, mut parts) = (of(0..90), of(30..90));
        parts.merge(&of(0..30)).unwrap();
        assert_eq!((whole.texts(), &whole.counts), (parts.texts(), &parts.counts));
        assert_eq!(whole.sample, parts.sample);
        assert!(parts.merge(&TextStatistics::new(4).unwrap()).is_err());
    }

    #[test]
    fn no_text_and_one_text_have_scores() {
        assert!(text_scores(&[]).is_empty());
        let (_, scores) = judged(&["one text".to_owned()]);
        assert_eq!(scores.len(), 1);
        assert!(scores[0].is_finite());
    }
}
