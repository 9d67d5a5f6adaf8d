"""What operators keep in state beside users and sums: their deployment, how far they are with an opening."""
