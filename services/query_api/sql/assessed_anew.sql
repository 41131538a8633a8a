-- Whether an act behind an event may change any month: a policy, rate, link or scheme.
SELECT EXISTS (
    SELECT FROM told AS t
    LEFT JOIN told AS o ON o.event_number = t.original
    WHERE t.event_number > :since AND coalesce(o.type, t.type) IN (
        'policy.adopted.v1', 'rate.published.v1', 'identity.linked.v1', 'identity.unlinked.v1',
        'scheme.assigned.v1'
    )
) AS anew
