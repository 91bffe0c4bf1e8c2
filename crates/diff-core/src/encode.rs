//! The encoded form of what one part of a run hands to the merge: little-endian, in a fixed order, without padding. Whoever decodes it does
//! not trust it: nothing is allocated that the bytes themselves do not hold.

/// A value with an encoded form that gives back the same bits.
pub trait Encode: Sized {
    fn encode(&self, out: &mut Vec<u8>);

    /// The next value; None where the bytes end too early or are no such value.
    fn decode(from: &mut Bytes<'_>) -> Option<Self>;
}

/// Bytes that are decoded from the front.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes that are left.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(first)
    }
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Encode for $number {
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn decode(from: &mut Bytes<'_>) -> Option<Self> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 i16 f64);

/// Its length in bytes as u32, then UTF-8.
impl Encode for String {
    fn encode(&self, out: &mut Vec<u8>) {
        (self.len() as u32).encode(out);
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(from: &mut Bytes<'_>) -> Option<Self> {
        let length = u32::decode(from)?;
        let bytes = from.slice(length as usize)?;
        std::str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

/// 0, or 1 and the value.
impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.encode(out);
            }
        }
    }

    fn decode(from: &mut Bytes<'_>) -> Option<Self> {
        match u8::decode(from)? {
            0 => Some(None),
            1 => T::decode(from).map(Some),
            _ => None,
        }
    }
}

/// Encodes and decodes the fields of a type in the order in which they are listed.
macro_rules! encode_fields {
    ($name:ty { $($field:ident),* $(,)? }) => {
        impl $crate::encode::Encode for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $($crate::encode::Encode::encode(&self.$field, out);)*
            }

            fn decode(from: &mut $crate::encode::Bytes<'_>) -> Option<Self> {
                Some(Self { $($field: $crate::encode::Encode::decode(from)?,)* })
            }
        }
    };
}

pub(crate) use encode_fields;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_and_every_cut_is_noticed() {
        let mut bytes = Vec::new();
        let value = (
            Some("é".to_owned()),
            None::<u64>,
            -2i16,
            f64::from_bits(0x7ff8_0000_0000_0001),
        );
        value.0.encode(&mut bytes);
        value.1.encode(&mut bytes);
        value.2.encode(&mut bytes);
        value.3.encode(&mut bytes);
        let decode = |bytes: &[u8]| {
            let mut from = Bytes::new(bytes);
            let value = (
                Option::<String>::decode(&mut from)?,
                Option::<u64>::decode(&mut from)?,
                i16::decode(&mut from)?,
                f64::decode(&mut from)?,
            );
            from.is_empty().then_some(value)
        };
        let found = decode(&bytes).unwrap();
        assert_eq!((found.0, found.1, found.2), (value.0, value.1, value.2));
        assert_eq!(found.3.to_bits(), value.3.to_bits());
        for length in 0..bytes.len() {
            assert!(decode(&bytes[..length]).is_none(), "{length} bytes");
        }
    }

    #[test]
    fn a_length_beyond_the_bytes_and_a_wrong_tag_are_refused() {
        assert!(String::decode(&mut Bytes::new(&[255, 255, 255, 255, 1])).is_none());
        assert!(String::decode(&mut Bytes::new(&[1, 0, 0, 0, 0xff])).is_none());
        assert!(Option::<u8>::decode(&mut Bytes::new(&[2, 0])).is_none());
    }
}
