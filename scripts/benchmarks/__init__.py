"""Benchmarks: of the whole job (`live`), of its parts (`offline`), beside other libraries (`peers`), over a year."""
