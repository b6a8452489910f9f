"""Files of the same model with other weights: made, timed, asked at places of commits, and compared."""
