//! Linear layers in both known forms.

use rapport_inference::OnnxModel;
use tract_onnx::pb::tensor_proto::DataType;

use crate::graphs::{Graph, Noise, Stock, cosine, ours};

const DEPTH: usize = 36;
const COLUMNS: usize = 20;

fn start() -> Graph {
    Graph::default().input("x", DataType::Float, &["batch", "sequence", "36"])
}

fn scales() -> Vec<f32> {
    Noise(3).floats(COLUMNS, 0.01).into_iter().map(|s| 0.02 + s).collect()
}

/// The form of our exporter, up to the scaled product `scaled`; weights up to `limit`.
fn exported(limit: f32, balanced: bool) -> Graph {
    let graph = start()
        .tensor("w", DataType::Int8, &[36, 20], Noise(1).bytes(DEPTH * COLUMNS, limit))
        .floats("scales", &[20], &scales())
        .floats("bias", &[20], &Noise(2).floats(COLUMNS, 0.5))
        .floats("balance", &[36], &Noise(5).floats(DEPTH, 0.5).iter().map(|v| 1.0 + v).collect::<Vec<_>>())
        .floats_of("w", "floats");
    let graph = if balanced { graph.node("Mul", &["x", "balance"], &["rows"]) } else { graph };
    let rows = if balanced { "rows" } else { "x" };
    graph.node("MatMul", &[rows, "floats"], &["sums"]).node("Mul", &["sums", "scales"], &["scaled"])
}

/// The form of ONNX Runtime's quantizer, up to `scaled`.
fn quantizers(of: DataType, zero_point: u8, per_column: bool) -> Graph {
    let bytes = Noise(1).bytes(DEPTH * COLUMNS, 127.0);
    let bytes = bytes.into_iter().map(|b| if of == DataType::Uint8 { b ^ 0x80 } else { b }).collect();
    let graph = start().tensor("w", of, &[36, 20], bytes).tensor("zero", of, &[], vec![zero_point]).floats(
        "bias",
        &[20],
        &Noise(2).floats(COLUMNS, 0.5),
    );
    let graph = if per_column {
        graph.floats("scales", &[20], &scales())
    } else {
        graph.floats("scales", &[], &[0.02])
    };
    graph
        .node("DynamicQuantizeLinear", &["x"], &["rows", "rows.scale", "rows.zero"])
        .node("Mul", &["rows.scale", "scales"], &["both"])
        .node("MatMulInteger", &["rows", "w", "rows.zero", "zero"], &["sums"])
        .floats_of("sums", "sums.floats")
        .node("Mul", &["sums.floats", "both"], &["scaled"])
}

/// Fused and stock on every number of rows.
fn compare(graph: &Graph, least: f32) {
    let onnx = graph.encode();
    let (stock, model) = (Stock::load(&onnx), OnnxModel::load_for_batches("test", &onnx).unwrap());
    assert!(model.unfused().is_empty(), "{:?}", model.unfused());
    for rows in 1..=40 {
        let x = Noise(rows as u32).floats(2 * rows * DEPTH, 2.0);
        let (expected, actual) = (stock.of(&[2, rows, DEPTH], &x), ours(&model, &[2, rows, DEPTH], &x));
        let cosine = cosine(&expected, &actual);
        assert!(cosine > least, "{rows} rows: {cosine}");
        assert_ne!(actual, expected, "nothing was fused");
    }
}

#[test]
fn the_exporters_form_is_fused() {
    compare(&exported(63.0, false).node("Add", &["scaled", "bias"], &["y"]).output("y", &[]), 0.9998);
    compare(&exported(63.0, true).node("Add", &["bias", "scaled"], &["y"]).output("y", &[]), 0.9998);
    // Without a bias, and with weights of 8 bits, which lose one.
    compare(&exported(127.0, false).node("Identity", &["scaled"], &["y"]).output("y", &[]), 0.9995);
}

/// Rows that were not prepared for it are not rounded: only the order of the sums differs.
#[test]
fn rows_without_a_balance_stay_in_floats() {
    for columns in [63.0, 127.0] {
        let onnx =
            exported(columns, false).node("Add", &["scaled", "bias"], &["y"]).output("y", &[]).encode();
        let (stock, model) = (Stock::load(&onnx), OnnxModel::load_for_batches("test", &onnx).unwrap());
        let mut x = Noise(9).floats(7 * DEPTH, 2.0);
        x.iter_mut().step_by(3).for_each(|x| *x = 0.0);
        let pairs = stock.of(&[1, 7, DEPTH], &x).into_iter().zip(ours(&model, &[1, 7, DEPTH], &x));
        for (expected, actual) in pairs {
            assert!((expected - actual).abs() < 1e-4 * expected.abs().max(1.0), "{expected} {actual}");
        }
    }
}

#[test]
fn a_gelu_is_fused_in_every_order() {
    let start = || {
        let graph = exported(63.0, true).node("Add", &["scaled", "bias"], &["h"]);
        let graph =
            graph.floats("one", &[], &[1.0]).floats("half", &[], &[0.5]).floats("root", &[], &[2f32.sqrt()]);
        graph.node("Div", &["h", "root"], &["inner"]).node("Erf", &["inner"], &["erf"]).node(
            "Add",
            &["erf", "one"],
            &["gate"],
        )
    };
    let orders = [
        start().node("Mul", &["h", "gate"], &["b"]).node("Mul", &["b", "half"], &["y"]),
        start().node("Mul", &["half", "h"], &["b"]).node("Mul", &["gate", "b"], &["y"]),
        start().node("Mul", &["gate", "half"], &["b"]).node("Mul", &["h", "b"], &["y"]),
    ];
    for graph in orders {
        compare(&graph.output("y", &[]), 0.9998);
    }
}

#[test]
fn the_form_of_the_runtimes_quantizer_is_fused() {
    for (of, zero) in [(DataType::Int8, 0), (DataType::Uint8, 128)] {
        for per_column in [false, true] {
            let graph = quantizers(of, zero, per_column).node("Add", &["bias", "scaled"], &["y"]);
            compare(&graph.output("y", &[]), 0.9995);
        }
    }
}

#[test]
fn what_does_not_match_runs_as_it_is_and_is_named() {
    let graph =
        quantizers(DataType::Int8, 3, false).node("Add", &["scaled", "bias"], &["y"]).output("y", &[]);
    let onnx = graph.encode();
    let (stock, model) = (Stock::load(&onnx), OnnxModel::load_for_batches("test", &onnx).unwrap());
    assert_eq!(model.unfused().len(), 1, "{:?}", model.unfused());
    assert!(model.unfused()[0].contains("\"node of sums\": the zero point"), "{:?}", model.unfused());
    let x = Noise(1).floats(5 * DEPTH, 2.0);
    assert_eq!(ours(&model, &[1, 5, DEPTH], &x), stock.of(&[1, 5, DEPTH], &x));
}

#[test]
fn weights_that_two_products_read_are_fused_twice() {
    let graph = exported(63.0, false)
        .node("Add", &["scaled", "bias"], &["a"])
        .node("MatMul", &["x", "floats"], &["more"])
        .node("Mul", &["more", "scales"], &["b"])
        .node("Add", &["a", "b"], &["y"])
        .output("y", &[]);
    compare(&graph, 0.9998);
}
