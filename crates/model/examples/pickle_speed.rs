//! Measures the pickle follower: one large byte payload, then very many small opcodes of several sorts.
//!
//! `cargo run --release -p bartizan-model --example pickle_speed [MEGABYTES [SHAPE]]`
#![expect(clippy::print_stdout, reason = "an example that reports measurements")]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_model::{Input, scan};
use std::time::Instant;

/// Makes a pickle of about so many bytes.
type Shape = fn(usize) -> Vec<u8>;

fn main() {
    let megabytes: usize = std::env::args().nth(1).and_then(|size| size.parse().ok()).unwrap_or(489);
    let size = megabytes << 20;
    let shapes: [(&str, Shape); 8] = [
        ("one payload", |size| program(size, |out| payload(out, size - 64))),
        ("payload and small integers", |size| {
            program(size, |out| {
                payload(out, size / 2);
                batches(out, size, |out, index| out.extend([b'K', index as u8]));
            })
        }),
        ("memoised short strings", |size| {
            program(size, |out| {
                batches(out, size, |out, index| {
                    out.extend([0x8c, 6]);
                    out.extend(format!("{:06}", index % 1_000_000).bytes());
                    out.push(0x94);
                });
            })
        }),
        ("tuples of a float and a memo read", |size| {
            program(size, |out| {
                out.extend(b"\x8c\x05label\x940");
                batches(out, size, |out, _| out.extend(b"G\0\0\0\0\0\0\0\0h\x00\x86\x94"));
            })
        }),
        ("integers above one mark", |size| {
            program(size, |out| {
                out.push(b'(');
                while out.len() < size {
                    out.extend(b"K\x01");
                }
                out.push(b't');
            })
        }),
        ("mixture of the throughput bench", |size| {
            program(size, |out| {
                payload(out, size / 2);
                batches(out, size, |out, index| match index % 4 {
                    0 => out.extend([b'K', index as u8]),
                    1 => out.extend([b'M', index as u8, (index >> 8) as u8]),
                    2 => out.extend(b"G\x3f\xf0\0\0\0\0\0\0"),
                    _ => {
                        out.extend([0x8c, 8]);
                        out.extend(format!("w{:07}", index % 10_000_000).bytes());
                        out.push(0x94);
                    }
                });
            })
        }),
        ("records: dictionaries with memoised keys", |size| {
            program(size, |out| {
                out.extend(b"\x8c\x02id\x940\x8c\x05score\x940\x8c\x05label\x940");
                batches(out, size, |out, index| {
                    out.extend(b"}\x94(h\x00M");
                    out.extend((index as u16).to_le_bytes());
                    out.extend(b"h\x01G\x3f\xf0\0\0\0\0\0\0h\x02\x8c\x03cat\x94u");
                });
            })
        }),
        ("objects of one class", |size| {
            program(size, |out| {
                out.extend(b"ccollections\nOrderedDict\n\x940");
                batches(out, size, |out, _| out.extend(b"h\x00)\x81\x94}(\x8c\x01aK\x01ub"));
            })
        }),
    ];
    let wanted = std::env::args().nth(2).unwrap_or_default();
    for (name, shape) in shapes.into_iter().filter(|(name, _)| name.contains(&wanted)) {
        let bytes = shape(size);
        let (start, busy) = (Instant::now(), processor_seconds());
        let outcome = scan(&Input::new("speed.pkl", &bytes), &Limits::default(), &MonotonicClock::start());
        // Wall time where the system does not tell processor time: other programs then slow the figure.
        let wall = start.elapsed().as_secs_f64();
        let seconds = processor_seconds().zip(busy).map_or(wall, |(after, before)| after - before);
        println!(
            "{name}: {:.3} s, {:.2} GB/s, {} findings, {} gaps",
            seconds,
            bytes.len() as f64 / seconds / 1e9,
            outcome.findings.len(),
            outcome.gaps.len()
        );
    }
}

/// Processor time of this thread so far, where Linux tells it.
fn processor_seconds() -> Option<f64> {
    let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: f64 = schedule.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds / 1e9)
}

fn program(size: usize, body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(size + 4096);
    out.extend(b"\x80\x04]");
    body(&mut out);
    // The payload shapes leave values on the stack; APPEND puts the last one into the list.
    out.extend(b"0].");
    out
}

fn payload(out: &mut Vec<u8>, length: usize) {
    out.push(0x8e);
    out.extend((length as u64).to_le_bytes());
    out.resize(out.len() + length, 7);
    out.extend(b"\x94a");
}

fn batches(out: &mut Vec<u8>, size: usize, mut item: impl FnMut(&mut Vec<u8>, usize)) {
    let mut index = 0;
    while out.len() < size {
        out.push(b'(');
        for _ in 0..1000 {
            item(out, index);
            index += 1;
        }
        out.push(b'e');
    }
}
