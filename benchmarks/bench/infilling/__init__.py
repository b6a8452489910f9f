"""Fill-in-the-middle tasks with tests, and the prompts that are compared on them."""
