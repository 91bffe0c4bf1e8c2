//! How codes of fewer than eight bits lie in bytes and in 32-bit words: every layout as the library writes it whose name it has.
//!
//! Words are little-endian bytes, as they are read from a file. A function decodes as many codes as its input and its output both hold.
//!
//! | what | layout |
//! |---|---|
//! | GPTQ `qweight` of 2, 3, 4, 8 bits | [`Packing::dense`] down the rows |
//! | GPTQ `qzeros` of these | [`dense`] along a row |
//! | GPTQ of 5, 6, 7 bits; `gptq_p` of 3 | [`Packing::planar`] down the rows (`qweight`), along them (`qzeros`) |
//! | AWQ (GEMM) `qweight`, `qzeros` | [`awq`] along a row |
//! | AWQ (GEMV) `qweight`, `qzeros` | [`dense`] along a row |
//! | Marlin; torchao's int4 in tiles | [`awq`], in the order of tensor cores |
//! | compressed-tensors `weight_packed` | [`dense`] along a row; before 0.20 [`Packing::whole`] |
//! | compressed-tensors `mxfp6` | [`dense`] of 6 bits |
//! | MLX of 2, 3, 4, 5, 6, 8 bits | [`dense`] along a row |
//! | E2M1 pairs: NVFP4, MXFP4, torch `float4_e2m1fn_x2`; torch `quint4x2`, `quint2x4` | [`dense`] of 4 and 2 bits |
//! | bitsandbytes of 4 bits | [`high_first`] |
//! | HQQ of 1, 2, 3, 4, 8 bits | [`hqq`] |

/// Codes as one stream of bits, the lowest bit of the first byte first; they go on across bytes and words.
///
/// Of little-endian words that is the same as of their bytes. `bits` 1 to 8; of others nothing is decoded.
///
/// Sources: `pack_to_int32` of compressed-tensors 0.20 (`pack_quantized/helpers.py`), `mx.quantize` of MLX 0.32, `pack_block` of gptqmodel 7.7
/// (`qlinear/__init__.py`), where three bits are the words "10-1-10-1-10".
pub fn dense(bits: u32, bytes: &[u8], codes: &mut [u8]) {
    match bits {
        1 => stream::<1>(bytes, codes),
        2 => fields(bytes, codes, |x| [x & 3, x >> 2 & 3, x >> 4 & 3, x >> 6]),
        3 => stream::<3>(bytes, codes),
        4 => fields(bytes, codes, |x| [x & 15, x >> 4]),
        5 => stream::<5>(bytes, codes),
        6 => stream::<6>(bytes, codes),
        7 => stream::<7>(bytes, codes),
        8 => fields(bytes, codes, |x| [x]),
        _ => {}
    }
}

/// N codes a byte, which `of` takes out of it. Whole bytes are a loop that vectorises.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "the loop vectorises only with the shifts in sight"
)]
fn fields<const N: usize>(bytes: &[u8], codes: &mut [u8], of: impl Fn(u8) -> [u8; N]) {
    let (whole, rest) = codes.as_chunks_mut::<N>();
    for (codes, byte) in whole.iter_mut().zip(bytes) {
        *codes = of(*byte);
    }
    if let Some(byte) = bytes.get(whole.len()) {
        for (code, of) in rest.iter_mut().zip(of(*byte)) {
            *code = of;
        }
    }
}

/// Eight codes are as many bytes as a code has bits.
fn stream<const BITS: usize>(bytes: &[u8], codes: &mut [u8]) {
    let (groups, rest) = bytes.as_chunks::<BITS>();
    let mut outs = codes.chunks_mut(8);
    for (group, out) in groups.iter().zip(&mut outs) {
        eight::<BITS>(group, out);
    }
    if let Some(out) = outs.next() {
        let whole = out.len().min(rest.len() * 8 / BITS);
        eight::<BITS>(rest, &mut out[..whole]);
    }
}

#[inline]
fn eight<const BITS: usize>(bytes: &[u8], codes: &mut [u8]) {
    let mut word = [0; 8];
    word[..bytes.len()].copy_from_slice(bytes);
    let word = u64::from_le_bytes(word);
    for (at, code) in codes.iter_mut().enumerate() {
        *code = (word >> (BITS * at)) as u8 & (0xff >> (8 - BITS));
    }
}

/// Two codes of four bits a byte, the first in the high half.
///
/// Source: `quantize_4bit` of bitsandbytes 0.50.
pub fn high_first(bytes: &[u8], codes: &mut [u8]) {
    fields(bytes, codes, |x| [x >> 4, x & 15]);
}

/// Where the codes of a word of AWQ begin.
const AWQ_SHIFTS: [u32; 8] = [0, 16, 4, 20, 8, 24, 12, 28];

/// Codes of AWQ's GEMM kernels: eight of four bits a word, from the lowest bits on in the order 0 2 4 6 1 3 5 7.
///
/// Source: `AWQ_REVERSE_ORDER` of autoawq 0.2.9 (`utils/packing_utils.py`).
pub fn awq(words: &[u8], codes: &mut [u8]) {
    for (word, codes) in words.as_chunks().0.iter().zip(codes.as_chunks_mut::<8>().0) {
        let word = u32::from_le_bytes(*word);
        for (code, shift) in codes.iter_mut().zip(AWQ_SHIFTS) {
            *code = (word >> shift) as u8 & 15;
        }
    }
}

/// One part of an HQQ tensor of 1, 2, 4 or 8 bits a byte, or of 3 bits and ten codes a word.
///
/// HQQ cuts the rows of a tensor into as many equal parts as codes lie in a byte (word), and the first part into the highest bits: code
/// i of part p is bits `8 - bits * (p + 1)` of byte i (of 3 bits: `30 - 3 * (p + 1)` of word i). The last part may end in rows of padding.
/// Of other `bits`, and of parts that do not exist, nothing is decoded.
///
/// Source: `BitPack` of hqq 0.2.8 (`core/bitpack.py`).
pub fn hqq(bits: u32, part: u32, packed: &[u8], codes: &mut [u8]) {
    let used = if bits == 3 { 30 } else { 8 };
    if !matches!(bits, 1 | 2 | 3 | 4 | 8) || part >= used / bits {
        return;
    }
    let (shift, mask) = (used - bits * (part + 1), 0xff >> (8 - bits));
    if bits == 3 {
        for (code, word) in codes.iter_mut().zip(packed.as_chunks().0) {
            *code = (u32::from_le_bytes(*word) >> shift) as u8 & mask;
        }
    } else {
        for (code, byte) in codes.iter_mut().zip(packed) {
            *code = byte >> shift & mask;
        }
    }
}

/// Some bits of a code.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Which code and which word of a period.
    code: usize,
    word: usize,
    /// Where they lie in the word, and how many they are.
    shift: u32,
    bits: u32,
    /// Where they belong in the code.
    to: u32,
}

/// A layout of codes in words of 32 bits, or of 8: a *period* of some codes in some words, over and over, along an axis of the tensor.
#[derive(Debug, Clone)]
pub struct Packing {
    /// Codes of a period.
    pub codes: usize,
    /// Words of a period.
    pub words: usize,
    /// Bytes of a word, 4 or 1.
    pub word_bytes: usize,
    pieces: Vec<Piece>,
}

impl Packing {
    fn new(codes: u32, words: u32) -> Self {
        Self {
            codes: codes as usize,
            words: words as usize,
            word_bytes: 4,
            pieces: Vec::new(),
        }
    }

    fn put(&mut self, code: u32, bit: u32, bits: u32, to: u32) {
        let word_bits = 8 * self.word_bytes as u32;
        self.pieces.push(Piece {
            code: code as usize,
            word: (bit / word_bits) as usize,
            shift: bit % word_bits,
            bits,
            to,
        });
    }

    /// As the function [`dense`]. None where `bits` is not 1 to 8.
    #[must_use]
    pub fn dense(bits: u32) -> Option<Self> {
        Self::stream(bits, 4)
    }

    /// The same in words of one byte.
    #[must_use]
    pub fn dense_in_bytes(bits: u32) -> Option<Self> {
        Self::stream(bits, 1)
    }

    fn stream(bits: u32, word_bytes: u32) -> Option<Self> {
        if !(1..=8).contains(&bits) {
            return None;
        }
        let word_bits = 8 * word_bytes;
        let together = 1 << bits.trailing_zeros();
        let mut packing = Self::new(word_bits / together, bits / together);
        packing.word_bytes = word_bytes as usize;
        for code in 0..word_bits / together {
            let bit = code * bits;
            let first = bits.min(word_bits - bit % word_bits);
            packing.put(code, bit, first, 0);
            if first < bits {
                packing.put(code, bit + first, bits - first, first);
            }
        }
        Some(packing)
    }

    /// As many whole codes as a word has room for, the first in the lowest bits; what is left of the word is not used. None where `bits`
    /// is not 1 to 8.
    ///
    /// Source: `pack_to_int32` of compressed-tensors 0.9 (`pack_quantized.py`).
    #[must_use]
    pub fn whole(bits: u32) -> Option<Self> {
        if !(1..=8).contains(&bits) {
            return None;
        }
        let mut packing = Self::new(32 / bits, 1);
        for code in 0..32 / bits {
            packing.put(code, code * bits, bits, 0);
        }
        Some(packing)
    }

    /// 32 codes in planes of four, two and one bits, each plane in words of its own, the one with the lowest bits first. None where `bits` is
    /// not 2 to 8.
    ///
    /// Source: `planar_pack_rows` of gptqmodel 7.7 (`utils/planar_packing.py`).
    #[must_use]
    pub fn planar(bits: u32) -> Option<Self> {
        let planes: &[u32] = match bits {
            2 => &[2],
            3 => &[2, 1],
            4 => &[4],
            5 => &[4, 1],
            6 => &[4, 2],
            7 => &[4, 2, 1],
            8 => &[8],
            _ => return None,
        };
        let mut packing = Self::new(32, bits);
        let mut to = 0;
        for &width in planes {
            for code in 0..32 {
                packing.put(code, 32 * to + code * width, width, to);
            }
            to += width;
        }
        Some(packing)
    }

    /// As the function [`awq`].
    #[must_use]
    pub fn awq() -> Self {
        let mut packing = Self::new(8, 1);
        for (code, shift) in (0..).zip(AWQ_SHIFTS) {
            packing.put(code, shift, 4, 0);
        }
        packing
    }

    /// As the function [`high_first`].
    #[must_use]
    pub fn high_first() -> Self {
        let mut packing = Self::new(2, 1);
        packing.word_bytes = 1;
        packing.put(0, 4, 4, 0);
        packing.put(1, 0, 4, 0);
        packing
    }

    /// One code a word of so many bytes: the `bits` from `shift` on, as [`hqq`] has them. None where a word has no such bits.
    #[must_use]
    pub fn field(bits: u32, shift: u32, word_bytes: usize) -> Option<Self> {
        if !(1..=8).contains(&bits)
            || !matches!(word_bytes, 1 | 4)
            || shift > 8 * word_bytes as u32 - bits
        {
            return None;
        }
        let mut packing = Self::new(1, 1);
        packing.word_bytes = word_bytes;
        packing.put(0, shift, bits, 0);
        Some(packing)
    }

    /// Decodes whole periods down the rows of a row-major matrix of words, `columns` words a row; codes come out as a matrix with as many
    /// columns. With one column it decodes codes along a row.
    pub fn unpack(&self, words: &[u8], columns: usize, codes: &mut [u8]) {
        if columns == 0 {
            return;
        }
        let row = columns * self.word_bytes;
        let periods = words.chunks_exact(row * self.words);
        for (words, codes) in periods.zip(codes.chunks_exact_mut(columns * self.codes)) {
            for piece in &self.pieces {
                let words = &words[row * piece.word..][..row];
                let codes = &mut codes[columns * piece.code..][..columns];
                if self.word_bytes == 1 {
                    piece.unpack(words.as_chunks().0, |[byte]| u32::from(byte), codes);
                } else {
                    piece.unpack(words.as_chunks().0, u32::from_le_bytes, codes);
                }
            }
        }
    }
}

impl Piece {
    fn unpack<const N: usize>(
        &self,
        words: &[[u8; N]],
        number: impl Fn([u8; N]) -> u32,
        codes: &mut [u8],
    ) {
        let (shift, mask, to) = (self.shift, (1 << self.bits) - 1, self.to);
        let bits = |word: &[u8; N]| number(*word) >> shift & mask;
        // The lowest bits of a code come first.
        if to == 0 {
            for (code, word) in codes.iter_mut().zip(words) {
                *code = bits(word) as u8;
            }
        } else {
            for (code, word) in codes.iter_mut().zip(words) {
                *code |= (bits(word) << to) as u8;
            }
        }
    }
}

/// What undoes what GPTQ's first format (`checkpoint_format: gptq`) does to `qzeros` of 2, 4 and 8 bits, added to each word: it takes 1 from each
/// zero point, over the whole word, so that a borrow of one that is 0 goes on into its neighbour. None for other widths.
///
/// Source: `convert_gptq_v1_to_v2_format_module` of gptqmodel 7.7 (`utils/model.py`).
#[must_use]
pub fn gptq_ones(bits: u32) -> Option<u32> {
    match bits {
        2 => Some(0x5555_5555),
        4 => Some(0x1111_1111),
        8 => Some(0x0101_0101),
        _ => None,
    }
}

/// For each code of so many bits the next one, and 0 for the last: how the same is undone field by field. None beyond 8 bits.
///
/// Source: `_shift_gptq_qzeros` of gptqmodel 7.7 (`utils/model_dequant.py`).
#[must_use]
pub fn next_codes(bits: u32) -> &'static [f32] {
    static NEXT: [[f32; 256]; 9] = {
        let mut tables = [[0.0; 256]; 9];
        let mut bits = 0;
        while bits <= 8 {
            let mut code = 0;
            while code + 1 < 1 << bits {
                tables[bits][code] = (code + 1) as f32;
                code += 1;
            }
            bits += 1;
        }
        tables
    };
    let table = NEXT.get(bits as usize);
    table.map_or(&[], |table| &table[..1 << bits])
}
