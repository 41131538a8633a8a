-- The next leaf to fold. It moves in the same transaction as what the leaves add.
CREATE TABLE cursor (
    next_leaf bigint NOT NULL,
    only boolean PRIMARY KEY DEFAULT true CHECK (only)
);
INSERT INTO cursor (next_leaf) VALUES (0);
