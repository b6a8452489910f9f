"""Fill-in-the-middle tasks with tests, and the prompts that the benchmark compares."""
