"""The result of a study: every decision with its votes and rules, what it makes, and how far experts agree."""
