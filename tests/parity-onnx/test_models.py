"""Every ONNX file of the champion bundle: standard, loadable by ONNX Runtime, and answered alike by tract."""

import unittest

import numpy
import onnx
import onnxruntime

import tract
from champion import EXPORT, champion_artifacts

TOLERANCE = 1e-4
LENGTHS = (1, 2, 7, 30)


def session(path) -> onnxruntime.InferenceSession:
    """ONNX Runtime as anybody would start it."""
    return onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


class ChampionModels(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.models = {name: path for name, path in champion_artifacts().items() if name.endswith(".onnx")}

    def test_the_bundle_holds_the_models_that_the_architecture_names(self):
        expected = {"encoder.onnx", "acts.onnx", "sentiment.onnx", "response_type.onnx", "stage.onnx"}
        self.assertLessEqual(expected, set(self.models))

    def test_each_model_passes_the_checker(self):
        for name, path in {**self.models, "encoder-f32.onnx": EXPORT / "encoder-f32.onnx"}.items():
            with self.subTest(name):
                model = onnx.load_from_string(path.read_bytes())
                onnx.checker.check_model(model, full_check=True)
                # Private operators would run in one runtime alone.
                self.assertEqual({node.domain for node in model.graph.node} - {"", "ai.onnx"}, set())
                self.assertFalse(any(initializer.external_data for initializer in model.graph.initializer))

    def test_heads_answer_alike_in_tract_and_onnx_runtime(self):
        generator = numpy.random.default_rng(7)
        heads = {name: path for name, path in self.models.items() if name != "encoder.onnx"}
        self.assertTrue(heads)
        for name, path in heads.items():
            with self.subTest(name):
                runtime = session(path)
                outputs = [output.name for output in runtime.get_outputs()]
                feeds = [
                    {
                        given.name: generator.normal(0, 0.1, [
                            side if isinstance(side, int) else 1 if side == "batch" else length for side in given.shape
                        ]).astype(numpy.float32)
                        for given in runtime.get_inputs()
                    }
                    for length in LENGTHS
                ]
                difference = 0.0
                for feed, answers in zip(feeds, tract.run(path, feeds, outputs)):
                    for expected, found in zip(runtime.run(outputs, feed), answers):
                        self.assertEqual(expected.shape, found.shape)
                        self.assertTrue(numpy.isfinite(expected).all())
                        difference = max(difference, float(numpy.abs(expected - found).max()))
                print(f"\n  {name}: largest difference {difference:.2e}", flush=True)
                self.assertLess(difference, TOLERANCE)


if __name__ == "__main__":
    unittest.main()
