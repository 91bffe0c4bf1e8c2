//! Containers, the memo, globals, and what calls would make.

use super::{Machine, bad_text, stack_error};
use crate::error::{Code, Error, Result};
use crate::limits::Cap;
use crate::pickle::opcode as op;
use crate::pickle::text::{self, Integer};
use crate::pickle::value::{Extra, How, Id, Object, Value};

impl Machine<'_> {
    pub(super) fn container(&mut self, code: u8) -> Result<()> {
        let value = match code {
            op::EMPTY_LIST => Value::List(Vec::new()),
            op::EMPTY_DICT => Value::Dict(Vec::new()),
            op::EMPTY_SET => Value::Set(Vec::new()),
            op::EMPTY_TUPLE => return self.push_id(self.empty_tuple),
            op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let count = usize::from(code - op::TUPLE1) + 1;
                let mut items = Vec::with_capacity(count);
                for _ in 0..count {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.context.meter.debit(32)?;
                Value::Tuple(items.into_boxed_slice())
            }
            op::TUPLE => Value::Tuple(self.above_mark()?.into_boxed_slice()),
            op::LIST => Value::List(self.above_mark()?),
            op::FROZENSET => Value::Set(self.above_mark()?),
            _ => {
                let items = self.above_mark()?;
                Value::Dict(self.pairs(&items)?)
            }
        };
        self.push(value)
    }

    fn pairs(&mut self, items: &[Id]) -> Result<Vec<(Id, Id)>> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(stack_error("dictionary has a key without a value"));
        }
        self.debit_items(items.len())?;
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    }

    pub(super) fn extend(&mut self, code: u8) -> Result<()> {
        let items = match code {
            op::APPEND => vec![self.pop()?],
            op::SETITEM => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.above_mark()?,
        };
        let keyed = matches!(code, op::SETITEM | op::SETITEMS);
        let pairs = if keyed {
            self.pairs(&items)?
        } else {
            Vec::new()
        };
        self.debit_items(items.len())?;
        let target = self.top()?;
        let wrong = || stack_error("opcode adds items to something that holds none");
        match self.values.get_mut(target) {
            Some(Value::Dict(dict)) if keyed => dict.extend(pairs),
            Some(Value::List(list)) if !keyed => list.extend(items),
            Some(Value::Set(set)) if code == op::ADDITEMS => set.extend(items),
            Some(Value::Object(object)) => {
                let extra = object.extra.get_or_insert_default();
                if keyed {
                    extra.pairs.extend(pairs);
                } else {
                    extra.items.extend(items);
                }
                self.context.meter.debit(size_of::<Extra>() as u64)?;
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    pub(super) fn put(&mut self, code: u8) -> Result<()> {
        let slot = match code {
            op::MEMOIZE => self.memo.len() as u32,
            code => self.slot(code, op::PUT, op::BINPUT)?.ok_or_else(|| {
                Error::new(
                    Code::PickleMemo,
                    "pickle sets a memo slot beyond all that there can be",
                )
            })?,
        };
        let top = self.top()?;
        if self.memo.len() as u64 >= self.most.memo {
            return Err(crate::limits::exceeded(
                Cap::PickleMemo,
                self.most.memo,
                self.memo.len() as u64 + 1,
                "number of memo slots",
            ));
        }
        self.context
            .meter
            .debit(if slot as usize == self.memo.dense.len() {
                8
            } else {
                40
            })?;
        self.memo.put(slot, top);
        Ok(())
    }

    pub(super) fn recall(&mut self, code: u8) -> Result<()> {
        let slot = self.slot(code, op::GET, op::BINGET)?;
        let id = slot.and_then(|slot| self.memo.get(slot)).ok_or_else(|| {
            let found = slot.map_or("a number beyond all slots".to_owned(), |slot| {
                format!("slot {slot}")
            });
            Error::new(
                Code::PickleMemo,
                "pickle recalls a memo slot that was never set",
            )
            .found(found)
            .hint("no pickle that Python wrote looks like this; do not trust the file")
        })?;
        self.push_id(id)
    }

    /// The slot that an opcode names; None for a number that is too large to be one.
    fn slot(&mut self, code: u8, as_text: u8, as_byte: u8) -> Result<Option<u32>> {
        if code == as_byte {
            return Ok(Some(u32::from(self.input.byte()?)));
        }
        if code != as_text {
            return Ok(Some(u32::from_le_bytes(self.input.array()?)));
        }
        let line = self.input.line(self.most.integer as usize)?;
        match text::integer(&line, true) {
            Some(Integer::Small(slot)) => Ok(u32::try_from(slot).ok()),
            Some(Integer::Large) => Ok(None),
            _ => Err(bad_text("a memo slot", &line)),
        }
    }

    pub(super) fn global(&mut self, code: u8, at: u64) -> Result<()> {
        let (module, name) = match code {
            op::GLOBAL => self.two_lines()?,
            op::STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                match (self.values.get(module), self.values.get(name)) {
                    (Value::Text(module), Value::Text(name)) => (
                        self.values.slice(*module).to_vec(),
                        self.values.slice(*name).to_vec(),
                    ),
                    _ => return Err(stack_error("name of a global is no text")),
                }
            }
            code => {
                let number = match code {
                    op::EXT1 => u32::from(self.input.byte()?),
                    op::EXT2 => u32::from(u16::from_le_bytes(self.input.array()?)),
                    _ => u32::from_le_bytes(self.input.array()?),
                };
                (
                    b"copyreg".to_vec(),
                    format!("extension {number}").into_bytes(),
                )
            }
        };
        let number = self
            .context
            .name_global(&module, &name, self.input.area(), at)?;
        self.push(Value::Global(number))
    }

    fn two_lines(&mut self) -> Result<(Vec<u8>, Vec<u8>)> {
        let most = self.most.text.min(64 << 10) as usize;
        Ok((self.input.line(most)?, self.input.line(most)?))
    }

    pub(super) fn make(&mut self, code: u8, at: u64) -> Result<()> {
        let mut keywords = None;
        let (callable, args, how) = match code {
            op::REDUCE => {
                let args = self.pop()?;
                (self.pop()?, args, How::Call)
            }
            op::NEWOBJ => {
                let args = self.pop()?;
                (self.pop()?, args, How::New)
            }
            op::NEWOBJ_EX => {
                keywords = Some(self.pop()?);
                let args = self.pop()?;
                (self.pop()?, args, How::New)
            }
            op::OBJ => {
                let mut items = self.above_mark()?;
                if items.is_empty() {
                    return Err(stack_error("object has no class"));
                }
                let class = items.remove(0);
                (class, self.tuple(items)?, How::New)
            }
            _ => {
                let (module, name) = self.two_lines()?;
                let number = self
                    .context
                    .name_global(&module, &name, self.input.area(), at)?;
                let class = self
                    .values
                    .push(Value::Global(number), &mut self.context.meter)?;
                let items = self.above_mark()?;
                (class, self.tuple(items)?, How::New)
            }
        };
        let is_nested = self
            .context
            .call(&self.values, callable, args, self.input.area(), at);
        let mut object = Object {
            callable,
            args,
            how,
            extra: None,
        };
        if let Some(keywords) = keywords {
            object.extra.get_or_insert_default().states.push(keywords);
            self.context.meter.debit(size_of::<Extra>() as u64 + 32)?;
        }
        let id = self
            .values
            .push(Value::Object(object), &mut self.context.meter)?;
        if is_nested {
            self.context.meter.debit(8)?;
            self.nested.push(id);
        }
        self.push_id(id)
    }

    fn tuple(&mut self, items: Vec<Id>) -> Result<Id> {
        if items.is_empty() {
            return Ok(self.empty_tuple);
        }
        self.values.push(
            Value::Tuple(items.into_boxed_slice()),
            &mut self.context.meter,
        )
    }

    /// BUILD calls `__setstate__`, which may be anything: the class counts as called.
    pub(super) fn build(&mut self, at: u64) -> Result<()> {
        let state = self.pop()?;
        let target = self.top()?;
        self.context.meter.debit(size_of::<Extra>() as u64 + 32)?;
        let Some(Value::Object(object)) = self.values.get_mut(target) else {
            return Err(stack_error(
                "opcode gives a state to something that takes none",
            ));
        };
        object.extra.get_or_insert_default().states.push(state);
        let callable = object.callable;
        if let Value::Global(number) = self.values.get(callable) {
            self.context.used(*number, self.input.area(), at);
        }
        Ok(())
    }

    pub(super) fn persistent(&mut self, code: u8) -> Result<()> {
        let argument = if code == op::PERSID {
            let line = self.input.line(64 << 10)?;
            let slice = self.values.intern(&line, &mut self.context.meter)?;
            self.values
                .push(Value::Text(slice), &mut self.context.meter)?
        } else {
            self.pop()?
        };
        let id = self
            .values
            .push(Value::Persistent(argument), &mut self.context.meter)?;
        self.context.meter.debit(8)?;
        self.persistent.push(id);
        self.push_id(id)
    }
}
