//! Brief calls give what they give elsewhere; those that are not are given up.

use alloy::primitives::{address, hex};
use executor::{BlockRules, SimulationStatus, simulate};
use protocol::{BlockOpening, GenesisAccount, L1FeeParams};
use state::MemoryState;

use super::*;

const CALLEE: Address = address!("0000000000000000000000000000000000010001");
const GETTER: Address = address!("0000000000000000000000000000000000010002");

/// A state with this contract, and one that returns its slot 0.
fn state(code: &str) -> MemoryState {
    let contract = |code: &str| GenesisAccount {
        nonce: 1,
        balance: U256::ZERO,
        code: hex::decode(code).unwrap().into(),
        storage: [(B256::ZERO, B256::with_last_byte(9))].into(),
    };
    let getter = contract("60005460005260206000f3");
    MemoryState::from_genesis(&[(CALLEE, contract(code)), (GETTER, getter)].into())
}

fn context() -> BlockContext {
    let opening = BlockOpening { number: 5, ..BlockOpening::default() };
    BlockContext {
        chain_id: 1,
        opening,
        base_fee: 7,
        gas_limit: 60_000_000,
        l1_fees: L1FeeParams::from_opening(&opening),
        rules: BlockRules::Rollup,
    }
}

fn call() -> Call {
    Call { to: TxKind::Call(CALLEE), gas_limit: 50_000_000, ..Call::default() }
}

#[test]
fn brief_calls_return_what_they_return_elsewhere() {
    // Slot 0; a loop of 100 rounds; what the other contract returns; a hash.
    for code in [
        "60005460005260206000f3",
        "60645b6001900380600257435f5260205ff3",
        "60205f5f5f5f620100025af15060205ff3",
        "6120005f205f5260205ff3",
    ] {
        let (state, none) = (state(code), BlockOverrides::default());
        let found = brief(&state, &context(), &call(), &none);
        let elsewhere =
            simulate(&context(), &state, &call(), &StateOverrides::default(), &none).unwrap();
        assert_eq!(elsewhere.status, SimulationStatus::Success, "{code}");
        assert_eq!(found, Some((elsewhere.output, elsewhere.gas_used)), "{code}");
    }
}

#[test]
fn what_takes_long_or_fails_is_given_up() {
    for (code, why) in [
        ("5b5f56", "runs for ever"),
        ("6120015b6001900380600357", "8,193 rounds"),
        ("6140015f2050", "hashes 16 KiB and a byte"),
        ("60016140015200", "writes behind 16 KiB of memory"),
        ("621000005f5f3700", "copies 1 MiB at once"),
        ("61ffff5fa000", "logs 64 KiB"),
        ("5f5f61ffff5f620100025afa00", "gives 64 KiB to a call"),
        ("5f5f5f5f5f60015af100", "calls a precompiled contract"),
        ("5f5f5ff000", "creates"),
        ("5b5f5f5f5f5f620100025af1505f56", "calls on and on"),
        ("5f5ffd", "reverts"),
        ("fe", "halts"),
    ] {
        let found = brief(state(code), &context(), &call(), &BlockOverrides::default());
        assert_eq!(found, None, "{why}");
    }
    let plain = state("00");
    let creation = Call { to: TxKind::Create, ..call() };
    let long = Call { input: vec![1; BYTES_MAX + 1].into(), ..call() };
    for call in [creation, long] {
        assert_eq!(brief(&plain, &context(), &call, &BlockOverrides::default()), None);
    }
    assert!(brief(&plain, &context(), &call(), &BlockOverrides::default()).is_some());
}
