"""What one page asks of an expert and takes, by kind of study, and in which order pages come."""
