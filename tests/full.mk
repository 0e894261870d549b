# Counts of `make soak` in full.
SOAK_DEMOS   := 50
SOAK_KILLS   := 500
