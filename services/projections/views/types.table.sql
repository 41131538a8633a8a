-- Closed sets of words as enums: four bytes in a row, text to a reader. $event_types is filled in
-- from the vocabulary.
CREATE TYPE event_type AS ENUM ($event_types);
CREATE TYPE task_group AS ENUM ('unstated', $task_groups);
CREATE TYPE rail AS ENUM ('unstated', $rails);
CREATE TYPE decider AS ENUM ('unstated', $deciders);
-- What a fact adds, and so into which columns of the sums it goes.
CREATE TYPE fact_kind AS ENUM (
    'completed', 'approved', 'approved-unstated', 'returned', 'expired', 'aborted',
    'rejected', 'rejected-taken-back', 'rejected-paid',
    'search', 'qualification', 'waiting', 'payment'
);
