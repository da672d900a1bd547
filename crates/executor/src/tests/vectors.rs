//! Where published test vectors lie. They are not in the repository: without them a test says loudly that it did not run.

use std::path::PathBuf;

use alloy_primitives::U256;
use serde_json::Value;

/// The path of a vector file or folder, or `None` after a message if it is not there.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BRAID_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!(
        "SKIPPED: {} is not there; set BRAID_VECTORS to the folder that has it",
        path.display()
    );
    None
}

/// A number, or a string with one in decimal or in hex behind `0x`.
pub(crate) fn number(value: &Value) -> U256 {
    match value {
        Value::Number(number) => U256::from(number.as_u64().expect("fits 64 bits")),
        Value::String(text) if text == "0x" => U256::ZERO,
        Value::String(text) => text.parse().expect("a number"),
        _ => U256::ZERO,
    }
}

/// The same, where it fits 64 bits.
pub(crate) fn small(value: &Value) -> u64 {
    number(value).to()
}

/// A string parsed as whatever type is asked for.
pub(crate) fn text<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().expect("a string").parse().expect("well formed")
}
