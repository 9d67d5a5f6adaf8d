"""New lists for users of whom nothing is new: by command, and once an activity has opened."""
