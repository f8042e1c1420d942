"""A search that survives its process: everything certain, in a folder, from which another process goes on.

`search.json` names the parts (see `archive`) that hold the rows, and holds the tally. It is replaced in one step, after
all parts that it names are on the disk: whenever the process is killed, the folder is a search as it was after some
block. Rows never change, so a checkpoint writes the rows that are new, and the last part again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from modelcheck.errors import MissingFile, UsageError
from modelcheck.search.archive import CHUNK, Columns, Part, put, read, write
from modelcheck.search.exploration import Finding
from modelcheck.search.store import StateStore
from modelcheck.search.tally import Tally

FORMAT = "modelcheck-search/1"
NAME = "search.json"


class Checkpoint:
    """Keeps a search in a folder. identity: what the search is of; one of another identity is not resumed."""

    def __init__(self, folder: Path, identity: str):
        self.folder, self.identity = folder, identity
        self.parts: list[Part] = []  # of CHUNK rows each

    def save(self, tally: Tally, store: StateStore) -> None:
        """Raises OSError where the folder cannot be written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        columns = store.states, store.parent, store.action
        done = len(self.parts) * CHUNK
        for first in range(done, tally.distinct - CHUNK + 1, CHUNK):
            self.parts.append(write(self.folder, first, [c[first : first + CHUNK] for c in columns]))
        first = len(self.parts) * CHUNK
        last = write(self.folder, first, [c[first : tally.distinct] for c in columns])
        parts = [*self.parts, last]
        content = {
            "format": FORMAT,
            "identity": self.identity,
            "tally": _plain(tally),
            "parts": [asdict(part) for part in parts],
        }
        put(self.folder / NAME, [json.dumps(content).encode()])
        for path in self.folder.glob("rows-*.states"):
            if path.name not in {part.name for part in parts}:
                path.unlink()

    def load(self) -> tuple[Tally, list[Part]]:
        """The search in the folder. Raises MissingFile, and UsageError where it is another one."""
        path = self.folder / NAME
        try:
            content = json.loads(path.read_text())
            if content["format"] != FORMAT:
                raise MissingFile(f"{path} has the format {content['format']}, not {FORMAT}")
            tally, parts = _tally(content["tally"]), [Part(**part) for part in content["parts"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MissingFile(f"{path} is no search that can be resumed: {error}") from error
        if content["identity"] != self.identity:
            raise UsageError(f"the search in {self.folder} is of another spec, other constants or other properties")
        self.parts = [part for part in parts if part.end - part.first == CHUNK]
        return tally, parts

    def columns(self, part: Part) -> Columns:
        return read(self.folder, part)


def _plain(tally: Tally) -> dict[str, Any]:
    """As JSON can say it."""

    def plain(value: Any) -> Any:
        match value:
            case np.ndarray():
                return value.tolist()
            case dict():
                return [[list(key), asdict(finding)] for key, finding in value.items()]
            case frozenset():
                return sorted(value)
        return value

    return {f.name: plain(getattr(tally, f.name)) for f in fields(tally)}


def _tally(content: dict[str, Any]) -> Tally:
    def finding(entry: dict[str, Any]) -> Finding:
        target = entry["target"]
        return Finding(**{**entry, "target": None if target is None else tuple(target)})

    return Tally(
        **{
            **content,
            "levels": tuple(content["levels"]),
            "taken": np.array(content["taken"], np.int64),
            "changed": np.array(content["changed"], np.int64),
            "faulted": np.array(content["faulted"], np.bool_),
            "coverage": np.array(content["coverage"], np.bool_),
            "findings": {tuple(key): finding(entry) for key, entry in content["findings"]},
            "watched": frozenset(content["watched"]),
            "step_watched": frozenset(content["step_watched"]),
        }
    )
