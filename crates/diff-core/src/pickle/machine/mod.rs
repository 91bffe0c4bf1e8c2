//! The pickle machine: every opcode of protocols 0 to 5, and nothing is ever imported or called.
//!
//! What a pickle would call becomes an [`super::Object`] that names the callable and its arguments. Globals are
//! judged at the moment they are used, so that a call whose result is thrown away, or after which the
//! stream breaks, is seen all the same.

mod memo;
mod object;
mod plain;

use self::memo::Memo;
use super::context::Context;
use super::input::Input;
use super::opcode as op;
use super::value::{Id, Value, Values};
use crate::error::{Code, Error, Result};
use crate::finding::{Finding, Severity};
use crate::limits::Cap;

/// Highest protocol there is.
const HIGHEST: u8 = 5;

/// One pickle, read to its STOP.
#[derive(Debug)]
pub struct Pickle {
    pub values: Values,
    pub root: Id,
    /// Position in the area behind STOP.
    pub end: u64,
    /// Every persistent id, in order.
    pub persistent: Vec<Id>,
    /// Calls whose argument is a pickle or a whole file, in order.
    pub nested: Vec<Id>,
}

/// Runs one pickle from where `input` stands.
///
/// # Errors
/// Whatever is wrong with the stream; what was noticed before is in `context`.
pub fn run(input: &mut Input, context: &mut Context) -> Result<Pickle> {
    let mut machine = Machine::new(input, context)?;
    let root = loop {
        let at = machine.input.offset();
        let done = machine.step(at);
        match done {
            Ok(None) => {}
            Ok(Some(root)) => break root,
            Err(error) => {
                return Err(error.at(machine.input.area().source.path()).offset(at));
            }
        }
    };
    let Machine {
        mut values,
        persistent,
        nested,
        input,
        context,
        ..
    } = machine;
    values.settle_dictionaries(&mut context.meter)?;
    Ok(Pickle {
        values,
        root,
        end: input.position(),
        persistent,
        nested,
    })
}

struct Machine<'a> {
    input: &'a mut Input,
    context: &'a mut Context,
    values: Values,
    stack: Vec<Id>,
    marks: Vec<u32>,
    memo: Memo,
    /// Values that are the same everywhere and never change.
    none: Id,
    truth: [Id; 2],
    empty_tuple: Id,
    persistent: Vec<Id>,
    nested: Vec<Id>,
    /// End of the current frame, as a position in the area.
    frame_end: Option<u64>,
    opcodes: u64,
    /// Where the opcode before began, in the source, and what it stepped over.
    last_at: u64,
    skipped: u64,
    most: Most,
}

/// The caps that are looked at for each opcode.
struct Most {
    opcodes: u64,
    stack: u64,
    memo: u64,
    text: u64,
    integer: u64,
}

#[cold]
fn stack_error(what: &str) -> Error {
    Error::new(Code::PickleStack, what.to_owned())
        .hint("no pickle that Python wrote looks like this; do not trust the file")
}

impl<'a> Machine<'a> {
    fn new(input: &'a mut Input, context: &'a mut Context) -> Result<Self> {
        let mut values = Values::default();
        let none = values.push(Value::None, &mut context.meter)?;
        let truth = [
            values.push(Value::Bool(false), &mut context.meter)?,
            values.push(Value::Bool(true), &mut context.meter)?,
        ];
        let empty_tuple = values.push(Value::Tuple(Box::default()), &mut context.meter)?;
        let of = |cap| context.limits.of(cap, input.remaining());
        let most = Most {
            opcodes: of(Cap::PickleOpcodes),
            stack: of(Cap::PickleStack).min(u64::from(u32::MAX)),
            memo: of(Cap::PickleMemo),
            text: of(Cap::PickleText),
            integer: of(Cap::PickleInteger),
        };
        let input_start = input.offset();
        Ok(Self {
            input,
            context,
            values,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            none,
            truth,
            empty_tuple,
            persistent: Vec::new(),
            nested: Vec::new(),
            frame_end: None,
            opcodes: 0,
            last_at: input_start,
            skipped: 0,
            most,
        })
    }

    /// One opcode; the root at STOP.
    fn step(&mut self, at: u64) -> Result<Option<Id>> {
        self.check_frame(at);
        // What bytes objects hold was stepped over and buys no memory.
        self.context
            .meter
            .see((at - self.last_at).saturating_sub(self.skipped));
        (self.last_at, self.skipped) = (at, 0);
        let code = self.input.byte()?;
        self.opcodes += 1;
        if self.opcodes > self.most.opcodes {
            return Err(crate::limits::exceeded(
                Cap::PickleOpcodes,
                self.most.opcodes,
                self.opcodes,
                "number of opcodes",
            ));
        }
        match code {
            op::STOP => return self.pop().map(Some),
            op::PROTO => self.protocol()?,
            op::FRAME => self.frame(at)?,
            op::MARK => self.mark()?,
            op::POP => self.drop_top()?,
            op::POP_MARK => {
                let start = self.pop_mark()?;
                self.stack.truncate(start);
            }
            op::DUP => {
                let top = self.top()?;
                self.push_id(top)?;
            }
            op::NONE => self.push_id(self.none)?,
            op::NEWTRUE => self.push_id(self.truth[1])?,
            op::NEWFALSE => self.push_id(self.truth[0])?,
            op::INT..=op::BININT1 | op::LONG | op::BININT2 | op::LONG1 | op::LONG4 => {
                self.integer(code)?;
            }
            op::FLOAT | op::BINFLOAT => self.float(code)?,
            op::STRING
            | op::BINSTRING
            | op::SHORT_BINSTRING
            | op::UNICODE
            | op::BINUNICODE
            | op::SHORT_BINUNICODE
            | op::BINUNICODE8 => self.text(code)?,
            op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 | op::BYTEARRAY8 => {
                self.bytes(code)?;
            }
            // The buffers of protocol 5 travel beside the stream, and no file has them.
            op::NEXT_BUFFER => {
                return Err(stack_error("pickle wants a buffer from outside the stream"));
            }
            op::READONLY_BUFFER => {
                self.top()?;
            }
            op::EMPTY_LIST
            | op::EMPTY_DICT
            | op::EMPTY_SET
            | op::EMPTY_TUPLE
            | op::TUPLE
            | op::TUPLE1
            | op::TUPLE2
            | op::TUPLE3
            | op::LIST
            | op::DICT
            | op::FROZENSET => {
                self.container(code)?;
            }
            op::APPEND | op::APPENDS | op::ADDITEMS | op::SETITEM | op::SETITEMS => {
                self.extend(code)?;
            }
            op::PUT | op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.put(code)?,
            op::GET | op::BINGET | op::LONG_BINGET => self.recall(code)?,
            op::GLOBAL | op::STACK_GLOBAL | op::EXT1 | op::EXT2 | op::EXT4 => {
                self.global(code, at)?;
            }
            op::REDUCE | op::NEWOBJ | op::NEWOBJ_EX | op::OBJ | op::INST => self.make(code, at)?,
            op::BUILD => self.build(at)?,
            op::PERSID | op::BINPERSID => self.persistent(code)?,
            _ => {
                return Err(
                    Error::new(Code::PickleBadOpcode, "pickle has an unknown opcode")
                        .found(format!("byte 0x{code:02x}"))
                        .hint("this is no pickle, or it is damaged; fetch or save it again"),
                );
            }
        }
        Ok(None)
    }

    // ---------------------------------------------------------------- the stack

    #[inline]
    fn push_id(&mut self, id: Id) -> Result<()> {
        if self.stack.len() as u64 >= self.most.stack {
            return Err(crate::limits::exceeded(
                Cap::PickleStack,
                self.most.stack,
                self.stack.len() as u64 + 1,
                "size of the stack",
            ));
        }
        self.stack.push(id);
        Ok(())
    }

    #[inline]
    fn push(&mut self, value: Value) -> Result<()> {
        let id = self.values.push(value, &mut self.context.meter)?;
        self.push_id(id)
    }

    /// Values above the innermost mark; the ones below are out of reach.
    fn floor(&self) -> usize {
        self.marks.last().map_or(0, |mark| *mark as usize)
    }

    #[inline]
    fn pop(&mut self) -> Result<Id> {
        if self.stack.len() > self.floor()
            && let Some(id) = self.stack.pop()
        {
            return Ok(id);
        }
        Err(stack_error("opcode takes a value from an empty stack"))
    }

    fn top(&self) -> Result<Id> {
        self.stack
            .last()
            .filter(|_| self.stack.len() > self.floor())
            .copied()
            .ok_or_else(|| stack_error("opcode looks at an empty stack"))
    }

    fn mark(&mut self) -> Result<()> {
        if self.marks.len() as u64 >= self.most.stack {
            return Err(crate::limits::exceeded(
                Cap::PickleStack,
                self.most.stack,
                self.marks.len() as u64 + 1,
                "number of marks on the stack",
            ));
        }
        self.marks.push(self.stack.len() as u32);
        Ok(())
    }

    fn pop_mark(&mut self) -> Result<usize> {
        self.marks
            .pop()
            .map(|mark| mark as usize)
            .ok_or_else(|| stack_error("opcode wants a mark and there is none"))
    }

    /// POP takes a mark where one is on top.
    fn drop_top(&mut self) -> Result<()> {
        if self
            .marks
            .last()
            .is_some_and(|mark| *mark as usize == self.stack.len())
        {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    /// Takes the values above the innermost mark.
    fn above_mark(&mut self) -> Result<Vec<Id>> {
        let start = self.pop_mark()?;
        let items = self.stack.split_off(start.min(self.stack.len()));
        self.debit_items(items.len())?;
        Ok(items)
    }

    fn debit_items(&mut self, count: usize) -> Result<()> {
        // Eight bytes an item: vectors double. An allocation costs some bytes of its own.
        self.context.meter.debit(32 + 8 * count as u64)
    }

    // ---------------------------------------------------------------- framing

    fn protocol(&mut self) -> Result<()> {
        let version = self.input.byte()?;
        if version > HIGHEST {
            return Err(
                Error::new(Code::UnsupportedVersion, "pickle protocol is not known")
                    .expected(format!("at most {HIGHEST}"))
                    .found(version),
            );
        }
        Ok(())
    }

    /// A frame's length is a hint for buffering; readers that trust it see another stream than we do.
    fn frame(&mut self, at: u64) -> Result<()> {
        let length = u64::from_le_bytes(self.input.array()?);
        let nested = self
            .frame_end
            .is_some_and(|end| self.input.position() < end);
        if nested || length > self.input.remaining() {
            self.frame_finding(at);
        }
        self.frame_end = Some(self.input.position().saturating_add(length));
        Ok(())
    }

    #[inline]
    fn check_frame(&mut self, at: u64) {
        if let Some(end) = self.frame_end
            && self.input.position() >= end
        {
            if self.input.position() > end {
                self.frame_finding(at);
            }
            self.frame_end = None;
        }
    }

    #[cold]
    fn frame_finding(&mut self, at: u64) {
        self.context.note(
            Finding::new(
                "PickleFrame",
                Severity::Warning,
                "opcodes do not end where their frame ends; Python's two unpicklers read such a stream differently",
            )
            .at(self.input.area().source.path())
            .offset(at),
        );
    }
}

#[cold]
fn bad_text(what: &str, line: &[u8]) -> Error {
    let shown: Vec<u8> = line.iter().take(40).copied().collect();
    Error::new(
        Code::InvalidHeader,
        format!("line of a pickle is not {what}"),
    )
    .found(format!("{:?}", String::from_utf8_lossy(&shown)))
}
