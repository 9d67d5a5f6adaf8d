"""What is known of one user: state and its bytes, history, interest, the guard against robots.

Imports from `profiles` and `shown`.
"""
