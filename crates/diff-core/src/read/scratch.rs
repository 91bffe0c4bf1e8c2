//! Memory of one thread and one tensor, used again and again.

/// Reused memory for the bytes of elements, and the same for each part that a tensor is made of.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// Bytes as they lie in a source.
    pub(super) window: Vec<u8>,
    /// Elements that are handed out.
    pub(super) out: Vec<u8>,
    /// Codes before those that are not wanted are left out.
    pub(super) codes: Vec<u8>,
    /// Words out of several places.
    pub(super) bytes: Vec<u8>,
    /// Whether bytes are copied even where their file is mapped.
    pub(super) copies: bool,
    /// Bytes that were read of sources, or of their maps.
    pub(super) read: u64,
    parts: Vec<Scratch>,
}

/// The fields that readers of made elements use at once.
pub(super) struct Fields<'s> {
    pub(super) part: &'s mut Scratch,
    pub(super) window: &'s mut Vec<u8>,
    pub(super) out: &'s mut Vec<u8>,
    pub(super) codes: &'s mut Vec<u8>,
    pub(super) bytes: &'s mut Vec<u8>,
}

impl Scratch {
    /// For what is read a little here and a little there: a page fault a read costs more than a copy.
    pub(crate) fn copying() -> Self {
        Self {
            copies: true,
            ..Self::default()
        }
    }

    /// The memory of a part beside that of the whole; what is handed out is emptied.
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

    /// Counts bytes that were read without this memory.
    pub(crate) fn add_read(&mut self, bytes: usize) {
        self.read += bytes as u64;
    }

    /// Bytes that were read since this was asked last.
    pub(crate) fn take_read(&mut self) -> u64 {
        let parts: u64 = self.parts.iter_mut().map(Self::take_read).sum();
        std::mem::take(&mut self.read) + parts
    }
}
