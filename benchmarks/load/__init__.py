"""The load generator: its own processes, in an environment of its own (`.venv/load`).

Nothing of the server is imported here: locust and orjson are all there is besides Python.
"""
