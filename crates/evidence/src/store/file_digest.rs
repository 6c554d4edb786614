//! Digests of files that are read once, block by block.

use crate::digest::Digest;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read};

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;

/// The SHA-256 of everything that `reader` gives.
///
/// # Errors
/// What reading gives.
pub fn sha256_of(reader: &mut dyn Read) -> io::Result<Digest> {
    let mut state = Sha256::new();
    each_block(reader, |block| state.update(block))?;
    Ok(Digest::of_sha256(state.finalize().into()))
}

/// The SHA-256 and the MD5 of everything that `reader` gives. MD5 only to compare with what others wrote down.
///
/// # Errors
/// What reading gives.
pub fn sha256_and_md5_of(reader: &mut dyn Read) -> io::Result<(Digest, String)> {
    let mut sha256 = Sha256::new();
    let mut md5 = Md5::new();
    each_block(reader, |block| {
        sha256.update(block);
        md5.update(block);
    })?;
    Ok((Digest::of_sha256(sha256.finalize().into()), crate::digest::hex(&md5.finalize())))
}

fn each_block(reader: &mut dyn Read, mut take: impl FnMut(&[u8])) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(read) => take(block.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_digests_are_those_of_the_whole() {
        let bytes = vec![7; BLOCK + 3];
        let (sha256, _) = sha256_and_md5_of(&mut bytes.as_slice()).unwrap();
        assert_eq!(sha256, Digest::sha256(&bytes));
        assert_eq!(sha256_of(&mut bytes.as_slice()).unwrap(), sha256);
        // RFC 1321, A.5.
        let (_, md5) = sha256_and_md5_of(&mut b"abc".as_slice()).unwrap();
        assert_eq!(md5, "900150983cd24fb0d6963f7d28e17f72");
    }
}
