"""A country's dated rules, as data: one folder of YAML files a country.

`loader` reads a folder, `bundle` checks the files and names them by digest, `minimum_wage` and
`exchange` are the rules that are computed from them. No figure of any country stands in code.
"""

import re
from pathlib import Path

from policies.faults import Fault, PolicyError

_COUNTRY = re.compile(r"[A-Za-z]{2}")


def country_folder(country: str) -> Path:
    """The folder of the rules that ship for a country (ISO 3166-1 alpha-2, either case).

    Raises PolicyError if none ship.
    """
    folder = Path(__file__).parent / country.lower()
    if not _COUNTRY.fullmatch(country) or not folder.is_dir():
        raise PolicyError([Fault(country, "no rules of this country ship with the registry")])
    return folder
