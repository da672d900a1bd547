//! A raw user transaction taken apart into the fields that columns hold, and put together again.
//!
//! Invariant: `parse` accepts exactly the bytes that `write` makes, so a transaction survives the way
//! through columns bit by bit.

use alloc::vec::Vec;

use super::{CarryError, rlp};
use crate::transaction::TRANSACTION_BYTES_MAX;

/// The four kinds of transactions that a batch carries; the number is their code in the column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Legacy = 0,
    AccessList = 1,
    DynamicFee = 2,
    SetCode = 3,
}

impl Kind {
    /// The kind of a two-bit code.
    pub(super) const fn from_code(code: u8) -> Self {
        match code & 3 {
            0 => Self::Legacy,
            1 => Self::AccessList,
            2 => Self::DynamicFee,
            _ => Self::SetCode,
        }
    }

    /// EIP-2718 type byte; legacy has none.
    const fn type_byte(self) -> Option<u8> {
        match self {
            Self::Legacy => None,
            Self::AccessList => Some(1),
            Self::DynamicFee => Some(2),
            Self::SetCode => Some(4),
        }
    }

    /// Has tip and fee cap instead of a gas price.
    pub(super) const fn has_tip(self) -> bool {
        matches!(self, Self::DynamicFee | Self::SetCode)
    }
}

/// The fields of a raw transaction. Numbers in slices are big-endian without leading zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) kind: Kind,
    /// Signed for the L2's chain id; always so unless legacy.
    pub(super) protected: bool,
    pub(super) y_parity: bool,
    pub(super) nonce: u64,
    pub(super) gas_limit: u64,
    /// Fee cap, or gas price.
    pub(super) max_fee: u128,
    /// Zero unless the kind has one.
    pub(super) tip: u128,
    /// 20 bytes; `None` creates a contract.
    pub(super) to: Option<&'a [u8; 20]>,
    pub(super) value: &'a [u8],
    pub(super) data: &'a [u8],
    /// RLP with header; empty for legacy.
    pub(super) access_list: &'a [u8],
    /// RLP with header; empty unless the kind has one.
    pub(super) authorization_list: &'a [u8],
    pub(super) r: &'a [u8],
    pub(super) s: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Takes a raw transaction apart.
    pub(super) fn parse(raw: &'a [u8], chain_id: u64) -> Result<Self, CarryError> {
        if raw.len() > TRANSACTION_BYTES_MAX {
            return Err(CarryError::TooLarge(raw.len()));
        }
        let (kind, mut rest) = match raw {
            [0x01, rest @ ..] => (Kind::AccessList, rest),
            [0x02, rest @ ..] => (Kind::DynamicFee, rest),
            [0x04, rest @ ..] => (Kind::SetCode, rest),
            [head, ..] if *head >= 0xc0 => (Kind::Legacy, raw),
            [other, ..] => return Err(CarryError::Type(*other)),
            [] => return Err(CarryError::Encoding("transaction")),
        };
        let list = rlp::list(&mut rest).ok_or(CarryError::Encoding("transaction"))?;
        if !rest.is_empty() {
            return Err(CarryError::Encoding("transaction"));
        }
        if kind == Kind::Legacy {
            Self::legacy(list, chain_id)
        } else {
            Self::typed(kind, list, chain_id)
        }
    }

    fn legacy(mut list: &'a [u8], chain_id: u64) -> Result<Self, CarryError> {
        let input = &mut list;
        let nonce = field(rlp::u64(input), "nonce")?;
        let max_fee = field(rlp::u128(input), "gas price")?;
        let gas_limit = field(rlp::u64(input), "gas limit")?;
        let to = recipient(input)?;
        let value = field(rlp::number(input, 32), "value")?;
        let data = field(rlp::string(input), "data")?;
        let v = field(rlp::u128(input), "v")?;
        let (protected, y_parity) = match v {
            27 | 28 => (false, v == 28),
            35.. => {
                // A chain id beyond 64 bits is nobody's; the error may show a part of it.
                let actual = u64::try_from((v - 35) / 2).unwrap_or(u64::MAX);
                if u128::from(chain_id) != (v - 35) / 2 {
                    return Err(CarryError::ChainId(actual));
                }
                (true, (v - 35) % 2 == 1)
            }
            _ => return Err(CarryError::Encoding("v")),
        };
        let (r, s) = signature(input)?;
        Ok(Self {
            kind: Kind::Legacy,
            protected,
            y_parity,
            nonce,
            gas_limit,
            max_fee,
            tip: 0,
            to,
            value,
            data,
            access_list: &[],
            authorization_list: &[],
            r,
            s,
        })
    }

    fn typed(kind: Kind, mut list: &'a [u8], chain_id: u64) -> Result<Self, CarryError> {
        let input = &mut list;
        let actual = field(rlp::u64(input), "chain id")?;
        if actual != chain_id {
            return Err(CarryError::ChainId(actual));
        }
        let nonce = field(rlp::u64(input), "nonce")?;
        let tip = if kind.has_tip() { field(rlp::u128(input), "tip")? } else { 0 };
        let max_fee = field(rlp::u128(input), "fee")?;
        let gas_limit = field(rlp::u64(input), "gas limit")?;
        let to = recipient(input)?;
        if to.is_none() && kind == Kind::SetCode {
            return Err(CarryError::Encoding("recipient"));
        }
        let value = field(rlp::number(input, 32), "value")?;
        let data = field(rlp::string(input), "data")?;
        let access_list = field(rlp::access_list(input), "access list")?;
        let authorization_list = if kind == Kind::SetCode {
            field(rlp::authorization_list(input), "authorization list")?
        } else {
            &[]
        };
        let y_parity = match field(rlp::number(input, 1), "y parity")? {
            [] => false,
            [1] => true,
            _ => return Err(CarryError::Encoding("y parity")),
        };
        let (r, s) = signature(input)?;
        Ok(Self {
            kind,
            protected: true,
            y_parity,
            nonce,
            gas_limit,
            max_fee,
            tip,
            to,
            value,
            data,
            access_list,
            authorization_list,
            r,
            s,
        })
    }

    /// Puts the raw transaction together at the end of `out`.
    pub(super) fn write(&self, chain_id: u64, out: &mut Vec<u8>) {
        let nonce = self.nonce.to_be_bytes();
        let max_fee = self.max_fee.to_be_bytes();
        let tip = self.tip.to_be_bytes();
        let gas_limit = self.gas_limit.to_be_bytes();
        let chain = chain_id.to_be_bytes();
        let v = self.v(chain_id).to_be_bytes();
        let (nonce, max_fee, tip) = (rlp::trim(&nonce), rlp::trim(&max_fee), rlp::trim(&tip));
        let (gas_limit, chain, v) = (rlp::trim(&gas_limit), rlp::trim(&chain), rlp::trim(&v));
        let to = self.to.map_or(&[][..], |to| to.as_slice());

        let before: &[&[u8]] = match self.kind {
            Kind::Legacy => &[nonce, max_fee, gas_limit, to, self.value, self.data],
            Kind::AccessList => &[chain, nonce, max_fee, gas_limit, to, self.value, self.data],
            Kind::DynamicFee | Kind::SetCode => {
                &[chain, nonce, tip, max_fee, gas_limit, to, self.value, self.data]
            }
        };
        let after = [v, self.r, self.s];
        let strings = before.iter().chain(&after).map(|bytes| rlp::string_len(bytes));
        let len = strings.sum::<usize>() + self.access_list.len() + self.authorization_list.len();

        if let Some(byte) = self.kind.type_byte() {
            out.push(byte);
        }
        rlp::put_list_header(out, len);
        before.iter().for_each(|bytes| rlp::put_string(out, bytes));
        out.extend_from_slice(self.access_list);
        out.extend_from_slice(self.authorization_list);
        after.iter().for_each(|bytes| rlp::put_string(out, bytes));
    }

    /// Last number before `r`: parity, which legacy transactions mix with the chain id.
    fn v(&self, chain_id: u64) -> u128 {
        let parity = u128::from(self.y_parity);
        match (self.kind, self.protected) {
            (Kind::Legacy, true) => 35 + 2 * u128::from(chain_id) + parity,
            (Kind::Legacy, false) => 27 + parity,
            _ => parity,
        }
    }
}

/// Recipient: 20 bytes, or nothing for a creation.
fn recipient<'a>(input: &mut &'a [u8]) -> Result<Option<&'a [u8; 20]>, CarryError> {
    let bytes = field(rlp::string(input), "recipient")?;
    if bytes.is_empty() {
        return Ok(None);
    }
    field(bytes.try_into().ok(), "recipient").map(Some)
}

/// `r` and `s`, the last fields.
fn signature<'a>(input: &mut &'a [u8]) -> Result<(&'a [u8], &'a [u8]), CarryError> {
    let r = field(rlp::number(input, 32), "r")?;
    let s = field(rlp::number(input, 32), "s")?;
    if input.is_empty() { Ok((r, s)) } else { Err(CarryError::Encoding("end of transaction")) }
}

fn field<T>(value: Option<T>, name: &'static str) -> Result<T, CarryError> {
    value.ok_or(CarryError::Encoding(name))
}
