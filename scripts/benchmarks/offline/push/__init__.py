"""Whether pushes go to whom they move, when they may, and each once: in settings of which the truth is known."""
