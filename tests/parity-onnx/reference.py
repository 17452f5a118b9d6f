"""The sentence encoder written a second time, in numpy, straight from the base weights and the adapter.

ONNX Runtime and tract run the same exported graph; this says whether the graph itself is right.
Model: BERT with 6 layers and 12 heads, mean pooling, L2 normalisation (Reimers and Gurevych 2019).
"""

import json
from math import erf, sqrt
from pathlib import Path

import numpy

LAYERS, HEADS, EPSILON = 6, 12, 1e-12
_erf = numpy.vectorize(erf, otypes=[numpy.float64])


def load_safetensors(path: Path) -> dict[str, numpy.ndarray]:
    """Every f32 tensor of a safetensors file, as f64 so that the reference adds no rounding of its own."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    body = data[8 + length :]
    return {
        name: numpy.frombuffer(body[slice(*entry["data_offsets"])], dtype="<f4").reshape(entry["shape"]).astype(numpy.float64)
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def adapter_scale(path: Path) -> float:
    """What the product of an adapter's two matrices is multiplied by: alpha / rank."""
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    spec = json.loads(header["__metadata__"]["rapport"])["adapter"]["spec"]
    return spec["alpha"] / spec["rank"]


class Reference:
    """Token ids to a unit vector."""

    def __init__(self, weights: Path, adapter: Path | None = None):
        tensors = load_safetensors(weights)
        self.tensors = {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}
        if adapter is not None:
            low_rank, scale = load_safetensors(adapter), adapter_scale(adapter)
            for name, down in low_rank.items():
                if name.endswith(".lora_A.weight"):
                    up = low_rank[name.replace(".lora_A.", ".lora_B.")]
                    target = name.removeprefix("base_model.model.").replace(".lora_A.", ".")
                    self.tensors[target] = self.tensors[target] + scale * (up @ down)

    def _linear(self, x, name):
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def _norm(self, x, name):
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / numpy.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return scaled * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]

    def _attention(self, x, name):
        tokens, width = x.shape
        q, k, v = (
            self._linear(x, f"{name}.self.{part}").reshape(tokens, HEADS, width // HEADS).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = q @ k.transpose(0, 2, 1) / sqrt(width // HEADS)
        weights = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        return self._linear((weights @ v).transpose(1, 0, 2).reshape(tokens, width), f"{name}.output.dense")

    def encode(self, ids: list[int]) -> numpy.ndarray:
        """`[dimensions]`, of Euclidean length 1."""
        words = self.tensors["embeddings.word_embeddings.weight"][ids]
        positions = self.tensors["embeddings.position_embeddings.weight"][: len(ids)]
        segment = self.tensors["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(words + positions + segment, "embeddings.LayerNorm")
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            x = self._norm(x + self._attention(x, f"{name}.attention"), f"{name}.attention.output.LayerNorm")
            inner = self._linear(x, f"{name}.intermediate.dense")
            inner = inner * 0.5 * (1 + _erf(inner / sqrt(2)))
            x = self._norm(x + self._linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        pooled = x.mean(axis=0)
        return pooled / numpy.linalg.norm(pooled)
