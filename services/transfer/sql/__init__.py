"""SQL that reads a whole log."""
