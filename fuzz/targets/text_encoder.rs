//! The container of the encoder's weights over any bytes, and the splitting into pieces over any text.

#![no_main]

use bartizan_text::encoder::wordpiece::WordPiece;
use bartizan_text::encoder::{Encoder, container};
use libfuzzer_sys::fuzz_target;

const VOCABULARY: &str = "[UNK]\n[CLS]\n[SEP]\na\n##b\nthe\nig\n##no\n##re\n!\n漢\nе\n";

fuzz_target!(|data: &[u8]| {
    if let Ok(tensors) = container::read(data) {
        let _ = Encoder::of(&tensors);
    }
    let text = String::from_utf8_lossy(data);
    if let Some(words) = WordPiece::of(VOCABULARY) {
        for piece in words.pieces(&text, 512) {
            assert!(text.get(piece.start as usize..piece.end as usize).is_some());
        }
    }
    let _ = WordPiece::of(&text);
});
