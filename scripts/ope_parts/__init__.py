"""The parts of `tideline ope`: files in, text and pictures out."""
