# Counts of `make soak` in CI.
SOAK_DEMOS   := 2
SOAK_KILLS   := 40
