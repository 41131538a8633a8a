"""The log: an intake of acknowledged bodies and the chain of leaves over them."""
