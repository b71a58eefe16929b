"""Hatchling's hook: a wheel carries the ready flows and the built editor (not with ``HEDDLE_SKIP_EDITOR=1``)."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

import editor


class EditorHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        included = {Path(self.root) / "flows": "flows"}
        if os.environ.get("HEDDLE_SKIP_EDITOR") != "1":
            editor.build()
            included[editor.STATIC / "dist"] = "static/dist"
        if version != "editable":  # an editable install finds both where they lie
            build_data["force_include"].update({str(path): place for path, place in included.items()})
