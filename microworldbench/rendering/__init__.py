"""Scorecards for people: on a console, as Markdown, and as one HTML page with the evidence behind every verdict."""
