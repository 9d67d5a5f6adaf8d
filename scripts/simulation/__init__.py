"""The demo's world: simulated visitors around the real job."""
