-- Who may write, and what was ordered. Everything else in this schema can be computed again.

-- One row per role. The epoch only grows: whoever holds the newest one may write.
-- UNIQUE (role, epoch) makes the epoch a key column on purpose: taking the lease over is then a key
-- update, which waits for FOR KEY SHARE (an index writer that is about to commit), while a renewal,
-- which leaves the key alone, does not.
CREATE TABLE leases (
    role        TEXT        PRIMARY KEY,
    epoch       BIGINT      NOT NULL CHECK (epoch > 0),
    holder      TEXT,       -- NULL: released
    acquired_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at  TIMESTAMPTZ NOT NULL,
    UNIQUE (role, epoch)
);

-- The journal: one row per sub-block. A transaction is durable once its row is.
CREATE TABLE journal (
    block_number      BIGINT      NOT NULL CHECK (block_number > 0),
    sub_index         INTEGER     NOT NULL CHECK (sub_index >= 0),
    epoch             BIGINT      NOT NULL,
    opening           BYTEA       CHECK ((sub_index = 0) = (opening IS NOT NULL)),
    payload           BYTEA       NOT NULL,
    transaction_count INTEGER     NOT NULL CHECK (transaction_count >= 0),
    checksum          BIGINT      NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (block_number, sub_index)
);
-- Signatures do not compress; trying to costs five times the whole append.
ALTER TABLE journal ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Each time the journal was cut back because L1 reorganized. The newest row also says at which block the
-- journal goes on when it is empty.
CREATE TABLE journal_generations (
    generation         BIGINT      PRIMARY KEY CHECK (generation >= 0),
    from_block         BIGINT      NOT NULL CHECK (from_block > 0),
    epoch              BIGINT      NOT NULL,
    cause              TEXT        NOT NULL,
    removed_sub_blocks BIGINT      NOT NULL,
    created_at         TIMESTAMPTZ NOT NULL DEFAULT now()
);
INSERT INTO journal_generations (generation, from_block, epoch, cause, removed_sub_blocks)
VALUES (0, 1, 0, 'genesis', 0);

-- What was cut off, whole: a transaction that was durable once is never lost without a trace.
CREATE TABLE journal_removed (
    generation        BIGINT      NOT NULL REFERENCES journal_generations,
    block_number      BIGINT      NOT NULL,
    sub_index         INTEGER     NOT NULL,
    epoch             BIGINT      NOT NULL,
    opening           BYTEA,
    payload           BYTEA       NOT NULL,
    transaction_count INTEGER     NOT NULL,
    checksum          BIGINT      NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (generation, block_number, sub_index)
);
ALTER TABLE journal_removed ALTER COLUMN payload SET STORAGE EXTERNAL;
