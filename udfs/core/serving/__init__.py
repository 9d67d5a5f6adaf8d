"""A batch of records into lists, decisions and feedback, by the state of the world as it is now.

Imports from `catalogue`, `control`, `experiments`, `learning`, `lists`, `policies`, `ranking`, `rewards` and `users`.
"""
