"""The SIP meeting: called, answered, on paper (R65, R90, R91)."""
