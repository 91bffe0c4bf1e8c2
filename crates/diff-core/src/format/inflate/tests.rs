//! Records that many threads read at once.

use std::io::Write;

use super::*;
use crate::source::CountedSource;

fn record(content: &[u8], memory: u64) -> (Inflated, Arc<CountedSource>) {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    let packed = encoder.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(content);
    let source = Arc::new(CountedSource::new(packed));
    let payload = Area {
        source: Arc::clone(&source) as Arc<dyn Source>,
        index: 0,
        start: 0,
        length: source.size(),
    };
    let record = Inflated {
        payload,
        size: content.len() as u64,
        crc: crc.sum(),
        name: "w".to_owned(),
        number: 0,
        pool: Pool::new(memory),
        whole: Once::default(),
    };
    (record, source)
}

fn content() -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 26) as u8
    };
    (0..9_000_001).map(|_| next()).collect()
}

/// Bytes of a header, which opening has read.
const HEADER: usize = 100;

/// Threads that take units from one queue, each in pieces, as a run does of what lies behind the header.
fn read_by(threads: usize, record: &Inflated, content: &[u8]) {
    const UNIT: usize = 1 << 20;
    const PIECE: usize = 300_000;
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let unit = next.fetch_add(1, Ordering::Relaxed) as usize;
                    let first = HEADER + unit * UNIT;
                    let end = content.len().min(first + UNIT);
                    if first >= end {
                        return;
                    }
                    for start in (first..end).step_by(PIECE) {
                        let length = PIECE.min(end - start);
                        let mut buffer = Vec::new();
                        let found = record.bytes(start as u64, length, &mut buffer).unwrap();
                        assert!(found == &content[start..start + length], "{start}");
                    }
                }
            });
        }
    });
}

#[test]
fn a_record_is_inflated_once_whatever_the_threads() {
    let content = content();
    for threads in 1..=8 {
        let (record, source) = record(&content, 1 << 30);
        // What opening reads of it is not read again.
        record.bytes(0, 100, &mut Vec::new()).unwrap();
        read_by(threads, &record, &content[..]);
        let read = source.bytes_read();
        let size = source.size();
        // The first bytes were read twice.
        assert!(
            read <= size + (128 << 10),
            "{threads} threads: {read} of {size}"
        );
        assert_eq!(record.pool.ahead.load(Ordering::Relaxed), AHEAD);
        assert!(record.pool.streams().len() <= 1);
    }
}

#[test]
fn without_room_every_thread_gets_its_bytes_too() {
    let content = content();
    for threads in [1, 3, 8] {
        let (record, _) = record(&content, 0);
        read_by(threads, &record, &content);
    }
}

#[test]
fn a_record_can_be_read_again_and_backwards() {
    let content = content();
    let (record, source) = record(&content, 1 << 30);
    read_by(2, &record, &content);
    read_by(2, &record, &content);
    for start in (0..content.len()).step_by(3_000_000).rev() {
        let length = 1000.min(content.len() - start);
        let mut buffer = Vec::new();
        let found = record.bytes(start as u64, length, &mut buffer).unwrap();
        assert!(found == &content[start..start + length]);
    }
    assert!(source.bytes_read() < 6 * source.size());
    assert!(record.make_seekable().unwrap());
}
