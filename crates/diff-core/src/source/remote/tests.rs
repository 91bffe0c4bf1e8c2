//! A carrier that has its files in memory and answers on threads of its own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::*;
use crate::observe::Observer;

/// One file of `size` bytes, each of which tells its place.
#[derive(Debug)]
struct InMemory {
    size: u64,
    asked: Arc<Mutex<Vec<Wanted>>>,
    /// Answers nothing while it is set, but interruptions.
    is_silent: Arc<AtomicBool>,
    interruptions: Arc<AtomicUsize>,
    waiting: Mutex<Vec<Arc<Answer>>>,
}

fn byte(place: u64) -> u8 {
    (place % 251) as u8
}

impl Carrier for InMemory {
    fn fetch(&self, wanted: Wanted, answer: Arc<Answer>) {
        locked(&self.asked).push(wanted.clone());
        if self.is_silent.load(Ordering::Relaxed) {
            locked(&self.waiting).push(answer);
            return;
        }
        let size = self.size;
        thread::spawn(move || {
            let end = size.min(wanted.offset + wanted.length);
            let bytes: Vec<u8> = (wanted.offset..end).map(byte).collect();
            for piece in bytes.chunks(1 << 16) {
                assert!(answer.write(piece));
            }
            answer.finish(FileFacts {
                size,
                version: Some("\"a\"".into()),
                is_whole: false,
            });
        });
    }

    fn interrupt(&self) {
        self.interruptions.fetch_add(1, Ordering::Relaxed);
        for answer in locked(&self.waiting).drain(..) {
            answer.fail(Error::new(Code::Cancelled, "cancelled"));
        }
    }

    fn is_fetching_thread(&self) -> bool {
        thread::current().name() == Some("fetching")
    }
}

struct Server {
    remote: Arc<Remote>,
    asked: Arc<Mutex<Vec<Wanted>>>,
    is_silent: Arc<AtomicBool>,
    interruptions: Arc<AtomicUsize>,
}

fn serve(size: u64) -> Server {
    let asked: Arc<Mutex<Vec<Wanted>>> = Arc::default();
    let is_silent: Arc<AtomicBool> = Arc::default();
    let interruptions: Arc<AtomicUsize> = Arc::default();
    let carrier = InMemory {
        size,
        asked: Arc::clone(&asked),
        is_silent: Arc::clone(&is_silent),
        interruptions: Arc::clone(&interruptions),
        waiting: Mutex::default(),
    };
    let root = Root::unlisted(PathBuf::from("http://host"));
    let remote = Arc::new(Remote::new(Box::new(carrier), vec![root]));
    Server {
        remote,
        asked,
        is_silent,
        interruptions,
    }
}

const FILE: &str = "http://host/file";

fn check(source: &dyn Source, offset: u64, length: usize) {
    let bytes = source.read(offset, length).unwrap();
    assert!(
        (offset..)
            .zip(&bytes)
            .all(|(place, got)| byte(place) == *got)
    );
    assert_eq!(bytes.len(), length);
}

#[test]
fn the_first_answer_opens_and_serves_the_beginning() {
    let server = serve(1 << 20);
    let source = server.remote.open(Path::new(FILE)).unwrap();
    assert_eq!(source.size(), 1 << 20);
    check(&*source, 0, 1000);
    check(&*source, HEAD - 10, 10);
    server.remote.open(Path::new(FILE)).unwrap();
    assert_eq!(locked(&server.asked).len(), 1);
    assert_eq!(
        source.read(1 << 20, 1).unwrap_err().code(),
        Code::UnexpectedEof
    );
    assert_eq!(
        source.read(u64::MAX, 1).unwrap_err().code(),
        Code::UnexpectedEof
    );
}

#[test]
fn what_is_announced_is_fetched_once_and_nothing_else() {
    let size = 40 << 20;
    let server = serve(size);
    let source = server.remote.open(Path::new(FILE)).unwrap();
    let (first, second) = (HEAD - 5..17 << 20, 30 << 20..31 << 20);
    source.announce(&mut vec![second.clone(), first.clone()]);
    thread::scope(|scope| {
        for part in 0..4 {
            let source = &source;
            let first = first.clone();
            scope.spawn(move || {
                for at in (first.start..first.end - 1000)
                    .step_by(1 << 18)
                    .skip(part)
                    .step_by(4)
                {
                    check(&**source, at, 1000);
                }
            });
        }
    });
    check(&*source, second.start, 1 << 20);
    let mut ranges: Vec<(u64, u64)> = locked(&server.asked)
        .iter()
        .map(|wanted| (wanted.offset, wanted.offset + wanted.length))
        .collect();
    ranges.sort_unstable();
    assert!(
        ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0),
        "{ranges:?}"
    );
    let fetched: u64 = ranges.iter().map(|(from, to)| to - from).sum();
    assert_eq!(fetched, first.end + (1 << 20));
}

#[test]
fn reading_on_without_a_plan_takes_ever_longer_requests() {
    let server = serve(64 << 20);
    let source = server.remote.open(Path::new(FILE)).unwrap();
    for at in (0..32 << 20).step_by(1 << 15) {
        check(&*source, at, 1 << 15);
    }
    let asked = locked(&server.asked).len();
    assert!(asked < 20, "{asked} requests");
}

#[test]
fn what_is_kept_has_a_bound() {
    let server = serve(600 << 20);
    let source = server.remote.open(Path::new(FILE)).unwrap();
    source.announce(&mut Vec::from([0..300 << 20, 300 << 20..600 << 20]));
    let mut most = 0;
    for at in (0..600 << 20).step_by(4 << 20) {
        check(&*source, at, 1);
        most = most.max(server.remote.windows.bytes());
    }
    assert!(most > windows::KEPT / 2 && most <= windows::KEPT, "{most}");
}

#[test]
fn a_cancelled_thread_leaves_and_another_job_asks_again() {
    let server = serve(8 << 20);
    let source = server.remote.open(Path::new(FILE)).unwrap();
    server.is_silent.store(true, Ordering::Relaxed);
    let (mine, other) = (Observer::default(), Observer::default());
    thread::scope(|scope| {
        let cancelled = scope.spawn(|| mine.while_watched(|| source.read(1 << 20, 10)));
        let kept = scope.spawn(|| other.while_watched(|| source.read(2 << 20, 10)));
        while locked(&server.asked).len() < 3 {
            thread::sleep(Duration::from_millis(5));
        }
        server.is_silent.store(false, Ordering::Relaxed);
        mine.cancel();
        assert_eq!(
            cancelled.join().unwrap().unwrap_err().code(),
            Code::Cancelled
        );
        assert_eq!(kept.join().unwrap().unwrap()[0], byte(2 << 20));
    });
    assert!(server.interruptions.load(Ordering::Relaxed) > 0);
}

#[test]
fn the_thread_that_fetches_never_waits_for_itself() {
    let server = serve(8 << 20);
    let source = server.remote.open(Path::new(FILE)).unwrap();
    server.is_silent.store(true, Ordering::Relaxed);
    let read = thread::Builder::new()
        .name("fetching".into())
        .spawn(move || {
            (
                source.read(0, 10).map(drop),
                source.read(1 << 20, 10).map(drop),
            )
        })
        .unwrap();
    let (held, absent) = read.join().unwrap();
    held.unwrap();
    assert_eq!(absent.unwrap_err().code(), Code::Argument);
}

#[test]
fn more_bytes_than_were_asked_for_are_not_taken() {
    let answer = Answer::new(10, true);
    assert!(answer.write(&[0; 10]));
    assert!(!answer.write(&[0]));
    answer.fail(Error::new(Code::Network, "x"));
    assert!(!answer.write(&[]));
}

#[test]
fn files_that_will_be_opened_are_asked_for_at_once_but_not_all() {
    let server = serve(1000);
    let paths: Vec<PathBuf> = (0..100)
        .map(|number| PathBuf::from(format!("http://host/{number}")))
        .collect();
    server
        .remote
        .will_open(paths.iter().map(|path| (path.clone(), 0)).collect());
    assert_eq!(locked(&server.asked).len(), OPENED_AHEAD);
    for path in &paths {
        server.remote.open(path).unwrap();
    }
    assert_eq!(locked(&server.asked).len(), 100);
}
