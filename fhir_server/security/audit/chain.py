"""The hash chain of a stream of records: each vouches for the one before it.

Whoever changes, removes, inserts or reorders records breaks the chain behind that place. Without a
key who may write in the database may also make the chain anew: the heads that an outside log holds
tell (`fhir-server audit verify --anchors`). With a key (setting ``audit_key``) nobody makes it anew
who has not the key.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seal:
    """Makes the hashes, as hexadecimal digits.

    Args:
        key: of HMAC-SHA-256; without one SHA-256 is used.
    """

    key: bytes = b""

    def genesis(self, stream: str) -> str:
        """Give what the first record of a stream follows."""
        return self._of(b"stream", stream.encode())

    def record(self, previous: str, number: int, body: bytes) -> str:
        """Give the hash of a record.

        Args:
            previous: of the record before it in its stream.
            number: its own, from 1.
            body: the bytes of the AuditEvent.
        """
        return self._of(b"record", previous.encode(), b"%d" % number, body)

    def checkpoint(self, stream: str, number: int, hash_: str) -> str:
        """Vouch for it that the server itself took the records up to one away."""
        return self._of(b"checkpoint", stream.encode(), b"%d" % number, hash_.encode())

    def head(self, stream: str, number: int, hash_: str, order: int) -> str:
        """Vouch for where a stream has come to, and for its place among the streams."""
        return self._of(b"head", stream.encode(), b"%d %d" % (number, order), hash_.encode())

    def register(self, previous: str, stream: str) -> str:
        """Give the hash of the list of all streams with one more at its end."""
        return self._of(b"register", previous.encode(), stream.encode())

    def _of(self, *parts: bytes) -> str:
        # The length before each part: no two lists of parts are the same bytes.
        content = b"".join(b"%d:%b" % (len(part), part) for part in parts)
        if self.key:
            return hmac.digest(self.key, content, "sha256").hex()
        return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class Record:
    """One link of a chain.

    Args:
        number: in its stream, from 1.
        hash: that joins it to the one before.
        body: the bytes of the AuditEvent.
    """

    number: int
    hash: str
    body: bytes

    def line(self) -> bytes:
        """Spell it as a line of a spool."""
        return b"%d %b %b\n" % (self.number, self.hash.encode(), self.body)

    @classmethod
    def read(cls, line: bytes) -> Record:
        """Read a line of a spool.

        Raises:
            ValueError: it is none.
        """
        number, hash_, body = line.rstrip(b"\n").split(b" ", 2)
        return cls(int(number), hash_.decode(), body)
