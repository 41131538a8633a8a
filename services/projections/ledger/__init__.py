"""The ledger as folded: which postings, closings and links have effect, and why not."""
