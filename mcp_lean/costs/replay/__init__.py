"""What recorded runs would have cost under other policies; `simulate.replay` is the door, `outcome` its values."""
