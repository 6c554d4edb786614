//! The list of layers as text: one layer a line, its type, name, counts, blobs, and parameters as `id=value`.

use super::{MOST, Net, Parameters};
use std::collections::HashSet;

/// Reads the list in `bytes`, whose first line was recognised.
pub(super) fn read(bytes: &[u8], net: &mut Net<'_, '_>) {
    let mut lines = Lines { bytes, position: 0 };
    lines.next();
    let Some((at, head)) = lines.next() else { return net.truncated(bytes.len()) };
    let mut words = head.split_ascii_whitespace().map(|word| word.parse::<i64>().ok());
    let (Some(layers), Some(blobs)) = (words.next().flatten(), words.next().flatten()) else {
        net.fault(at, "the line under the mark does not give the numbers of layers and blobs");
        return net.scan.gap(at as u64, "no list of layers could be read");
    };
    if !net.counts(layers, blobs, at) {
        return;
    }
    let mut names: HashSet<&str> = HashSet::new();
    let mut seen = 0i64;
    for (at, line) in lines {
        if line.trim().is_empty() {
            continue;
        }
        if seen >= layers {
            // ncnn stops here; what follows is read by nobody.
            net.fault(at, format!("more lines than the {layers} layers announced; ncnn does not read them"));
            net.name(line, at);
            break;
        }
        seen = seen.saturating_add(1);
        if seen % 4096 == 0 && net.scan.out_of_time() {
            return;
        }
        layer(line, at, &mut names, net);
        if count(names.len()) > MOST {
            return net.scan.gap(at as u64, "more blobs than ncnn takes; nothing behind them was read");
        }
    }
    if seen < layers {
        net.truncated(bytes.len());
    }
    if count(names.len()) > blobs {
        net.fault(0, format!("its layers name {} blobs, {blobs} are announced", names.len()));
    }
}

fn layer<'a>(line: &'a str, at: usize, names: &mut HashSet<&'a str>, net: &mut Net<'_, '_>) {
    let mut words = line.split_ascii_whitespace();
    let head = (words.next(), words.next(), words.next(), words.next());
    let (Some(kind), Some(name), Some(bottoms), Some(tops)) = head else {
        return net.fault(at, "a layer without type, name and counts");
    };
    net.name(name, at);
    let (Ok(bottoms), Ok(tops)) = (bottoms.parse::<u32>(), tops.parse::<u32>()) else {
        return net.fault(at, "a layer whose counts of blobs are no numbers");
    };
    for _ in 0..u64::from(bottoms).saturating_add(u64::from(tops)) {
        let Some(blob) = words.next() else {
            return net
                .fault(at, format!("a layer that announces {bottoms} and {tops} blobs and names fewer"));
        };
        if names.insert(blob) {
            net.name(blob, at);
        }
    }
    let mut parameters = Parameters::default();
    for word in words {
        let Some((id, value)) = word.split_once('=') else {
            net.name(word, at);
            continue;
        };
        let Ok(id) = id.parse::<i32>() else {
            net.fault(at, "a parameter whose number is none");
            continue;
        };
        if id <= -23_300 {
            let mut values = value.split(',');
            let announced = values.next().and_then(|word| word.parse::<i64>().ok());
            let follow = count(values.count());
            if announced.is_none_or(|announced| announced != follow) {
                let announced =
                    announced.map_or_else(|| "no number of".to_owned(), |number| number.to_string());
                net.fault(at, format!("an array that announces {announced} values and holds {follow}"));
            }
        } else if let Ok(value) = value.parse::<i64>() {
            parameters.set(id, value);
        } else if value.parse::<f64>().is_err() {
            net.name(value.trim_matches('"'), at);
        }
        if id.unsigned_abs() >= 32 && id > -23_300 || id <= -23_332 {
            net.fault(at, format!("parameter {id} lies outside ncnn's table of 32"));
        }
    }
    net.layer(kind, false, &parameters, at);
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}

/// Lines with their offsets; those that are not UTF-8 are cut where that begins.
struct Lines<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.position..).filter(|rest| !rest.is_empty())?;
        let start = self.position;
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.position = start.saturating_add(length).saturating_add(1);
        let line = rest.get(..length)?;
        let valid = match std::str::from_utf8(line) {
            Ok(line) => line,
            Err(error) => line.get(..error.valid_up_to()).and_then(|line| std::str::from_utf8(line).ok())?,
        };
        Some((start, valid))
    }
}
