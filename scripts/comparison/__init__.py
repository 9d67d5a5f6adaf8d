"""Lists of one namespace beside those of another; may import what `scripts` has for reading lists, and the core."""
