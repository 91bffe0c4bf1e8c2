//! A hash of 64 bits over bytes: the sum over their words, so parts of them may be taken in any order. A change goes unseen once in 2^64;
//! who looks for two inputs with one hash finds them.

/// What the bytes from word number `first` on add to the hash; the last word is filled up with zeros.
#[must_use]
pub fn digest(first: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(rest) {
        *to = *from;
    }
    let last = (!rest.is_empty()).then_some(&last);
    words
        .iter()
        .chain(last)
        .zip(first..)
        .fold(0u64, |sum, (word, place)| {
            sum.wrapping_add(term(u64::from_le_bytes(*word), place))
        })
}

/// Both halves of the product of a word and a number of its place: one multiplication, which is what hashing at the speed of a disk has
/// time for.
fn term(word: u64, place: u64) -> u64 {
    let key = place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x94d0_49bb_1331_11eb;
    let product = u128::from(word ^ 0xbf58_476d_1ce4_e5b9) * u128::from(key);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_places_count() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7 % 251) as u8).collect();
        let whole = digest(0, &bytes);
        for cut in [0, 8, 64, 504, 992] {
            let (a, b) = bytes.split_at(cut);
            let sum = digest(cut as u64 / 8, b).wrapping_add(digest(0, a));
            assert_eq!(sum, whole, "{cut}");
        }
        let mut swapped = bytes.clone();
        swapped.rotate_left(8);
        assert_ne!(digest(0, &swapped), whole);
    }

    #[test]
    fn every_bit_changes_about_half_of_the_hash() {
        for filling in [0, 0x3f, 0xff] {
            let bytes = vec![filling; 804];
            let whole = digest(0, &bytes);
            let mut changed = 0;
            for bit in 0..bytes.len() * 8 {
                let mut other = bytes.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                let difference = (digest(0, &other) ^ whole).count_ones();
                assert!(difference > 4, "{bit}");
                changed += difference;
            }
            let mean = f64::from(changed) / (bytes.len() * 8) as f64;
            assert!((mean - 32.0).abs() < 2.0, "{mean}");
        }
    }
}
