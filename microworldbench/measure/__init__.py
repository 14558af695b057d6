"""Deterministic measurements on pixels, and the judge made of them.

`registry.MEASUREMENTS` holds the measurements by name, `judge.MeasuredJudge` the judge; importing this package loads
neither, for both need numpy.
"""
