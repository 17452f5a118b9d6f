"""The files under test: the champion bundle as scripts/bundle lays it out, and the f32 graph of its encoder."""

import json
import os
from pathlib import Path

CACHE = Path(
    os.environ.get("RAPPORT_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rapport"
)
REGISTRY = Path(os.environ.get("RAPPORT_REGISTRY_DIR") or CACHE / "registry-export")
EXPORT = CACHE / "export"
BASE = CACHE / "base" / "all-MiniLM-L6-v2"
ADAPTER = Path(__file__).parents[2] / "models" / "adapter.safetensors"


def champion_artifacts() -> dict[str, Path]:
    """Artifact name to file, for the bundle that the alias `champion` points at."""
    signed = json.loads((REGISTRY / "registry.json").read_text(encoding="utf-8"))["signed"]
    bundle = signed["bundles"][signed["aliases"]["champion"]]
    return {signed["artifacts"][digest]["name"]: REGISTRY / "artifacts" / digest for digest in bundle["artifacts"]}


def encoder_limits(artifacts: dict[str, Path]) -> tuple[int, int]:
    """Most tokens of a text, and the length of its vector, as bundle.json states them."""
    encoder = json.loads(artifacts["bundle.json"].read_text(encoding="utf-8"))["encoder"]
    return encoder["max_tokens"], encoder["dimensions"]
