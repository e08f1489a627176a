"""Several streams in the order of patients, read side by side: no stream is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from fhir_server.sweden.facts import Facts


def patient_of(row: Facts) -> str:
    """Give whose row it is; empty for nobody's, which the index has first."""
    # A fact that a resource has not comes as None: the index has a place for it.
    patient: str = row.get("patient") or ""
    return patient


def by_patient(*streams: Iterator[Facts]) -> Iterator[tuple[str, list[list[Facts]]]]:
    """Give each patient's rows of each stream.

    Args:
        streams: each in ascending order of `patient_of`.

    Returns:
        The patient, and a list for each stream: empty where it has nothing of this patient.
    """
    groups = [groupby(stream, patient_of) for stream in streams]
    heads = [next(group, None) for group in groups]
    while any(head is not None for head in heads):
        patient = min(head[0] for head in heads if head is not None)
        rows: list[list[Facts]] = []
        for index, head in enumerate(heads):
            if head is not None and head[0] == patient:
                rows.append(list(head[1]))
                heads[index] = next(groups[index], None)
            else:
                rows.append([])
        yield patient, rows


def closing(streams: Sequence[Iterator[Facts]]) -> None:
    """Let go of streams that were not read to their end."""
    for stream in streams:
        close = getattr(stream, "close", None)
        if close is not None:
            close()
