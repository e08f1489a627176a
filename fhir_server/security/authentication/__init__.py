"""Who asks: access tokens of trusted issuers, verified, become principals.

An OAuth 2 resource server (RFC 6750, 7662, 8705, 9068) without any web framework.
"""
