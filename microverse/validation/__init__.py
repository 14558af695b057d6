"""What is looked at during training: the loss at fixed noise, samples of base and tuned model, their scores."""
