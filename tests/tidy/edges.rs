//! Dependencies between our crates point one way: the table below is all there may be.

use std::{collections::BTreeSet, fs};

use super::root;

/// Folder of a crate, and the crates of ours that it may use outside its own tests.
const ALLOWED: &[(&str, &[&str])] = &[
    ("crates/protocol", &[]),
    ("contracts/bindings", &[]),
    ("proto", &[]),
    ("crates/service", &[]),
    ("crates/lanes", &[]),
    ("crates/recovery", &["protocol", "lanes"]),
    ("crates/state", &["protocol"]),
    ("crates/derivation", &["protocol"]),
    ("crates/fault-proof", &[]),
    ("crates/bench", &["proto", "bindings"]),
    ("crates/dispute", &["fault-proof"]),
    ("crates/transition", &["protocol", "state", "executor", "derivation"]),
    ("crates/executor", &["protocol", "state", "lanes"]),
    ("crates/db", &["protocol", "state", "lanes"]),
    ("crates/l1", &["protocol", "derivation", "service", "bindings"]),
    ("crates/outbox", &["db", "l1"]),
    ("batcher", &["protocol", "derivation", "db", "l1", "outbox", "service", "proto", "bindings"]),
    (
        "sequencer",
        &[
            "protocol",
            "state",
            "executor",
            "derivation",
            "lanes",
            "recovery",
            "db",
            "l1",
            "service",
            "proto",
            "bindings",
        ],
    ),
    (
        "verifier",
        &[
            "protocol",
            "state",
            "recovery",
            "executor",
            "derivation",
            "transition",
            "fault-proof",
            "dispute",
            "db",
            "l1",
            "outbox",
            "service",
            "proto",
            "bindings",
        ],
    ),
    (
        "cli",
        &[
            "protocol",
            "state",
            "executor",
            "derivation",
            "transition",
            "dispute",
            "db",
            "l1",
            "service",
            "proto",
            "bindings",
            "sequencer",
            "batcher",
            "verifier",
            "bench",
        ],
    ),
    (
        "tests",
        &[
            "protocol",
            "state",
            "executor",
            "derivation",
            "db",
            "l1",
            "service",
            "proto",
            "bindings",
            "sequencer",
            "batcher",
            "verifier",
            "cli",
            "bench",
        ],
    ),
];

fn manifest(folder: &str) -> toml::Table {
    let path = root().join(folder).join("Cargo.toml");
    fs::read_to_string(&path).expect("every member has a manifest").parse().expect("valid TOML")
}

#[test]
fn every_member_is_in_the_table() {
    let workspace = manifest("");
    let members: BTreeSet<&str> = workspace["workspace"]["members"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(members, known);
}

#[test]
fn no_edge_outside_the_table() {
    let ours: BTreeSet<&str> =
        ALLOWED.iter().map(|(folder, _)| folder.rsplit('/').next().unwrap_or(folder)).collect();
    for (folder, allowed) in ALLOWED {
        let manifest = manifest(folder);
        let Some(dependencies) = manifest.get("dependencies").and_then(toml::Value::as_table)
        else {
            continue;
        };
        for name in dependencies.keys().filter(|name| ours.contains(name.as_str())) {
            assert!(allowed.contains(&name.as_str()), "{folder} must not use {name}");
        }
    }
}
