//! One gzip stream, and nothing behind it.
//!
//! Why one: Cargo inflates the first stream of a file, npm and Python all of them, so that a second stream is other
//! members to each. Zeros behind the end are padding to all of them.

use std::io::{self, BufReader, Read};

use flate2::bufread::GzDecoder;

use super::{ArchiveError, Bounds, bounded::Bounded, read_error};

/// Inflates within bounds.
pub(super) struct Stream<'a> {
    bounded: Bounded<GzDecoder<BufReader<&'a mut dyn Read>>>,
}

impl<'a> Stream<'a> {
    pub(super) fn new(packed: &'a mut dyn Read, bounds: Bounds) -> Self {
        Self {
            bounded: Bounded {
                inner: GzDecoder::new(BufReader::new(packed)),
                left: bounds.unpacked,
            },
        }
    }

    /// Reads on to the end of the stream and of the file.
    pub(super) fn finish(mut self, bounds: Bounds) -> Result<(), ArchiveError> {
        let failed = |error| read_error(error, bounds);
        if has_more_than_zeros(&mut self.bounded).map_err(failed)? {
            let what =
                "has bytes behind the end of its tar, which some clients read as further files";
            return Err(ArchiveError::ambiguous(what));
        }
        let mut rest = self.bounded.inner.into_inner();
        if has_more_than_zeros(&mut rest).map_err(failed)? {
            let what = "has bytes behind the end of its gzip stream, which some clients inflate and some do not";
            return Err(ArchiveError::ambiguous(what));
        }
        Ok(())
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bounded.read(buffer)
    }
}

fn has_more_than_zeros(from: &mut dyn Read) -> io::Result<bool> {
    let mut block = [0; 8 << 10];
    loop {
        let count = match from.read(&mut block) {
            Ok(0) => return Ok(false),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if block.iter().take(count).any(|byte| *byte != 0) {
            return Ok(true);
        }
    }
}
