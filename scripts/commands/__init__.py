"""The commands, a file each; the shell doors in `scripts/` and `tideline` start them."""
