//! What PUT keeps and GET recalls.

use std::collections::HashMap;

use crate::pickle::value::Id;

/// Memo slots: a vector while they are used in order, as all writers do.
#[derive(Default)]
pub(super) struct Memo {
    pub(super) dense: Vec<Id>,
    sparse: HashMap<u32, Id>,
}

impl Memo {
    pub(super) fn len(&self) -> usize {
        self.dense.len() + self.sparse.len()
    }

    pub(super) fn get(&self, slot: u32) -> Option<Id> {
        self.dense
            .get(slot as usize)
            .or_else(|| self.sparse.get(&slot))
            .copied()
    }

    pub(super) fn put(&mut self, slot: u32, id: Id) {
        let next = self.dense.len();
        match self.dense.get_mut(slot as usize) {
            Some(place) => *place = id,
            None if slot as usize == next && !self.sparse.contains_key(&slot) => {
                self.dense.push(id);
            }
            None => {
                self.sparse.insert(slot, id);
            }
        }
    }
}
