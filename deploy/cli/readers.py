"""What looks at a registry: tokens for readers, the checker, a rebuild."""
