-- What carries a block to L1, and which proposal covers it: asked by anybody, so never by reading the whole outbox.
CREATE INDEX outbox_batches ON outbox USING gist (int8range(first_block, last_block, '[]'))
    WHERE purpose = 'batch';
CREATE INDEX outbox_proposals ON outbox (last_block, id) WHERE purpose = 'proposal';
-- Further parts of a block are told apart by their keys alone.
CREATE INDEX outbox_parts ON outbox (key COLLATE "C") WHERE purpose = 'other';
