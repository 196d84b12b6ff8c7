#!/bin/bash
# Shuts the question desk down: it hands out nothing more.
echo "Shutting the question desk down."
echo close > /run/questiond/gate
