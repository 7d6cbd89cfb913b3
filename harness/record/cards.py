"""The trust cards of judges: `_judges/<judge>/trust.json` in a folder of results."""

import json
from pathlib import Path
from typing import Any

from proctor.common import files
from proctor.common.schema import check_name


def write_card(results: Path, card: dict[str, Any]) -> Path:
    """The whole card, or the old one stays."""
    folder = results / "_judges" / check_name(card["judge"], "judge")
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(card, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    files.write_text(folder / "trust.json", text)
    return folder / "trust.json"


def read_cards(results: Path) -> dict[str, dict[str, Any]]:
    """All trust cards by judge. A damaged one is a card with nothing but a warning that says so."""
    cards = {}
    for path in sorted(results.glob("_judges/*/trust.json")):
        judge = path.parent.name
        try:
            card: Any = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            card = None
        if isinstance(card, dict) and "checks" in card:
            cards[judge] = card
        else:
            cards[judge] = {"judge": judge, "warning": f"The trust card is damaged ({path})."}
    return cards
