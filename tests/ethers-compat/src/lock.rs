//! What must stay out of the dependencies: a test over `Cargo.lock`, in which every optional crate that some
//! feature turns on would show.

const LOCK: &str = include_str!("../Cargo.lock");

/// Each of these comes with ethers-providers, or with TLS, which nothing here needs.
const ABSENT: &[&str] = &[
    "aws-lc-sys",
    "ethers-providers",
    "fxhash",
    "h2",
    "hyper",
    "instant",
    "jsonwebtoken",
    "native-tls",
    "openssl-sys",
    "reqwest",
    "ring",
    "rustls",
    "tokio",
];

fn packages() -> impl Iterator<Item = &'static str> {
    LOCK.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

#[test]
fn vulnerable_and_old_crates_are_absent() {
    assert!(packages().any(|name| name == "ethers-contract"), "this is not our lock file");
    let found: Vec<_> = packages().filter(|name| ABSENT.contains(name)).collect();
    assert!(found.is_empty(), "the lock file has {found:?}");
}

#[test]
fn no_crate_of_ours() {
    let ours: Vec<_> = LOCK
        .split("[[package]]")
        .filter(|package| package.contains("name = ") && !package.contains("source = "))
        .collect();
    assert_eq!(ours.len(), 1, "only the binary itself has no registry: {ours:?}");
}
