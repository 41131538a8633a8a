-- What the floor and a worker's month know of work: seconds paid, unpaid and outside of tasks, and what
-- was earned. A sum to which nothing was added is null in the views.
       coalesce(sum(paid_seconds), 0)::bigint AS paid,
       (coalesce(sum(rejected_seconds), 0) + coalesce(sum(not_submitted_seconds), 0)
        + coalesce(sum(fault_seconds), 0))::bigint AS unpaid,
       (coalesce(sum(search_seconds), 0) + coalesce(sum(qualification_seconds), 0)
        + coalesce(sum(waiting_seconds), 0))::bigint AS outside,
       coalesce(sum(earned), 0) AS earned
