"""What is looked at again of the decisions of a batch."""
