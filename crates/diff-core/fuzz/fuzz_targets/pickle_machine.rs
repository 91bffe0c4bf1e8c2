//! Any bytes as a pickle: no panic, and STOP never lies outside of them.
#![no_main]

use std::sync::Arc;

use diff_core::limits::Limits;
use diff_core::pickle::{Area, Context, Input, run};
use diff_core::source::MemorySource;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let area = Area {
        source: Arc::new(MemorySource::new("fuzz", data.to_vec())),
        index: 0,
        start: 0,
        length: data.len() as u64,
    };
    let mut context = Context::new(&Limits::default());
    if let Ok(pickle) = run(&mut Input::new(area), &mut context) {
        assert!(pickle.end <= data.len() as u64);
    }
    for finding in context.into_findings() {
        assert!(!finding.message.chars().any(char::is_control));
    }
});
