"""ONNX Runtime on one thread: native_peer.py MODEL.onnx TOKENS ROUNDS; prints milliseconds, one a line."""

import sys
import time

import numpy
import onnxruntime

path, tokens, rounds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
ids = numpy.array([[101] + [1996 + i * 7919 % 20_000 for i in range(2, tokens)] + [102]], dtype=numpy.int64)
feed = {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}
for _ in range(5):
    session.run(None, feed)
for _ in range(rounds):
    begun = time.perf_counter()
    session.run(None, feed)
    print((time.perf_counter() - begun) * 1e3)
