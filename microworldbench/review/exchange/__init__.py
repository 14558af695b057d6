"""The way in and out: label files, votes, plain rows, the replayable log, and Label Studio's format."""
