-- What the services must remember besides the chain itself.

-- The heads, by safety level. All three are written together.
CREATE TABLE heads (
    level           TEXT   PRIMARY KEY CHECK (level IN ('unsafe', 'safe', 'finalized')),
    number          BIGINT NOT NULL,
    hash            BYTEA  NOT NULL,
    parent_hash     BYTEA  NOT NULL,
    timestamp       BIGINT NOT NULL,
    origin_number   BIGINT NOT NULL,
    origin_hash     BYTEA  NOT NULL,
    sequence_number BIGINT NOT NULL
);

-- How far the life-cycle words that L1 decides have come: the newest block that is posted, proposed, final.
CREATE TABLE progress (
    stage        TEXT   PRIMARY KEY CHECK (stage IN ('posted', 'proposed', 'final')),
    block_number BIGINT NOT NULL CHECK (block_number >= 0)
);

-- The mempool of a sequencer that was stopped, in the order of arrival.
CREATE TABLE pending_transactions (
    position BIGINT PRIMARY KEY,
    raw      BYTEA  NOT NULL
);
ALTER TABLE pending_transactions ALTER COLUMN raw SET STORAGE EXTERNAL;

-- What the executor has learned of contracts. Losing it costs time alone.
CREATE TABLE predictions (
    is_only BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    learned BYTEA   NOT NULL
);

-- The outbox: every L1 transaction the batcher or proposer means to send, written before the first attempt. It is
-- open until it has an outcome.
CREATE TABLE outbox (
    id               BIGINT      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sender           BYTEA       NOT NULL,
    key              TEXT        NOT NULL,   -- what it is for; the same thing is never recorded twice
    purpose          TEXT        NOT NULL CHECK (purpose IN ('batch', 'proposal', 'other')),
    first_block      BIGINT      CHECK (first_block >= 0),
    last_block       BIGINT      CHECK (last_block >= first_block),
    destination      BYTEA       NOT NULL,
    value            BYTEA       NOT NULL,
    calldata         BYTEA       NOT NULL,
    gas_limit        BIGINT,                 -- NULL: ask L1
    blob_data        BYTEA,                  -- NULL: an ordinary transaction
    nonce            BIGINT      CHECK (nonce >= 0),
    cancel_requested BOOLEAN     NOT NULL DEFAULT FALSE,
    mined_hash       BYTEA,
    mined_block      BIGINT,
    mined_block_hash BYTEA,
    mined_success    BOOLEAN,
    outcome          TEXT        CHECK (outcome IN ('confirmed', 'reverted', 'cancelled', 'refused')),
    reason           TEXT,
    created_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
    closed_at        TIMESTAMPTZ,
    UNIQUE (sender, key),
    CHECK ((purpose = 'other') = (last_block IS NULL)),
    CHECK ((purpose = 'batch') = (first_block IS NOT NULL)),
    CHECK ((outcome IS NULL) = (closed_at IS NULL)),
    CHECK ((outcome IS NOT DISTINCT FROM 'refused') = (reason IS NOT NULL)),
    CHECK (num_nulls(mined_hash, mined_block, mined_block_hash, mined_success) IN (0, 4)),
    CHECK (outcome IS NULL OR outcome NOT IN ('confirmed', 'reverted')
           OR mined_success = (outcome = 'confirmed')),
    -- No block is in two batches that may still land.
    CONSTRAINT outbox_batch_once
        EXCLUDE USING gist (int8range(first_block, last_block, '[]') WITH &&)
        WHERE (purpose = 'batch' AND outcome IS NULL)
);
-- No block is proposed twice at once, and no nonce is held by two.
CREATE UNIQUE INDEX outbox_proposal_once ON outbox (last_block)
    WHERE purpose = 'proposal' AND outcome IS NULL;
CREATE UNIQUE INDEX outbox_nonce_once ON outbox (sender, nonce)
    WHERE nonce IS NOT NULL AND outcome IS NULL;
CREATE INDEX outbox_open ON outbox (sender, id) WHERE outcome IS NULL;
ALTER TABLE outbox
    ALTER COLUMN calldata SET STORAGE EXTERNAL,
    ALTER COLUMN blob_data SET STORAGE EXTERNAL;

-- Each signed form of such a transaction; a replacement pays more and has the same nonce. Signing is
-- deterministic, so the bytes themselves need not be kept.
CREATE TABLE outbox_attempts (
    outbox_id        BIGINT      NOT NULL REFERENCES outbox,
    attempt          INTEGER     NOT NULL CHECK (attempt >= 0),
    hash             BYTEA       NOT NULL,
    nonce            BIGINT      NOT NULL CHECK (nonce >= 0),
    gas_limit        BIGINT      NOT NULL,
    fee_per_gas      BYTEA       NOT NULL,
    tip_per_gas      BYTEA       NOT NULL,
    fee_per_blob_gas BYTEA       NOT NULL,
    cancels          BOOLEAN     NOT NULL,
    recorded_at      TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (outbox_id, attempt),
    UNIQUE (outbox_id, hash)
);

-- The verifier's own database: what it derived, how far it read L1, what it thinks of each proposal.
CREATE TABLE derived_blocks (
    number           BIGINT PRIMARY KEY CHECK (number > 0),
    hash             BYTEA  NOT NULL,
    parent_hash      BYTEA  NOT NULL,
    timestamp        BIGINT NOT NULL,
    origin_number    BIGINT NOT NULL,
    origin_hash      BYTEA  NOT NULL,
    sequence_number  BIGINT NOT NULL,
    output_root      BYTEA  NOT NULL,
    derived_from     BIGINT NOT NULL   -- the L1 block that completed its inputs
);
-- Unwinding asks by it; values rise with the rows.
CREATE INDEX derived_blocks_derived_from ON derived_blocks USING brin (derived_from);

-- The L1 blocks that were derived from, newest last: what a reorg is compared with.
CREATE TABLE derivation_l1_blocks (
    number BIGINT PRIMARY KEY,
    hash   BYTEA  NOT NULL
);

CREATE TABLE proposals (
    proposal_index BIGINT      PRIMARY KEY CHECK (proposal_index >= 0),
    l2_block       BIGINT      NOT NULL,
    output_root    BYTEA       NOT NULL,   -- claimed on L1
    proposer       BYTEA       NOT NULL,
    l1_block       BIGINT      NOT NULL,
    l1_block_hash  BYTEA       NOT NULL,
    verdict        TEXT        NOT NULL DEFAULT 'unchecked'
                   CHECK (verdict IN ('unchecked', 'agreed', 'disagreed')),
    derived_root   BYTEA,                  -- what the verifier computed
    checked_at     TIMESTAMPTZ,
    CHECK ((verdict = 'unchecked') = (derived_root IS NULL))
);
