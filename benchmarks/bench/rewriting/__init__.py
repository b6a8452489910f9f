"""Windows in which a model rewrites, and what ways of following a draft cost. It knows no engine."""
