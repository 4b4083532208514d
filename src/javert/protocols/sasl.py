"""Which SASL mechanisms let a credential cross readable."""

READABLE = frozenset((b"PLAIN", b"LOGIN", b"XOAUTH", b"XOAUTH2", b"OAUTHBEARER"))
"""PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), and the bearer tokens of RFC 7628 and XOAUTH2. The others
(CRAM-MD5, DIGEST-MD5, SCRAM, NTLM, GSSAPI …) send proofs, not the secret."""
