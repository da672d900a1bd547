//! The header of a workload: what it is for and how much there is of it.

use alloy::primitives::Address;

use super::{FileError, MAGIC, VERSION, read::Cursor};
use crate::workload::{Kind, Spec};

/// What a workload is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Header {
    /// The chain that it is signed for.
    pub chain_id: u64,
    /// What it was made from.
    pub spec: Spec,
    /// The highest price of gas that was signed, in wei.
    pub max_fee: u64,
    /// Who pays for everything.
    pub funder: Address,
    /// The funder's nonce before the first of its transactions.
    pub funder_nonce: u64,
    /// The contract that pays the senders; the funder's first transaction makes it.
    pub setup: Address,
    /// How many transactions the funder has signed.
    pub funding: u32,
    /// How many approvals the senders have signed.
    pub approvals: u32,
}

impl Header {
    /// How many approvals each sender has signed.
    #[must_use]
    pub const fn approvals_each(&self) -> u32 {
        self.approvals / self.spec.senders
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend(MAGIC);
        out.extend(VERSION.to_le_bytes());
        out.extend(self.spec.kind.code().to_le_bytes());
        out.extend(self.chain_id.to_le_bytes());
        out.extend(self.spec.seed.to_le_bytes());
        out.extend(self.spec.zipf.to_bits().to_le_bytes());
        out.extend(self.max_fee.to_le_bytes());
        out.extend(self.funder);
        out.extend(self.funder_nonce.to_le_bytes());
        out.extend(self.setup);
        out.extend(self.spec.senders.to_le_bytes());
        out.extend(self.funding.to_le_bytes());
        out.extend(self.approvals.to_le_bytes());
        out.extend(self.spec.transactions.to_le_bytes());
        out
    }

    pub(super) fn decode(cursor: &mut Cursor<'_>) -> Result<Self, FileError> {
        if cursor.array::<8>().ok() != Some(MAGIC) {
            return Err(FileError::NotAWorkload);
        }
        let version = cursor.u32()?;
        if version != VERSION {
            return Err(FileError::Version(version));
        }
        let code = cursor.u32()?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.code() == code);
        let kind = kind.ok_or(FileError::Field { field: "kind", value: u64::from(code) })?;
        let chain_id = cursor.u64()?;
        let seed = cursor.u64()?;
        let zipf = f64::from_bits(cursor.u64()?);
        let max_fee = cursor.u64()?;
        let funder = Address::from(cursor.array::<20>()?);
        let funder_nonce = cursor.u64()?;
        let setup = Address::from(cursor.array::<20>()?);
        let senders = cursor.u32()?;
        let funding = cursor.u32()?;
        let approvals = cursor.u32()?;
        let transactions = cursor.u32()?;
        let spec = Spec { kind, seed, senders, transactions, zipf };
        let wrong = |field, value: u32| FileError::Field { field, value: u64::from(value) };
        if spec.validate().is_err() {
            return Err(wrong("number of senders", senders));
        }
        if !approvals.is_multiple_of(senders) {
            return Err(wrong("number of approvals", approvals));
        }
        Ok(Self { chain_id, spec, max_fee, funder, funder_nonce, setup, funding, approvals })
    }
}
