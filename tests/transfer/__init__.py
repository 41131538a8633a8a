"""Carrying a log from one home to another."""
