//! Ethereum's published transaction tests (`TransactionTests`) at the door: what is valid is taken under its hash, what
//! is not is refused for its own reason, and intrinsic gas is Ethereum's. Sender and hash are `protocol`'s to check.

use std::{collections::BTreeMap, fs::File, io::Read, path::PathBuf, sync::Arc};

use alloy::{
    consensus::Transaction as _,
    primitives::{B256, Bytes, U256},
};
use db::{PgStateReader, testing::TestDatabase};
use flate2::read::GzDecoder;
use protocol::{
    BlockOpening, Header, Heads, L2BlockRef, TRANSACTION_GAS_MAX, Transaction,
    decode_user_transaction,
};
use serde_json::Value;
use state::{Account, AccountDiff, CacheLimits, StateDiff};

use crate::{
    chain::{BaseState, ChainBlock, ChainStore, StoreLimits},
    mempool::{
        Admission, AdmissionRules, Mempool, MempoolLimits, OrderingChoice, Rejection, Submission,
        intrinsic::gas_needed,
    },
    publisher::Publisher,
    quota::{Client, QuotaConfig, Quotas},
};

const ARCHIVE: &str = "ethereum-tests/TransactionTests.tar.gz";

/// Forks from the newest on. Tests that do not name Cancun are refused in every fork that they name.
const FORKS: [&str; 3] = ["Cancun", "Shanghai", "London"];

/// Valid for Ethereum, whose fees have 256 bits; ours have 128.
const FEE_BEYOND_128_BITS: [&str; 3] =
    ["GasLimitPriceProductOverflowtMinusOne", "TransactionWithHighGasPrice", "V_equals38"];

/// Has too little gas besides its bad signature, and gas is the cheaper check.
const TOO_LITTLE_GAS_AS_WELL: &str = "TRANSCT_rvalue_TooShort";

/// The reasons for which the door may refuse what Ethereum refuses so.
fn reasons(exception: &str) -> &'static [&'static str] {
    match exception.strip_prefix("TransactionException.").unwrap_or(exception) {
        "INTRINSIC_GAS_TOO_LOW" => &["intrinsic_gas"],
        "INITCODE_SIZE_EXCEEDED" => &["init_code_too_large"],
        "NONCE_TOO_BIG" => &["nonce_max"],
        "INVALID_CHAINID" => &["undecodable", "wrong_chain"],
        "INVALID_SIGNATURE_VRS" | "EC_RECOVERY_FAIL" => &["undecodable", "bad_signature"],
        "ADDRESS_TOO_LONG" | "ADDRESS_TOO_SHORT" | "GASLIMIT_OVERFLOW" | "GASPRICE_OVERFLOW"
        | "NONCE_OVERFLOW" | "PRIORITY_OVERFLOW" | "TYPE_NOT_SUPPORTED" | "VALUE_OVERFLOW"
        // Only with a fee beyond 128 bits, which does not decode.
        | "GASLIMIT_PRICE_PRODUCT_OVERFLOW" | "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2" => {
            &["undecodable"]
        }
        // The test of `protocol` knows them by name.
        name => {
            assert!(name.starts_with("RLP_"), "unknown exception {name}");
            &["undecodable"]
        }
    }
}

/// A store whose only block can be replaced by one with other accounts.
struct Door {
    store: Arc<ChainStore>,
    _database: TestDatabase,
}

impl Door {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let database = runtime.block_on(TestDatabase::create());
        let reader = PgStateReader::start(database.database.clone()).unwrap();
        let base = Arc::new(BaseState::new(reader, CacheLimits::default(), 0));
        let limits = StoreLimits { recent_blocks_max: 1, recent_transactions_max: 0 };
        let blocks = vec![block(StateDiff::default())];
        let store = Arc::new(ChainStore::new(base, limits, blocks, heads(), 0));
        Self { store, _database: database }
    }

    /// Admission to an empty mempool. Whoever sent the transaction is as rich as can be and has its nonce.
    fn admit(&self, raw: &Bytes, tx: Option<&Transaction>) -> Result<B256, Rejection> {
        let mut diff = StateDiff::default();
        if let Some(tx) = tx
            && let Ok(sender) = protocol::recover(tx)
        {
            let account = Account { nonce: tx.nonce(), balance: U256::MAX, ..Account::default() };
            let change = AccountDiff { account: Some(account), ..AccountDiff::default() };
            diff.accounts.insert(sender, change);
        }
        self.store.replace(vec![block(diff)], heads(), 0, 0);
        let publisher = Arc::new(Publisher::new(1, 1));
        let mempool =
            Mempool::new(MempoolLimits::default(), OrderingChoice::default(), 0, publisher);
        let rules = AdmissionRules { chain_id: 1, base_fee_min: 0 };
        let quotas = Arc::new(Quotas::new(QuotaConfig::default()));
        let (store, mempool) = (self.store.clone(), Arc::new(mempool));
        let admission = Admission::new(rules, store, mempool, Arc::default(), quotas);
        let client = Client::exempt();
        let sent = Submission { raw, client: &client };
        admission.admit(&[sent], &mut recovery::Senders::new()).remove(0)
    }
}

const fn reference() -> L2BlockRef {
    L2BlockRef {
        number: 1,
        hash: B256::ZERO,
        parent_hash: B256::ZERO,
        timestamp: 0,
        origin: protocol::BlockId { number: 0, hash: B256::ZERO },
        sequence_number: 0,
    }
}

fn heads() -> Heads {
    Heads::new(reference(), reference(), reference()).unwrap()
}

/// A block with all gas there is.
fn block(diff: StateDiff) -> Arc<ChainBlock> {
    Arc::new(ChainBlock {
        header: Header { number: 1, gas_limit: u64::MAX, ..Header::default() },
        hash: B256::ZERO,
        reference: reference(),
        opening: BlockOpening::default(),
        transactions: Default::default(),
        diff: Arc::new(diff),
        sub_block_lengths: Vec::new(),
        raw: Vec::new(),
        execution: Default::default(),
        ethereum: None,
        access_list: Default::default(),
        kept: Default::default(),
    })
}

/// What calldata costs at least since Prague (EIP-7623), which the tests do not know.
fn floor(tx: &Transaction) -> u64 {
    21_000 + tx.input().iter().map(|byte| if *byte == 0 { 10 } else { 40 }).sum::<u64>()
}

/// What was found: outcomes by name, and how many intrinsic gas figures were compared.
#[derive(Debug, Default)]
struct Report {
    files: usize,
    intrinsic_gas: usize,
    outcomes: BTreeMap<String, usize>,
}

fn run(name: &str, test: &Value, door: &Door, report: &mut Report) {
    let raw: Bytes = test["txbytes"].as_str().unwrap().parse().unwrap();
    let fork = FORKS.into_iter().find(|fork| test["result"].get(*fork).is_some());
    let expected =
        &test["result"][fork.unwrap_or_else(|| panic!("{name} names no fork that we know"))];
    let tx = decode_user_transaction(&raw).ok();
    let gas: U256 = expected["intrinsicGas"].as_str().unwrap().parse().unwrap();
    // Zero stands where the test's own tool could not decode it.
    if let Some(tx) = tx.as_ref().filter(|_| !gas.is_zero()) {
        let gas = std::cmp::max(gas.to::<u64>(), floor(tx));
        assert_eq!(gas_needed(tx), gas, "{name}");
        report.intrinsic_gas += 1;
    }
    let below_floor = tx.as_ref().is_some_and(|tx| tx.gas_limit() < floor(tx));
    let asks_too_much = tx.as_ref().is_some_and(|tx| tx.gas_limit() > TRANSACTION_GAS_MAX);
    let outcome = match (expected["exception"].as_str(), door.admit(&raw, tx.as_ref())) {
        (None, Ok(hash)) => {
            assert_eq!(expected["hash"], format!("{hash:?}"), "{name}");
            "taken".to_owned()
        }
        // Ethereum had no bound on it then.
        (_, Err(Rejection::GasAboveBlock { .. })) if asks_too_much => {
            "more gas than one may".to_owned()
        }
        (None, Err(Rejection::IntrinsicGas { .. })) if below_floor => "below the floor".to_owned(),
        (None, Err(Rejection::Undecodable(_))) if FEE_BEYOND_128_BITS.contains(&name) => {
            "fee beyond 128 bits".to_owned()
        }
        (Some(_), Err(Rejection::IntrinsicGas { .. })) if name == TOO_LITTLE_GAS_AS_WELL => {
            "two faults".to_owned()
        }
        (Some(exception), Err(rejection)) if reasons(exception).contains(&rejection.reason()) => {
            rejection.reason().to_owned()
        }
        (exception, result) => panic!("{name}: {result:?}, should be {exception:?}"),
    };
    *report.outcomes.entry(outcome).or_default() += 1;
}

#[test]
fn published_transaction_tests() {
    let data = std::env::var_os("BRAID_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    let path = data.join(ARCHIVE);
    let Ok(archive) = File::open(&path) else {
        eprintln!("SKIPPED: no published transaction tests at {}", path.display());
        return;
    };
    let door = Door::new();
    let mut report = Report::default();
    for entry in tar::Archive::new(GzDecoder::new(archive)).entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let mut json = String::new();
        entry.read_to_string(&mut json).unwrap();
        let tests: BTreeMap<String, Value> = serde_json::from_str(&json).unwrap();
        assert!(!tests.is_empty(), "every file has a test");
        tests.iter().for_each(|(name, test)| run(name, test, &door, &mut report));
        report.files += 1;
    }
    eprintln!("transaction tests at the door: {report:?}");
    assert!(report.files > 0, "no file in {}", path.display());
    assert!(report.intrinsic_gas > 0, "intrinsic gas is compared");
}
