//! Steps of the segment's program on the run of a true segment, taken by the contract on an L1: some of them all along, and
//! host calls of every kind, with elements of blobs that are proven by their commitments.

use std::collections::BTreeMap;

use ::l1::{
    Kzg,
    anvil::{Anvil, AnvilOptions},
};
use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, address},
    providers::{DynProvider, Provider, ProviderBuilder},
    rpc::types::TransactionRequest,
};
use bindings::Step;
use fault_proof::{
    commitment::STRIDE_STEPS,
    vm::{Machine, NotRecorded, Openings, Progress, Runner},
};
use transition::Outcome;
use verifier::{Segment, first_machine};

use crate::{
    host::Known,
    segments::{Scene, block_on},
    tx::{Act, P256_SIGNATURE, call_precompile},
    world::{Post, Round, World},
};

/// Anvil's first account.
const SENDER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
/// Samples along a run.
const SAMPLES: u64 = 150;
/// Calls of each kind that are compared.
const CALLS: usize = 8;

/// The hash that L1 gives a blob.
pub(crate) fn versioned_hash(blob: &[u8]) -> B256 {
    let bytes = Bytes::copy_from_slice(blob);
    // Elsewhere than on the runtime that plays the world.
    let hashing = std::thread::spawn(|| {
        let kzg = Kzg::start_lazily().unwrap();
        block_on(kzg.versioned_hashes(vec![bytes])).unwrap()
    });
    hashing.join().unwrap()[0]
}

/// The contract, on an L1 of its own.
pub(crate) struct Contract {
    step: Step::StepInstance<DynProvider>,
    _anvil: Anvil,
}

impl Contract {
    pub(crate) async fn start() -> Self {
        // Fails only if another test of this process was first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let anvil = Anvil::spawn(AnvilOptions::default()).await.unwrap();
        let provider = ProviderBuilder::new().connect(&anvil.url()).await.unwrap().erased();
        let create = TransactionRequest::default()
            .with_from(SENDER)
            .with_deploy_code(Step::BYTECODE.clone());
        let receipt = provider.send_transaction(create).await.unwrap().get_receipt().await;
        let at = receipt.unwrap().contract_address.unwrap();
        Self { step: Step::new(at, provider), _anvil: anvil }
    }

    /// Lets both make the machine's next step.
    pub(crate) async fn check(
        &self,
        segment: &Segment,
        machine: &mut Machine,
        host: &mut impl Openings<Error = NotRecorded>,
    ) {
        let (state, step) = (machine.hash(), machine.step);
        let proof = match machine.proof(host) {
            Ok(proof) => proof,
            // Elements of blobs are opened when they are asked for.
            Err(_) => segment.step_proof(step / STRIDE_STEPS, step % STRIDE_STEPS).await.unwrap(),
        };
        machine.proceed(host).unwrap();
        let next = self.step.step(state, proof.into(), segment.locals().to_vec()).call().await;
        assert_eq!(next.unwrap(), machine.hash(), "step {step}");
    }
}

/// Some steps all along the run.
async fn check_samples(contract: &Contract, segment: &Segment) -> u64 {
    let mut host = segment.host();
    let mut runner = Runner::new(first_machine());
    runner.run_to(u64::MAX, &mut host).unwrap();
    let steps = runner.machine().step;
    let mut runner = Runner::new(first_machine());
    loop {
        let step = runner.machine().step;
        // Gaps of different lengths, so that no loop of the program is met at the same place every time.
        runner.run_to(step + steps / SAMPLES + step % 97, &mut host).unwrap();
        let mut machine = runner.into_machine();
        if machine.exit.is_some() {
            return steps;
        }
        contract.check(segment, &mut machine, &mut host).await;
        runner = Runner::new(machine);
    }
}

/// Host calls by their number and the type of the key; the last step, which ends the run, among them.
async fn check_calls(contract: &Contract, segment: &Segment) -> BTreeMap<(u64, u8), usize> {
    let (mut machine, mut host) = (first_machine(), segment.host());
    let mut calls = BTreeMap::new();
    loop {
        match machine.advance() {
            Progress::Stepped => {}
            Progress::Ended => return calls,
            Progress::Calls => {
                let number = machine.register(17);
                let key = machine.memory.read::<32>(machine.register(10));
                let kind = if number == 1 { key.unwrap()[0] } else { 0 };
                let count = calls.entry((number, kind)).or_default();
                *count += 1;
                if *count <= CALLS {
                    contract.check(segment, &mut machine, &mut host).await;
                } else {
                    machine.proceed(&mut host).unwrap();
                }
            }
        }
    }
}

/// A block whose batch is in a blob.
pub(crate) fn world_in_a_blob() -> World {
    let transfers = (0..6).map(|to| Act::Transfer(to, 1));
    // A signature that is right, a proof that is none, a sum.
    let calls = [(0x100, &P256_SIGNATURE[..]), (0x0a, &[0; 192]), (0x0b, &[0; 256])];
    let calls = calls.map(|(address, input)| call_precompile(address, input));
    let acts = transfers.chain(calls).map(|act| (0, act)).collect();
    let posts = vec![(Post::Honest(9), true)];
    let rounds = [Round { l2: vec![acts], gap: 12, messages: Vec::new(), posts }];
    let mut known = Known::default();
    known.versioned_hash = Some(versioned_hash);
    World::play_with(known, &rounds)
}

#[test]
fn the_contract_takes_the_steps_of_a_segment() {
    let world = world_in_a_blob();
    let l1_number = world.l1.number() + 1;
    block_on(async {
        let scene = Scene::new(world, transition::SEGMENT_GAS).await;
        let segment = scene.segment(scene.leaves[0][0], 0, l1_number).await;
        assert!(
            matches!(segment.outcome(), Outcome::Claim(_)) && segment.leaf() == scene.leaves[1][0]
        );
        let contract = Contract::start().await;
        let calls = check_calls(&contract, &segment).await;
        let kinds: Vec<_> = calls.keys().copied().collect();
        // Local inputs, preimages, elements of blobs and results of precompiles; hashes, signers, the output and the end.
        let expected = [(1, 1), (1, 2), (1, 5), (1, 6), (2, 0), (3, 0), (4, 0), (93, 0)];
        assert_eq!(kinds, expected, "{calls:?}");
        // 33 bytes of the signature, 129 of the sum, one of the failure.
        assert_eq!(calls[&(1, 6)], CALLS);
        assert!(check_samples(&contract, &segment).await > STRIDE_STEPS);
    });
}
