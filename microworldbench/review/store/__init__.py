"""What experts answered, and who may answer: two append-only logs and the state that follows from them."""
