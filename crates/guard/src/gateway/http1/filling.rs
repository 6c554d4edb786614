//! Reading through a buffer that all connections of a thread share: what waits for something to come holds none of its own.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};

/// Most that is read at once, in bytes: what a record of TLS holds.
const BLOCK: usize = 16 << 10;

thread_local! {
    static SHARED: RefCell<Vec<u8>> = RefCell::new(vec![0; BLOCK]);
}

/// Reads what has come and hands it over; nothing when the other end has ended.
pub(super) fn poll_read<T>(
    stream: &mut (impl AsyncRead + Unpin),
    context: &mut Context<'_>,
    take: impl FnOnce(&[u8]) -> T,
) -> Poll<io::Result<T>> {
    SHARED.with_borrow_mut(|block| {
        let mut read = ReadBuf::new(block);
        ready!(Pin::new(stream).poll_read(context, &mut read))?;
        Poll::Ready(Ok(take(read.filled())))
    })
}
