//! Every source file says on its first line what it is, and none grows without a reason.

use std::{fs, process::Command};

use super::root;

const LINES_MAX: usize = 400;

/// Files that are longer, each with its reason.
const LONG: &[(&str, &str)] = &[];

fn tracked(pattern: &str) -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "--", pattern])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files: Vec<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    files.into_iter().filter(|file| root().join(file).exists()).collect()
}

#[test]
fn rust_files_open_with_what_they_are() {
    let files = tracked("*.rs");
    assert!(files.len() > 20, "found only {} files", files.len());
    for file in files {
        let text = fs::read_to_string(root().join(&file)).expect("tracked files are readable");
        assert!(text.starts_with("//!"), "{file} does not say what it is on its first line");
    }
}

#[test]
fn files_stay_short() {
    for file in tracked("*.rs").into_iter().chain(tracked("*.sol")) {
        let text = fs::read_to_string(root().join(&file)).expect("tracked files are readable");
        let lines = text.lines().count();
        let listed = LONG.iter().any(|(name, reason)| *name == file && !reason.is_empty());
        if listed {
            assert!(lines > LINES_MAX, "{file} is short again: take it off the list");
        } else {
            assert!(lines <= LINES_MAX, "{file} has {lines} lines: is there a second noun in it?");
        }
    }
}

/// Where code may be unsafe: whoever wants to know what could break the memory of this program reads these.
const UNSAFE: &[&str] = &["crates/lanes/src/", "crates/state/src/keccak/lanes.rs"];

#[test]
fn what_is_unsafe_is_in_few_places() {
    // Spelled apart, so that this file does not have it. What runs in the machine of disputes is another workspace.
    let lint = ["unsafe", "_code"].concat();
    let with_lint = |file: &String| {
        let text = fs::read_to_string(root().join(file)).expect("tracked files are readable");
        !file.starts_with("program/") && text.contains(&lint)
    };
    let files: Vec<String> = tracked("*.rs").into_iter().filter(with_lint).collect();
    for file in &files {
        assert!(UNSAFE.iter().any(|place| file.starts_with(place)), "{file} allows unsafe code");
    }
    for place in UNSAFE {
        assert!(files.iter().any(|file| file.starts_with(place)), "nothing in {place} is unsafe");
    }
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let here = root().canonicalize().expect("the root exists");
    let here = format!("{}/", here.parent().expect("a checkout lies somewhere").display());
    // A checkout right below / would be named by every absolute path.
    if here == "//" {
        return;
    }
    for file in tracked("*") {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        assert!(!text.contains(&here), "{file} names {here}");
    }
}
