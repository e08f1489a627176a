"""Named contacts: appointed, changed, ended, read, counted (R1-R53)."""
