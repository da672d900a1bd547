//! Signs a workload on all cores, straight into a file.

use std::io::Write;

use alloy::{
    consensus::TxEip1559,
    primitives::{Address, Bytes, TxKind, U256},
    sol_types::SolCall,
};
use bindings::{BenchPair, BenchSetup, BenchToken};

use crate::{
    file::{FUNDER, FileError, Header, Sender, Writer},
    workload::{Act, Draw, Key, KeyError, Keys, Planned, Spec, SpecError},
};

/// Senders that one transaction of the funder pays.
const PAID_AT_ONCE: usize = 64;
/// What making the contracts may take.
const SETUP_GAS: u64 = 5_000_000;
/// What paying senders may take, and for each of them: a new account, and two new balances of tokens.
const PAY_GAS: u64 = 100_000;
const PAY_GAS_EACH: u64 = 110_000;
/// What an approval may take.
const APPROVE_GAS: u64 = 60_000;
/// What each sender gets of both tokens: more than it can spend, and of all senders together less than there is.
const TOKENS: u128 = 1 << 90;
/// The tip, in wei per gas, where the price allows it.
const TIP: u64 = 1_000_000;
/// What a sender gets beyond what its gas can cost, in wei: for what rollups charge beside gas.
const SPARE: u64 = 2_000_000_000_000_000;
/// Transactions that are signed before they are written.
const SIGNED_AT_ONCE: usize = 1 << 16;

/// What has to be known of a chain.
#[derive(Debug, Clone)]
pub struct ChainFacts {
    /// Its id.
    pub chain_id: u64,
    /// The highest price of gas to sign, in wei.
    pub max_fee: u64,
    /// The funder's next nonce.
    pub funder_nonce: u64,
    /// The next nonce of each sender; empty: all are new.
    pub nonces: Vec<u64>,
}

/// A workload that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// It is not possible.
    #[error("no workload can be made like that")]
    Spec(#[source] SpecError),
    /// A key is none.
    #[error("cannot make the key of a sender")]
    Key(#[source] KeyError),
    /// The file could not be written.
    #[error("cannot write the workload")]
    File(#[source] FileError),
    /// There are not as many nonces as senders.
    #[error("{nonces} nonces for {senders} senders")]
    Nonces {
        /// So many nonces.
        nonces: usize,
        /// So many senders.
        senders: u32,
    },
    /// A thread that signs ended.
    #[error("a thread that signs has ended")]
    Thread,
}

/// What was made.
#[derive(Debug, Clone, Copy)]
pub struct Generated {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Transactions that the funder and senders play first.
    pub preamble: u32,
    /// What the funder has to own at most, in wei.
    pub cost: U256,
}

/// Signs a workload and writes it to `out`; `progress` is told how many transactions there are by now.
///
/// # Errors
/// When the specification is not possible or the file cannot be written.
pub fn generate<W: Write>(
    spec: &Spec,
    facts: &ChainFacts,
    funder: &Key,
    out: W,
    mut progress: impl FnMut(u64),
) -> Result<Generated, GenerateError> {
    spec.validate().map_err(GenerateError::Spec)?;
    let keys = Keys::new(spec.seed);
    let signers = on_all_cores(spec.senders as usize, |index| {
        keys.sender(u32::try_from(index).unwrap_or(u32::MAX))
    })?
    .into_iter()
    .collect::<Result<Vec<Key>, _>>()
    .map_err(GenerateError::Key)?;
    let addresses = on_all_cores(signers.len(), |index| signers[index].address())?;
    let senders = senders(spec, facts, &addresses)?;
    let signing = Signing::new(spec, facts, funder, &signers, &addresses, &senders);
    let funding = signing.funding();
    let approvals = signing.approvals()?;
    let header = Header {
        chain_id: facts.chain_id,
        spec: *spec,
        max_fee: facts.max_fee,
        funder: funder.address(),
        funder_nonce: facts.funder_nonce,
        setup: signing.setup,
        // There are fewer than senders and one.
        funding: u32::try_from(funding.len()).unwrap_or(u32::MAX),
        approvals: u32::try_from(approvals.len()).unwrap_or(u32::MAX),
    };
    let mut writer = Writer::new(out, header, &senders).map_err(GenerateError::File)?;
    for raw in &funding {
        writer.record(FUNDER, raw).map_err(GenerateError::File)?;
    }
    for (sender, raw) in &approvals {
        writer.record(*sender, raw).map_err(GenerateError::File)?;
    }
    let mut draw = Draw::new(spec);
    let mut done = 0;
    loop {
        let planned: Vec<Planned> = draw.by_ref().take(SIGNED_AT_ONCE).collect();
        if planned.is_empty() {
            break;
        }
        let signed = on_all_cores(planned.len(), |index| signing.measured(&planned[index]))?;
        for (planned, raw) in planned.iter().zip(&signed) {
            writer.record(planned.sender, raw).map_err(GenerateError::File)?;
        }
        done += planned.len() as u64;
        progress(done);
    }
    let bytes = writer.finish().map_err(GenerateError::File)?;
    Ok(Generated { bytes, preamble: header.funding + header.approvals, cost: signing.cost() })
}

fn senders(
    spec: &Spec,
    facts: &ChainFacts,
    addresses: &[Address],
) -> Result<Vec<Sender>, GenerateError> {
    let nonces = facts.nonces.len();
    if nonces != 0 && nonces != addresses.len() {
        return Err(GenerateError::Nonces { nonces, senders: spec.senders });
    }
    let nonce = |index: usize| facts.nonces.get(index).copied().unwrap_or_default();
    let senders = addresses.iter().enumerate();
    Ok(senders.map(|(index, address)| Sender { address: *address, nonce: nonce(index) }).collect())
}

/// Everything that signing needs to know.
struct Signing<'a> {
    facts: &'a ChainFacts,
    funder: &'a Key,
    keys: &'a [Key],
    addresses: &'a [Address],
    senders: &'a [Sender],
    /// What each sender's transactions can cost, in wei.
    budgets: Vec<U256>,
    approvals_each: u64,
    has_tokens: bool,
    setup: Address,
    tokens: [Address; 2],
    pair: Address,
}

impl<'a> Signing<'a> {
    fn new(
        spec: &Spec,
        facts: &'a ChainFacts,
        funder: &'a Key,
        keys: &'a [Key],
        addresses: &'a [Address],
        senders: &'a [Sender],
    ) -> Self {
        let setup = funder.address().create(facts.funder_nonce);
        let approvals_each = if spec.kind.has_swaps() { 2 } else { 0 };
        let price = U256::from(facts.max_fee);
        let own = U256::from(SPARE) + price * U256::from(approvals_each * APPROVE_GAS);
        let mut budgets = vec![own; addresses.len()];
        for planned in Draw::new(spec) {
            let budget = &mut budgets[planned.sender as usize];
            *budget += price * U256::from(planned.act.gas_limit());
            if planned.act == Act::Transfer {
                *budget += U256::from(planned.amount);
            }
        }
        Self {
            facts,
            funder,
            keys,
            addresses,
            senders,
            budgets,
            approvals_each,
            has_tokens: spec.kind.has_tokens(),
            setup,
            tokens: [setup.create(1), setup.create(2)],
            pair: setup.create(3),
        }
    }

    fn tx(&self, nonce: u64, gas_limit: u64, to: TxKind, value: U256, input: Bytes) -> TxEip1559 {
        TxEip1559 {
            chain_id: self.facts.chain_id,
            nonce,
            gas_limit,
            max_fee_per_gas: u128::from(self.facts.max_fee),
            max_priority_fee_per_gas: u128::from(std::cmp::min(TIP, self.facts.max_fee)),
            to,
            value,
            input,
            ..Default::default()
        }
    }

    /// The funder's transactions: the contracts, then the senders' money.
    fn funding(&self) -> Vec<Bytes> {
        let code = BenchSetup::BYTECODE.clone();
        let first = self.facts.funder_nonce;
        let make = self.tx(first, SETUP_GAS, TxKind::Create, U256::ZERO, code);
        let mut signed = vec![self.funder.sign(&make)];
        let tokens = if self.has_tokens { U256::from(TOKENS) } else { U256::ZERO };
        let parts = self.addresses.chunks(PAID_AT_ONCE).zip(self.budgets.chunks(PAID_AT_ONCE));
        for (nonce, (senders, amounts)) in (first + 1..).zip(parts) {
            let value = amounts.iter().copied().sum();
            let gas = PAY_GAS + PAY_GAS_EACH * senders.len() as u64;
            let (senders, amounts) = (senders.to_vec(), amounts.to_vec());
            let input = BenchSetup::giveCall { senders, amounts, tokens }.abi_encode();
            let tx = self.tx(nonce, gas, self.setup.into(), value, input.into());
            signed.push(self.funder.sign(&tx));
        }
        signed
    }

    /// What the funder pays at most.
    fn cost(&self) -> U256 {
        let paid: U256 = self.budgets.iter().copied().sum();
        let calls = self.addresses.len().div_ceil(PAID_AT_ONCE) as u64;
        let gas = SETUP_GAS + PAY_GAS * calls + PAY_GAS_EACH * self.addresses.len() as u64;
        paid + U256::from(self.facts.max_fee) * U256::from(gas)
    }

    /// Each sender lets the pair take both tokens.
    fn approvals(&self) -> Result<Vec<(u32, Bytes)>, GenerateError> {
        if self.approvals_each == 0 {
            return Ok(Vec::new());
        }
        let input: Bytes =
            BenchToken::approveCall { spender: self.pair, amount: U256::MAX }.abi_encode().into();
        let count = self.keys.len() * self.tokens.len();
        on_all_cores(count, |at| {
            let (index, token) = (at / self.tokens.len(), at % self.tokens.len());
            let nonce = self.senders[index].nonce + token as u64;
            let to = self.tokens[token].into();
            let tx = self.tx(nonce, APPROVE_GAS, to, U256::ZERO, input.clone());
            (u32::try_from(index).unwrap_or(u32::MAX), self.keys[index].sign(&tx))
        })
    }

    /// One of the transactions that are measured.
    fn measured(&self, planned: &Planned) -> Bytes {
        let sender = planned.sender as usize;
        let nonce = self.senders[sender].nonce + self.approvals_each + u64::from(planned.nonce);
        let recipient = self.addresses[planned.recipient as usize];
        let amount = U256::from(planned.amount);
        let (to, value, input) = match planned.act {
            Act::Transfer => (recipient, amount, Bytes::new()),
            Act::Token => {
                let call = BenchToken::transferCall { to: recipient, amount };
                (self.tokens[0], U256::ZERO, call.abi_encode().into())
            }
            Act::Swap => {
                let call = BenchPair::swapCall {
                    isZeroIn: planned.recipient.is_multiple_of(2),
                    amountIn: amount,
                    amountOutMin: U256::ONE,
                };
                (self.pair, U256::ZERO, call.abi_encode().into())
            }
        };
        let tx = self.tx(nonce, planned.act.gas_limit(), to.into(), value, input);
        self.keys[sender].sign(&tx)
    }
}

/// Makes `count` things in order, on all cores.
fn on_all_cores<T: Send>(
    count: usize,
    make: impl Fn(usize) -> T + Sync,
) -> Result<Vec<T>, GenerateError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = std::cmp::max(count.div_ceil(threads), 1);
    let make = &make;
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..count)
            .step_by(share)
            .map(|start| {
                let end = std::cmp::min(start + share, count);
                scope.spawn(move || (start..end).map(make).collect::<Vec<T>>())
            })
            .collect();
        let mut all = Vec::with_capacity(count);
        for worker in workers {
            all.extend(worker.join().map_err(|_| GenerateError::Thread)?);
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests;
