//! What is shared by all pickles of one file: caps, memory, and what was noticed.

use std::collections::HashMap;

use super::global::{self, Class};
use super::input::Area;
use super::value::{Id, Value, Values};
use crate::error::{Result, counted};
use crate::finding::{Finding, Severity};
use crate::limits::{Limits, Meter};

/// A global that a pickle names.
#[derive(Debug)]
pub struct Global {
    pub module: String,
    pub name: String,
    pub class: Class,
    /// How often it was called, instantiated or given a state.
    pub uses: u64,
    /// Whether it was called for a class inside a harmless one.
    names_inner_class: bool,
    path: std::path::PathBuf,
    /// Of its first use, or of its first mention.
    offset: u64,
}

impl Global {
    #[must_use]
    pub fn is(&self, module: &str, name: &str) -> bool {
        self.module == module && self.name == name
    }
}

/// Findings of one kind that are kept; the rest is counted.
const MOST_FINDINGS: usize = 200;

/// State of reading one file.
#[derive(Debug)]
pub struct Context {
    pub limits: Limits,
    pub meter: Meter,
    globals: Vec<Global>,
    by_name: HashMap<(Vec<u8>, Vec<u8>), u32>,
    findings: Vec<Finding>,
    /// Findings by their code, the dropped ones too.
    counts: HashMap<&'static str, usize>,
    dropped: u64,
}

impl Context {
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: limits.clone(),
            meter: Meter::new(limits),
            globals: Vec::new(),
            by_name: HashMap::new(),
            findings: Vec::new(),
            counts: HashMap::new(),
            dropped: 0,
        }
    }

    pub fn note(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code).or_default();
        *count += 1;
        if *count <= MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.dropped += 1;
        }
    }

    pub fn note_all(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            self.note(finding);
        }
    }

    #[must_use]
    pub fn global(&self, number: u32) -> Option<&Global> {
        self.globals.get(number as usize)
    }

    /// Whether anything would have been called so far.
    #[must_use]
    pub fn has_calls(&self) -> bool {
        self.globals.iter().any(|global| global.uses > 0)
    }

    /// Whether anything of a module was named.
    #[must_use]
    pub fn names_module(&self, module: &str) -> bool {
        self.globals.iter().any(|global| global.module == module)
    }

    /// Number of a global, which is judged when it is first named.
    pub(super) fn name_global(
        &mut self,
        module: &[u8],
        name: &[u8],
        area: &Area,
        at: u64,
    ) -> Result<u32> {
        let key = (module.to_vec(), name.to_vec());
        if let Some(number) = self.by_name.get(&key) {
            return Ok(*number);
        }
        self.meter
            .debit(256 + 8 * (module.len() + name.len()) as u64)?;
        let module = global::modern_module(&String::from_utf8_lossy(module)).to_owned();
        let name = String::from_utf8_lossy(name).into_owned();
        let number = self.globals.len() as u32;
        self.globals.push(Global {
            class: global::classify(&module, &name),
            module,
            name,
            uses: 0,
            names_inner_class: false,
            path: area.source.path().to_path_buf(),
            offset: at,
        });
        self.by_name.insert(key, number);
        Ok(number)
    }

    pub(super) fn used(&mut self, number: u32, area: &Area, at: u64) {
        if let Some(global) = self.globals.get_mut(number as usize) {
            if global.uses == 0 {
                global.offset = at;
                global.path = area.source.path().to_path_buf();
            }
            global.uses += 1;
        }
    }

    /// Judges a call at the moment it would happen; whether its argument is a pickle to look into.
    pub(super) fn call(
        &mut self,
        values: &Values,
        callable: Id,
        args: Id,
        area: &Area,
        at: u64,
    ) -> bool {
        let Value::Global(number) = values.get(callable) else {
            if self.is_inner_class(values, callable) {
                return false;
            }
            // The result of another call is called: what it is only running the pickle would tell.
            if !matches!(values.get(callable), Value::Persistent(_)) {
                self.note(
                    Finding::new(
                        "GlobalUnknown",
                        Severity::Warning,
                        "the result of a call is called in turn; it was not run",
                    )
                    .at(area.source.path())
                    .offset(at),
                );
            }
            return false;
        };
        let Some(global) = self.globals.get(*number as usize) else {
            return false;
        };
        if global.is("builtins", "getattr") && self.is_nested_class(values, args) {
            // How protocols before 4 write a class inside a class.
            if let Some(global) = self.globals.get_mut(*number as usize) {
                global.names_inner_class = true;
            }
            return false;
        }
        let nested = global::takes_pickle(&global.module, &global.name);
        self.used(*number, area, at);
        nested
    }

    /// Whether a value is the call that stands for a class inside a harmless one.
    fn is_inner_class(&self, values: &Values, at: Id) -> bool {
        let Value::Object(object) = values.get(at) else {
            return false;
        };
        let is_getattr = match values.get(object.callable) {
            Value::Global(number) => self
                .global(*number)
                .is_some_and(|global| global.is("builtins", "getattr")),
            _ => false,
        };
        is_getattr && self.is_nested_class(values, object.args)
    }

    /// `getattr(Class, 'Inner')` of a class that is itself harmless.
    fn is_nested_class(&self, values: &Values, args: Id) -> bool {
        let Some([class, name, ..]) = values.sequence(args) else {
            return false;
        };
        let harmless = match values.get(*class) {
            Value::Global(number) => self
                .global(*number)
                .is_some_and(|global| matches!(global.class, Class::Data | Class::Known)),
            _ => false,
        };
        harmless
            && values
                .text(*name)
                .is_some_and(|name| name.first().is_some_and(u8::is_ascii_uppercase))
    }

    /// Everything that was noticed: the globals first.
    #[must_use]
    pub fn into_findings(self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut left_out = self.dropped;
        let mut counts = [0usize; 4];
        for global in &self.globals {
            let Some(finding) = global.finding() else {
                continue;
            };
            let count = counts.get_mut(global.class as usize);
            match count {
                Some(count) if *count < MOST_FINDINGS => {
                    *count += 1;
                    findings.push(finding);
                }
                _ => left_out += 1,
            }
        }
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings.extend(self.findings);
        if left_out > 0 {
            findings.push(Finding::new(
                "MoreFindings",
                Severity::Warning,
                format!("{left_out} more findings of the same kinds are left out"),
            ));
        }
        findings
    }
}

impl Global {
    fn finding(&self) -> Option<Finding> {
        let called = self.uses > 0;
        let (code, severity) = match (self.class, called) {
            (Class::Data, _) | (Class::Known, false) => return None,
            (_, false) if self.names_inner_class => return None,
            (Class::Known, true) => ("GlobalKnown", Severity::Info),
            (Class::Unknown, false) => ("GlobalUnknown", Severity::Info),
            (Class::Unknown, true) => ("GlobalUnknown", Severity::Warning),
            (Class::Dangerous, false) => ("GlobalDangerous", Severity::Warning),
            (Class::Dangerous, true) => ("GlobalDangerous", Severity::Critical),
        };
        let name = shorten(&format!("{}.{}", self.module, self.name));
        let message = if called {
            format!(
                "pickle uses {name} {}; nothing was run",
                counted(self.uses, "time")
            )
        } else {
            format!("pickle names {name} without using it")
        };
        Some(
            Finding::new(code, severity, message)
                .at(&self.path)
                .offset(self.offset),
        )
    }
}

/// At most 200 characters, without control characters.
fn shorten(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(200)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(200).is_some() {
        short.push('…');
    }
    short
}
