//! The bytes of a header, from start to end through a small window.

use crate::dtype::ByteOrder;
use crate::error::{Code, Error, Result, counted};
use crate::limits;
use crate::source::Source;

/// Bytes read ahead.
const WINDOW: u64 = 64 << 10;

/// A position in a file. Nothing is read beyond its end, nor beyond the cap of a header.
pub(super) struct Input<'a> {
    source: &'a dyn Source,
    pub(super) order: ByteOrder,
    window: Vec<u8>,
    /// Next byte, in the window.
    at: usize,
    /// Where in the file the window ends.
    end: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(source: &'a dyn Source) -> Self {
        Self {
            source,
            order: ByteOrder::Little,
            window: Vec::new(),
            at: 0,
            end: 0,
        }
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.source.size()
    }

    pub(super) fn position(&self) -> u64 {
        self.end - (self.window.len() - self.at) as u64
    }

    /// That `count` things of at least `least` bytes each can still follow.
    ///
    /// # Errors
    /// `UnexpectedEof` where the file ends before that, `HeaderTooLarge` where it does not but the header is longer than any.
    pub(super) fn expect(&self, count: u64, least: u64, noun: &str) -> Result<()> {
        let left = self.size().saturating_sub(self.position());
        let needed = count.checked_mul(least);
        if needed.is_none_or(|needed| needed > left) {
            return Err(
                Error::new(Code::UnexpectedEof, "file ends inside its header")
                    .expected(format!("room for {}", counted(count, noun)))
                    .found(counted(left, "byte"))
                    .hint("download interrupted? fetch or save the file again"),
            );
        }
        let end = self.position() + needed.unwrap_or(0);
        if end > limits::GGUF_HEADER_BYTES {
            return Err(Error::new(
                Code::HeaderTooLarge,
                format!(
                    "header exceeds the cap of {} bytes",
                    limits::GGUF_HEADER_BYTES
                ),
            )
            .expected(format!("room for {}", counted(count, noun)))
            .hint("no known model has so much beside its tensors; convert it again"));
        }
        Ok(())
    }

    /// Makes at least `length` bytes available, of at most a window.
    fn fill(&mut self, length: usize) -> Result<()> {
        if self.window.len() - self.at >= length {
            return Ok(());
        }
        self.expect(length as u64, 1, "byte")?;
        let start = self.position();
        let ahead = WINDOW.min(self.size() - start) as usize;
        self.window.resize(ahead, 0);
        self.at = 0;
        self.end = start + ahead as u64;
        self.source.read_exact(start, &mut self.window)
    }

    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.fill(N)?;
        let bytes = self.window.get(self.at..).and_then(<[u8]>::first_chunk);
        let bytes = *bytes.ok_or_else(|| Error::new(Code::Internal, "window is too short"))?;
        self.at += N;
        Ok(bytes)
    }

    /// As [`Self::take`], the bytes of one number, the lowest first.
    pub(super) fn number<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = self.take()?;
        if self.order == ByteOrder::Big {
            bytes.reverse();
        }
        Ok(bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.number()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.number()?))
    }

    /// Hands `length` bytes on, piece by piece; all pieces but the last are a multiple of eight bytes long. The caller has checked that they follow.
    pub(super) fn pieces(&mut self, length: u64, mut see: impl FnMut(&mut [u8])) -> Result<()> {
        let mut left = length;
        while left > 0 {
            self.fill(left.min(8) as usize)?;
            let there = self.window.len() - self.at;
            let count = match left.min(there as u64) as usize {
                all if all as u64 == left => all,
                part => part / 8 * 8,
            };
            if let Some(piece) = self.window.get_mut(self.at..self.at + count) {
                see(piece);
            }
            self.at += count;
            left -= count as u64;
        }
        Ok(())
    }

    /// The next `length` bytes, copied. The caller has checked that they follow, and against a cap.
    pub(super) fn bytes(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length as usize);
        self.pieces(length, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes)
    }
}
