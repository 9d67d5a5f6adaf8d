"""The bytes that are kept of a user for pushes, and what of a context is told apart in them."""
