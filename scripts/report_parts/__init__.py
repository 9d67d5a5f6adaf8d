"""Parts of `tideline report`."""
