//! The `TrieTests` of ethereum/tests. Every file of the folder is opened; one that no rule here reads is a failure.
//!
//! Secure tries go through our trie and the oracle. Plain ones have keys of many lengths, which a state never has: they
//! check the oracle, and our trie where all keys are 32 bytes long.

use alloc::{collections::BTreeMap, string::String, vec::Vec};
use alloy_primitives::{B256, hex, keccak256};
use serde_json::Value;
use std::{fs, path::PathBuf};

use super::{Plain, oracle};

type Steps = Vec<(Vec<u8>, Option<Vec<u8>>)>;

fn folder() -> PathBuf {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let data = std::env::var_os("BRAID_VECTORS").map_or_else(default, PathBuf::from);
    data.join("ethereum-tests/TrieTests")
}

fn bytes(text: &str) -> Vec<u8> {
    match text.strip_prefix("0x") {
        Some(digits) => hex::decode(digits).unwrap(),
        None => text.as_bytes().to_vec(),
    }
}

/// A list has its order and may remove; an object has neither.
fn steps(input: &Value) -> Steps {
    let value = |value: &Value| value.as_str().map(bytes);
    match input {
        Value::Array(pairs) => {
            pairs.iter().map(|pair| (bytes(pair[0].as_str().unwrap()), value(&pair[1]))).collect()
        }
        Value::Object(pairs) => pairs.iter().map(|(key, item)| (bytes(key), value(item))).collect(),
        other => panic!("neither list nor object: {other}"),
    }
}

fn check_roots(name: &str, case: &Value, secure: bool) {
    let mut steps = steps(&case["in"]);
    if secure {
        steps.iter_mut().for_each(|(key, _)| *key = keccak256(&*key).to_vec());
    }
    let mut values = BTreeMap::new();
    for (key, value) in &steps {
        match value {
            Some(value) => values.insert(key.clone(), value.clone()),
            None => values.remove(key),
        };
    }
    let expected: B256 = case["root"].as_str().unwrap().parse().unwrap();
    assert_eq!(oracle::root(&oracle::pairs(&values)), expected, "the definition on {name}");

    let mut trie = Plain::new();
    let mut root = None;
    for (key, value) in steps {
        let Ok(key) = B256::try_from(key.as_slice()) else { return };
        root = Some(trie.apply(&BTreeMap::from([(key, value)])));
    }
    assert_eq!(root, Some(expected), "our trie on {name}");
}

/// The order of keys, which tries share with their bytes.
fn check_neighbours(case: &Value) {
    let keys = case["in"].as_array().unwrap().iter().map(|key| key.as_str().unwrap());
    let keys: BTreeMap<_, _> = keys.map(|key| (oracle::nibbles(key.as_bytes()), key)).collect();
    for test in case["tests"].as_array().unwrap() {
        let [of, before, after] = [0, 1, 2].map(|index| test[index].as_str().unwrap());
        let of = oracle::nibbles(of.as_bytes());
        let found = keys.range(..of.clone()).next_back().map_or("", |(_, key)| key);
        assert_eq!(found, before);
        let above = keys.iter().find(|(key, _)| **key > of).map_or("", |(_, key)| key);
        assert_eq!(above, after);
    }
}

#[test]
fn test_published_vectors() {
    let folder = folder();
    let Ok(entries) = fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no published trie vectors at {}", folder.display());
        return;
    };
    let (mut opened, mut cases) = (0, 0);
    for entry in entries {
        let path = entry.unwrap().path();
        let name: String = path.file_name().unwrap().to_string_lossy().into();
        let file: BTreeMap<String, Value> =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        opened += 1;
        for (case_name, case) in &file {
            cases += 1;
            if case.get("tests").is_some() {
                check_neighbours(case);
            } else {
                check_roots(
                    &alloc::format!("{name}: {case_name}"),
                    case,
                    name.to_lowercase().contains("secure"),
                );
            }
        }
    }
    assert!(opened > 0, "no vector file in {}", folder.display());
    assert!(cases >= opened, "every file has a case");
}
