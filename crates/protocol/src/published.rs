//! Where published test vectors lie. They are not in the repository: without them a test says loudly that it did not run.

use alloc::{string::String, vec::Vec};
use std::{fs::File, io::Read, path::PathBuf};

use flate2::read::GzDecoder;

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

/// Every file of an archive, with its path in it. Folders are no files.
pub(crate) fn archive(name: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = tar::Archive::new(GzDecoder::new(File::open(path(name)?).unwrap()));
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        files.push((entry.path().unwrap().to_str().unwrap().into(), bytes));
    }
    Some(files)
}
