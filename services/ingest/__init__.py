"""The door: what platforms talk to."""
