//! Tables in every form: any bytes give rows or an error, the two parts of a file hold what the file holds, and
//! whatever judges texts takes any of them.
#![no_main]

use bartizan_data::duplicates::NearDuplicates;
use bartizan_data::poison::preference::{About, Pair, preference_poison};
use bartizan_data::poison::text_backdoors;
use bartizan_data::table::{part, plant, read, rewrite};
use bartizan_data::{canary, tricks};
use libfuzzer_sys::fuzz_target;
use std::ops::ControlFlow;

fuzz_target!(|data: &[u8]| {
    let Some((form, content)) = data.split_first() else { return };
    let name = ["f.csv", "f.jsonl", "f.json", "f.txt", "f.tsv.gz"][usize::from(*form) % 5];
    let mut texts = Vec::new();
    let all = read(content, name, &mut |_, cells| {
        texts.extend(cells.first().map(|cell| cell.value.clone()));
        ControlFlow::Continue(())
    });
    let (mut kept, mut aside) = (Vec::new(), Vec::new());
    let parted = part(content, name, &|row| row % 2 == 0, &mut kept, &mut aside);
    if all.is_ok() && parted.is_ok() && name == "f.jsonl" {
        let count = |part: &[u8]| read(part, name, &mut |_, _| ControlFlow::Continue(())).unwrap_or(0);
        assert_eq!(all.as_ref().copied().unwrap_or(0), count(&kept) + count(&aside));
    }
    let mut copy = Vec::new();
    let copied = rewrite(content, name, &mut |row, _, value| (row == 1).then(|| value.to_owned()), &mut copy);
    if copied.is_ok() && name == "f.jsonl" {
        assert_eq!(all.unwrap_or(0), read(copy.as_slice(), name, &mut |_, _| ControlFlow::Continue(())).unwrap_or(0));
    }
    let _ = plant(content, name, "text", &[(1, "planted".to_owned())], &mut Vec::new());
    let mut seen = NearDuplicates::new(0.8);
    for (row, text) in texts.iter().enumerate() {
        seen.insert(row as u64, text);
        let _ = (tricks::tricks(text), canary::tokens(text).count());
    }
    let labels: Vec<usize> = (0..texts.len()).map(|row| row % 3).collect();
    if texts.len() < 400 {
        let _ = text_backdoors(&texts, &labels);
        let pairs: Vec<Pair<'_>> = texts
            .windows(3)
            .map(|texts| Pair { prompt: &texts[0], chosen: &texts[1], rejected: &texts[2] })
            .collect();
        let _ = preference_poison(&pairs, About::default());
    }
});
