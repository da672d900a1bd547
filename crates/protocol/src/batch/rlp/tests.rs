//! Tests of [`super`] on Ethereum's published RLP tests (`RLPTests`): strings and lists in any nesting, read and written
//! again. Every file of the folder is opened.

use alloc::{collections::BTreeMap, string::String};
use std::{fs, path::Path};

use alloy_primitives::{U256, hex};
use serde_json::Value;

use super::*;
use crate::published::path;

/// RLP of any form. Transactions have no such thing: their lists have fixed depths.
#[derive(Debug, PartialEq, Eq)]
enum Tree {
    String(Vec<u8>),
    List(Vec<Self>),
}

impl Tree {
    fn read(input: &mut &[u8]) -> Option<Self> {
        if let Some(payload) = string(&mut { *input }) {
            string(input)?;
            return Some(Self::String(payload.to_vec()));
        }
        let mut payload = list(input)?;
        let mut items = Vec::new();
        while !payload.is_empty() {
            items.push(Self::read(&mut payload)?);
        }
        Some(Self::List(items))
    }

    /// A whole input: one item and nothing behind it.
    fn decode(mut input: &[u8]) -> Option<Self> {
        let tree = Self::read(&mut input)?;
        input.is_empty().then_some(tree)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::String(payload) => {
                let before = out.len();
                put_string(out, payload);
                assert_eq!(out.len() - before, string_len(payload));
            }
            Self::List(items) => {
                let mut payload = Vec::new();
                items.iter().for_each(|item| item.encode(&mut payload));
                put_list_header(out, payload.len());
                out.extend(payload);
            }
        }
    }

    /// As the tests write it: text, numbers (large ones behind `#`), lists.
    fn from_json(value: &Value) -> Self {
        let number = |value: U256| Self::String(trim(&value.to_be_bytes::<32>()).to_vec());
        match value {
            Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            Value::Number(value) => number(U256::from(value.as_u64().unwrap())),
            Value::String(text) => match text.strip_prefix('#') {
                Some(digits) => Self::String(large(digits)),
                None => Self::String(text.as_bytes().to_vec()),
            },
            other => panic!("neither text, number nor list: {other}"),
        }
    }
}

/// A decimal number of any length, big-endian.
fn large(digits: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for digit in digits.bytes().map(|digit| u16::from(digit - b'0')) {
        let mut carry = digit;
        for byte in bytes.iter_mut().rev() {
            let value = u16::from(*byte) * 10 + carry;
            [.., *byte] = value.to_be_bytes();
            carry = value >> 8;
        }
        if carry > 0 {
            bytes.insert(0, u8::try_from(carry).unwrap());
        }
    }
    bytes
}

/// Whether it is valid.
fn check(name: &str, test: &Value) -> bool {
    let text = test["out"].as_str().unwrap();
    let bytes = hex::decode(text.strip_prefix("0x").unwrap_or(text)).unwrap();
    let decoded = Tree::decode(&bytes);
    if test["in"] == "INVALID" {
        assert_eq!(decoded, None, "{name}");
        return false;
    }
    let decoded = decoded.unwrap_or_else(|| panic!("{name} is valid"));
    // The random ones do not say what they hold.
    if test["in"] != "VALID" {
        assert_eq!(decoded, Tree::from_json(&test["in"]), "{name}");
    }
    let mut written = Vec::new();
    decoded.encode(&mut written);
    assert_eq!(written, bytes, "{name}");
    true
}

/// Valid and invalid tests of a folder, by file.
fn run(folder: &Path, report: &mut BTreeMap<String, [usize; 2]>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            run(&path, report);
            continue;
        }
        let tests: BTreeMap<String, Value> =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(!tests.is_empty(), "{} holds no test", path.display());
        let file = path.file_name().unwrap().to_str().unwrap();
        let counts = report.entry(file.into()).or_default();
        for (name, test) in &tests {
            counts[usize::from(!check(name, test))] += 1;
        }
    }
}

#[test]
fn published_rlp_tests() {
    let Some(folder) = path("ethereum-tests/RLPTests") else { return };
    let mut report = BTreeMap::new();
    run(&folder, &mut report);
    eprintln!("RLP tests, valid and invalid: {report:?}");
    assert!(!report.is_empty(), "no vector file in {}", folder.display());
}
