"""What is known of one user: state and its bytes, history, interest, the guard against robots.

May import `shown` and the modules beside the rooms.
"""
