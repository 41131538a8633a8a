"""The language of the registry: event types, submissions, signatures, leaves and the log.

This floor knows nothing of HTTP or of views.
"""
