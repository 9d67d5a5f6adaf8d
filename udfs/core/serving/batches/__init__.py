"""What goes into a batch and what comes out; a batch that erases somebody is worked off in turns."""
