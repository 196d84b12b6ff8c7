"""Many trials: planned, shared among processes, and the host looked at. Its modules load Inspect."""
