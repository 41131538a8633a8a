-- The next leaf to fold. It moves in the same transaction as what the leaves add.
CREATE TABLE cursor (
    next_leaf bigint NOT NULL,
    single boolean PRIMARY KEY DEFAULT true CHECK (single)
);
INSERT INTO cursor (next_leaf) VALUES (0);
