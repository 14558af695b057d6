"""What one page asks of an expert and takes from him, by kind of study, and in which order pages come."""
