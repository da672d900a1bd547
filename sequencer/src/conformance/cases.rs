//! Runs every case, and compares as the suite's own runner does.
//!
//! Objects need the same keys, numbers the same value; error texts do not count, codes and data do. An answer to a case
//! that is `speconly` must fit the method's schema. What is known not to pass is in `skip.txt`, each with its reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Value, json};

use super::{folder, import::import, node::serve};

/// Cases that must pass, in percent of all.
const PASSED_PERCENT_MIN: usize = 95;

/// `method/name # reason`, one a line.
const SKIPPED: &str = include_str!("skip.txt");

/// One exchange.
struct Case {
    name: String,
    is_schema_enough: bool,
    /// Requests with the answers that are wanted.
    exchanges: Vec<(String, Value)>,
}

#[tokio::test(flavor = "multi_thread")]
async fn published_cases_pass() {
    let Some(folder) = folder() else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let node = serve(import(&folder)).await;
    let url = format!("http://{}/", node.address);
    let mut schemas = ResultSchemas::read(&folder.join("openrpc.json"));
    let skipped = skipped();
    let (mut passed, mut failed, mut skips) = (0, BTreeMap::new(), BTreeSet::new());
    let cases = cases(&folder.join("tests"));
    assert!(!cases.is_empty(), "no case in {}", folder.display());
    for case in &cases {
        let found = run(&url, case, &mut schemas).await;
        match (found, skipped.contains_key(case.name.as_str())) {
            (Ok(()), false) => passed += 1,
            (Ok(()), true) => {
                failed.insert(&case.name, "is in skip.txt, but passes".to_owned());
            }
            (Err(_), true) => {
                skips.insert(&case.name);
            }
            (Err(why), false) => {
                failed.insert(&case.name, why);
            }
        }
    }
    let count = cases.len();
    eprintln!("conformance: {passed} of {count} cases pass, {} are skipped", skips.len());
    for name in &skips {
        eprintln!("skipped {name}: {}", skipped[name.as_str()]);
    }
    for (name, why) in &failed {
        eprintln!("FAILED {name}: {why}");
    }
    assert!(failed.is_empty(), "{} cases fail without being in skip.txt", failed.len());
    assert!(passed * 100 >= count * PASSED_PERCENT_MIN, "only {passed} of {count} pass");
}

fn skipped() -> BTreeMap<&'static str, &'static str> {
    let lines = SKIPPED.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| {
            let (name, reason) = line.split_once('#').expect("a reason behind `#`");
            assert!(!reason.trim().is_empty(), "{name} is skipped without a reason");
            (name.trim(), reason.trim())
        })
        .collect()
}

/// All cases under a folder, by name.
fn cases(folder: &Path) -> Vec<Case> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let mut entries: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries
    };
    let files = list(folder).into_iter().filter(|path| path.is_dir()).flat_map(|path| list(&path));
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "io"));
    files.map(|path| read(folder, &path)).collect()
}

fn read(folder: &Path, path: &Path) -> Case {
    let name = path.strip_prefix(folder).unwrap().with_extension("").display().to_string();
    let text = fs::read_to_string(path).unwrap();
    let mut case = Case { name, is_schema_enough: false, exchanges: Vec::new() };
    let mut request = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(comment) = line.strip_prefix("//") {
            case.is_schema_enough |= comment.trim().starts_with("speconly:");
        } else if let Some(sent) = line.strip_prefix(">>") {
            request = Some(sent.trim().to_owned());
        } else if let Some(wanted) = line.strip_prefix("<<") {
            let wanted = serde_json::from_str(wanted).unwrap();
            case.exchanges.push((request.take().expect("a request before its answer"), wanted));
        } else {
            panic!("{}: what is this line? {line}", case.name);
        }
    }
    assert!(request.is_none() && !case.exchanges.is_empty(), "{} is incomplete", case.name);
    case
}

async fn run(url: &str, case: &Case, schemas: &mut ResultSchemas) -> Result<(), String> {
    let client = reqwest::Client::new();
    for (request, wanted) in &case.exchanges {
        let post = client.post(url).header("content-type", "application/json");
        let answer = post.body(request.clone()).send().await.unwrap().text().await.unwrap();
        let got: Value = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        if case.is_schema_enough && got.get("error").is_none() {
            let request: Value = serde_json::from_str(request).unwrap();
            schemas.check(request["method"].as_str().unwrap(), &got["result"])?;
        } else {
            let mut problems = Vec::new();
            compare("$", &got, wanted, &mut problems);
            if !problems.is_empty() {
                problems.truncate(4);
                return Err(problems.join("; "));
            }
        }
    }
    Ok(())
}

fn compare(path: &str, got: &Value, wanted: &Value, problems: &mut Vec<String>) {
    match (got, wanted) {
        (Value::Object(got), Value::Object(wanted)) => {
            let is_error = path.ends_with(".error");
            let keys: BTreeSet<_> = got.keys().chain(wanted.keys()).collect();
            for key in keys {
                let path = format!("{path}.{key}");
                match (got.get(key), wanted.get(key)) {
                    (Some(_), Some(_)) if is_error && key == "message" => {}
                    (Some(got), Some(wanted)) => compare(&path, got, wanted, problems),
                    (Some(got), None) => problems.push(format!("{path}: extra {}", short(got))),
                    (None, Some(wanted)) => {
                        problems.push(format!("{path}: missing {}", short(wanted)));
                    }
                    (None, None) => {}
                }
            }
        }
        (Value::Array(got), Value::Array(wanted)) => {
            if got.len() != wanted.len() {
                problems.push(format!("{path}: {} elements, not {}", got.len(), wanted.len()));
            }
            for (index, (got, wanted)) in got.iter().zip(wanted).enumerate() {
                compare(&format!("{path}[{index}]"), got, wanted, problems);
            }
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => {}
        (got, wanted) if got == wanted => {}
        (got, wanted) => problems.push(format!("{path}: {}, not {}", short(got), short(wanted))),
    }
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(160).collect()
}

/// What results of each method look like.
pub(super) struct ResultSchemas {
    document: Value,
    schemas: Schemas,
    compiled: BTreeMap<String, SchemaIndex>,
}

impl ResultSchemas {
    pub(super) fn read(path: &Path) -> Self {
        let document = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        Self { document, schemas: Schemas::new(), compiled: BTreeMap::new() }
    }

    pub(super) fn check(&mut self, method: &str, result: &Value) -> Result<(), String> {
        let index = match self.compiled.get(method) {
            Some(index) => *index,
            None => {
                let index = self.compile(method)?;
                self.compiled.insert(method.to_owned(), index);
                index
            }
        };
        self.schemas.validate(result, index).map_err(|error| error.to_string())
    }

    fn compile(&mut self, method: &str) -> Result<SchemaIndex, String> {
        let methods = self.document["methods"].as_array().unwrap();
        let found = methods.iter().find(|known| known["name"] == method);
        let found = found.ok_or_else(|| format!("no schema for {method}"))?;
        let schema = json!({
            "allOf": [found["result"]["schema"]],
            "components": self.document["components"],
        });
        let place = format!("http://schemas/{method}.json");
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V7);
        compiler.add_resource(&place, schema).map_err(|error| error.to_string())?;
        compiler.compile(&place, &mut self.schemas).map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn comparison_ignores_texts_of_errors_alone() {
    let problems = |got: Value, wanted: Value| {
        let mut problems = Vec::new();
        compare("$", &got, &wanted, &mut problems);
        problems.len()
    };
    let error = |code: i32, message: &str| json!({ "error": { "code": code, "message": message } });
    assert_eq!(problems(error(3, "a"), error(3, "b")), 0);
    assert_eq!(problems(json!([error(3, "a")]), json!([error(3, "b")])), 0);
    assert_eq!(problems(error(3, "a"), error(4, "a")), 1);
    assert_eq!(problems(json!({ "message": "a" }), json!({ "message": "b" })), 1);
    assert_eq!(problems(json!({ "a": 1, "b": 2 }), json!({ "a": 1.0 })), 1);
    assert_eq!(problems(json!([1]), json!([1, 2])), 1);
    assert_eq!(problems(json!({ "a": null }), json!({})), 1);
}
