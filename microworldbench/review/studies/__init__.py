"""What a study asks: its records, its folder on disk, how tasks are drawn and how videos are prepared."""
