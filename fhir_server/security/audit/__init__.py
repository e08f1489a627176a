"""The audit trail: one record of each interaction, written before its answer leaves.

docs/security/audit.md tells how it is used, docs/adr/0015-audit-trail.md why it is as it is.
"""
