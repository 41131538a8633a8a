"""The `sijill` command, one module for each kind of task."""
