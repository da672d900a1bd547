//! The page of failure modes names tests that exist, for every mode at least one that has the mode's name.

use std::{collections::BTreeSet, fs};

use super::root;

const PAGE: &str = "docs/spec/failure-modes.md";
const MODES: usize = 16;

/// A mode as the page has it.
struct Mode {
    title: String,
    /// Files and the names of tests in them.
    tests: Vec<(String, String)>,
}

/// What is between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn modes(page: &str) -> Vec<Mode> {
    let mut modes: Vec<Mode> = Vec::new();
    let mut file = String::new();
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            let (number, title) = heading.split_once(". ").expect("a heading has a number");
            let expected = (modes.len() + 1).to_string();
            assert_eq!(number, expected, "headings are numbered as the modes are");
            modes.push(Mode { title: title.to_owned(), tests: Vec::new() });
        } else if line.starts_with("- ") {
            let mode = modes.last_mut().expect("tests stand under a mode");
            for name in quoted(line) {
                if name.contains('/') {
                    file = name.to_owned();
                } else {
                    mode.tests.push((file.clone(), name.to_owned()));
                }
            }
        }
    }
    modes
}

/// Whether a file has a test of this name that runs.
fn has_test(text: &str, file: &str, name: &str) -> bool {
    if file.ends_with(".sol") {
        return text.contains(&format!("function {name}("));
    }
    let Some(at) = text.find(&format!("fn {name}(")) else { return false };
    // Attributes and comments stand above it, without an empty line or the end of another item between.
    let above = text[..at].rsplit("\n\n").next().unwrap_or_default();
    above.contains("test") && above.contains("#[") && !above.contains("#[ignore")
}

/// Letters and digits alone, so that a name is the same in every language's spelling.
fn bare(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[test]
fn every_failure_mode_has_a_test_that_is_named_after_it() {
    let page = fs::read_to_string(root().join(PAGE)).expect("the page is there");
    let modes = modes(&page);
    assert_eq!(modes.len(), MODES);
    let mut named = BTreeSet::new();
    for Mode { title, tests } in &modes {
        assert!(!tests.is_empty(), "{title} has no test");
        for (file, test) in tests {
            let text = fs::read_to_string(root().join(file));
            let text = text.unwrap_or_else(|error| panic!("{PAGE} names {file}: {error}"));
            assert!(has_test(&text, file, test), "{file} has no test {test}, which {PAGE} names");
            if bare(&format!("{file}{test}")).contains(&bare(title)) {
                named.insert(title);
            }
        }
    }
    let unnamed: Vec<_> = modes.iter().filter(|mode| !named.contains(&mode.title)).collect();
    assert!(unnamed.is_empty(), "no test is named after {:?}", unnamed.first().map(|m| &m.title));
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    let rust = "use x;\n\n/// Why.\n#[test]\nfn here() {}\n\n#[test]\n#[ignore]\nfn asleep() {}\n\nfn helper() {}\n";
    for (name, expected) in
        [("here", true), ("asleep", false), ("helper", false), ("gone", false), ("her", false)]
    {
        assert_eq!(has_test(rust, "a.rs", name), expected, "{name}");
    }
    let found = modes("## 1. One\n\n- a: `a/b.rs` `c`, `d`; `e/f.sol` `g`\n");
    let expected = [("a/b.rs", "c"), ("a/b.rs", "d"), ("e/f.sol", "g")];
    assert_eq!(found[0].tests, expected.map(|(file, test)| (file.to_owned(), test.to_owned())));
}
