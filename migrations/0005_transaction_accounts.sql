-- The accounts that a transaction reached besides its sender, its recipient and what it created: those that its logs
-- name as their emitters and those that it changed (from the block's access list, where one was written). Part of the
-- projection.
CREATE TABLE transaction_accounts (
    address           BYTEA   NOT NULL,
    block_number      BIGINT  NOT NULL,
    transaction_index INTEGER NOT NULL,
    PRIMARY KEY (address, block_number, transaction_index)
);
CREATE INDEX transaction_accounts_block ON transaction_accounts USING brin (block_number);

-- Blocks that were projected without it are projected again.
TRUNCATE transactions, logs, account_versions, slot_versions, storage_clears;
UPDATE cursors SET block_number = NULL WHERE name = 'projection';
