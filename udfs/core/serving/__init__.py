"""A batch of records into lists, decisions and feedback, by the state of the world as it is now.

May import every room but `evaluation`.
"""
