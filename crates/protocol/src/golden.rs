//! Golden vectors in `testdata/`: committed bytes that other implementations (Solidity, tools) compare with.
//! `BRAID_BLESS=1 cargo nextest run -p protocol` writes them anew after a deliberate change.

use std::path::PathBuf;

use serde_json::Value;

/// Compares with a file of `testdata/`, or writes it when blessing.
pub(crate) fn check(name: &str, actual: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    if std::env::var_os("BRAID_BLESS").is_some() {
        let text = serde_json::to_string_pretty(actual).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let expected: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(actual, &expected, "{name} differs; BRAID_BLESS=1 writes it anew");
}
