-- What the operator has told the sequencer, so that a restart does not undo it. No row: to sequence.
CREATE TABLE sequencing (
    is_only BOOLEAN     PRIMARY KEY DEFAULT TRUE CHECK (is_only),
    state   TEXT        NOT NULL CHECK (state IN ('active', 'draining', 'stopped')),
    since   TIMESTAMPTZ NOT NULL DEFAULT now()
);
