//! What the mempool costs: insertion, taking with settling, and memory, with a million transactions that wait.
//!
//! `cargo run --profile shipped -p sequencer --example mempool [transactions senders]`. Measured in processor time of one thread, which a
//! busy machine does not change.

use std::{error::Error, io::Write, sync::Arc};

use alloy::{
    consensus::{Signed, TxEip1559},
    primitives::{Address, Bytes, Signature, TxKind, U256, keccak256},
};
use executor::{
    RecoveredTransaction,
    parallel::{Prediction, PreparedTransaction},
};
use protocol::{DataSize, Transaction};
use sequencer::mempool::{
    Admitted, Cost, Fees, Left, MempoolLimits, Pool, PriorityFee, SenderState, TakeLimits,
};
use state::{Account, AccountDiff, StateDiff};

/// Transactions of one sub-block.
const SUB_BLOCK: usize = 10_000;
/// Tips that most transactions name, in wei per gas.
const TIPS: [u128; 6] =
    [1_000_000, 100_000_000, 1_000_000_000, 1_500_000_000, 2_000_000_000, 3_000_000_000];
const BALANCE: U256 = U256::from_limbs([0, 1 << 32, 0, 0]);

fn transfer(sender: Address, nonce: u64, number: u64) -> Admitted {
    let hash = keccak256([number.to_be_bytes(), nonce.to_be_bytes()].concat());
    let tip = match number % 7 {
        6 => u128::from(u64::from_be_bytes(hash[..8].try_into().unwrap_or_default()) % (1 << 32)),
        usual => TIPS[usize::try_from(usual).unwrap_or(0)],
    };
    let cap = 100_000_000_000;
    let tx = TxEip1559 {
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: cap,
        max_priority_fee_per_gas: tip,
        to: TxKind::Call(Address::ZERO),
        ..TxEip1559::default()
    };
    let tx = Signed::new_unchecked(tx, Signature::test_signature(), hash);
    let tx = Transaction::Eip1559(tx);
    let tx = RecoveredTransaction { tx, sender, hash, data_size: DataSize::MIN };
    Admitted {
        tx: Arc::new(PreparedTransaction { tx, prediction: Prediction::default() }),
        raw: Bytes::from(vec![0; 118]),
        fees: Fees { cap, tip },
        cost: Cost { gas: U256::from(cap * 21_000), ..Cost::default() },
    }
}

/// What a sub-block of transfers does to their senders.
fn diff_of(taken: &[Arc<Admitted>]) -> Arc<StateDiff> {
    let change = |tx: &Arc<Admitted>| {
        let account = Account { nonce: tx.nonce() + 1, balance: BALANCE, ..Account::default() };
        (tx.sender(), AccountDiff { account: Some(account), ..AccountDiff::default() })
    };
    Arc::new(StateDiff { accounts: taken.iter().map(change).collect(), ..StateDiff::default() })
}

/// Processor time of this thread, in nanoseconds.
fn processor_time() -> Result<u128, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no processor time")?.parse()?)
}

/// Bytes that this process has in memory.
fn resident() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find(|line| line.starts_with("VmRSS")).ok_or("no memory")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("no memory")?.parse()?;
    Ok(kib << 10)
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> =
        std::env::args().skip(1).map(|n| n.parse()).collect::<Result<_, _>>()?;
    let [transactions, senders] = numbers[..].try_into().unwrap_or([1_000_000, 100_000]);
    let mut out = std::io::stdout().lock();
    let limits = MempoolLimits { transactions_max: transactions, ..MempoolLimits::default() };
    let mut pool = Pool::new(limits, Arc::new(PriorityFee), 0);
    let senders: Vec<Address> =
        (0..senders as u64).map(|n| Address::from_word(keccak256(n.to_be_bytes()))).collect();
    let account = SenderState { nonce: 0, balance: BALANCE, version: u64::MAX };
    let (before, mut inserting, mut made) = (resident()?, 0, 0);
    while made < transactions {
        let number = made as u64;
        let chunk = std::cmp::min(transactions - made, SUB_BLOCK);
        let one = |number: u64| {
            let (round, at) = (number / senders.len() as u64, number % senders.len() as u64);
            transfer(senders[usize::try_from(at).unwrap_or(0)], round, at)
        };
        let chunk: Vec<_> = (number..number + chunk as u64).map(one).collect();
        made += chunk.len();
        let started = processor_time()?;
        for tx in chunk {
            pool.insert(tx, account).map_err(|error| format!("{error:?}"))?;
        }
        inserting += processor_time()? - started;
    }
    let memory = resident()? - before;
    let (mut taking, mut settling, mut taken_all, mut version) = (0, 0, 0, 0);
    let everything = TakeLimits {
        block_gas_left: u64::MAX,
        bytes_left: usize::MAX,
        gas_max: u64::MAX,
        transactions_max: SUB_BLOCK,
    };
    loop {
        let started = processor_time()?;
        let taken = pool.take(everything);
        taking += processor_time()? - started;
        if taken.is_empty() {
            break;
        }
        taken_all += taken.len();
        let diff = diff_of(&taken);
        version += 1;
        let started = processor_time()?;
        pool.settle(version, &diff, Left::new());
        settling += processor_time()? - started;
    }
    if taken_all != transactions {
        return Err(format!("{taken_all} of {transactions} were taken").into());
    }
    let per = |nanoseconds: u128| nanoseconds / transactions as u128;
    writeln!(out, "mempool: {transactions} transfers of {} senders wait", senders.len())?;
    writeln!(out, "  insert   {:>6} ns", per(inserting))?;
    writeln!(out, "  take     {:>6} ns, {SUB_BLOCK} at a time", per(taking))?;
    writeln!(out, "  settle   {:>6} ns", per(settling))?;
    writeln!(
        out,
        "  memory   {:>6} bytes each, the transaction itself and its bytes among them",
        memory / transactions as u64
    )?;
    Ok(())
}
