"""Calls to chat servers: the wire, completions, prices, a budget, retries, rate control and the log of it all.

Judges ask about videos through it; drafts and captions are written through it.
"""
