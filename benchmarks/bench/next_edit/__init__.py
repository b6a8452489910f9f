"""Next edit measured on the commits of real repositories, played as a user would make them."""
