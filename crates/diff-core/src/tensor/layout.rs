//! How codes lie in the words of a [`super::Unpacked`] tensor.

/// A layout of codes; [`crate::decode::packing`] has a function for each, and names the library that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One stream of bits, the lowest first, of 1 to 8 bits a code.
    Dense(u32),
    /// As many whole codes as a word of 32 bits has room for, the first in the lowest bits.
    Whole(u32),
    /// 32 codes at a time, in planes of four, two and one bits.
    Planar(u32),
    /// Two codes of four bits in a byte, the first in the high half.
    HighFirst,
    /// Eight codes of four bits in a word, in the order 0 2 4 6 1 3 5 7.
    Awq,
    /// One code of each word: the `bits` from bit `shift` on. The other bits are codes of other parts of the tensor (HQQ).
    Field { bits: u32, shift: u32 },
}

impl Layout {
    /// How many codes, in how many words, the layout repeats after, for words of so many bytes; None where it has no such words.
    #[must_use]
    pub fn period(self, word_bytes: u64) -> Option<(u64, u64)> {
        let word_bits = 8 * word_bytes;
        let is_width = |bits| (1..=8).contains(&bits);
        match self {
            Self::Dense(bits) if is_width(bits) && matches!(word_bytes, 1 | 4) => {
                let together = 1 << bits.trailing_zeros();
                Some((word_bits / together, u64::from(bits) / together))
            }
            Self::Whole(bits) if is_width(bits) && word_bytes == 4 => {
                Some((32 / u64::from(bits), 1))
            }
            Self::Planar(bits) if (2..=8).contains(&bits) && word_bytes == 4 => {
                Some((32, u64::from(bits)))
            }
            Self::HighFirst if word_bytes == 1 => Some((2, 1)),
            Self::Awq if word_bytes == 4 => Some((8, 1)),
            Self::Field { bits, shift }
                if is_width(bits) && u64::from(shift) + u64::from(bits) <= word_bits =>
            {
                Some((1, 1))
            }
            _ => None,
        }
    }

    /// How many codes so many words of a row hold; None where the layout has no such words. A stream of bits may end within a period.
    #[must_use]
    pub fn room(self, word_bytes: u64, words: u64) -> Option<u64> {
        let (codes, of) = self.period(word_bytes)?;
        Some(match self {
            Self::Dense(bits) => words.saturating_mul(8 * word_bytes) / u64::from(bits),
            _ => (words / of).saturating_mul(codes),
        })
    }
}
