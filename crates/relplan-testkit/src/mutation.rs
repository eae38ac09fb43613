//! Bytes made wrong in ways that readers trip over: for fuzzing with seeds and a dictionary, on the stable toolchain.
//!
//! A run follows from its seed alone, so that whatever it finds can be found again.

/// A small generator of numbers (SplitMix64): the same seed, the same numbers, on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Numbers that follow from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a limit; 0 for a limit of 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from(self.any() % limit).unwrap_or(0)
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

/// One to eight changes to some bytes. `words` are pieces that mean something to the reader; `others` are whole documents
/// to take pieces from.
#[must_use]
pub fn mutated(dice: &mut Dice, bytes: &[u8], words: &[&[u8]], others: &[&[u8]]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(8) {
        once(dice, &mut bytes, words, others);
        bytes.truncate(200_000);
    }
    bytes
}

fn once(dice: &mut Dice, bytes: &mut Vec<u8>, words: &[&[u8]], others: &[&[u8]]) {
    let at = dice.below(bytes.len() + 1);
    let until = (at + 1 + dice.below(32)).min(bytes.len());
    let piece: Vec<u8> = bytes.get(at..until).unwrap_or_default().to_vec();
    match dice.below(11) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = u8::try_from(dice.below(256)).unwrap_or(0);
            }
        }
        2 => drop(bytes.splice(at.min(until)..until, [])),
        3 => drop(bytes.splice(at..at, piece)),
        4 => {
            let word = dice.one_of(words).copied().unwrap_or_default();
            drop(bytes.splice(at..at, word.iter().copied()));
        }
        5 => {
            let word = dice.one_of(words).copied().unwrap_or_default();
            drop(bytes.splice(at.min(until)..until, word.iter().copied()));
        }
        6 => {
            let other = dice.one_of(others).copied().unwrap_or_default();
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(200)).min(other.len());
            let piece = other.get(from..to).unwrap_or_default();
            drop(bytes.splice(at..at, piece.iter().copied()));
        }
        7 => bytes.truncate(at),
        8 => {
            let count = dice.below(2_000);
            let repeated = piece
                .iter()
                .copied()
                .cycle()
                .take(count * usize::from(!piece.is_empty()));
            drop(bytes.splice(at..at, repeated));
        }
        9 => {
            // A number becomes another one.
            if let Some(start) = bytes.iter().skip(at).position(u8::is_ascii_digit) {
                let start = at + start;
                let run = bytes
                    .iter()
                    .skip(start)
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                let numbers = [
                    "0",
                    "1",
                    "-1",
                    "9007199254740991",
                    "9007199254740992",
                    "18446744073709551616",
                    "1e3",
                    "00",
                ];
                let number = dice.one_of(&numbers).copied().unwrap_or_default();
                drop(bytes.splice(start..start + run, number.bytes()));
            }
        }
        _ => {
            let other = dice.below(bytes.len() + 1);
            if at < bytes.len() && other < bytes.len() {
                bytes.swap(at, other);
            }
        }
    }
}
