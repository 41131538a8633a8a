"""The contribution ledger's pure core: what is due, what to post for it, and the wage floor.

Values in, values out; nothing here reads a view, a log or a clock. Whoever posts goes this way:

1. `standing`: which policy, rates and assigned schemes stand, of the acts up to a position;
2. `assignment.by_scheme`: a worker's or person's month of pay, by scheme;
3. `terms.terms_of` and `conversion.Conversions`: made once for a policy, scheme and month;
4. `assess.assess`: what the month owes;
5. `difference.difference`: the balanced lines that turn what is posted into that.

`floor`, `days` and `change` answer other questions of the same sums: the minimum wage, days of a
declaration, and what another policy would change.
"""
