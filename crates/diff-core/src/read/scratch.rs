//! Memory of one thread and one tensor, used again and again.

use super::memory::Memory;

/// Reused memory for reading a tensor, and in it the same for the tensors that it is made of.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Bytes as they lie in a source.
    pub(super) window: Vec<u8>,
    /// Columns of a view, as far as they were read.
    pub(super) columns: Memory,
    /// Elements that are handed out.
    pub(super) out: Vec<u8>,
    /// Codes of whole blocks, of which only some are wanted.
    pub(super) codes: Vec<u8>,
    /// Words gathered from several places.
    pub(super) bytes: Vec<u8>,
    /// Whether bytes are copied even where their file is mapped.
    pub(super) copies: bool,
    /// How many bytes of sources, or of their maps, were read.
    pub(super) read: u64,
    parts: Vec<Scratch>,
}

/// The memory that a reader uses while its parts use theirs.
pub(super) struct Fields<'s> {
    pub(super) part: &'s mut Scratch,
    pub(super) window: &'s mut Vec<u8>,
    pub(super) out: &'s mut Vec<u8>,
    pub(super) codes: &'s mut Vec<u8>,
    pub(super) bytes: &'s mut Vec<u8>,
}

impl Scratch {
    /// For reading a little here and a little there: there, a page fault for each read costs more than a copy.
    pub(crate) fn copying() -> Self {
        Self {
            copies: true,
            ..Self::default()
        }
    }

    /// The memory of the whole, with `out` emptied, and beside it that of its parts.
    pub(super) fn with_part(&mut self) -> Fields<'_> {
        if self.parts.is_empty() {
            let copies = self.copies;
            self.parts.push(Self {
                copies,
                ..Self::default()
            });
        }
        self.out.clear();
        Fields {
            part: &mut self.parts[0],
            window: &mut self.window,
            out: &mut self.out,
            codes: &mut self.codes,
            bytes: &mut self.bytes,
        }
    }

    /// Adds to the count bytes that were read in another way.
    pub(crate) fn add_read(&mut self, bytes: usize) {
        self.read += bytes as u64;
    }

    /// How many bytes were read since the last call.
    pub(crate) fn take_read(&mut self) -> u64 {
        let parts: u64 = self.parts.iter_mut().map(Self::take_read).sum();
        std::mem::take(&mut self.read) + parts
    }
}
