"""Readers of crowdwork export files. Each turns a file into assignments and faults, no more."""
