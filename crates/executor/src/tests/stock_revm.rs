//! Where our rules and Ethereum's are the same (no base fee, no L1 fee, no deposit), stock revm with its own database
//! must do the same, transaction by transaction.

use proptest::{collection::vec, prelude::*};
use protocol::predeploys;
use revm::{
    Context, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext,
    context::{BlockEnv, CfgEnv, result::ExecutionResult},
    database::{CacheDB, EmptyDB},
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};
use state::{MemoryState, StateReader};

use super::random::{Action, action, make, world};
use crate::{
    HaltReason, RecoveredTransaction,
    testing::{CHAIN_ID, Peek, tx::Key},
};

type Stock = CacheDB<EmptyDB>;

/// The same state in revm's own database.
pub(super) fn stock_database(state: &MemoryState) -> Stock {
    let mut database = Stock::default();
    for (address, account) in state.accounts() {
        let code = Bytecode::new_raw(state.code(&account.code_hash).unwrap());
        let info = AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            account_id: None,
            code: Some(code),
        };
        database.insert_account_info(address, info);
    }
    for (address, slot, value) in state.slots() {
        database.insert_account_storage(address, slot, value).unwrap();
    }
    database
}

/// Every account and slot that stock revm ever touched is the same in `state`.
pub(super) fn assert_same_state(stock: &Stock, state: &MemoryState) {
    let mut accounts = 0;
    for (address, account) in &stock.cache.accounts {
        let expected = account.info().filter(|info| !info.is_empty());
        let actual = state.account(address).unwrap();
        assert_eq!(actual.is_some(), expected.is_some(), "{address}");
        if let (Some(actual), Some(expected)) = (actual, expected) {
            let expected = (expected.nonce, expected.balance, expected.code_hash);
            assert_eq!((actual.nonce, actual.balance, actual.code_hash), expected, "{address}");
            accounts += 1;
        }
        for (slot, value) in &account.storage {
            assert_eq!(state.storage(address, slot).unwrap(), *value, "{address} {slot}");
        }
    }
    assert_eq!(accounts, state.accounts().count(), "nobody else exists");
}

/// Everything that a receipt is made from.
pub(super) fn assert_same_result(ours: &ExecutionResult<HaltReason>, stock: ExecutionResult) {
    assert_eq!(*ours, stock.map_haltreason(HaltReason::Evm));
}

fn compare(actions: &[Action]) {
    let mut world = world();
    world.parent.base_fee_per_gas = Some(0);
    let block =
        BlockEnv { beneficiary: predeploys::SEQUENCER_FEE_VAULT, ..world.context().block_env() };
    let mut stock = Context::mainnet()
        .with_db(stock_database(&world.state))
        .with_block(block)
        .modify_cfg_chained(|cfg| {
            *cfg = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(CHAIN_ID);
        })
        .build_mainnet();
    let mut ours = crate::Evm::new(&world.context(), world.state);
    for action in actions {
        let nonce = |number| ours.state().nonce(Key::new(number).address());
        let raw = make(action, nonce(action.from), nonce(action.to), 0);
        let tx = RecoveredTransaction::decode(&raw).unwrap();
        let expected = stock.transact_one(tx.tx_env().unwrap());
        let changes = stock.finalize();
        match (ours.run(&tx, u64::MAX), expected) {
            (Ok(executed), Ok(expected)) => {
                stock.commit(changes);
                assert_same_result(&executed.result, expected);
                ours.state_mut().apply(&executed.diff());
            }
            (Err(ours), Err(_)) => assert!(ours.invalid().is_some()),
            (ours, stock) => panic!("{ours:?} but {stock:?}"),
        }
    }
    assert_same_state(&stock.ctx.journaled_state.database, ours.state());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn stock_revm_agrees_on_random_transactions(actions in vec(action(), 1..24)) {
        compare(&actions);
    }
}
