"""Several streams in the order of patients, read side by side: no stream is kept."""

from __future__ import annotations

from collections.abc import Iterator

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
    heads = [next(stream, None) for stream in streams]
    # None, for a stream at its end, is left out of the smallest.
    keys = [None if head is None else patient_of(head) for head in heads]
    while waiting := [key for key in keys if key is not None]:
        patient = min(waiting)
        rows: list[list[Facts]] = []
        for index, stream in enumerate(streams):
            mine: list[Facts] = []
            while keys[index] == patient:
                mine.append(heads[index])  # type: ignore[arg-type] # it has a key
                head = heads[index] = next(stream, None)
                keys[index] = None if head is None else head.get("patient") or ""
            rows.append(mine)
        yield patient, rows
