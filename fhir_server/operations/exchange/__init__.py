"""Plans that leave one server and arrive in another (R93, R94)."""
