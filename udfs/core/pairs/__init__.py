"""What a user and an activity have to do with each other, as a few whole numbers, and the regression over them.

Imports from `catalogue` and `users`.
"""
