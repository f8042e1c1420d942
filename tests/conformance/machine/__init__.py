"""What performs the steps of a part for real: descriptors, signals, timers, threads."""
