"""Asks tract, through the example `tract_answers` of crates/trainer."""

import json
import subprocess
from functools import cache
from pathlib import Path

import numpy

REPOSITORY = Path(__file__).resolve().parents[2]


@cache
def _binary() -> str:
    """Builds the example and says where cargo put it."""
    messages = subprocess.run(
        # The packages that scripts/test selects, so that nothing is compiled a second time.
        ["cargo", "build", "--workspace", "--exclude", "rapport-wasm", "--example", "tract_answers",
         "--message-format", "json"],
        cwd=REPOSITORY, stdout=subprocess.PIPE, check=True, text=True,
    ).stdout
    made = [message for line in messages.splitlines() if (message := json.loads(line)).get("executable")]
    return next(m["executable"] for m in made if m["target"]["name"] == "tract_answers")


def _ask(requests: list[dict]) -> list:
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run([_binary()], input=lines, stdout=subprocess.PIPE, check=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(model: Path, feeds: list[dict[str, numpy.ndarray]], outputs: list[str]) -> list[list[numpy.ndarray]]:
    """For each set of inputs, the outputs in the order asked for."""
    requests = [
        {
            "model": str(model),
            "outputs": outputs,
            "inputs": {
                name: {"shape": list(a.shape), "i64" if a.dtype == numpy.int64 else "f32": a.ravel().tolist()}
                for name, a in feed.items()
            },
        }
        for feed in feeds
    ]
    return [
        [numpy.array(output["f32"], dtype=numpy.float32).reshape(output["shape"]) for output in answer]
        for answer in _ask(requests)
    ]


def encode(encoder: Path, tokenizer: Path, limits: tuple[int, int], texts: list[str]) -> list[dict]:
    """For each text its `tokens` and its `embedding`."""
    max_tokens, dimensions = limits
    request = {
        "encoder": str(encoder), "tokenizer": str(tokenizer),
        "max_tokens": max_tokens, "dimensions": dimensions, "texts": texts,
    }
    return _ask([request])[0]
