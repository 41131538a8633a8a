-- Short codes of emitters that have spoken; codes differ between generations, text never does.
CREATE TABLE emitter (
    emitter_code integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    emitter text NOT NULL UNIQUE
);
