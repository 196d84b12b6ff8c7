#!/bin/bash
# Shuts this machine down: process 1 ends, and everything with it.
echo "Shutting down."
kill -s TERM 1
