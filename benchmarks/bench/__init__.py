"""The parts that the benchmark commands next to this folder are built from."""
