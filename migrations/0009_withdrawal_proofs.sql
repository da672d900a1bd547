-- What proves withdrawals for ever: the nodes of the message passer's storage trie, and the way to its account in the
-- state of each block that is proposed. The trie itself is in memory, and goes back a bounded number of blocks only.

-- Every node that came about since genesis, so that each storage root leads to each of its slots. Nodes are never taken
-- away by a later withdrawal, and 500 bytes each at most.
CREATE TABLE withdrawal_nodes (
    hash         BYTEA  PRIMARY KEY CHECK (octet_length(hash) = 32),
    node         BYTEA  NOT NULL,
    block_number BIGINT NOT NULL   -- where it first appeared, so that unwinding can take it back
);
-- Only unwinding asks by block, and rows lie in block order.
CREATE INDEX withdrawal_nodes_block ON withdrawal_nodes USING brin (block_number);

CREATE TABLE withdrawal_accounts (
    block_number BIGINT PRIMARY KEY CHECK (block_number >= 0),
    nodes        BYTEA[] NOT NULL  -- from the state root to the message passer
);
ALTER TABLE withdrawal_nodes ALTER COLUMN node SET STORAGE EXTERNAL;
ALTER TABLE withdrawal_accounts ALTER COLUMN nodes SET STORAGE EXTERNAL;
