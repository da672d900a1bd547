//! What the style of this repository demands and a machine can check.

mod edges;
mod failure_modes;
mod files;
mod locks;
mod purity;

use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the root").to_owned()
}
