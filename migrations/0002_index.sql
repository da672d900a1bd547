-- The index, first tier: one packed row per sealed block, and where a transaction hash is found.

CREATE TABLE blocks (
    number            BIGINT  PRIMARY KEY CHECK (number >= 0),
    hash              BYTEA   NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    parent_hash       BYTEA   NOT NULL CHECK (octet_length(parent_hash) = 32),
    header            BYTEA   NOT NULL,   -- RLP
    transaction_count INTEGER NOT NULL CHECK (transaction_count >= 0),
    -- u32 each: transactions up to and including the own body, then up to and including each sub-block.
    sub_blocks        BYTEA   NOT NULL,
    -- u32 per transaction: where its record starts inside the own body or inside its journal row.
    body_offsets      BYTEA   NOT NULL,
    -- The transactions that the journal does not hold: deposits; in a verifier's database, all of them.
    body              BYTEA   NOT NULL,
    receipt_offsets   BYTEA   NOT NULL,   -- u32 per transaction
    receipts          BYTEA   NOT NULL,
    diff              BYTEA   NOT NULL,   -- state before -> state after
    undo              BYTEA   NOT NULL,   -- state after -> state before
    access_list       BYTEA               -- RLP (EIP-7928), if one was written
);
-- EXTERNAL keeps substring() cheap: one receipt or one body is read without the rest of its block.
ALTER TABLE blocks
    ALTER COLUMN sub_blocks SET STORAGE EXTERNAL,
    ALTER COLUMN body_offsets SET STORAGE EXTERNAL,
    ALTER COLUMN body SET STORAGE EXTERNAL,
    ALTER COLUMN receipt_offsets SET STORAGE EXTERNAL,
    ALTER COLUMN receipts SET STORAGE EXTERNAL,
    ALTER COLUMN diff SET STORAGE EXTERNAL,
    ALTER COLUMN undo SET STORAGE EXTERNAL,
    ALTER COLUMN access_list SET STORAGE EXTERNAL;

-- The first eight bytes of a transaction hash and its place. Rows arrive sorted by prefix within a block, which
-- halves the price of this btree; a hash index costs more. The full hash is checked against the body.
CREATE TABLE transaction_positions (
    prefix            BIGINT  NOT NULL,
    block_number      BIGINT  NOT NULL,
    transaction_index INTEGER NOT NULL
);
CREATE INDEX transaction_positions_prefix ON transaction_positions (prefix);
-- Only unwinding asks by block, and rows lie in block order: a BRIN is a few kilobytes.
CREATE INDEX transaction_positions_block ON transaction_positions USING brin (block_number);

-- How far what follows has come: the newest block it contains.
CREATE TABLE cursors (
    name         TEXT   PRIMARY KEY,
    block_number BIGINT CHECK (block_number >= 0)   -- NULL: nothing yet, not even genesis
);
INSERT INTO cursors (name, block_number) VALUES ('state', NULL), ('projection', NULL);

-- The state after the block that cursor "state" names. Free space in each page lets an update stay in its
-- page, so it touches no SQL index.
CREATE TABLE accounts (
    address   BYTEA  PRIMARY KEY,
    nonce     BIGINT NOT NULL,
    balance   BYTEA  NOT NULL,   -- big-endian without leading zeros
    code_hash BYTEA  NOT NULL
) WITH (fillfactor = 80);

CREATE TABLE slots (
    address BYTEA NOT NULL,
    slot    BYTEA NOT NULL,
    value   BYTEA NOT NULL CHECK (octet_length(value) > 0),   -- zero is no row
    PRIMARY KEY (address, slot)
) WITH (fillfactor = 80);

CREATE TABLE codes (
    hash         BYTEA  PRIMARY KEY,
    code         BYTEA  NOT NULL,
    block_number BIGINT NOT NULL   -- where it first appeared, so that unwinding can take it back
);
