"""Views of the log: leaves become rows, rows are summed, sums and cursor commit together."""
