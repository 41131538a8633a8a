"""The demo: invented exports, the summary a person reads, and the report she prints."""
