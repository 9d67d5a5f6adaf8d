"""The world as it stood at each moment of a past that is worked off again."""
