# Counts of `make soak` in full.
SOAK_DEMOS       := 50
SOAK_SCHEDULES   := 36
SOAK_KILLS       := 500
SOAK_STORE_KILLS := 1000
