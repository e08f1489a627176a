"""How pages and documents for people look: HTML by Jinja2, PDF by Typst, words in Swedish.

What they say is made by the operations; nothing here knows FHIR or a rule of law.
"""
