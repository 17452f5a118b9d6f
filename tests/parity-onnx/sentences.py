"""The 300 texts that the encoder is compared over."""

import json
import random
from pathlib import Path

RECORDED = Path(__file__).resolve().parents[1] / "conversations" / "recorded.jsonl"
COUNT = 300

# What recorded turns do not cover: the ends of the range of lengths, and text that a tokenizer may split its own way.
EDGES = [
    "ok", "?", "No.", "$4,999.99", "Q3/Q4 2026", "e-mail: name@example.com", "ПРИВЕТ, как дела?", "価格はいくらですか。",
    "¿Cuánto cuesta?", "naïve café Ångström", "👍👍 great!!!", "don't won't can't shouldn't've", "ALL CAPS PRICE?!",
    "a" * 120, "so " * 180, "supercalifragilisticexpialidocious", "1 2 3 4 5 6 7 8 9 10", "…—“quoted”—…", "\tTabs\nand lines",
    " ".join(f"word{n}" for n in range(150)),
]
OPENINGS = ["We", "Our team", "My manager", "The board", "Honestly, we", "Your competitor", "Finance"]
VERBS = ["cannot approve", "would like to see", "is worried about", "already pays for", "asked me about", "loves", "rejected"]
OBJECTS = ["the annual contract", "a pilot with twelve people", "the security review", "a lower price for two sites",
           "the reporting module", "the cancellation terms", "training for new staff"]
ENDINGS = [".", "?", " before the end of the quarter.", ", so let's talk next week.", " and that worries me."]


def sentences() -> list[str]:
    """Recorded turns, evenly over all conversations, the edge cases, and generated sentences, always the same."""
    turns = [
        turn["text"]
        for line in RECORDED.read_text(encoding="utf-8").splitlines()
        for turn in json.loads(line)["turns"]
    ]
    texts = list(dict.fromkeys(turns))
    step = max(1, len(texts) // 240)
    chosen = texts[::step][:240] + EDGES
    generator = random.Random(7)
    seen = set(chosen)
    while len(chosen) < COUNT:
        parts = [generator.choice(words) for words in (OPENINGS, VERBS, OBJECTS, ENDINGS)]
        text = " ".join(parts[:3]) + parts[3]
        if text not in seen:
            seen.add(text)
            chosen.append(text)
    return chosen
