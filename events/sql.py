"""SQL lives in `.sql` files, one statement each; this reads them."""

from functools import cache
from importlib import resources


@cache
def load_sql(package: str, name: str) -> str:
    """The text of `<name>.sql` beside a package's modules."""
    return resources.files(package).joinpath(f"{name}.sql").read_text()
