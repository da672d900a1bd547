//! One thing that is measured: a contract that does it again and again.

use alloy_primitives::{Address, Bytes, U256};
use fault_proof::vm::Machine;
use protocol::GenesisAccount;

use crate::{
    code::{POP, call, looping},
    scene::{Accounts, Cost, MEASURED, contract, measure},
    tx::Act,
};

/// What is done.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) name: String,
    /// In memory from 0 on.
    pub(crate) data: Vec<u8>,
    /// What is done once, and leaves a number.
    pub(crate) once: Vec<u8>,
    /// What that has to be.
    pub(crate) leaves: U256,
    /// What is repeated.
    pub(crate) body: Vec<u8>,
    /// Besides the contract.
    pub(crate) accounts: Accounts,
    /// Slots of the contract, from 0 on, that are not zero.
    pub(crate) slots: u64,
    /// Of the larger block; the smaller has two thirds.
    pub(crate) gas: u64,
}

/// What it costs.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) steps_per_gas: f64,
    pub(crate) seconds: f64,
}

impl Measured {
    /// A call that succeeds.
    pub(crate) fn call(name: impl Into<String>, to: Address, data: Vec<u8>) -> Self {
        let once = call(to, data.len(), None);
        let body = [&once[..], &[POP]].concat();
        Self { leaves: U256::ONE, once, data, ..Self::opcode(name, body) }
    }

    /// Instructions that leave the stack as it was.
    pub(crate) fn opcode(name: impl Into<String>, body: Vec<u8>) -> Self {
        let name = name.into();
        Self {
            name,
            data: vec![],
            once: vec![],
            leaves: U256::ZERO,
            body,
            accounts: Accounts::new(),
            slots: 0,
            gas: 3_000_000,
        }
    }

    /// Steps for one unit of gas.
    pub(crate) fn run(&self, machine: &Machine) -> Row {
        let [less, more] = [2, 3].map(|parts| self.block(machine, self.gas / 3 * parts));
        if !self.once.is_empty() {
            assert_eq!(less.first, self.leaves, "{}", self.name);
        }
        #[expect(clippy::cast_precision_loss, reason = "printed with one digit")]
        let steps_per_gas = (more.steps - less.steps) as f64 / (more.gas - less.gas) as f64;
        Row { name: self.name.clone(), steps_per_gas, seconds: less.seconds + more.seconds }
    }

    fn block(&self, machine: &Machine, gas: u64) -> Cost {
        // What is left suffices for one round more and the end.
        let code = looping(&self.data, &self.once, &self.body, self.gas / 6);
        let mut accounts = self.accounts.clone();
        let slots =
            (0..self.slots).map(|slot| (U256::from(slot).into(), U256::from(slot + 1).into()));
        let measured = GenesisAccount {
            balance: U256::from(10_u64.pow(18)),
            storage: slots.collect(),
            ..contract(code)
        };
        accounts.insert(MEASURED, measured);
        measure(
            machine,
            &accounts,
            vec![(0, Act::CallWith(MEASURED, Bytes::new(), gas))],
            vec![],
            false,
        )
    }
}
