"""The sentence encoder: tract, ONNX Runtime and the numpy reference on the same 300 texts."""

import unittest

import numpy
import onnxruntime
from tokenizers import Tokenizer

import tract
from champion import ADAPTER, BASE, EXPORT, champion_artifacts, encoder_limits
from reference import Reference
from sentences import COUNT, sentences


def cosines(a: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
    a, b = a.astype(numpy.float64), b.astype(numpy.float64)
    return (a * b).sum(axis=1) / numpy.linalg.norm(a, axis=1) / numpy.linalg.norm(b, axis=1)


def report(what: str, values: numpy.ndarray) -> None:
    print(f"\n  {what}: cosine mean {values.mean():.6f}, least {values.min():.6f}", flush=True)


class EncoderParity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        artifacts = champion_artifacts()
        limits = encoder_limits(artifacts)
        cls.texts = sentences()
        cls.f32, cls.int8 = EXPORT / "encoder-f32.onnx", artifacts["encoder.onnx"]
        answers = tract.encode(cls.f32, artifacts["tokenizer.json"], limits, cls.texts)
        cls.tokens = [answer["tokens"] for answer in answers]
        cls.tract_f32 = numpy.array([answer["embedding"] for answer in answers], dtype=numpy.float32)
        answers = tract.encode(cls.int8, artifacts["tokenizer.json"], limits, cls.texts)
        cls.tract_int8 = numpy.array([answer["embedding"] for answer in answers], dtype=numpy.float32)
        cls.tokenizer = Tokenizer.from_file(str(artifacts["tokenizer.json"]))
        cls.tokenizer.no_padding()
        cls.tokenizer.enable_truncation(limits[0])
        cls.reference = Reference(BASE / "model.safetensors", ADAPTER)
        cls.runtime_f32 = cls.with_onnx_runtime(cls.f32)
        cls.runtime_int8 = cls.with_onnx_runtime(cls.int8)

    @classmethod
    def with_onnx_runtime(cls, path) -> numpy.ndarray:
        session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
        vectors = []
        for tokens in cls.tokens:
            ids = numpy.array([tokens], dtype=numpy.int64)
            feed = {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}
            vectors.append(session.run(["sentence_embedding"], feed)[0][0])
        return numpy.array(vectors)

    def test_there_are_enough_different_texts(self):
        self.assertEqual(len(set(self.texts)), COUNT)

    def test_tokens_are_those_of_the_tokenizers_library_for_python(self):
        for text, tokens in zip(self.texts, self.tokens):
            self.assertEqual(self.tokenizer.encode(text).ids, tokens, text)

    def test_the_reference_gives_the_similarities_that_the_base_is_published_with(self):
        texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
        base = Reference(BASE / "model.safetensors")
        a, b, c = (base.encode(self.tokenizer.encode(text).ids) for text in texts)
        for found, published in ((a @ b, 0.6660), (a @ c, 0.1046), (b @ c, 0.1411)):
            self.assertAlmostEqual(float(found), published, places=4)

    def test_f32_in_tract_is_the_reference(self):
        found = cosines(self.tract_f32, numpy.array([self.reference.encode(tokens) for tokens in self.tokens]))
        report("f32, tract against the reference", found)
        self.assertGreater(found.min(), 0.99999)

    def test_f32_in_tract_is_f32_in_onnx_runtime(self):
        found = cosines(self.tract_f32, self.runtime_f32)
        report("f32, tract against ONNX Runtime", found)
        print(f"  largest difference {numpy.abs(self.tract_f32 - self.runtime_f32).max():.2e}")
        self.assertGreater(found.min(), 0.99999)

    def test_int8_keeps_to_f32(self):
        # tract runs fused operators, which round activations to 8 bits; ONNX Runtime rounds the weights alone.
        for runtime, int8, f32 in (
            ("tract, fused", self.tract_int8, self.tract_f32),
            ("ONNX Runtime", self.runtime_int8, self.runtime_f32),
        ):
            found = cosines(int8, f32)
            report(f"int8 against f32, {runtime}", found)
            self.assertGreaterEqual(found.mean(), 0.998, runtime)
            self.assertGreaterEqual(found.min(), 0.985, runtime)

    def test_int8_in_tract_is_near_int8_in_onnx_runtime(self):
        found = cosines(self.tract_int8, self.runtime_int8)
        report("int8, tract against ONNX Runtime", found)
        self.assertGreaterEqual(found.mean(), 0.998)
        self.assertGreaterEqual(found.min(), 0.985)

    def test_a_batch_with_padding_gives_the_vectors_of_its_texts(self):
        shortest = sorted(range(COUNT), key=lambda n: len(self.tokens[n]))[:: COUNT // 6]
        longest = max(len(self.tokens[n]) for n in shortest)
        ids = numpy.zeros((len(shortest), longest), dtype=numpy.int64)
        mask = numpy.zeros_like(ids)
        for row, n in enumerate(shortest):
            ids[row, : len(self.tokens[n])] = self.tokens[n]
            mask[row, : len(self.tokens[n])] = 1
        session = onnxruntime.InferenceSession(self.f32.read_bytes(), providers=["CPUExecutionProvider"])
        batch = session.run(["sentence_embedding"], {"input_ids": ids, "attention_mask": mask})[0]
        self.assertGreater(cosines(batch, self.runtime_f32[shortest]).min(), 0.99999)


if __name__ == "__main__":
    unittest.main()
