-- The index, second tier: rows for SQL, history and explorers. It may lag, and can be dropped and rebuilt from the
-- first tier at any time. Every table here has block_number, and a BRIN on it where the primary key does not
-- start with it: rows arrive in block order, and unwinding deletes by it.

CREATE TABLE transactions (
    block_number        BIGINT   NOT NULL,
    transaction_index   INTEGER  NOT NULL,
    hash                BYTEA    NOT NULL,
    type                SMALLINT NOT NULL,
    sender              BYTEA    NOT NULL,
    recipient           BYTEA,             -- NULL: creates a contract
    created             BYTEA,
    nonce               BIGINT   NOT NULL,
    value               BYTEA    NOT NULL,
    gas_limit           BIGINT   NOT NULL,
    gas_used            BIGINT   NOT NULL,
    effective_gas_price BYTEA    NOT NULL,
    l1_fee              BYTEA    NOT NULL,
    success             BOOLEAN  NOT NULL,
    PRIMARY KEY (block_number, transaction_index)
);
-- "The transactions of this account", for explorers. Random keys, paid behind the chain. A sender's transactions have the
-- order of their nonces, so one btree finds both a nonce and the newest.
CREATE INDEX transactions_sender ON transactions (sender, nonce);
CREATE INDEX transactions_recipient ON transactions (recipient, block_number, transaction_index)
    WHERE recipient IS NOT NULL;
-- Who created a contract; few rows.
CREATE INDEX transactions_created ON transactions (created) WHERE created IS NOT NULL;

CREATE TABLE logs (
    block_number      BIGINT  NOT NULL,
    log_index         INTEGER NOT NULL,
    transaction_index INTEGER NOT NULL,
    address           BYTEA   NOT NULL,
    topic0            BYTEA,
    topic1            BYTEA,
    topic2            BYTEA,
    topic3            BYTEA,
    data              BYTEA   NOT NULL,
    PRIMARY KEY (block_number, log_index)
);
-- A filter names a contract nearly always, and otherwise an event; both within a range of blocks.
CREATE INDEX logs_address ON logs (address, block_number);
CREATE INDEX logs_topic0 ON logs (topic0, block_number);

-- The newest row at or below a block is the value there, which only a btree finds in one descent.
CREATE TABLE account_versions (
    address      BYTEA  NOT NULL,
    block_number BIGINT NOT NULL,
    nonce        BIGINT,
    balance      BYTEA,
    code_hash    BYTEA,   -- NULL, like the other two: the account is gone
    PRIMARY KEY (address, block_number)
);
CREATE INDEX account_versions_block ON account_versions USING brin (block_number);

CREATE TABLE slot_versions (
    address      BYTEA  NOT NULL,
    slot         BYTEA  NOT NULL,
    block_number BIGINT NOT NULL,
    value        BYTEA  NOT NULL,   -- empty: zero
    PRIMARY KEY (address, slot, block_number)
);
CREATE INDEX slot_versions_block ON slot_versions USING brin (block_number);

-- All slots of the account that are older than this block are zero.
CREATE TABLE storage_clears (
    address      BYTEA  NOT NULL,
    block_number BIGINT NOT NULL,
    PRIMARY KEY (address, block_number)
);
