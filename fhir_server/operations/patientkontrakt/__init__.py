"""The umbrella over a person's plans (R95-R100)."""
