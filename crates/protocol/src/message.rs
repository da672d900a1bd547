//! What L1 sends to L2: deposits and configuration updates, and the hash chain that holds them. The
//! bytes are exactly those that `Portal` hashes. Not the events a node reads them from.
//!
//! | kind byte | message | rest |
//! |---|---|---|
//! | `0x00` | deposit | `from` 20 ‖ `to` 20 ‖ opaque data: mint 32 ‖ value 32 ‖ gas 8 ‖ creation 1 ‖ data |
//! | `0x01` | configuration update | update type 1 ‖ ABI words |
//!
//! Invariant: `decode` accepts exactly what `encode` makes, so a message and its bytes are one.

use alloc::vec::Vec;

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use op_alloy_consensus::{L1InfoDepositSource, TxDeposit, UserDepositSource};

use crate::bytes::Reader;

/// Longest message: `Portal` refuses more, because a fault proof must fit it in one L1 transaction.
pub const L1_MESSAGE_BYTES_MAX: usize = 120_000;
/// Opaque data before the calldata: mint 32, value 32, gas 8, creation flag 1.
pub const OPAQUE_HEAD_BYTES: usize = 73;

const KIND_DEPOSIT: u8 = 0;
const KIND_CONFIG: u8 = 1;
const UPDATE_BATCHER: u8 = 0;
const UPDATE_FEE_SCALARS: u8 = 1;
const UPDATE_GAS_LIMIT: u8 = 2;
const UPDATE_OPERATOR_FEE: u8 = 5;

/// One message from L1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum L1Message {
    /// A transaction to be executed on L2.
    Deposit(DepositMessage),
    /// A change of the system configuration.
    Config(ConfigUpdate),
}

/// A deposit as `Portal` logs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DepositMessage {
    /// Sender on L2, already aliased if it is a contract on L1.
    pub from: Address,
    /// Recipient; without meaning for a creation.
    pub to: Address,
    /// Mint, value, gas limit, creation flag and calldata, tightly packed.
    pub opaque_data: Bytes,
}

/// A change of the system configuration; numbers of the types as in the OP Stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigUpdate {
    /// Type 0: `abi.encode(address)`.
    Batcher(Address),
    /// Type 1: `abi.encode(uint32, uint32)`.
    FeeScalars {
        /// Weight of the L1 base fee.
        base: u32,
        /// Weight of the L1 blob base fee.
        blob: u32,
    },
    /// Type 2: `abi.encode(uint64)`.
    GasLimit(u64),
    /// Type 5: `abi.encode(uint32, uint64)`.
    OperatorFee {
        /// Wei per million gas.
        scalar: u32,
        /// Wei per transaction.
        constant: u64,
    },
}

/// Why bytes are not an L1 message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The bytes end too early.
    #[error("L1 message of {0} bytes is too short")]
    TooShort(usize),
    /// Longer than `Portal` allows.
    #[error("L1 message has {0} bytes, at most {L1_MESSAGE_BYTES_MAX} are allowed")]
    TooLong(usize),
    /// Unknown kind byte.
    #[error("L1 message of unknown kind {0}")]
    Kind(u8),
    /// Unknown type of update.
    #[error("configuration update of unknown type {0}")]
    UpdateType(u8),
    /// The words of an update are not what its type says.
    #[error("data of configuration update {update_type} is not its ABI encoding")]
    UpdateData {
        /// Type of the update.
        update_type: u8,
    },
}

/// Why a deposit message makes no deposit transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DepositError {
    /// Opaque data ends before the calldata begins.
    #[error("opaque data has {0} bytes, at least {OPAQUE_HEAD_BYTES} are needed")]
    TooShort(usize),
    /// More wei minted than exist.
    #[error("mint of {0} wei does not fit 128 bits")]
    Mint(U256),
    /// Creation flag neither 0 nor 1.
    #[error("creation flag is {0}")]
    CreationFlag(u8),
}

impl L1Message {
    /// The bytes that the message chain hashes.
    pub fn encode(&self) -> Bytes {
        match self {
            Self::Deposit(deposit) => {
                let mut out = Vec::with_capacity(41 + deposit.opaque_data.len());
                out.push(KIND_DEPOSIT);
                out.extend_from_slice(deposit.from.as_slice());
                out.extend_from_slice(deposit.to.as_slice());
                out.extend_from_slice(&deposit.opaque_data);
                out.into()
            }
            Self::Config(update) => {
                let mut out = alloc::vec![KIND_CONFIG, update.update_type()];
                out.extend_from_slice(&update.data());
                out.into()
            }
        }
    }

    /// Reads the bytes that the message chain hashes.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > L1_MESSAGE_BYTES_MAX {
            return Err(MessageError::TooLong(bytes.len()));
        }
        let mut reader = Reader::new(bytes);
        let short = || MessageError::TooShort(bytes.len());
        match reader.u8().ok_or_else(short)? {
            KIND_DEPOSIT => Ok(Self::Deposit(DepositMessage {
                from: reader.address().ok_or_else(short)?,
                to: reader.address().ok_or_else(short)?,
                opaque_data: Bytes::copy_from_slice(reader.rest()),
            })),
            KIND_CONFIG => {
                let update_type = reader.u8().ok_or_else(short)?;
                ConfigUpdate::decode(update_type, reader.rest()).map(Self::Config)
            }
            kind => Err(MessageError::Kind(kind)),
        }
    }
}

impl ConfigUpdate {
    /// Number of the update type, as in the event.
    pub const fn update_type(&self) -> u8 {
        match self {
            Self::Batcher(_) => UPDATE_BATCHER,
            Self::FeeScalars { .. } => UPDATE_FEE_SCALARS,
            Self::GasLimit(_) => UPDATE_GAS_LIMIT,
            Self::OperatorFee { .. } => UPDATE_OPERATOR_FEE,
        }
    }

    /// ABI words, as in the event.
    pub fn data(&self) -> Bytes {
        let words = match *self {
            Self::Batcher(batcher) => alloc::vec![batcher.into_word()],
            Self::FeeScalars { base, blob } => {
                alloc::vec![U256::from(base).into(), U256::from(blob).into()]
            }
            Self::GasLimit(gas_limit) => alloc::vec![U256::from(gas_limit).into()],
            Self::OperatorFee { scalar, constant } => {
                alloc::vec![U256::from(scalar).into(), U256::from(constant).into()]
            }
        };
        words.iter().flat_map(|word: &B256| word.0).collect::<Vec<u8>>().into()
    }

    /// Reads type and data of the event. Padding must be zero.
    pub fn decode(update_type: u8, data: &[u8]) -> Result<Self, MessageError> {
        let wrong = || MessageError::UpdateData { update_type };
        let mut reader = Reader::new(data);
        let update = match update_type {
            UPDATE_BATCHER => {
                let word = reader.b256().ok_or_else(wrong)?;
                Self::Batcher(Address::from_word(word))
            }
            UPDATE_FEE_SCALARS => Self::FeeScalars {
                base: word(&mut reader).ok_or_else(wrong)?,
                blob: word(&mut reader).ok_or_else(wrong)?,
            },
            UPDATE_GAS_LIMIT => Self::GasLimit(word(&mut reader).ok_or_else(wrong)?),
            UPDATE_OPERATOR_FEE => Self::OperatorFee {
                scalar: word(&mut reader).ok_or_else(wrong)?,
                constant: word(&mut reader).ok_or_else(wrong)?,
            },
            _ => return Err(MessageError::UpdateType(update_type)),
        };
        if *update.data() == *data { Ok(update) } else { Err(wrong()) }
    }
}

/// One ABI word as a number that fits.
fn word<T: TryFrom<U256>>(reader: &mut Reader<'_>) -> Option<T> {
    T::try_from(U256::from_be_bytes(reader.array::<32>()?)).ok()
}

impl DepositMessage {
    /// The deposit transaction, under the identity that `source_hash` gives it.
    pub fn to_deposit(&self, source_hash: B256) -> Result<TxDeposit, DepositError> {
        let mut reader = Reader::new(&self.opaque_data);
        let short = || DepositError::TooShort(self.opaque_data.len());
        let mint = U256::from_be_bytes(reader.array::<32>().ok_or_else(short)?);
        let value = U256::from_be_bytes(reader.array::<32>().ok_or_else(short)?);
        let gas_limit = reader.u64().ok_or_else(short)?;
        let to = match reader.u8().ok_or_else(short)? {
            0 => TxKind::Call(self.to),
            1 => TxKind::Create,
            flag => return Err(DepositError::CreationFlag(flag)),
        };
        Ok(TxDeposit {
            source_hash,
            from: self.from,
            to,
            mint: u128::try_from(mint).map_err(|_| DepositError::Mint(mint))?,
            value,
            gas_limit,
            is_system_transaction: false,
            input: self.opaque_data.slice(OPAQUE_HEAD_BYTES..),
        })
    }
}

/// Identity of a user deposit: domain 0, L1 block and log index.
pub fn user_deposit_source_hash(l1_block_hash: B256, log_index: u64) -> B256 {
    UserDepositSource::new(l1_block_hash, log_index).source_hash()
}

/// Identity of an L1 attributes deposit: domain 1, L1 block and sequence number.
pub fn l1_attributes_source_hash(l1_block_hash: B256, sequence_number: u64) -> B256 {
    L1InfoDepositSource::new(l1_block_hash, sequence_number).source_hash()
}

/// The message chain after one more message: keccak256 of `abi.encodePacked(bytes32 acc, uint64 l1Number,
/// uint64 timestamp, bytes32 keccak256(message))`.
pub fn message_chain_next(acc: B256, l1_number: u64, timestamp: u64, message: &[u8]) -> B256 {
    let mut preimage = [0u8; 80];
    preimage[..32].copy_from_slice(acc.as_slice());
    preimage[32..40].copy_from_slice(&l1_number.to_be_bytes());
    preimage[40..48].copy_from_slice(&timestamp.to_be_bytes());
    preimage[48..].copy_from_slice(keccak256(message).as_slice());
    keccak256(preimage)
}

#[cfg(test)]
mod tests;
