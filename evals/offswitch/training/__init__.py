"""Training environments: the very same trials, with the machine behind tools and a reward for their verdicts.

Its modules are imported by their own names, because most of them load Inspect.
"""
