"""What MongoDB examines in the joins of an aggregation, which its profiler does not count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.database import Database

_COMMAND = ("aggregate", "pipeline", "cursor", "hint")


def examined_by_joins(
    database: Database[dict[str, Any]], profiled: Mapping[str, Any]
) -> tuple[int, int]:
    """Give how many keys and documents the joins of a query examine; none for one without.

    MongoDB is asked for the same again. It tells nothing of a join whose list a stage behind it
    takes apart, so that stage is left out.

    Args:
        database: where it was made.
        profiled: what the profiler wrote down of it.
    """
    command = profiled.get("command", {})
    if not any("$lookup" in stage for stage in command.get("pipeline", ())):
        return 0, 0
    asked = {name: command[name] for name in _COMMAND if name in command}
    asked["pipeline"] = [stage for stage in asked["pipeline"] if "$unwind" not in stage]
    told = database.command("explain", asked, verbosity="executionStats")
    joins = [stage for stage in told["stages"] if "$lookup" in stage]
    assert all(not join["collectionScans"] for join in joins), joins
    keys, documents = "totalKeysExamined", "totalDocsExamined"
    return sum(join[keys] for join in joins), sum(join[documents] for join in joins)
