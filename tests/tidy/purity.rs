//! The core does no I/O: none of the crates that do may stand anywhere below it.

use std::process::Command;

use super::root;

const CORE: [&str; 9] = [
    "protocol",
    "state",
    "executor",
    "derivation",
    "transition",
    "fault-proof",
    "dispute",
    "lanes",
    "recovery",
];
const EDGE: [&str; 7] = ["tokio", "sqlx", "reqwest", "hyper", "axum", "tonic", "jsonrpsee"];

#[test]
fn the_core_reaches_no_edge() {
    for core in CORE {
        // `cargo metadata` would unify features over the whole workspace and show edges that are not there.
        let output = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--edges=normal",
                "--prefix=none",
                "--format={p}",
                "-p",
                core,
            ])
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tree = String::from_utf8_lossy(&output.stdout);
        assert!(tree.lines().count() > 3, "an empty tree proves nothing:\n{tree}");
        for line in tree.lines() {
            let name = line.split(' ').next().unwrap_or_default();
            assert!(!EDGE.contains(&name), "{core} depends on {name}");
        }
    }
}
