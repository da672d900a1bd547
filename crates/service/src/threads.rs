//! What each kind of thread has computed so far, as the system counts it: the cost of a stage without measuring inside it.
//!
//! Threads are grouped by name without the number at its end, so that all workers of a pool are one figure. What a thread has
//! used is lost with it, which the process's own figure shows.

use std::{collections::BTreeMap, fs};

use metrics::{describe_gauge, gauge};

/// Where Linux tells of the threads of this process.
const TASKS: &str = "/proc/self/task";

pub(crate) fn describe() {
    describe_gauge!(
        "braid_process_threads_cpu_seconds",
        "CPU time of living threads by name, without the numbers at its end"
    );
    describe_gauge!("braid_process_cpu_seconds", "CPU time of the process, ended threads included");
}

/// Reads all and sets the gauges. Nothing happens where the system does not tell.
pub(crate) fn measure() {
    for (name, seconds) in by_name() {
        gauge!("braid_process_threads_cpu_seconds", "thread" => name).set(seconds);
    }
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    gauge!("braid_process_cpu_seconds").set(time.tv_sec as f64 + time.tv_nsec as f64 / 1e9);
}

/// CPU seconds of living threads, by name. A thread that ends meanwhile is left out.
fn by_name() -> BTreeMap<String, f64> {
    let mut seconds = BTreeMap::new();
    let Ok(tasks) = fs::read_dir(TASKS) else { return seconds };
    for task in tasks.flatten() {
        let path = task.path();
        let (Ok(name), Ok(stat)) =
            (fs::read_to_string(path.join("comm")), fs::read_to_string(path.join("schedstat")))
        else {
            continue;
        };
        // The first number is the time on a processor, in nanoseconds.
        let nanos = stat.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok());
        let Some(nanos) = nanos else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
        let own = nanos as f64 / 1e9;
        *seconds.entry(kind(name.trim()).to_owned()).or_default() += own;
    }
    seconds
}

/// A name without the number at its end: `pool-3` is one of a pool, and `l1` is a name.
fn kind(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((kind, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => kind,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_at_the_end_are_left_out() {
        assert_eq!(kind("braid-admit-12"), "braid-admit");
        assert_eq!(kind("braid-io"), "braid-io");
        assert_eq!(kind("l1"), "l1");
        assert_eq!(kind("7"), "7");
    }

    #[test]
    fn what_a_thread_computes_is_counted() {
        let (started, starts) = std::sync::mpsc::channel();
        let (end, ends) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("braid-busy-3".to_owned())
            .spawn(move || {
                let mut sum = 0_u64;
                let began = std::time::Instant::now();
                while began.elapsed() < std::time::Duration::from_millis(30) {
                    sum = std::hint::black_box(sum.wrapping_add(1));
                }
                started.send(sum).unwrap();
                let _closed = ends.recv();
            })
            .unwrap();
        assert!(starts.recv().unwrap() > 0);
        let seconds = by_name();
        // Only Linux tells.
        if !seconds.is_empty() {
            assert!(seconds["braid-busy"] > 0.0, "{seconds:?}");
        }
        drop(end);
        thread.join().unwrap();
    }
}
