"""What is wrong with a machine or a deployment, and what to do about it: the checks of `tideline doctor`.

A module for each thing that is asked; each yields findings, changes nothing and waits for seconds at most.
"""
