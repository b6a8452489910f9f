"""Pictures of the README: a typed session and a chart of latencies, drawn from recorded runs."""
