//! Runs a program and writes down its time, memory and page faults. A small process of its own, since a child's peak of
//! memory starts at that of its parent.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::output::Any;

/// `measure LIMIT REPORT PROGRAM [ARGUMENTS]`: ends the program after LIMIT seconds, and writes JSON to the file REPORT.
pub fn run(args: &[String]) -> Any<()> {
    let [limit, report, program, rest @ ..] = args else {
        return Err("measure LIMIT REPORT PROGRAM [ARGUMENTS]".into());
    };
    let limit = Duration::from_secs_f64(limit.parse()?);
    let start = Instant::now();
    let mut child = Command::new(program).args(rest).spawn()?;
    let (pid, ended) = (child.id(), AtomicBool::new(false));
    let (status, seconds, watched) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(pid, &ended, start + limit));
        let status = child.wait();
        let seconds = start.elapsed().as_secs_f64();
        ended.store(true, Ordering::Release);
        (status, seconds, watcher.join())
    });
    let (anonymous, timed_out) = watched.map_err(|_| "the watcher panicked")?;
    let usage = children_usage();
    let line = json!({
        "seconds": seconds,
        "status": status?.code(),
        "timed_out": timed_out,
        "peak_bytes": usage.peak_bytes,
        "peak_anonymous_bytes": anonymous,
        "minor_faults": usage.minor_faults,
        "major_faults": usage.major_faults,
    });
    Ok(std::fs::write(report, line.to_string())?)
}

/// The largest anonymous memory seen, looked at every 5 ms (Linux), and whether the program had to be ended.
fn watch(pid: u32, ended: &AtomicBool, deadline: Instant) -> (Option<u64>, bool) {
    let mut peak = None;
    while !ended.load(Ordering::Acquire) {
        peak = peak.max(anonymous_bytes(pid));
        if Instant::now() > deadline {
            kill(pid);
            return (peak, true);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    (peak, false)
}

fn anonymous_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// Nothing where the system does not tell.
#[derive(Default)]
struct Usage {
    peak_bytes: Option<u64>,
    minor_faults: Option<u64>,
    major_faults: Option<u64>,
}

#[cfg(unix)]
fn kill(pid: u32) {
    // SAFETY: a plain system call. The child has not been waited for, so the number is still its own.
    unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) };
}

#[cfg(unix)]
fn children_usage() -> Usage {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is a valid place for the answer, and zeroed bytes are a valid value of it.
    let usage = unsafe {
        libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr());
        usage.assume_init()
    };
    // macOS counts bytes, the others KiB.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Usage {
        peak_bytes: Some(usage.ru_maxrss.cast_unsigned() * unit),
        minor_faults: Some(usage.ru_minflt.cast_unsigned()),
        major_faults: Some(usage.ru_majflt.cast_unsigned()),
    }
}

#[cfg(not(unix))]
fn kill(_: u32) {}

#[cfg(not(unix))]
fn children_usage() -> Usage {
    Usage::default()
}
