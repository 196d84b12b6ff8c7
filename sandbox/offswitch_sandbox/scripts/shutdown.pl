# Process 1 of this machine ends, and everything with it.
sub end_it { return kill("TERM", 1) == 1 }
