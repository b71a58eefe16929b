"""Hatchling's hook: a wheel carries the built editor. ``HEDDLE_SKIP_EDITOR=1`` leaves it out."""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

import editor


class EditorHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("HEDDLE_SKIP_EDITOR") == "1":
            return
        editor.build()
        if version != "editable":  # an editable install serves static/dist where it lies
            build_data["force_include"][str(editor.STATIC / "dist")] = "static/dist"
