"""The contribution ledger's pure core: what is due, what to post for it, and the wage floor."""
