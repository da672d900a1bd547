-- A dispute removes proposals without a reorg of L1, and their places in the list are given again; ids are not. What is known
-- of proposals is read from L1 again. `l1_block` is from now on the L1 block after which a proposal was first seen, because one
-- that a dispute brings has the L1 block of the one before it.
DELETE FROM proposals;
ALTER TABLE proposals ADD COLUMN proposal_id BIGINT NOT NULL CHECK (proposal_id >= 0);
