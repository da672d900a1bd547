//! Random blocks: executed at once or piece by piece, with or without the transactions that are skipped, the result is
//! the same; the stored state has the live root; and no wei is lost or made but by deposits and burning.

use alloy_primitives::{Address, Bytes, TxKind, U256, address};
use proptest::{collection::vec, prelude::*};
use protocol::BlockInputs;
use state::{Overlay, StateDiff};

use crate::{
    Evm, ExecuteError, ExecutedBlock, RecoveredTransaction, forced_transactions, seal,
    testing::{
        BASE_FEE, CHAIN_ID, ETHER, GAS_LIMIT, Peek, World, asm, supply,
        tx::{Key, Tx, deposit},
    },
};
use alloy_primitives::B256;

pub(super) const COUNTER: Address = address!("0000000000000000000000000000000000c00073");
pub(super) const FACTORY: Address = address!("0000000000000000000000000000000000000fac");
pub(super) const REVERTER: Address = address!("00000000000000000000000000000000004e7e47");
pub(super) const KEYS: u64 = 4;

/// One transaction to make, from what the state is when its turn comes.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub from: u64,
    pub to: u64,
    pub kind: Kind,
    pub amount: u64,
    pub tip: u64,
    /// Makes the nonce wrong.
    pub skew: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Transfer,
    Count,
    Create,
    Kill,
    Revert,
    Deploy,
    Delegate,
    WrongChain,
    TooDear,
}

pub(super) fn action() -> impl Strategy<Value = Action> {
    use Kind::{Count, Create, Delegate, Deploy, Kill, Revert, TooDear, Transfer, WrongChain};
    let kind = prop_oneof![
        4 => Just(Transfer), 3 => Just(Count), 2 => Just(Create), 2 => Just(Kill), 1 => Just(Revert),
        1 => Just(Deploy), 1 => Just(Delegate), 1 => Just(WrongChain), 1 => Just(TooDear),
    ];
    let skew = prop_oneof![9 => Just(0u64), 1 => 1u64..3];
    (0..KEYS, 0..KEYS, kind, 0u64..1_000, 0u64..50, skew).prop_map(
        |(from, to, kind, amount, tip, skew)| Action { from, to, kind, amount, tip, skew },
    )
}

/// Users with keys, a counter that logs, a factory of contracts that die, and one that always reverts.
pub(super) fn world() -> World {
    let mut world = World::new();
    for number in 0..KEYS {
        world.fund(Key::new(number).address(), ETHER / U256::from(100));
    }
    world.contract(
        COUNTER,
        "PUSH0 SLOAD 1 ADD DUP1 PUSH0 SSTORE CALLVALUE DUP2 SSTORE PUSH0 MSTORE 32 PUSH0 LOG0",
    );
    world.contract(REVERTER, "1 PUSH0 SSTORE PUSH0 PUSH0 REVERT");
    let runtime =
        asm::assemble("CALLDATASIZE @kill JUMPI STOP kill: PUSH0 CALLDATALOAD SELFDESTRUCT");
    let initcode = asm::deployer(&runtime);
    let create = asm::create2(&initcode, "CALLVALUE");
    let again = asm::create2(&initcode, "PUSH0");
    let (kill, pay) = (asm::call("DUP6", "PUSH0", 32), asm::call("DUP6", "CALLVALUE", 0));
    let heir = Key::new(0).address();
    world.contract(FACTORY, &format!(
        "CALLDATASIZE @kill JUMPI {create} POP STOP kill: {again} {heir} PUSH0 MSTORE {kill} POP {pay} POP"
    ));
    world
}

/// The raw transaction of an action on the current state.
pub(super) fn make(action: &Action, nonce: u64, authority_nonce: u64, base_fee: u64) -> Bytes {
    let key = Key::new(action.from);
    let other = Key::new(action.to);
    let nonce = nonce + action.skew;
    let max_fee = u128::from(base_fee + 20);
    let call = |to| Tx::call(key.address(), nonce, to).value(action.amount);
    let tx = match action.kind {
        Kind::Transfer => call(other.address()).gas(50_000),
        Kind::Count => call(COUNTER).gas(20_000 + action.amount * 100),
        Kind::Create => call(FACTORY),
        Kind::Kill => call(FACTORY).input(vec![1]),
        Kind::Revert => call(REVERTER),
        Kind::Deploy => Tx::create(key.address(), nonce, asm::deployer(&asm::assemble("STOP"))),
        Kind::Delegate => {
            let tx = call(COUNTER).fee(max_fee, 0);
            return tx.sign_set_code(&key, vec![other.authorize(COUNTER, authority_nonce)]);
        }
        Kind::WrongChain => call(COUNTER).chain(CHAIN_ID + 1),
        Kind::TooDear => call(COUNTER).value(ETHER),
    };
    tx.fee(max_fee, core::cmp::min(u128::from(action.tip), max_fee)).sign(&key)
}

/// Executes the actions one by one, taking a diff after every few, and writes down what was sent.
fn piecewise(
    world: &World,
    actions: &[Action],
    piece: usize,
    inputs: &mut BlockInputs,
) -> (ExecutedBlock, StateDiff, Vec<Bytes>) {
    let mut block = world.executor();
    let (mut merged, mut included) = (StateDiff::default(), Vec::new());
    for tx in forced_transactions(&inputs.opening, &inputs.deposits) {
        block.execute(&tx).unwrap();
    }
    for (index, action) in actions.iter().enumerate() {
        let nonce = |number| block.pending().nonce(Key::new(number).address());
        let raw = make(action, nonce(action.from), nonce(action.to), BASE_FEE);
        match block.execute(&RecoveredTransaction::decode(&raw).unwrap()) {
            Ok(_) => included.push(raw.clone()),
            Err(error) => assert!(error.invalid().is_some()),
        }
        inputs.transactions.push(raw);
        if index % piece == 0 {
            merged.merge(&block.take_diff());
        }
    }
    merged.merge(&block.take_diff());
    (block.finish(), merged, included)
}

/// The block once more on a bare EVM, with an eye on every wei.
fn check_conservation(world: &World, inputs: &BlockInputs) {
    let mut evm = Evm::new(&world.context(), Overlay::new(&world.state));
    let mut stored = world.state.clone();
    let mut expected = supply::total(&stored);
    let users = inputs.transactions.iter().map(|raw| RecoveredTransaction::decode(raw).unwrap());
    for tx in forced_transactions(&inputs.opening, &inputs.deposits).chain(users) {
        match evm.run(&tx, GAS_LIMIT) {
            Ok(executed) => {
                expected = expected + supply::minted(&tx) - supply::burned(&executed);
                evm.state_mut().apply(&executed.diff());
                stored.apply(&executed.diff());
                assert_eq!(supply::total(&stored), expected);
            }
            Err(ExecuteError::Invalid(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_block_is_the_sum_of_its_pieces(
        actions in vec(action(), 0..24),
        piece in 1usize..6,
        deposits in vec((0..KEYS, 0..KEYS, 0u64..100, 0u64..200), 0..4),
    ) {
        let mut world = world();
        world.opening.origin.base_fee = 1_000_000;
        world.opening.system_config.base_fee_scalar = 1_000_000;
        world.opening.system_config.operator_fee_scalar = 500_000;
        let mut inputs = world.inputs();
        inputs.deposits = deposits.into_iter().map(|(from, to, mint, value)| {
            deposit(Key::new(from).address(), TxKind::Call(Key::new(to).address()), u128::from(mint), value)
        }).collect();
        let (pieces, merged, included) = piecewise(&world, &actions, piece, &mut inputs);

        let whole = world.execute(&inputs);
        prop_assert_eq!(&whole, &pieces);
        prop_assert_eq!(&whole.diff, &merged);
        prop_assert_eq!(whole.transactions.len(), 1 + inputs.deposits.len() + included.len());

        let mut stored = world.state.clone();
        stored.apply(&whole.diff);
        let root = world.state.trie().apply(&whole.diff);
        prop_assert_eq!(root, stored.trie().root());

        // Without the transactions that were skipped, the header is the same.
        let without = world.execute(&BlockInputs { transactions: included, ..inputs.clone() });
        let header = |block: &ExecutedBlock| seal(&world.context(), block, root, B256::ZERO).hash;
        prop_assert_eq!(header(&whole), header(&without));
        check_conservation(&world, &inputs);
    }
}
