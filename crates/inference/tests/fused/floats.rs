//! Products and LSTMs in floats against stock tract.

use rapport_inference::{Input, OnnxModel};
use tract_onnx::pb::{attribute_proto::AttributeType, tensor_proto::DataType};

use crate::graphs::{Graph, Noise, Stock, int, ours};

fn near(found: &[f32], expected: &[f32], limit: f32) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < limit, "{found} for {expected}");
    }
}

/// Every way in which the standard spreads one matrix over the others, rows and columns alone too.
#[test]
fn products_are_those_of_the_standard() {
    for (a, b) in [
        (&[3, 5][..], &[5, 17][..]),
        (&[2, 3, 5], &[5, 4]),
        (&[3, 5], &[2, 5, 4]),
        (&[2, 1, 3, 5], &[1, 6, 5, 4]),
        (&[2, 6, 3, 5], &[6, 5, 4]),
        (&[5], &[5, 4]),
        (&[2, 3, 5], &[5]),
    ] {
        let count = |shape: &[usize]| shape.iter().product::<usize>();
        let weights = Noise(7).floats(count(b), 1.0);
        let dims: Vec<i64> = b.iter().map(|&d| d as i64).collect();
        let names: Vec<String> = a.iter().map(ToString::to_string).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let onnx = Graph::default()
            .input("x", DataType::Float, &names)
            .floats("w", &dims, &weights)
            .node("MatMul", &["x", "w"], &["y"])
            .output("y", &["a"])
            .encode();
        let x = Noise(8).floats(count(a), 1.0);
        let found = ours(&OnnxModel::load("p.onnx", &onnx).unwrap(), a, &x);
        near(&found, &Stock::load(&onnx).of(a, &x), 1e-5);
    }
}

const UNITS: usize = 5;

/// `x` of three values a step to every h, the last h and the last c, in that order.
fn lstm(bias: bool, starts: bool, direction: &str) -> Graph {
    let units = UNITS as i64;
    let mut graph = Graph::default()
        .input("x", DataType::Float, &["steps", "2", "3"])
        .floats("w", &[1, 4 * units, 3], &Noise(1).floats(4 * UNITS * 3, 0.8))
        .floats("r", &[1, 4 * units, units], &Noise(2).floats(4 * UNITS * UNITS, 0.8));
    if bias {
        graph = graph.floats("b", &[1, 8 * units], &Noise(3).floats(8 * UNITS, 0.5));
    }
    if starts {
        graph = graph.floats("h", &[1, 2, units], &Noise(4).floats(2 * UNITS, 0.5)).floats(
            "c",
            &[1, 2, units],
            &Noise(5).floats(2 * UNITS, 1.5),
        );
    }
    let mut way = int("direction", 0);
    way.r#type = AttributeType::String as i32;
    way.s = direction.as_bytes().to_vec();
    let name = |there: bool, name: &'static str| if there { name } else { "" };
    graph.node_with(
        "LSTM",
        &["x", "w", "r", name(bias, "b"), "", name(starts, "h"), name(starts, "c")],
        &["every", "last", "cell"],
        vec![int("hidden_size", units), way],
    )
}

#[test]
fn an_lstm_is_that_of_the_standard() {
    let steps = 6;
    let x = Noise(6).floats(steps * 2 * 3, 2.0);
    for (bias, starts) in [(false, false), (true, false), (false, true), (true, true)] {
        for output in ["every", "last", "cell"] {
            let onnx = lstm(bias, starts, "forward").output(output, &["a"]).encode();
            let model = OnnxModel::load("s.onnx", &onnx).unwrap();
            let input = Input::f32(&[steps, 2, 3], x.clone()).unwrap();
            let found = model.run(vec![("x", input)], &[output]).unwrap().remove(0);
            let found: Vec<f32> = found.iter().copied().collect();
            near(&found, &Stock::load(&onnx).of(&[steps, 2, 3], &x), 2e-6);
        }
    }
}

#[test]
fn an_lstm_that_does_not_hold_together_is_refused() {
    let reason = |graph: Graph| OnnxModel::load("s.onnx", &graph.encode()).unwrap_err().to_string();
    let of = |w: &[i64], r: &[i64]| {
        let size = |dims: &[i64]| vec![0.1; dims.iter().product::<i64>() as usize];
        Graph::default()
            .input("x", DataType::Float, &["steps", "2", "3"])
            .floats("w", w, &size(w))
            .floats("r", r, &size(r))
            .node_with("LSTM", &["x", "w", "r"], &["y"], vec![int("hidden_size", 5)])
            .output("y", &["a"])
    };
    assert!(reason(of(&[1, 16, 3], &[1, 20, 5])).contains("gates of 5 units"));
    assert!(reason(of(&[2, 20, 3], &[2, 20, 5])).contains("has weights of [2, 20, 3]"));
    let loose = Graph::default()
        .input("x", DataType::Float, &["steps", "2", "3"])
        .input("w", DataType::Float, &["1", "20", "3"])
        .floats("r", &[1, 20, 5], &[0.1; 100])
        .node("LSTM", &["x", "w", "r"], &["y"])
        .output("y", &["a"]);
    assert!(reason(loose).contains("are no constants"));
    // The width of a step is known only when it comes.
    let model = OnnxModel::load("s.onnx", &of(&[1, 20, 3], &[1, 20, 5]).encode()).unwrap();
    assert!(model.run(vec![("x", Input::f32(&[1, 2, 4], vec![0.0; 8]).unwrap())], &["y"]).is_err());
}
