"""The terms of a contract that a mapping can state: a column each, or the same for all.

They are the members of `contract.published` that no known export has; `docs/platforms/events.md`
says what each is, and which of them are legal terms.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sijill_client.importers.scalars import read_title

#: What the registry takes as the purpose of the data.
PURPOSES = ("training", "verification", "moderation", "research", "other")
PREFIX = "contract_"
_CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")


def read_purpose(text: str) -> str:
    """One of the purposes that the registry knows."""
    if text not in PURPOSES:
        raise ValueError(f"{text!r} is none of {', '.join(PURPOSES)}")
    return text


def read_codes(text: str) -> list[str]:
    """Codes with commas, semicolons or blanks between them."""
    codes = re.split(r"[,;\s]+", text.strip(" ,;"))
    if bad := next((one for one in codes if not _CODE.match(one)), None):
        raise ValueError(f"{bad!r} is not a code such as violence")
    return codes


#: How each is read, by its name in a mapping.
TERMS: Mapping[str, Callable[[str], Any]] = {
    "contract_total_rule": read_title,
    "contract_final_client": read_title,
    "contract_recourse": read_title,
    "contract_processing_platform": read_title,
    "contract_data_purpose": read_purpose,
    "contract_content_warnings": read_codes,
    "contract_instructions_version": read_title,
}
