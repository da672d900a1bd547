//! Reads a workload: once over it to see that it is whole, and nothing copied.

use std::path::Path;

use alloy::primitives::Address;
use bytes::Bytes;

use super::{FUNDER, FileError, Header, Record, Sender, TRANSACTION_BYTES_MAX, Workload};

/// Bytes of the checksum at the end.
const CRC_BYTES: usize = 4;
/// Bytes of one sender.
const SENDER_BYTES: usize = 28;

/// Takes numbers off bytes.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], FileError> {
        let end = self.at.checked_add(length).ok_or(FileError::TooShort)?;
        let taken = self.bytes.get(self.at..end).ok_or(FileError::TooShort)?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        self.take(N)?.try_into().map_err(|_| FileError::TooShort)
    }

    pub(super) fn u32(&mut self) -> Result<u32, FileError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, FileError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// The sender of a record and the place of its bytes.
    fn record(&mut self) -> Result<(u32, std::ops::Range<usize>), FileError> {
        let sender = self.u32()?;
        let length = self.u32()?;
        if length > TRANSACTION_BYTES_MAX {
            return Err(FileError::TransactionTooLong(length as usize));
        }
        let start = self.at;
        self.take(length as usize)?;
        Ok((sender, start..self.at))
    }
}

impl Workload {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is not a whole workload.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        Self::decode(std::fs::read(path).map_err(FileError::Io)?.into())
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// When they are not a whole workload.
    pub fn decode(bytes: Bytes) -> Result<Self, FileError> {
        let mut cursor = Cursor { bytes: &bytes, at: 0 };
        let header = Header::decode(&mut cursor)?;
        let count = header.spec.senders as usize;
        // Before memory is asked for: the header may say anything.
        if bytes.len().saturating_sub(cursor.at) < count.saturating_mul(SENDER_BYTES) {
            return Err(FileError::TooShort);
        }
        let mut senders = Vec::with_capacity(count);
        for _ in 0..count {
            let address = Address::from(cursor.array::<20>()?);
            senders.push(Sender { address, nonce: cursor.u64()? });
        }
        let funding = cursor.at;
        let approvals = skip(&mut cursor, header.funding, |sender| sender == FUNDER)?;
        let is_one = |sender| sender < header.spec.senders;
        let transactions = skip(&mut cursor, header.approvals, is_one)?;
        let end = skip(&mut cursor, header.spec.transactions, is_one)?;
        let expected = cursor.u32()?;
        if bytes.len() > cursor.at {
            return Err(FileError::TooLong(bytes.len() - cursor.at));
        }
        let found = crc32fast::hash(&bytes[..end]);
        if found != expected {
            return Err(FileError::Damaged { found, expected });
        }
        Ok(Self { header, senders, bytes, funding, approvals, transactions })
    }

    /// What the funder has signed, in order.
    pub fn funding(&self) -> impl Iterator<Item = Record> + '_ {
        self.between(self.funding, self.approvals)
    }

    /// What the senders have signed before anything is measured.
    pub fn approvals(&self) -> impl Iterator<Item = Record> + '_ {
        self.between(self.approvals, self.transactions)
    }

    /// What is measured, in order.
    pub fn transactions(&self) -> impl Iterator<Item = Record> + '_ {
        self.between(self.transactions, self.bytes.len() - CRC_BYTES)
    }

    fn between(&self, start: usize, end: usize) -> impl Iterator<Item = Record> + '_ {
        let mut cursor = Cursor { bytes: &self.bytes[..end], at: start };
        std::iter::from_fn(move || {
            // All records were looked at when the file was read, so an error is its end.
            let (sender, place) = cursor.record().ok()?;
            Some(Record { sender, raw: self.bytes.slice(place) })
        })
    }
}

/// Goes over so many records; where they end.
fn skip(
    cursor: &mut Cursor<'_>,
    count: u32,
    is_one: impl Fn(u32) -> bool,
) -> Result<usize, FileError> {
    for record in 0..count as usize {
        let (sender, _) = cursor.record()?;
        if !is_one(sender) {
            return Err(FileError::Sender { record, sender });
        }
    }
    Ok(cursor.at)
}
