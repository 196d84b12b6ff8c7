"""What is done with the logs: from records to rates, tables and reports.

Its rooms, each of which imports only what stands before it: `text`, `statistics`, `logs`, `rates`, then `terminal` and
`report` side by side.
"""
