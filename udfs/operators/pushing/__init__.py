"""Pushes in the operators: who waits for his decision point, what is kept of users, what is learned of both."""
