//! Strings to look into once the stream is done, and what the stream does with each.

use super::Judge;
use crate::pickle::machine::Machine;
use crate::pickle::value::Value;

/// Data inside a string, to be scanned on their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pickle) struct Payload {
    /// Where the string lies.
    pub(in crate::pickle) place: u64,
    /// The data.
    pub(in crate::pickle) data: PayloadData,
    /// What the stream does with them.
    pub(in crate::pickle) purpose: Purpose,
}

/// Where the data of a payload are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pickle) enum PayloadData {
    /// So many bytes of the stream, at the payload's place.
    InStream(u64),
    /// Decoded or folded.
    Owned(Vec<u8>),
}

/// What the stream does with a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pickle) enum Purpose {
    /// Holds it.
    Data,
    /// Runs it as Python source.
    Source,
    /// Loads it as marshalled code.
    Marshal,
    /// Unpickles it.
    Pickle,
    /// Makes a function of it, a code object in marshal's format, that waits to be called.
    Function,
    /// Makes a function of it and calls that.
    CalledFunction,
}

impl Judge {
    /// Notes a string of the stream to look into.
    pub(in crate::pickle) fn payload_at(&mut self, place: u64, length: u64) {
        self.payload(Payload { place, data: PayloadData::InStream(length), purpose: Purpose::Data });
    }

    /// Notes a decoded string to look into.
    pub(in crate::pickle) fn payload_bytes(&mut self, place: u64, data: &[u8]) {
        self.payload_for(place, data, Purpose::Data);
    }

    /// Notes a decoded string that the stream uses for `purpose`.
    pub(in crate::pickle) fn payload_for(&mut self, place: u64, data: &[u8], purpose: Purpose) {
        let total = self.payload_bytes.saturating_add(data.len());
        if total > Self::PAYLOAD_BYTES {
            self.payloads_dropped = self.payloads_dropped.saturating_add(1);
            return;
        }
        self.payload_bytes = total;
        self.payload(Payload { place, data: PayloadData::Owned(data.to_vec()), purpose });
    }

    /// Notes a payload; what the stream runs comes before what it only holds.
    pub(in crate::pickle) fn payload(&mut self, payload: Payload) {
        let is_used = payload.purpose != Purpose::Data;
        if is_used
            && matches!(payload.data, PayloadData::InStream(_))
            && !self.payloads_used.insert((payload.place, payload.purpose as u8))
        {
            return;
        }
        if self.payloads.len() < Self::PAYLOADS {
            self.payloads.push(payload);
            return;
        }
        self.payloads_dropped = self.payloads_dropped.saturating_add(1);
        if self.payloads_used.len() > Self::PAYLOADS {
            self.payloads_used.clear();
        }
        if !is_used {
            return;
        }
        while let Some(kept) = self.payloads.get_mut(self.payloads_kept) {
            self.payloads_kept = self.payloads_kept.saturating_add(1);
            if kept.purpose == Purpose::Data {
                *kept = payload;
                return;
            }
        }
    }

    /// Strings looked into.
    const PAYLOADS: usize = 1 << 14;
    /// Bytes of decoded strings kept to look into.
    const PAYLOAD_BYTES: usize = 8 << 20;
}

impl Machine<'_> {
    /// Notes every string reachable from `arguments` as used for `purpose`.
    pub(super) fn hand_over(&mut self, arguments: Value, purpose: Purpose, place: u64) {
        let mut open = vec![(arguments, 0u32)];
        let mut looked = 0u32;
        while let Some((value, depth)) = open.pop() {
            looked = looked.saturating_add(1);
            if looked > 64 {
                return;
            }
            if let Value::Lost(slot) = value {
                self.want(slot);
            }
            if let Value::Text { length, at } | Value::Bytes { length, at } = value {
                let data = PayloadData::InStream(u64::from(length));
                self.judge.payload(Payload { place: at, data, purpose });
            } else if let Some(raw) = self.store.raw(value) {
                let raw = raw.to_vec();
                self.judge.payload_for(place, &raw, purpose);
            } else if depth < 3
                && let Some((items, _)) = self.store.contents(value)
            {
                open.extend(items.into_iter().take(64).map(|item| (item, depth.saturating_add(1))));
            }
        }
    }
}
