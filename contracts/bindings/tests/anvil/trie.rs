//! The verifier of trie proofs that the Portal uses, against alloy-trie's: both take the same proofs, and none that is false.
//!
//! Two differences are known, and both are on the safe side:
//! - A node that is embedded in its parent may stand behind it once more (clients send it so). alloy-trie refuses that; it
//!   must take the proof without the copies, so the same value is proven.
//! - Where the nodes are not those of any trie, because what hashes to the root is damaged, the verifiers differ in what they
//!   look at, and alloy-trie panics at a path that is too long. No chain commits to such a root, so the test only counts.

mod claims;
mod tries;

use std::{panic, path::Path, process::Command};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, Bytes},
    providers::Provider,
    rpc::types::TransactionRequest,
    sol,
};
use alloy_trie::{Nibbles, proof::verify_proof};
use rand::{Rng, SeedableRng, rngs::StdRng};

use self::{
    claims::{Claim, about},
    tries::Trie,
};
use crate::node::Anvil;

const TRIES: usize = 60;
const CLAIMS_PER_CALL: usize = 100;
const NODE_BYTES_EMBEDDED_MAX: usize = 31;

sol! {
    #[sol(rpc)]
    contract TrieProofs {
        struct Claim {
            bytes32 root;
            bytes32 key;
            bytes value;
            bytes[] proof;
        }
        function proven(Claim[] calldata claims) external view returns (bytes memory verdicts);
    }
}

/// `BRAID_SEED` repeats a run.
#[tokio::test]
async fn proofs_are_taken_exactly_when_alloy_takes_them() {
    let seed = seed();
    let mut dice = StdRng::seed_from_u64(seed);
    let anvil = Anvil::start(&["--gas-limit", "30000000000"]).await;
    let verifier = TrieProofs::new(deployed(&anvil).await, &anvil.provider);
    let mut seen = Seen::default();
    for _ in 0..TRIES {
        let trie = Trie::random(&mut dice);
        let claims = about(&trie, &mut dice);
        for claims in claims.chunks(CLAIMS_PER_CALL) {
            let asked = claims.iter().map(asked).collect();
            let verdicts = verifier.proven(asked).call().await.expect("the harness answers");
            assert_eq!(verdicts.len(), claims.len());
            for (claim, verdict) in claims.iter().zip(&verdicts) {
                seen.take(&trie, claim, *verdict == 1);
            }
        }
    }
    seen.is_worth_it();
}

/// What the claims were like.
#[derive(Debug, Default)]
struct Seen {
    claims: usize,
    proven: usize,
    /// Proven by both once copies of embedded nodes were left out.
    with_copies: usize,
    /// Of nodes that are no trie's.
    damaged_roots: usize,
    only_here: usize,
    only_in_alloy: usize,
    /// Nodes by length, where the rule changes: 31, 32 and 33 bytes.
    lengths: [usize; 3],
}

impl Seen {
    fn take(&mut self, trie: &Trie, claim: &Claim, here: bool) {
        self.claims += 1;
        self.proven += usize::from(here);
        for node in &claim.proof {
            if let Some(index) = node.len().checked_sub(31).filter(|index| *index < 3) {
                self.lengths[index] += 1;
            }
        }
        if claim.root != trie.root {
            let in_alloy = in_alloy_if_it_answers(claim);
            self.damaged_roots += 1;
            self.only_here += usize::from(here && !in_alloy);
            self.only_in_alloy += usize::from(in_alloy && !here);
            return;
        }
        if here {
            assert_eq!(trie.slots.get(&claim.key), Some(&claim.value), "false: {claim:?}");
        }
        if here == in_alloy(claim, &claim.proof) {
            return;
        }
        assert!(here, "only alloy takes {claim:?}");
        let is_copy = |node: &Bytes| node.len() <= NODE_BYTES_EMBEDDED_MAX;
        let without: Vec<_> = claim.proof.iter().filter(|node| !is_copy(node)).cloned().collect();
        assert!(in_alloy_without(claim, &without), "only taken here: {claim:?}");
        self.with_copies += 1;
    }

    /// The test has met all that it is about.
    #[expect(clippy::print_stderr, reason = "what a run was like")]
    fn is_worth_it(&self) {
        eprintln!("{self:?}");
        assert!(self.claims > 5_000, "few claims");
        assert!(self.proven > 500 && self.with_copies > 50 && self.damaged_roots > 500);
        assert!(self.lengths.iter().all(|count| *count > 0));
    }
}

fn in_alloy_without(claim: &Claim, proof: &[Bytes]) -> bool {
    proof.len() < claim.proof.len() && in_alloy(claim, proof)
}

fn in_alloy(claim: &Claim, proof: &[Bytes]) -> bool {
    verify_proof(claim.root, Nibbles::unpack(claim.key), Some(claim.value.to_vec()), proof).is_ok()
}

/// A panic takes nothing.
fn in_alloy_if_it_answers(claim: &Claim) -> bool {
    panic::catch_unwind(|| in_alloy(claim, &claim.proof)).unwrap_or(false)
}

fn asked(claim: &Claim) -> TrieProofs::Claim {
    TrieProofs::Claim {
        root: claim.root,
        key: claim.key,
        value: claim.value.clone(),
        proof: claim.proof.clone(),
    }
}

#[expect(clippy::print_stderr, reason = "what repeats a failed run")]
fn seed() -> u64 {
    let given = std::env::var("BRAID_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| rand::rng().random());
    eprintln!("BRAID_SEED={seed}");
    seed
}

/// Compiles the harness, which is no contract of a chain and so has no artifact.
async fn deployed(anvil: &Anvil) -> Address {
    let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let installed = contracts.join("node_modules/@foundry-rs/forge-linux-amd64/bin/forge");
    let forge = std::env::var_os("FORGE").map_or(installed, Into::into);
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trie-proofs");
    let built = Command::new(forge)
        .args(["build", "test/fixtures/TrieProofs.sol", "--out"])
        .arg(&out)
        .arg("--cache-path")
        .arg(out.join("cache"))
        .current_dir(contracts)
        .output()
        .expect("forge runs: `npm ci` in contracts/ installs it");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let artifact = std::fs::read(out.join("TrieProofs.sol/TrieProofs.json")).expect("it was built");
    let artifact: serde_json::Value = serde_json::from_slice(&artifact).expect("JSON");
    let code = artifact["bytecode"]["object"].as_str().expect("bytecode");
    let code: Bytes = code.parse().expect("hexadecimal");
    let request = TransactionRequest::default().with_deploy_code(code);
    let sent = anvil.provider.send_transaction(request).await.expect("anvil takes it");
    let receipt = sent.get_receipt().await.expect("it is mined");
    receipt.contract_address.expect("a contract was made")
}
