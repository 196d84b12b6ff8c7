"""The server of `offswitch mcp`: tools for assistants, and a small HTTP face for schedules. Needs the extra `mcp`."""
