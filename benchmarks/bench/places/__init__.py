"""Ghost text at places of recent commits: drawn, written, judged, read by people, and fitted to."""
