"""What commands say as data, with --json and to assistants: a dataclass for each, whose fields are its schema."""
