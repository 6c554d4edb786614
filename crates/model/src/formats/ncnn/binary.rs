//! The list of layers as binary: numbers of 32 bits, parameters up to an id of -233.

use super::layers::{CUSTOM_BIT, LAYERS};
use super::{Net, Parameters};
use bartizan_core::{Cursor, ShortRead};

/// Ends the parameters of a layer.
const LAST: i32 = -233;
/// Ids from here down announce arrays.
const ARRAYS: i32 = -23_300;

/// Reads the list in `bytes`, whose mark was recognised.
pub(super) fn read(bytes: &[u8], net: &mut Net<'_, '_>) {
    let mut cursor = Cursor::at(bytes, 4);
    if list(&mut cursor, net).is_err() {
        net.truncated(cursor.position());
    }
}

fn list(cursor: &mut Cursor<'_>, net: &mut Net<'_, '_>) -> Result<(), ShortRead> {
    let at = cursor.position();
    let (layers, blobs) = (number(cursor)?, number(cursor)?);
    if !net.counts(layers.into(), blobs.into(), at) {
        return Ok(());
    }
    for index in 0..layers {
        if index % 4096 == 4095 && net.scan.out_of_time() {
            return Ok(());
        }
        let at = cursor.position();
        let kind = number(cursor)?;
        let (bottoms, tops) = (number(cursor)?, number(cursor)?);
        if bottoms < 0 || tops < 0 {
            net.fault(at, "a layer whose counts of blobs are below zero");
            net.scan.gap(at as u64, "nothing behind an impossible layer was read");
            return Ok(());
        }
        for _ in 0..bottoms.unsigned_abs().saturating_add(tops.unsigned_abs()) {
            let blob = number(cursor)?;
            if !(0..blobs).contains(&blob) {
                net.fault(at, format!("a layer refers to blob {blob} of {blobs}"));
            }
        }
        let parameters = parameters(cursor, net)?;
        let own = usize::try_from(kind).ok().and_then(|kind| LAYERS.get(kind)).copied();
        match own {
            Some(name) => net.layer(name, false, &parameters, at),
            None if kind & CUSTOM_BIT != 0 => {
                net.layer(&format!("custom {}", kind ^ CUSTOM_BIT), true, &parameters, at);
            }
            None => net.layer(&format!("number {kind}"), true, &parameters, at),
        }
    }
    if !cursor.is_at_end() {
        let left = cursor.remaining();
        net.fault(cursor.position(), format!("{left} bytes follow the last layer; ncnn does not read them"));
    }
    Ok(())
}

fn parameters(cursor: &mut Cursor<'_>, net: &mut Net<'_, '_>) -> Result<Parameters, ShortRead> {
    let mut parameters = Parameters::default();
    loop {
        let at = cursor.position();
        let id = number(cursor)?;
        if id == LAST {
            return Ok(parameters);
        }
        if id <= ARRAYS {
            let length = number(cursor)?;
            let bytes = u64::try_from(length).unwrap_or(u64::MAX).saturating_mul(4);
            if bytes > cursor.remaining() as u64 {
                net.fault(at, format!("an array of {length} values, more than the file holds"));
            }
            cursor.skip(bytes)?;
        } else {
            parameters.set(id, number(cursor)?.into());
        }
        if !(0..32).contains(&id) && !(ARRAYS - 31..=ARRAYS).contains(&id) {
            net.fault(at, format!("parameter {id} lies outside ncnn's table of 32"));
        }
    }
}

fn number(cursor: &mut Cursor<'_>) -> Result<i32, ShortRead> {
    cursor.u32_le().map(u32::cast_signed)
}
