"""What lists are made of: the settings and activities of a deployment, and its placements."""
