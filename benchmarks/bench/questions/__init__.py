"""Questions about open projects, and how answers to them are counted once people have read them."""
