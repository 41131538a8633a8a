"""The schemas that Alembic owns: log, vault, audit and the registry of view generations.

A view's table stands beside its fold, in SQL, made per generation; only `view_*` may be dropped.
"""
