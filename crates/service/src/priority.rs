//! Threads whose work can wait: for the proofs of a batch there are minutes, for an acknowledgement there are milliseconds.

use rustix::{process::setpriority_process, thread::gettid};

/// A priority far below the usual one: beside one thread of that it gets a thirtieth of a processor, and all of an idle one.
/// Not the lowest, so that it goes on where others never rest.
const NICE: i32 = 15;

/// Lets the calling thread have little more of a processor than those of usual priority leave. It cannot be taken back.
///
/// On Linux alone a priority is a thread's; elsewhere, and where the system refuses, nothing changes.
pub fn lower_priority() {
    if cfg!(target_os = "linux")
        && let Err(error) = setpriority_process(Some(gettid()), NICE)
    {
        tracing::debug!(%error, "the priority of a thread stays as it is");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::getpriority_process;

    use super::*;

    #[test]
    fn a_thread_yields_and_others_do_not() {
        let nice = || getpriority_process(Some(gettid())).unwrap();
        let before = nice();
        let lowered = std::thread::spawn(move || {
            lower_priority();
            getpriority_process(Some(gettid())).unwrap()
        });
        assert_eq!(lowered.join().unwrap(), NICE);
        assert_eq!(nice(), before);
    }
}
