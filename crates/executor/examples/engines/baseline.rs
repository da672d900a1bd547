//! Stock revm, its mainnet handler, over hash maps of changes: one transaction after the other, committed each.

use std::{convert::Infallible, hint::black_box, time::Duration, time::Instant};

use alloy_primitives::{
    Address, B256, KECCAK256_EMPTY, U256,
    map::{AddressMap, B256Map, HashMap},
};
use revm::{
    Context, Database, ExecuteEvm, MainBuilder, MainContext,
    context::{BlockEnv, CfgEnv},
    context_interface::{block::BlobExcessGasAndPrice, result::ExecutionResult},
    primitives::hardfork::SpecId,
    state::{Account as EvmAccount, AccountInfo, Bytecode},
};

use crate::{
    state::HashState,
    workload::{BASE_FEE, CHAIN_ID, Workload},
};

/// Changes over a state that does not change.
struct Overlay<'a> {
    base: &'a HashState,
    accounts: AddressMap<AccountInfo>,
    slots: HashMap<(Address, U256), U256>,
    codes: B256Map<Bytecode>,
}

pub(crate) fn run(workload: &Workload) -> Duration {
    let overlay = Overlay {
        base: &workload.state,
        accounts: AddressMap::default(),
        slots: HashMap::default(),
        codes: B256Map::default(),
    };
    let started = Instant::now();
    let mut evm = Context::mainnet()
        .with_db(overlay)
        .with_block(block())
        .modify_cfg_chained(|cfg| {
            *cfg = CfgEnv::new_with_spec(SpecId::PRAGUE).with_chain_id(CHAIN_ID);
        })
        .build_mainnet();
    let mut results: Vec<ExecutionResult> = Vec::with_capacity(workload.envs.len());
    for env in &workload.envs {
        let result = evm.transact_one(env.clone()).expect("valid");
        let changes = evm.finalize();
        evm.ctx.journaled_state.database.commit(changes);
        results.push(result);
    }
    let elapsed = started.elapsed();
    assert!(results.iter().all(ExecutionResult::is_success), "{}", workload.name);
    black_box((results, evm));
    elapsed
}

fn block() -> BlockEnv {
    BlockEnv {
        number: U256::from(10),
        beneficiary: Address::repeat_byte(0xbe),
        timestamp: U256::from(1_001),
        gas_limit: u64::MAX,
        basefee: BASE_FEE,
        prevrandao: Some(B256::ZERO),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
            excess_blob_gas: 0,
            blob_gasprice: 1,
        }),
        ..BlockEnv::default()
    }
}

impl Overlay<'_> {
    fn commit(&mut self, changes: AddressMap<EvmAccount>) {
        for (address, account) in changes {
            if !account.is_touched() {
                continue;
            }
            let changed = account.storage.iter().filter(|(_, slot)| slot.is_changed());
            self.slots.extend(changed.map(|(slot, value)| ((address, *slot), value.present_value)));
            self.accounts.insert(address, account.info);
        }
    }
}

impl Database for Overlay<'_> {
    type Error = Infallible;

    fn basic(&mut self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        if let Some(info) = self.accounts.get(&address) {
            return Ok(Some(info.clone()));
        }
        Ok(self.base.accounts.get(&address).map(|account| AccountInfo {
            balance: account.balance,
            nonce: account.nonce,
            code_hash: account.code_hash,
            account_id: None,
            code: None,
        }))
    }

    fn code_by_hash(&mut self, hash: B256) -> Result<Bytecode, Infallible> {
        if hash == KECCAK256_EMPTY {
            return Ok(Bytecode::default());
        }
        let base = self.base;
        let code = self.codes.entry(hash);
        Ok(code.or_insert_with(|| Bytecode::new_raw(base.codes[&hash].clone())).clone())
    }

    fn storage(&mut self, address: Address, slot: U256) -> Result<U256, Infallible> {
        let key = (address, slot);
        let known = self.slots.get(&key).or_else(|| self.base.slots.get(&key));
        Ok(known.copied().unwrap_or_default())
    }

    fn block_hash(&mut self, _: u64) -> Result<B256, Infallible> {
        Ok(B256::ZERO)
    }
}
