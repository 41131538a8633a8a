"""The ways to run it: the `sijill` command, the processes, the embedded server, the demo."""
