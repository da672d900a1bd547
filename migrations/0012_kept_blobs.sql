-- The blobs that a verifier has derived from. L1 nodes forget them after some 18 days, and a dispute may read them later.
-- A blob that two L1 blocks carry is kept twice, so that each can be taken back and forgotten by itself.
CREATE TABLE kept_blobs (
    l1_number      BIGINT NOT NULL CHECK (l1_number >= 0),
    versioned_hash BYTEA  NOT NULL CHECK (octet_length(versioned_hash) = 32),
    blob           BYTEA  NOT NULL CHECK (octet_length(blob) = 131072),
    PRIMARY KEY (l1_number, versioned_hash)
);
-- What is in them was compressed before.
ALTER TABLE kept_blobs ALTER COLUMN blob SET STORAGE EXTERNAL;
