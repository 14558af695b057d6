"""Generators: how one is asked for a video, and how its videos are made and stored."""
