//! Contracts to deploy in tests: the artifacts that npm packages publish.

use std::path::PathBuf;

use alloy::primitives::Bytes;
use eyre::{Result, WrapErr, eyre};
use serde_json::Value;

/// A file of the contracts folder.
pub fn contracts(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../contracts").join(path)
}

/// The creation code of a published npm artifact.
///
/// # Errors
/// When the package is not installed, or the artifact has no code.
pub fn published_code(path: &str) -> Result<Bytes> {
    let path = contracts("node_modules").join(path);
    let text = std::fs::read_to_string(&path).wrap_err_with(|| path.display().to_string())?;
    let artifact: Value = serde_json::from_str(&text)?;
    let code = artifact["bytecode"].as_str().ok_or_else(|| eyre!("no bytecode"))?;
    Ok(format!("0x{}", code.trim_start_matches("0x")).parse()?)
}
