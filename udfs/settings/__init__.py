"""What a deployment may say: the options, where their values come from, what they become for ranker and clients.

Stands on `schemas` and `tideline.udfs.core`; models, io, operators, jobs and scripts may import it.
"""
