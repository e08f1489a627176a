"""Other people's client libraries, unmodified, against a real server process."""
