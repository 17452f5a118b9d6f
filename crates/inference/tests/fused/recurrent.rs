//! Models over sequences, run step by step.

use rapport_inference::{Input, OnnxModel, RecurrentModel};
use tract_onnx::pb::{attribute_proto::AttributeType, tensor_proto::DataType};

use crate::graphs::{Graph, Noise, int, ints};

/// A model over sequences, with one LSTM of the given direction and width.
fn sequence(direction: &str, width: usize) -> Vec<u8> {
    let mut direction_of = int("direction", 0);
    direction_of.r#type = AttributeType::String as i32;
    direction_of.s = direction.as_bytes().to_vec();
    let transposed = || vec![ints("perm", &[1, 0, 2])];
    Graph::default()
        .input("x", DataType::Float, &["batch", "steps", "3"])
        .floats("w", &[1, 4 * width as i64, 3], &vec![0.1; 4 * width * 3])
        .floats("r", &[1, 4 * width as i64, width as i64], &vec![0.1; 4 * width * width])
        .integers("axis", &[1])
        .node_with("Transpose", &["x"], &["turned"], transposed())
        .node_with(
            "LSTM",
            &["turned", "w", "r"],
            &["h"],
            vec![int("hidden_size", width as i64), direction_of],
        )
        .node("Squeeze", &["h", "axis"], &["squeezed"])
        .node_with("Transpose", &["squeezed"], &["y"], transposed())
        .output("y", &["batch", "steps", "width"])
        .encode()
}

#[test]
fn a_sequence_goes_on_from_where_it_stopped() {
    let onnx = sequence("forward", 5);
    let (whole, steps) =
        (OnnxModel::load("s.onnx", &onnx).unwrap(), RecurrentModel::load("s.onnx", &onnx).unwrap());
    let x: Vec<f32> = (0..21).map(|i| (i as f32 * 0.7).sin()).collect();
    let expected = whole.run(vec![("x", Input::f32(&[1, 7, 3], x.clone()).unwrap())], &["y"]).unwrap();
    let mut state = steps.start();
    for (t, row) in x.chunks_exact(3).enumerate() {
        let (out, after) = steps.step(row, &["y"], &state).unwrap();
        state = after;
        for (c, y) in out[0].iter().enumerate() {
            assert!((y - expected[0][[0, t, c]]).abs() < 1e-6);
        }
    }
    assert_eq!(state.bytes(), 2 * 5 * 4);
    assert!(steps.step(&[0.0; 4], &["y"], &state).is_err());
    let other = RecurrentModel::load("s.onnx", &sequence("forward", 6)).unwrap();
    assert!(other.step(&[0.0; 3], &["y"], &state).is_err());
}

/// A model that reads each step with the two before it: `from` and `to` are the ends of what it takes one step back.
fn looking_back(pads: &[i64], from: i64, to: i64, axis: i64, then: &str) -> Vec<u8> {
    Graph::default()
        .input("x", DataType::Float, &["batch", "steps", "3"])
        .floats("w", &[3, 4], &Noise(1).floats(12, 1.0))
        .floats("b", &[4], &Noise(2).floats(4, 1.0))
        .integers("pads", pads)
        .integers("from1", &[from])
        .integers("to1", &[to])
        .integers("from2", &[0])
        .integers("to2", &[-2])
        .integers("axis", &[axis])
        .node("MatMul", &["x", "w"], &["product"])
        .node("Add", &["product", "b"], &["sum"])
        .node("Relu", &["sum"], &["z"])
        .node("Pad", &["z", "pads"], &["padded"])
        .node("Slice", &["padded", "from1", "to1", "axis"], &["back1"])
        .node(then, &["padded", "from2", "to2", "axis"], &["back2"])
        .node_with("Concat", &["z", "back1", "back2"], &["y"], vec![int("axis", 2)])
        .output("y", &["batch", "steps", "12"])
        .encode()
}

#[test]
fn a_step_is_read_with_those_before_it() {
    let onnx = looking_back(&[0, 2, 0, 0, 0, 0], 1, -1, 1, "Slice");
    let (whole, steps) =
        (OnnxModel::load("b.onnx", &onnx).unwrap(), RecurrentModel::load("b.onnx", &onnx).unwrap());
    let x = Noise(3).floats(21, 2.0);
    let expected = whole.run(vec![("x", Input::f32(&[1, 7, 3], x.clone()).unwrap())], &["y"]).unwrap();
    let mut state = steps.start();
    assert_eq!(state.bytes(), 2 * 4 * 4);
    for (t, row) in x.chunks_exact(3).enumerate() {
        let (out, after) = steps.step(row, &["y"], &state).unwrap();
        state = after;
        let expected: Vec<f32> = expected[0].iter().skip(12 * t).take(12).copied().collect();
        assert_eq!(out[0], expected, "step {t}");
    }
}

#[test]
fn what_looks_elsewhere_is_refused() {
    let refusal = |onnx: &[u8]| RecurrentModel::load("b.onnx", onnx).unwrap_err().to_string();
    let before = [0, 2, 0, 0, 0, 0];
    for pads in [[0, 2, 0, 0, 1, 0], [0, 2, 1, 0, 0, 0], [0, -1, 0, 0, 0, 0], [0, 1 << 40, 0, 0, 0, 0]] {
        assert!(refusal(&looking_back(&pads, 1, -1, 1, "Slice")).contains("before the steps alone"));
    }
    // Two steps for one, a step too early, and values of all steps.
    for (from, to, axis) in [(0, -1, 1), (2, -1, 1), (1, 2, 1), (1, -1, 0)] {
        assert!(refusal(&looking_back(&before, from, to, axis, "Slice")).contains("may look from one step"));
    }
    assert!(refusal(&looking_back(&before, 1, -1, 1, "Relu")).contains("looks from one step to another"));
    let joined = Graph::default()
        .input("x", DataType::Float, &["batch", "steps", "3"])
        .node_with("Concat", &["x", "x"], &["y"], vec![int("axis", 1)])
        .output("y", &["batch", "steps", "3"]);
    assert!(refusal(&joined.encode()).contains("joins steps"));
}

#[test]
fn what_cannot_go_step_by_step_is_refused() {
    let refusal = |onnx: &[u8]| RecurrentModel::load("s.onnx", onnx).unwrap_err().to_string();
    assert!(refusal(&sequence("reverse", 5)).contains("does not go forward"));
    let flat = Graph::default().input("x", DataType::Float, &["batch", "3"]).node("Relu", &["x"], &["y"]);
    assert!(refusal(&flat.output("y", &["batch", "3"]).encode()).contains("is not [batch, steps, width]"));
    assert!(refusal(&[]).contains("it has no graph"));
    let onnx = sequence("forward", 5);
    for length in 0..onnx.len() {
        let _ = RecurrentModel::load("s.onnx", &onnx[..length]);
    }
}
