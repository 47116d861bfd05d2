"""What a replay can change about a run: one policy per module, each with `INFO` and `apply(work, case)`."""
