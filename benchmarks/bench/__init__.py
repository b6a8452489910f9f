"""What the benchmarks are made of: the commands next to this folder put it together."""
