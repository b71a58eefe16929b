"""Memory does not grow with the number of records: the drawn flow of the comparison, in processes of their own."""

from __future__ import annotations

from tests.bench import bulk


def test_many_records_take_no_more_memory_than_few() -> None:
    few, many = (bulk.alone(records).peak for records in (5_000, 60_000))
    assert many <= 1.1 * few
    assert many <= 300
