//! A chain with a contract in it, and how many steps the machine takes for a block that calls the contract.

use std::{collections::BTreeMap, time::Instant};

use alloy_primitives::{Address, B256, U256, address};
use fault_proof::{
    commitment::Strides,
    vm::{Machine, Runner},
};
use protocol::GenesisAccount;
use transition::run;

use crate::{
    host::{Host, Known, Pins},
    l2::{config, parameters},
    tx::Act,
    vm::{pins, recorded},
    world::{Post, Round, World, publish},
};

/// The contract that is measured.
pub(crate) const MEASURED: Address = address!("00000000000000000000000000000000000000d0");
/// Of a block, so that what is measured is not what bounds it.
const BLOCK_GAS: u64 = 3_200_000_000;
const SEGMENT_GAS: u64 = 100_000_000;

/// Accounts that a scene has besides those of every history.
pub(crate) type Accounts = BTreeMap<Address, GenesisAccount>;

/// A block's run in the machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) steps: u64,
    pub(crate) gas: u64,
    pub(crate) seconds: f64,
    /// Of the commitment over its strides.
    pub(crate) strides_seconds: Option<f64>,
    /// What the contract left in slot 0.
    pub(crate) first: U256,
}

pub(crate) fn contract(code: Vec<u8>) -> GenesisAccount {
    GenesisAccount { nonce: 1, code: code.into(), ..GenesisAccount::default() }
}

/// Plays a chain of one block with these transactions, after L1 blocks with these postings, and runs the block's first segment;
/// a second time for the commitment over its strides, if one `commits`.
pub(crate) fn measure(
    machine: &Machine,
    accounts: &Accounts,
    acts: Vec<(usize, Act)>,
    before: Vec<(Post, bool)>,
    commits: bool,
) -> Cost {
    let known = Known::default();
    let posts = before.into_iter().chain([(Post::Honest(1), false)]).collect();
    let round = Round { l2: vec![acts], gap: 12, messages: vec![], posts };
    let with = |origin: &protocol::L1Origin| {
        let mut config = config(origin);
        config.genesis.alloc.extend(accounts.clone());
        config.genesis.gas_limit = BLOCK_GAS;
        config.genesis.system_config.gas_limit = BLOCK_GAS;
        config
    };
    let mut world = World::play_on(known, with, &[round]);
    let parameters = parameters(&world.config, SEGMENT_GAS);
    world.known.bytes(parameters.encode().into());
    let leaves = publish(&mut world, SEGMENT_GAS);
    let pins =
        pins(&world.l1, world.derived[1].cursor.l1_number, leaves[0][0], 0, parameters.hash());
    let block = &world.derived[1].block;
    let (steps, seconds) = steps(machine, &world.known, pins, leaves[1][0]);
    let strides_seconds = commits.then(|| strides(machine, &world.known, pins));
    let first =
        state::StateReader::storage(&block.state, &MEASURED, &U256::ZERO).expect("it is in memory");
    Cost { steps, gas: block.header.gas_used, seconds, strides_seconds, first }
}

fn steps(machine: &Machine, known: &Known, pins: Pins, leaf: B256) -> (u64, f64) {
    let host = Host::new(known, pins);
    let outcome = run(&host).expect("all is known");
    assert_eq!(outcome.leaf(), leaf, "{outcome:?}");
    let mut recorded = recorded(&host);
    let mut runner = Runner::new(machine.clone());
    let began = Instant::now();
    runner.run_to(1 << 38, &mut recorded).expect("all was recorded");
    let end = runner.machine();
    assert_eq!((end.exit, end.output), (Some(0), leaf), "after {} steps", end.step);
    (end.step, began.elapsed().as_secs_f64())
}

/// How long the commitment over the strides takes, the run that it is about among it.
fn strides(machine: &Machine, known: &Known, pins: Pins) -> f64 {
    let host = Host::new(known, pins);
    run(&host).expect("all is known");
    let mut recorded = recorded(&host);
    let began = Instant::now();
    Strides::new(machine.clone()).commit(&mut recorded).expect("all was recorded");
    began.elapsed().as_secs_f64()
}
