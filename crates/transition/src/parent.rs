//! The block that a run goes on from: its header, and what derivation has to know of it.

use alloc::sync::Arc;

use alloy_rlp::Decodable;
use derivation::DerivedHead;
use protocol::{
    BlockId, Header, L1Attributes, L2BlockRef, RollupConfig, SystemConfig, Transaction,
    decode_transaction,
};
use state::PartialState;

use crate::{
    BlockClaim, ChainParameters, Invalid, Preimages,
    halt::{Halt, keccak},
    l1::L1Header,
    reader::{ByKeccak, halt},
};

/// RLP of 0: where the first transaction of a block is in its trie.
const FIRST: [u8; 1] = [0x80];

/// The previous block.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    pub(crate) config: Arc<RollupConfig>,
    pub(crate) header: Header,
    pub(crate) head: DerivedHead,
}

impl Parent {
    pub(crate) fn read(
        host: &impl Preimages,
        parameters: &ChainParameters,
        claim: &BlockClaim,
    ) -> Result<Self, Halt> {
        let bytes = keccak(host, &claim.block_hash)?;
        let mut rest = &bytes[..];
        let header = Header::decode(&mut rest).map_err(|_| Invalid::L2Block)?;
        if !rest.is_empty() {
            return Err(Invalid::L2Block.into());
        }
        let system_config = if header.number == 0 {
            parameters.genesis_system_config
        } else {
            system_config(host, &header)?
        };
        let origin = L1Header::read(host, claim.origin_hash)?;
        let block = L2BlockRef {
            number: header.number,
            hash: claim.block_hash,
            parent_hash: header.parent_hash,
            timestamp: header.timestamp,
            origin: BlockId { number: origin.number, hash: origin.hash },
            sequence_number: claim.sequence_number,
        };
        let head = DerivedHead { block, system_config };
        Ok(Self { config: Arc::new(parameters.rollup_config()), header, head })
    }
}

/// What the block carries of the system configuration: its L1 attributes, and its gas limit.
fn system_config(host: &impl Preimages, header: &Header) -> Result<SystemConfig, Halt> {
    let transactions = PartialState::over(header.transactions_root, ByKeccak(host));
    let first = transactions.trie_value(header.transactions_root, &FIRST);
    let first = first.map_err(|error| halt(error.into(), Invalid::L2Block))?;
    let first = first.and_then(|bytes| decode_transaction(&bytes).ok());
    let Some(Transaction::Deposit(deposit)) = first else { return Err(Invalid::L2Block.into()) };
    let attributes = L1Attributes::decode(&deposit.input).map_err(|_| Invalid::L2Block)?;
    Ok(SystemConfig::from_attributes(&attributes, header.gas_limit))
}
