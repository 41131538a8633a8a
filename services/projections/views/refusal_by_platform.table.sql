-- Rejections by reason and by who decided; withdrawn ones are taken off again.
CREATE TABLE refusal_by_platform (
    emitter_code integer NOT NULL,
    day date NOT NULL,
    task_group task_group NOT NULL,
    reason text NOT NULL,       -- '' where unstated
    decided_by decider NOT NULL,
    recorded_day date NOT NULL,
    rejected integer NOT NULL,
    seconds bigint NOT NULL,
    PRIMARY KEY (emitter_code, day, task_group, reason, decided_by, recorded_day)
);
-- The day that still runs is read at each answer, those before it once.
CREATE INDEX ON refusal_by_platform (recorded_day);
