//! What runs in the machine of a dispute is made of the same crates as what runs outside it.

use std::{collections::BTreeSet, fs};

use super::root;

/// Names and versions in a lock file.
fn packages(path: &str) -> BTreeSet<(String, String)> {
    let text = fs::read_to_string(root().join(path)).expect("lock files are committed");
    let lock: toml::Table = text.parse().expect("valid TOML");
    let packages = lock["package"].as_array().expect("a list");
    let field =
        |package: &toml::Value, name: &str| package[name].as_str().expect("text").to_owned();
    packages.iter().map(|package| (field(package, "name"), field(package, "version"))).collect()
}

#[test]
fn the_programs_of_the_machine_use_no_other_versions() {
    let ours = packages("Cargo.lock");
    let theirs = packages("program/Cargo.lock");
    assert!(theirs.len() > 20, "found only {} packages", theirs.len());
    let members = ["guest", "exercise", "segment"];
    for (name, version) in theirs.difference(&ours) {
        assert!(members.contains(&name.as_str()), "{name} {version} is not in the other lock file");
    }
}
