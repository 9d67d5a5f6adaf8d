"""Policies that score an activity by the user's context; may import `policies.base` and `parameters`."""
