//! The published conformance cases of Ethereum's JSON-RPC, run against our doors.
//!
//! ```text
//! genesis.json, chain.rlp ─▶ execute ─▶ import ─▶ index in Postgres ─▶ doors ◀── cases ◀── tests/*/*.io
//! ```
//! The chain was made by Ethereum's rules, fork by fork, and is executed with the EVM library's own handler; what is
//! tested is everything from the index on. The files are not in the repository: without them the tests say so.

mod cases;
mod changes;
mod execute;
mod import;
mod node;
mod shapes;

use std::path::PathBuf;

/// The folder of the cases, or `None` after a message if it is not there.
fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("BRAID_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("rpc-compat");
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: no conformance cases at {}; set BRAID_VECTORS", path.display());
    None
}
