#!/bin/bash
# Shuts the other machine down: its process 1 ends, and everything with it.
echo "Shutting the other machine down."
echo shutdown > /run/questiond/gate
