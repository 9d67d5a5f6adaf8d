"""The live job's work as others would write it: what `scripts/bench peers` measures beside the live job.

Each module that is run by itself (plain_loop, quix_job, bytewax_job, pathway_job) is one process of that peer, by the
Python of `scripts/setup --peers`; event_body is what the ones that work event by event share with idiomatic.py.
"""
