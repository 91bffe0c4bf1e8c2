//! A deflate stream in the middle of its way, and the ways in which it can be damaged.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::error::{Code, Error, Result, counted};
use crate::pickle::Area;

/// Compressed bytes that are read at once, and bytes that are skipped at once.
const INPUT: usize = 64 << 10;

/// Every decoder begins at the start of its record, so its checksum is that of all that it gave.
#[derive(Debug)]
pub(super) struct Decoder {
    /// Bytes of content, and their checksum, as the directory has them.
    size: u64,
    wanted: u32,
    state: Decompress,
    crc: Crc,
    /// Bytes of content so far.
    position: u64,
    input: Vec<u8>,
    /// Next byte of `input`.
    at: usize,
    /// Position in the payload behind `input`.
    taken: u64,
}

/// What one step of a decoder came to.
enum Step {
    Gave(usize),
    /// The stream has its end here.
    End,
    /// The payload ends, the stream does not.
    Cut,
}

impl Decoder {
    /// At the start of a record whose content has this size, in bytes, and this CRC-32, as the directory says.
    pub(super) fn new(size: u64, crc: u32) -> Self {
        Self {
            size,
            wanted: crc,
            state: Decompress::new(false),
            crc: Crc::new(),
            position: 0,
            input: Vec::new(),
            at: 0,
            taken: 0,
        }
    }

    /// Bytes of content so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Goes on to this byte of the content.
    pub(super) fn skip_to(&mut self, offset: u64, payload: &Area) -> Result<()> {
        if self.position >= offset {
            return Ok(());
        }
        let mut waste = vec![0; INPUT];
        while self.position < offset {
            let count = (offset - self.position).min(INPUT as u64) as usize;
            let Some(target) = waste.get_mut(..count) else {
                break;
            };
            self.fill(target, payload)?;
        }
        Ok(())
    }

    /// The next bytes of the content.
    ///
    /// # Errors
    /// `InflateError` for what is damaged; what reading the file ends with.
    pub(super) fn fill(&mut self, mut out: &mut [u8], payload: &Area) -> Result<()> {
        while !out.is_empty() {
            match self.step(out, payload)? {
                Step::Gave(count) => out = out.get_mut(count..).unwrap_or_default(),
                Step::End => {
                    return Err(self
                        .damaged("ends before its content does", payload)
                        .found(counted(self.position, "byte")));
                }
                Step::Cut => {
                    return Err(self
                        .damaged("is cut off", payload)
                        .found(counted(self.position, "byte")));
                }
            }
        }
        Ok(())
    }

    /// Whether the content is all, and the one that was packed; looked at once it has all been given. Where the checksum is right, what follows is
    /// nobody's: Python's zipfile reads as much as the directory says, too.
    ///
    /// # Errors
    /// `InflateError` where it is not.
    pub(super) fn check_end(&mut self, payload: &Area) -> Result<()> {
        let found = self.crc.sum();
        if self.position != self.size || found == self.wanted {
            return Ok(());
        }
        Err(match self.step(&mut [0], payload)? {
            Step::Gave(_) => self
                .damaged("is longer than the zip directory says", payload)
                .found("more"),
            Step::Cut => self
                .damaged("is cut off", payload)
                .found("all of them, and no end of the stream"),
            Step::End => self
                .damaged("has another checksum than the zip directory says", payload)
                .expected(format!("crc-32 {:08x}", self.wanted))
                .found(format!("{found:08x}")),
        })
    }

    fn step(&mut self, out: &mut [u8], payload: &Area) -> Result<Step> {
        loop {
            if self.at == self.input.len() && self.taken < payload.length {
                let count = (payload.length - self.taken).min(INPUT as u64);
                self.input.resize(count as usize, 0);
                payload
                    .source
                    .read_exact(payload.start + self.taken, &mut self.input)?;
                self.taken += count;
                self.at = 0;
            }
            let before = (self.state.total_in(), self.state.total_out());
            let input = self.input.get(self.at..).unwrap_or_default();
            let status = self.state.decompress(input, out, FlushDecompress::None);
            let Ok(status) = status else {
                return Err(self
                    .damaged("is no deflate stream from here on", payload)
                    .found(format!(
                        "{} before it",
                        counted(self.position, "sound byte")
                    )));
            };
            let taken = self.state.total_in() - before.0;
            let given = (self.state.total_out() - before.1) as usize;
            self.at += taken as usize;
            self.position += given as u64;
            if given > 0 {
                self.crc.update(out.get(..given).unwrap_or_default());
                return Ok(Step::Gave(given));
            }
            if status == Status::StreamEnd {
                return Ok(Step::End);
            }
            if taken == 0 && self.taken == payload.length {
                return Ok(Step::Cut);
            }
        }
    }

    /// The error of a record that `how`, with the place of the next compressed byte.
    #[cold]
    fn damaged(&self, how: &str, payload: &Area) -> Error {
        let next = payload.start + self.taken - (self.input.len() - self.at) as u64;
        let error = Error::new(
            Code::InflateError,
            format!("compressed record is damaged: it {how}"),
        )
        .expected(format!("{} of content", counted(self.size, "byte")))
        .hint("fetch or save the file again: no limit helps, its bytes are not those that were packed");
        match payload.source.place_in_file(next) {
            Some(place) => error.offset(place),
            None => error,
        }
    }
}
