"""The one writer of truth: every acknowledged body gets exactly one leaf."""
