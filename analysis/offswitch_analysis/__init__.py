"""From logs to records, cells and rates."""
