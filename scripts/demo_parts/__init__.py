"""The parts of the demo: a simulated world of visitors around the real job."""
