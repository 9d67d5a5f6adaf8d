"""The web console: what a deployment does now, for people who look and try. Needs neither Flink nor Node.

`app` has the routes, `guard` says who may take which, `sources` what is read from where, and `live` reads it for all
viewers at once. What a page shows is a document that a pure function makes of what was read.
"""
