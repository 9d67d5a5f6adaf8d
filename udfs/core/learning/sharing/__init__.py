"""What activities share: effects of their features (hybrid), and of what a user has to do with them (pairs)."""
