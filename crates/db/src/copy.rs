//! PostgreSQL's binary COPY format: signature, then per row a field count and length-prefixed values, then -1.
//!
//! Invariant: nothing checks the column types on the way, so a test reads back every table that is filled here.

use sqlx::PgConnection;

use crate::metrics::timed;

/// The rows of one COPY.
#[derive(Debug)]
pub(crate) struct BinaryRows {
    bytes: Vec<u8>,
    rows: u64,
}

impl BinaryRows {
    pub(crate) fn new() -> Self {
        let mut bytes = b"PGCOPY\n\xff\r\n\0".to_vec();
        bytes.extend_from_slice(&[0; 8]); // flags, length of the header extension
        Self { bytes, rows: 0 }
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> u64 {
        self.rows
    }

    /// Starts a row of that many values.
    pub(crate) fn row(&mut self, fields: i16) -> &mut Self {
        self.rows += 1;
        self.bytes.extend_from_slice(&fields.to_be_bytes());
        self
    }

    pub(crate) fn bigint(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn integer(&mut self, value: i32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn smallint(&mut self, value: i16) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn boolean(&mut self, value: bool) -> &mut Self {
        self.bytes(&[u8::from(value)])
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let length = i32::try_from(value.len()).expect("a value is far below 2 GiB: blocks are");
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    pub(crate) fn optional(&mut self, value: Option<&[u8]>) -> &mut Self {
        match value {
            Some(value) => self.bytes(value),
            None => self.null(),
        }
    }

    pub(crate) fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    /// Sends the rows. `statement` is a `COPY … FROM STDIN (FORMAT binary)` with the columns in the order of the values.
    pub(crate) async fn send(
        &self,
        name: &'static str,
        connection: &mut PgConnection,
        statement: &'static str,
    ) -> Result<(), sqlx::Error> {
        if self.rows == 0 {
            return Ok(());
        }
        let copying = async {
            let mut copy = connection.copy_in_raw(statement).await?;
            copy.send(&self.bytes[..]).await?;
            copy.send(&(-1_i16).to_be_bytes()[..]).await?;
            copy.finish().await
        };
        let written = timed(name, copying).await?;
        assert_eq!(written, self.rows, "COPY takes every row or fails");
        Ok(())
    }
}
