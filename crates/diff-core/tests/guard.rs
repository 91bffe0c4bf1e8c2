//! Mapped files that others cut short, beside a host program that has its own SIGBUS handler, installed as C programs do.
//! Each role runs in a process of its own with a time limit: a fault that is never settled would run for ever.
#![cfg(target_os = "linux")]

use std::ffi::c_void;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diff_core::Code;
use diff_core::source::{FileSource, Source};

const BYTES: usize = 8 << 20;
/// What the host's handler ends the process with at a fault.
const HOSTS_OWN: i32 = 42;

static CALLS: AtomicU32 = AtomicU32::new(0);

extern "C" fn with_info(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    CALLS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the kernel passes a valid `siginfo_t` to an SA_SIGINFO handler.
    if unsafe { (*info).si_code } > 0 {
        // SAFETY: ends the process at once, which is allowed in a handler.
        unsafe { libc::_exit(HOSTS_OWN) }
    }
}

extern "C" fn plain(_: libc::c_int) {
    if CALLS.fetch_add(1, Ordering::SeqCst) == 1 {
        // SAFETY: ends the process at once, which is allowed in a handler.
        unsafe { libc::_exit(HOSTS_OWN) }
    }
}

fn install(handler: usize, flags: libc::c_int) {
    // SAFETY: zeroed bytes are a valid `sigaction`; the handler is a function of the type that the flags tell, or SIG_IGN.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        assert_eq!(
            libc::sigaction(libc::SIGBUS, &raw const action, ptr::null_mut()),
            0
        );
    }
}

fn send() {
    // SAFETY: sends a signal to this thread.
    unsafe { libc::raise(libc::SIGBUS) };
}

fn file(name: &str) -> PathBuf {
    let name = format!("model-diff-guard-{}-{name}", std::process::id());
    let path = std::env::temp_dir().join(name);
    fs::write(&path, vec![1u8; BYTES]).unwrap();
    path
}

fn sum(source: &FileSource) -> diff_core::Result<u64> {
    let mut buffer = Vec::new();
    let bytes = source.bytes(0, BYTES, &mut buffer)?;
    Ok(bytes.iter().map(|byte| u64::from(*byte)).sum())
}

fn cut(path: &Path) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(4096)
        .unwrap();
}

fn is_mapped(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    fs::read_to_string("/proc/self/maps")
        .unwrap()
        .contains(&*name)
}

/// Reads a file through its map, cuts it, and reads it again.
fn survives_a_cut(name: &str) {
    let path = file(name);
    let source = FileSource::open(&path).unwrap();
    assert_eq!(sum(&source).unwrap(), BYTES as u64);
    assert!(is_mapped(&path));
    source.verify().unwrap();
    cut(&path);
    assert_eq!(sum(&source).unwrap(), 4096);
    let error = source.verify().unwrap_err();
    assert_eq!(error.code(), Code::FileChanged);
    assert!(error.to_string().contains(name), "{error}");
    drop(source);
    fs::remove_file(path).unwrap();
}

/// Pages that the system cannot give while nothing about the file has changed, as where a disk fails. Simulated by a file that is short
/// while it is read, and the same again, with its time, when it is looked at.
fn survives_a_failing_disk(name: &str) {
    let path = file(name);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let source = FileSource::open(&path).unwrap();
    let mut buffer = Vec::new();
    assert_eq!(source.bytes(0, 1, &mut buffer).unwrap(), [1]);
    assert!(is_mapped(&path));
    cut(&path);
    // A page that no fault brought in before: the system has read ahead of the first one.
    assert_eq!(sum(&source).unwrap(), 4096);
    let opened = File::options().write(true).open(&path).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&opened, &vec![1u8; BYTES], 0).unwrap();
    opened.set_modified(modified).unwrap();
    for _ in 0..2 {
        let error = source.verify().unwrap_err();
        assert_eq!(error.code(), Code::Io, "{error}");
        assert_eq!(error.byte_offset(), Some(4096), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(error.hint_text().unwrap().contains("disk"), "{error}");
    }
    // What is read from now on is read from the file; what was read before is not trusted for that.
    assert!(source.view(0, BYTES).is_none());
    assert_eq!(sum(&source).unwrap(), BYTES as u64);
    assert_eq!(source.verify().unwrap_err().code(), Code::Io);
    let again = FileSource::open(&path).unwrap();
    assert_eq!(sum(&again).unwrap(), BYTES as u64);
    again.verify().unwrap();
    // A file that has changed is told as such, whatever its map has been through.
    cut(&path);
    assert_eq!(source.verify().unwrap_err().code(), Code::FileChanged);
    fs::remove_file(&path).unwrap();
    assert_eq!(source.verify().unwrap_err().code(), Code::FileChanged);
}

/// A fault in a map that is not ours.
fn fault() {
    let path = file("foreign");
    let opened = File::open(&path).unwrap();
    // SAFETY: a new private map of an open file; that it faults below is what is wanted.
    let byte = unsafe {
        let map = libc::mmap(
            ptr::null_mut(),
            BYTES,
            libc::PROT_READ,
            libc::MAP_PRIVATE,
            std::os::fd::AsRawFd::as_raw_fd(&opened),
            0,
        );
        assert_ne!(map, libc::MAP_FAILED);
        cut(&path);
        fs::remove_file(&path).unwrap();
        map.cast::<u8>().add(BYTES - 1).read_volatile()
    };
    unreachable!("read {byte} behind the end of a file");
}

#[test]
#[ignore = "a role that the other tests start in a process of its own"]
fn role() {
    let role = std::env::var("GUARD_ROLE").expect("GUARD_ROLE names the role");
    match role.as_str() {
        "no handler, foreign fault" => {
            // Rust's own runtime has a handler, which tells overflows of the stack.
            install(libc::SIG_DFL, 0);
            survives_a_cut("cut");
            fault();
        }
        "no handler, signal" => {
            install(libc::SIG_DFL, 0);
            survives_a_cut("cut");
            send();
        }
        "Rust's handler, foreign fault" => {
            survives_a_cut("cut");
            fault();
        }
        "ignored, signal" => {
            install(libc::SIG_IGN, 0);
            survives_a_cut("cut");
            send();
            survives_a_cut("after the signal");
        }
        "a failing disk" => survives_a_failing_disk("failing"),
        "before" => {
            install(with_info as *const () as usize, libc::SA_SIGINFO);
            survives_a_cut("cut");
            assert_eq!(CALLS.load(Ordering::SeqCst), 0);
            send();
            assert_eq!(CALLS.load(Ordering::SeqCst), 1);
            survives_a_cut("after the signal");
            fault();
        }
        "before, of the older type" => {
            install(plain as *const () as usize, 0);
            survives_a_cut("cut");
            send();
            assert_eq!(CALLS.load(Ordering::SeqCst), 1);
            survives_a_cut("after the signal");
            fault();
        }
        "after" => {
            let (first, second) = (file("first"), file("second"));
            let source = FileSource::open(&first).unwrap();
            assert_eq!(sum(&source).unwrap(), BYTES as u64);
            assert!(is_mapped(&first));
            install(plain as *const () as usize, 0);
            // What is mapped already is read instead: a fault would be the host's, and never end.
            cut(&first);
            assert_eq!(sum(&source).unwrap_err().code(), Code::FileChanged);
            assert!(source.view(0, BYTES).is_none());
            let other = FileSource::open(&second).unwrap();
            assert_eq!(sum(&other).unwrap(), BYTES as u64);
            assert!(!is_mapped(&second));
            assert_eq!(CALLS.load(Ordering::SeqCst), 0);
            send();
            assert_eq!(CALLS.load(Ordering::SeqCst), 1);
            fs::remove_file(first).unwrap();
            fs::remove_file(second).unwrap();
        }
        "threads" => std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    (0..20).for_each(|turn| survives_a_cut(&format!("{thread}-{turn}")));
                });
            }
        }),
        role => unreachable!("no such role: {role}"),
    }
}

/// What a process in this role ends with.
fn play(role: &str) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "role", "--ignored", "--nocapture"])
        .env("GUARD_ROLE", role)
        .env("MODEL_DIFF_IO", "mmap")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{role:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_foreign_fault_and_a_signal_end_the_process_as_without_us() {
    assert_eq!(
        play("no handler, foreign fault").signal(),
        Some(libc::SIGBUS)
    );
    assert_eq!(play("no handler, signal").signal(), Some(libc::SIGBUS));
    assert_eq!(
        play("Rust's handler, foreign fault").signal(),
        Some(libc::SIGBUS)
    );
    assert_eq!(play("ignored, signal").code(), Some(0));
}

#[test]
fn a_handler_that_was_there_before_is_called_for_what_is_not_ours() {
    assert_eq!(play("before").code(), Some(HOSTS_OWN));
    assert_eq!(play("before, of the older type").code(), Some(HOSTS_OWN));
}

#[test]
fn a_handler_that_comes_later_stays_and_files_are_read() {
    assert_eq!(play("after").code(), Some(0));
}

#[test]
fn a_disk_that_fails_is_not_a_file_that_changed() {
    assert_eq!(play("a failing disk").code(), Some(0));
}

#[test]
fn many_files_are_cut_at_once() {
    assert_eq!(play("threads").code(), Some(0));
}
