"""Policies that score an activity the same for everybody; may import `policies.base` and `parameters`."""
