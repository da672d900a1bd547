-- What the claim after a derived block says besides its header (docs/spec/claims.md, section 1), and the claims in the
-- midst of it. NULL in rows of earlier versions, and where nobody makes claims: in a sequencer's database. A verifier that
-- finds such a row takes everything back and derives anew, because where derivation stood cannot be told afterwards.
ALTER TABLE derived_blocks
    ADD COLUMN cursor_l1      BIGINT CHECK (cursor_l1 >= 0),
    ADD COLUMN cursor_entries BIGINT CHECK (cursor_entries BETWEEN 0 AND 4294967295),
    ADD COLUMN cursor_blocks  BIGINT CHECK (cursor_blocks BETWEEN 0 AND 4294967295),
    ADD COLUMN slices         BYTEA[],  -- preimages of the claims of its slices but the last
    ADD CHECK (num_nulls(cursor_l1, cursor_entries, cursor_blocks, slices) IN (0, 4));

-- Proposals are judged by the root over the claims of their interval too. What is known of them is read from L1 again,
-- since earlier versions judged by another root.
DELETE FROM proposals;
ALTER TABLE proposals
    ADD COLUMN segments_root         BYTEA NOT NULL,  -- claimed on L1
    ADD COLUMN derived_segments_root BYTEA,           -- what the verifier computed
    ADD CHECK ((derived_root IS NULL) = (derived_segments_root IS NULL));
