//! The allocator of the process, and how long it keeps what is free.
//!
//! Blocks stay in memory for a while and leave in lumps, so much of it is free for some seconds and then wanted again. Given back
//! to the system in between, every page is cleared anew: under load that costs an eighth of the throughput.

use std::{env, os::unix::process::CommandExt, process::Command};

/// Many small allocations from many threads: the system's allocator costs a tenth of the throughput.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Milliseconds for which free memory is kept.
const KEPT_VARIABLE: &str = "MIMALLOC_PURGE_DELAY";
const KEPT_MILLIS: &str = "30000";

/// Lets the process keep free memory for [`KEPT_MILLIS`], unless its environment says otherwise. The allocator reads its settings
/// before anything else runs, so the process begins again as itself, once. Where that is not possible it goes on as it is: slower
/// under load, nothing else.
pub(crate) fn keep_memory() {
    if env::var_os(KEPT_VARIABLE).is_some() {
        return;
    }
    let Ok(own) = env::current_exe() else { return };
    let mut arguments = env::args_os();
    let mut command = Command::new(own);
    command.env(KEPT_VARIABLE, KEPT_MILLIS);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Returns only where it failed.
    let _ = command.args(arguments).exec();
}
