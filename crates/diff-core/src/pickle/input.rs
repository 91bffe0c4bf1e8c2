//! The bytes of a pickle, through a small window: the stream may be the head of a file of any size.

use std::sync::Arc;

use crate::error::{Code, Error, Result, counted};
use crate::source::Source;

/// A range of a source that holds something of its own: a file, an entry of an archive, a bytes object.
#[derive(Debug, Clone)]
pub struct Area {
    pub source: Arc<dyn Source>,
    /// Number of the source in its checkpoint.
    pub index: u32,
    pub start: u64,
    pub length: u64,
}

impl Area {
    /// The part `offset .. offset + length` of it.
    ///
    /// # Errors
    /// `UnexpectedEof` when it reaches outside.
    pub fn part(&self, offset: u64, length: u64) -> Result<Self> {
        if offset
            .checked_add(length)
            .is_none_or(|end| end > self.length)
        {
            return Err(
                Error::new(Code::UnexpectedEof, "range reaches beyond the end")
                    .expected(counted(length, "byte"))
                    .found(counted(self.length.saturating_sub(offset), "byte"))
                    .at(self.source.path())
                    .offset(self.start.saturating_add(offset)),
            );
        }
        Ok(Self {
            source: Arc::clone(&self.source),
            index: self.index,
            start: self.start + offset,
            length,
        })
    }

    /// The bytes `offset .. offset + length` of it, copied. The caller has checked `length` against a cap.
    ///
    /// # Errors
    /// `UnexpectedEof` when the range reaches outside; what keeps the source from being read.
    pub fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        let part = self.part(offset, length)?;
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        self.source.read_exact(part.start, &mut bytes)?;
        Ok(bytes)
    }
}

/// Bytes read ahead.
const WINDOW: u64 = 64 << 10;

/// Reads an area from start to end.
#[derive(Debug)]
pub struct Input {
    area: Area,
    /// Position in the area of the window's first byte.
    window_start: u64,
    window: Vec<u8>,
    /// Next byte, in the window.
    at: usize,
}

impl Input {
    #[must_use]
    pub fn new(area: Area) -> Self {
        Self {
            area,
            window_start: 0,
            window: Vec::new(),
            at: 0,
        }
    }

    /// Position in the area.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.window_start + self.at as u64
    }

    /// Position in the source.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.area.start + self.position()
    }

    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.area.length.saturating_sub(self.position())
    }

    #[must_use]
    pub fn area(&self) -> &Area {
        &self.area
    }

    pub fn seek(&mut self, position: u64) {
        self.window_start = position.min(self.area.length);
        self.window.clear();
        self.at = 0;
    }

    #[cold]
    fn ends(&self, wanted: u64) -> Error {
        Error::new(Code::UnexpectedEof, "pickle ends in the middle")
            .expected(format!("{wanted} more bytes"))
            .found(self.remaining())
            .at(self.area.source.path())
            .offset(self.offset())
            .hint("the file is truncated or damaged; fetch or save it again")
    }

    /// Makes `length` bytes available in the window.
    fn fill(&mut self, length: usize) -> Result<()> {
        let remaining = self.remaining();
        if length as u64 > remaining {
            return Err(self.ends(length as u64));
        }
        let position = self.position();
        let size = remaining.min(WINDOW.max(length as u64));
        self.window.clear();
        self.window.resize(size as usize, 0);
        self.window_start = position;
        self.at = 0;
        self.area
            .source
            .read_exact(self.area.start + position, &mut self.window)
    }

    #[inline]
    pub fn byte(&mut self) -> Result<u8> {
        if let Some(byte) = self.window.get(self.at) {
            self.at += 1;
            return Ok(*byte);
        }
        self.fill(1)?;
        self.at = 1;
        self.window.first().copied().ok_or_else(|| self.ends(1))
    }

    /// The next `length` bytes; the caller has checked the length against a cap.
    #[inline]
    pub fn take(&mut self, length: usize) -> Result<&[u8]> {
        if self.window.len() - self.at < length {
            self.fill(length)?;
        }
        let from = self.at;
        self.at += length;
        self.window
            .get(from..from + length)
            .ok_or_else(|| Error::new(Code::Internal, "window is too short"))
    }

    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = self.take(N)?;
        bytes
            .first_chunk()
            .copied()
            .ok_or_else(|| Error::new(Code::Internal, "window is too short"))
    }

    /// Steps over `length` bytes and answers where in the source they begin.
    pub fn skip(&mut self, length: u64) -> Result<u64> {
        if length > self.remaining() {
            return Err(self.ends(length));
        }
        let start = self.offset();
        let left = (self.window.len() - self.at) as u64;
        if length <= left {
            self.at += length as usize;
        } else {
            self.seek(self.position() + length);
        }
        Ok(start)
    }

    /// The bytes up to a line's end, which is taken and left out; at most `most` of them.
    pub fn line(&mut self, most: usize) -> Result<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => return Ok(line),
                byte if line.len() < most => line.push(byte),
                _ => {
                    return Err(
                        Error::new(Code::LimitExceeded, "line of a pickle is too long")
                            .expected(format!("at most {most} bytes"))
                            .at(self.area.source.path())
                            .offset(self.offset()),
                    );
                }
            }
        }
    }
}
