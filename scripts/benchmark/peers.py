"""Writes the graphs that the peers run, from the encoder in f32: peers.py ENCODER_F32.onnx FOLDER

- ort.onnx: 8 bits by ONNX Runtime's own quantizer, one scale for each output channel; gives sentence vectors.
- transformers.js: the same without pooling, as feature extraction wants it, in the folder layout of a model hub.
"""

import sys
from pathlib import Path

import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic


def quantize(source: Path, target: Path) -> None:
    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)


def without_pooling(source: Path, target: Path) -> None:
    model = onnx.load(source)
    graph = model.graph
    states = next(n for n in graph.node if n.name == "pool.counted" or n.output[0] == "pool.counted").input[0]
    needed, wanted = set(), [states]
    makers = {output: node for node in graph.node for output in node.output}
    while wanted:
        node = makers.get(wanted.pop())
        if node is not None and node.output[0] not in needed:
            needed.add(node.output[0])
            wanted += node.input
    kept = [node for node in graph.node if node.output[0] in needed]
    kept.append(onnx.helper.make_node("Identity", [states], ["last_hidden_state"]))
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    constants = [t for t in graph.initializer if t.name in used]
    del graph.initializer[:]
    graph.initializer.extend(constants)
    del graph.output[:]
    shape = ["batch", "sequence", 384]
    graph.output.append(onnx.helper.make_tensor_value_info("last_hidden_state", onnx.TensorProto.FLOAT, shape))
    onnx.save(model, target)


def main() -> None:
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    hub = folder / "hub" / "encoder" / "onnx"
    hub.mkdir(parents=True, exist_ok=True)
    quantize(source, folder / "ort.onnx")
    plain = folder / "states-f32.onnx"
    without_pooling(source, plain)
    quantize(plain, hub / "model_quantized.onnx")
    plain.unlink()


if __name__ == "__main__":
    main()
