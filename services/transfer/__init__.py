"""Carries a whole log from one home to another: a file in between, the same leaves, every byte."""
