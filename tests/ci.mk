# Counts of `make soak` in CI.
SOAK_DEMOS       := 1
SOAK_KILLS       := 20
SOAK_STORE_KILLS := 100
SOAK_SCHEDULES   := 2
