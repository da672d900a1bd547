//! Writes a workload as it is being signed: nothing of it is held.

use std::io::Write;

use super::{FUNDER, FileError, Header, Sender, TRANSACTION_BYTES_MAX};

/// Writes the parts of a workload in their order, and counts them.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    crc: crc32fast::Hasher,
    header: Header,
    records: u32,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Begins with the header and the senders.
    ///
    /// # Errors
    /// When there are more or fewer senders than the header says, or writing fails.
    pub fn new(out: W, header: Header, senders: &[Sender]) -> Result<Self, FileError> {
        let mut writer = Self { out, crc: crc32fast::Hasher::new(), header, records: 0, bytes: 0 };
        let (written, promised) = (count(senders.len()), header.spec.senders);
        if written != promised {
            return Err(FileError::Count { what: "senders", written, promised });
        }
        writer.put(&header.encode())?;
        for sender in senders {
            writer.put(sender.address.as_slice())?;
            writer.put(&sender.nonce.to_le_bytes())?;
        }
        Ok(writer)
    }

    /// The next transaction: those of the funder, then approvals, then what is measured.
    ///
    /// # Errors
    /// When it is too long, or writing fails.
    pub fn record(&mut self, sender: u32, raw: &[u8]) -> Result<(), FileError> {
        let is_known = sender < self.header.spec.senders || sender == FUNDER;
        if !is_known {
            return Err(FileError::Sender { record: self.records as usize, sender });
        }
        let length = count(raw.len());
        if length > TRANSACTION_BYTES_MAX {
            return Err(FileError::TransactionTooLong(raw.len()));
        }
        self.put(&sender.to_le_bytes())?;
        self.put(&length.to_le_bytes())?;
        self.put(raw)?;
        self.records += 1;
        Ok(())
    }

    /// Ends the file; how many bytes it has.
    ///
    /// # Errors
    /// When there were more or fewer records than the header says, or writing fails.
    pub fn finish(mut self) -> Result<u64, FileError> {
        let header = &self.header;
        let promised = header.funding + header.approvals + header.spec.transactions;
        if self.records != promised {
            let written = self.records;
            return Err(FileError::Count { what: "transactions", written, promised });
        }
        let crc = self.crc.clone().finalize();
        self.put(&crc.to_le_bytes())?;
        self.out.flush().map_err(FileError::Io)?;
        Ok(self.bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        self.crc.update(bytes);
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes).map_err(FileError::Io)
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
