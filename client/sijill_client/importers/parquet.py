"""Apache Parquet files as records. The library is heavy, so it is an extra of the kit."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sijill_client.errors import UnreadableFile
from sijill_client.importers.source import Advance, Source
from sijill_client.importers.table import Record
from sijill_client.importers.values import text_of

#: Rows that are held at once, and bytes of a column: its pages are read one after the other.
_ROWS, _BUFFER = 2_048, 256 * 1024


@contextmanager
def table(source: Source, advance: Advance) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """The columns, and the rows as cells; a record's line is the number of its row.

    `advance` is told of the file's bytes in proportion to its rows. `UnreadableFile` if it cannot
    be read, or if pyarrow is not installed.
    """
    if source.packed:
        raise UnreadableFile("a Parquet file inside an archive: unpack it first")
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise UnreadableFile(
            "reading Parquet needs pyarrow: pip install 'sijill-client[parquet]'"
        ) from None
    try:
        size = source.path.stat().st_size
        with parquet.ParquetFile(
            source.path, memory_map=False, pre_buffer=False, buffer_size=_BUFFER
        ) as file:
            header = [
                str(name) for name in _flat(arrow, file.schema_arrow.empty_table()).column_names
            ]
            yield header, _records(arrow, file, size / max(1, file.metadata.num_rows), advance)
    except (arrow.ArrowException, OSError) as fault:
        raise UnreadableFile(f"not a whole Parquet file: {fault}") from None


def _records(arrow: Any, file: Any, row_bytes: float, advance: Advance) -> Iterator[Record]:
    number = 0
    for batch in file.iter_batches(batch_size=_ROWS):
        columns = _flat(arrow, arrow.Table.from_batches([batch])).columns
        for row in zip(*(column.to_pylist() for column in columns), strict=True):
            number += 1
            yield Record(number, [text_of(value) for value in row])
        advance(round(batch.num_rows * row_bytes))


def _flat(arrow: Any, table: Any) -> Any:
    """The members of inner records as columns of their own: `user.id`."""
    while any(arrow.types.is_struct(one.type) for one in table.schema):
        table = table.flatten()
    return table
