//! Functions of one and of two numbers, shares, sums and parts against stock tract.

use rapport_inference::{Input, OnnxModel};
use tract_onnx::pb::tensor_proto::DataType;

use crate::graphs::{Graph, Noise, Stock, int, ours};

const SHAPE: [usize; 3] = [2, 3, 4];

fn input() -> Graph {
    Graph::default().input("x", DataType::Float, &["2", "3", "4"])
}

/// Ours and stock tract's over `x`, which is above zero.
fn same(graph: &Graph, limit: f32) {
    let onnx = graph.encode();
    let x: Vec<f32> = Noise(5).floats(24, 1.5).into_iter().map(|x| x + 1.6).collect();
    let found = ours(&OnnxModel::load("e.onnx", &onnx).unwrap(), &SHAPE, &x);
    let expected = Stock::load(&onnx).of(&SHAPE, &x);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < limit, "{found} for {expected}");
    }
}

#[test]
fn two_numbers_are_spread_as_the_standard_says() {
    for op in ["Add", "Sub", "Mul", "Div", "Max"] {
        for dims in [&[2, 3, 4][..], &[4], &[3, 4], &[1, 3, 1], &[2, 1, 4], &[1], &[]] {
            let values: Vec<f32> =
                Noise(6).floats(dims.iter().product::<i64>() as usize, 1.0).iter().map(|v| v + 1.5).collect();
            for inputs in [["x", "w"], ["w", "x"]] {
                same(&input().floats("w", dims, &values).node(op, &inputs, &["y"]).output("y", &["a"]), 1e-6);
            }
        }
    }
}

#[test]
fn functions_of_one_number_are_the_standards() {
    for op in ["Log", "Relu", "Sqrt"] {
        same(&input().node(op, &["x"], &["y"]).output("y", &["a"]), 1e-6);
    }
    // tract's erf is in single precision throughout, ours within 2e-7 of the truth.
    for (op, limit) in [("Erf", 3e-6), ("Relu", 1e-6)] {
        let graph = input().floats("one", &[1], &[1.7]).node("Sub", &["x", "one"], &["z"]);
        same(&graph.node(op, &["z"], &["y"]).output("y", &["a"]), limit);
    }
}

#[test]
fn shares_and_sums_go_along_any_axis() {
    for axis in [0, 1, 2, -1, -3] {
        let softmax = input().node_with("Softmax", &["x"], &["y"], vec![int("axis", axis)]);
        same(&softmax.output("y", &["a"]), 1e-6);
    }
    for axes in [&[0][..], &[1], &[-1], &[0, 2], &[0, 1, 2]] {
        for keep in [0, 1] {
            let sum = input().integers("axes", axes).node_with(
                "ReduceSum",
                &["x", "axes"],
                &["y"],
                vec![int("keepdims", keep)],
            );
            same(&sum.output("y", &["a"]), 1e-5);
        }
    }
}

#[test]
fn parts_are_those_of_the_standard() {
    for (from, to, axes) in [
        (&[1][..], &[3][..], &[2][..]),
        (&[-2], &[i64::MAX], &[-1]),
        (&[0, 1], &[1, -1], &[0, 2]),
        (&[0], &[100], &[1]),
    ] {
        let graph = input().integers("from", from).integers("to", to).integers("axes", axes);
        same(&graph.node("Slice", &["x", "from", "to", "axes"], &["y"]).output("y", &["a"]), 1e-6);
    }
}

#[test]
fn what_no_number_answers_is_an_error() {
    let whole = |op: &str, a: i64, b: i64| {
        let graph =
            Graph::default().input("x", DataType::Float, &["1"]).integers("a", &[a]).integers("b", &[b]);
        graph
            .node(op, &["a", "b"], &["c"])
            .floats_of("c", "d")
            .node("Add", &["x", "d"], &["y"])
            .output("y", &["1"])
    };
    let load = |graph: Graph| OnnxModel::load("e.onnx", &graph.encode());
    assert_eq!(ours(&load(whole("Sub", 5, 7)).unwrap(), &[1], &[0.5]), [-1.5]);
    for (op, a, b) in [("Div", 1, 0), ("Mul", i64::MAX, 2), ("Add", i64::MAX, 1)] {
        let error = load(whole(op, a, b)).unwrap_err().to_string();
        assert!(error.contains("no whole number of 64 bits"), "{error}");
    }
    let run = |graph: Graph| {
        let input = Input::f32(&SHAPE, vec![1.0; 24]).unwrap();
        load(graph).and_then(|model| model.run(vec![("x", input)], &["y"]))
    };
    let apart = input().floats("w", &[5], &[1.0; 5]).node("Add", &["x", "w"], &["y"]).output("y", &["a"]);
    assert!(run(apart).is_err());
    let missing = input().node_with("Softmax", &["x"], &["y"], vec![int("axis", 3)]).output("y", &["a"]);
    assert!(run(missing).is_err());
}
