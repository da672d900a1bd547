//! The contract, in an EVM of its own.

use std::cell::RefCell;

use alloy::{
    primitives::{Address, B256, Bytes, TxKind, address},
    sol_types::{SolCall, SolInterface},
};
use bindings::contracts::Step;
use fault_proof::vm::{Host, Machine, Recorded};
use revm::{
    Context, ExecuteEvm, MainBuilder, MainContext, MainnetEvm,
    context::{
        BlockEnv, CfgEnv, TxEnv,
        result::{ExecutionResult, HaltReason},
    },
    database::{CacheDB, EmptyDB},
    handler::MainnetContext,
    primitives::hardfork::SpecId,
    state::{AccountInfo, Bytecode},
};

pub(crate) use Step::StepErrors;

const CONTRACT: Address = address!("0x00000000000000000000000000000000000000c0");

/// Why the contract gave no successor.
#[derive(Debug)]
pub(crate) enum Failure {
    Refused(StepErrors),
    /// It ran out of gas.
    Starved,
}

/// What a call to the contract came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) next: Result<B256, Failure>,
    /// Of the transaction, without the floor price of its calldata.
    pub(crate) gas: u64,
}

thread_local! {
    static EVM: RefCell<MainnetEvm<MainnetContext<CacheDB<EmptyDB>>>> = RefCell::new(evm());
}

fn evm() -> MainnetEvm<MainnetContext<CacheDB<EmptyDB>>> {
    let mut database = CacheDB::new(EmptyDB::new());
    let code = Bytecode::new_raw(Step::DEPLOYED_BYTECODE.clone());
    assert!(code.len() < 24_576);
    database.insert_account_info(CONTRACT, AccountInfo::default().with_code(code));
    // As a contract calls it, which pays no floor price for calldata.
    let config = CfgEnv::new_with_spec(SpecId::PRAGUE).with_disable_eip7623(true);
    Context::mainnet()
        .with_db(database)
        .with_block(BlockEnv { gas_limit: u64::MAX, ..BlockEnv::default() })
        .modify_cfg_chained(|cfg| *cfg = config)
        .build_mainnet()
}

/// The bytes of a call.
pub(crate) fn calldata(state: B256, proof: &[u8], locals: &[B256]) -> Bytes {
    let proof = Bytes::copy_from_slice(proof);
    Step::stepCall { hash: state, proof, locals: locals.to_vec() }.abi_encode().into()
}

/// Asks the contract for the successor of a state.
pub(crate) fn step(state: B256, proof: &[u8], locals: &[B256], gas_limit: u64) -> Outcome {
    call(calldata(state, proof, locals), gas_limit)
}

/// Calls the contract.
pub(crate) fn call(data: Bytes, gas_limit: u64) -> Outcome {
    let transaction = TxEnv { gas_limit, kind: TxKind::Call(CONTRACT), data, ..TxEnv::default() };
    let result = EVM.with_borrow_mut(|evm| evm.transact(transaction)).unwrap().result;
    let gas = result.tx_gas_used();
    let next = match result {
        ExecutionResult::Success { output, .. } => {
            Ok(Step::stepCall::abi_decode_returns(output.data()).unwrap())
        }
        ExecutionResult::Revert { output, .. } => {
            Err(Failure::Refused(StepErrors::abi_decode(&output).expect("a typed error")))
        }
        ExecutionResult::Halt { reason, .. } => {
            assert!(matches!(reason, HaltReason::OutOfGas(_)), "{reason:?}");
            Err(Failure::Starved)
        }
    };
    Outcome { next, gas }
}

/// Does the machine's next step with both, which must come to the same; the proof, and the gas.
pub(crate) fn check(machine: &mut Machine, host: &mut Recorded) -> (Vec<u8>, u64) {
    let state = machine.hash();
    let proof = machine.proof(host).unwrap();
    machine.proceed(host).unwrap();
    let outcome = step(state, &proof, host.locals(), 30_000_000);
    match outcome.next {
        Ok(next) => assert_eq!(next, machine.hash(), "from {state}"),
        Err(error) => panic!("from {state}: {error:?}"),
    }
    (proof, outcome.gas)
}
