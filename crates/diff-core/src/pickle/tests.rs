//! The machine against streams written by hand, one for each thing that naive readers get wrong.

use std::sync::Arc;

use super::{Area, Context, Id, Input, Pickle, Value, run};
use crate::error::{Code, Error};
use crate::finding::{Finding, Severity};
use crate::limits::Limits;
use crate::source::MemorySource;

fn area(stream: &[u8]) -> Area {
    Area {
        source: Arc::new(MemorySource::new("test", stream.to_vec())),
        index: 0,
        start: 0,
        length: stream.len() as u64,
    }
}

fn read(stream: &[u8]) -> (Result<Pickle, Error>, Vec<Finding>) {
    let mut context = Context::new(&Limits::default());
    let result = run(&mut Input::new(area(stream)), &mut context);
    (result, context.into_findings())
}

fn good(stream: &[u8]) -> Pickle {
    read(stream).0.unwrap_or_else(|e| panic!("{e}"))
}

fn code(stream: &[u8]) -> Code {
    match read(stream).0 {
        Ok(pickle) => panic!("read {:?}", pickle.values.get(pickle.root)),
        Err(error) => error.code(),
    }
}

fn items(pickle: &Pickle, id: Id) -> Vec<Id> {
    match pickle.values.sequence(id) {
        Some(items) => items.to_vec(),
        None => panic!("{:?} is no sequence", pickle.values.get(id)),
    }
}

#[test]
fn a_memo_slot_is_the_object_itself() {
    // x = {}; memo[0] = x; x['a'] = 1; (memo[0], x)
    let pickle = good(b"\x80\x02}q\x00U\x01aK\x01sh\x00\x86.");
    let pair = items(&pickle, pickle.root);
    assert_eq!(pair.first(), pair.get(1));
    assert!(
        matches!(pair.first().map(|id| pickle.values.get(*id)), Some(Value::Dict(pairs)) if pairs.len() == 1)
    );
}

#[test]
fn equal_keys_keep_the_place_of_the_first_and_the_value_of_the_last() {
    let pickle = good(b"(U\x01aK\x01U\x01bK\x02U\x01aK\x03d.");
    let Value::Dict(pairs) = pickle.values.get(pickle.root) else {
        panic!("no dictionary")
    };
    let values: Vec<_> = pairs
        .iter()
        .map(|(_, value)| pickle.values.integer(*value))
        .collect();
    assert_eq!(values, [Some(3), Some(2)]);
}

#[test]
fn integers_of_every_opcode() {
    let pickle = good(b"(K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x00\x8a\x01\x80\x8a\x02\xff\x00\x8b\x01\x00\x00\x00\x7fI-5\nL12L\nI01\nt.");
    let values: Vec<_> = items(&pickle, pickle.root)
        .iter()
        .map(|id| pickle.values.integer(*id))
        .collect();
    let wanted = [255, 65535, -1, 0, -128, 255, 127, -5, 12, 1].map(Some);
    assert_eq!(values, wanted);
    let long = good(b"\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01.");
    assert!(matches!(long.values.get(long.root), Value::Long(_)));
    assert_eq!(code(b"\x8b\xff\xff\xff\xff."), Code::InvalidHeader);
    assert_eq!(code(b"\x8b\xff\xff\xff\x7f."), Code::LimitExceeded);
}

#[test]
fn texts_of_every_opcode() {
    let pickle = good(b"(S'a\\x41\\n'\nV\\u00e9\xe9\nU\x01xT\x01\x00\x00\x00yX\x02\x00\x00\x00\xc3\xa9\x8c\x01zt.");
    let texts: Vec<&[u8]> = items(&pickle, pickle.root)
        .iter()
        .filter_map(|id| pickle.values.text(*id))
        .collect();
    let wanted: [&[u8]; 6] = [
        b"aA\n",
        "\u{e9}\u{e9}".as_bytes(),
        b"x",
        b"y",
        "\u{e9}".as_bytes(),
        b"z",
    ];
    assert_eq!(texts, wanted);
}

#[test]
fn floats_are_big_endian() {
    let pickle = good(b"(G\x3f\xf8\x00\x00\x00\x00\x00\x00F-2.5e3\nt.");
    let values: Vec<_> = items(&pickle, pickle.root)
        .iter()
        .map(|id| pickle.values.float(*id))
        .collect();
    assert_eq!(values, [Some(1.5), Some(-2500.0)]);
}

#[test]
fn calls_are_kept_and_never_made() {
    let (result, findings) = read(b"cos\nsystem\n(S'true'\ntR.");
    let pickle = result.unwrap_or_else(|e| panic!("{e}"));
    assert!(matches!(pickle.values.get(pickle.root), Value::Object(_)));
    let finding = findings.first().unwrap_or_else(|| panic!("no finding"));
    assert_eq!(
        (finding.code, finding.severity),
        ("GlobalDangerous", Severity::Critical)
    );
    assert_eq!(finding.offset, Some(21));
}

#[test]
fn a_call_is_seen_though_it_is_dropped_or_the_stream_breaks() {
    for stream in [
        &b"(cos\nsystem\nS'x'\no0N."[..],
        b"cos\nsystem\n(S'x'\ntR0N.",
        b"cos\nsystem\n(S'x'\ntRg7\n.",
        b"cos\nsystem\n(S'x'\ntR\xff",
        b"(S'x'\nios\nsystem\n.",
    ] {
        let (_, findings) = read(stream);
        assert!(
            findings.iter().any(|f| f.code == "GlobalDangerous"),
            "{stream:?}"
        );
    }
}

#[test]
fn broken_streams_have_their_codes() {
    assert_eq!(code(b""), Code::UnexpectedEof);
    assert_eq!(code(b"."), Code::PickleStack);
    assert_eq!(code(b"\xff."), Code::PickleBadOpcode);
    assert_eq!(code(b"h\x05."), Code::PickleMemo);
    assert_eq!(code(b"t."), Code::PickleStack);
    assert_eq!(code(b"(K\x01K\x02K\x03d."), Code::PickleStack);
    assert_eq!(code(b"N(\x85."), Code::PickleStack);
    assert_eq!(code(b"K\x01K\x02a."), Code::PickleStack);
    assert_eq!(code(b"K\x01K\x02\x93."), Code::PickleStack);
    assert_eq!(code(b"X\xff\xff\xff\xff."), Code::LimitExceeded);
    assert_eq!(code(b"B\xff\xff\xff\xff."), Code::UnexpectedEof);
    assert_eq!(code(b"\x80\x06N."), Code::UnsupportedVersion);
}

#[test]
fn a_far_memo_slot_takes_no_memory() {
    let pickle = good(b"Nr\xff\xff\xff\xffj\xff\xff\xff\xff.");
    assert!(matches!(pickle.values.get(pickle.root), Value::None));
}

#[test]
fn stop_is_where_it_is() {
    let pickle = good(b"\x80\x02K\x01.rest");
    assert_eq!(pickle.end, 5);
}

#[test]
fn a_pop_takes_the_mark_on_top() {
    let pickle = good(b"K\x01(0.");
    assert_eq!(pickle.values.integer(pickle.root), Some(1));
}

#[test]
fn frames_that_cut_opcodes_are_said() {
    let (result, findings) =
        read(b"\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00X\x01\x00\x00\x00a.");
    assert!(result.is_ok());
    assert!(findings.iter().any(|f| f.code == "PickleFrame"));
}
