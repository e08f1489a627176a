"""The samordnad individuell plan from need and consent to close (R75-R94)."""
