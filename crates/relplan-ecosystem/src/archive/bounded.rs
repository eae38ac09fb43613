//! A reader with a bound: what an archive unpacks to is the sender's choice, and how much of it is read is ours.

use std::io::{self, Read};

/// Marks that the bound was reached.
#[derive(Debug, thiserror::Error)]
#[error("the bound on unpacked bytes is reached")]
pub(super) struct Exhausted;

/// Fails, rather than ends, once too many bytes have been read.
pub(super) struct Bounded<R> {
    pub(super) inner: R,
    /// Bytes that may yet be read.
    pub(super) left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let Some(left) = self.left.checked_sub(count as u64) else {
            return Err(io::Error::other(Exhausted));
        };
        self.left = left;
        Ok(count)
    }
}
