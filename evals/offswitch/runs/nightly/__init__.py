"""Nightly runs: trials, then the gate, then a notice, as a script for cron, a workflow of GitHub's, or one of n8n's."""
