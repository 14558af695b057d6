"""Judges, and the engine that asks them."""
