"""The services: door, sequencer, projection, query API, checker."""
