"""Other people's libraries, run in an environment of their own."""
