//! A whole layer with padding, as ONNX Runtime's quantizer leaves it: three projections, a spelled-out norm.

use rapport_inference::{Input, OnnxModel};
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::prelude::*;

use crate::graphs::{Graph, Noise, Stock, cosine, int, ints};

const HIDDEN: usize = 16;
const WORDS: usize = 30;

fn linear(graph: Graph, at: &str, input: &str, seed: u32) -> Graph {
    let name = |part: &str| format!("{at}.{part}");
    graph
        .tensor(&name("w"), DataType::Int8, &[16, 16], Noise(seed).bytes(HIDDEN * HIDDEN, 127.0))
        .tensor(&name("zero"), DataType::Int8, &[], vec![0])
        .floats(&name("scale"), &[], &[0.004])
        .floats(&name("bias"), &[16], &Noise(seed + 1).floats(HIDDEN, 0.1))
        .node("Mul", &[&format!("{input}.scale"), &name("scale")], &[&name("both")])
        .node(
            "MatMulInteger",
            &[&format!("{input}.rows"), &name("w"), &format!("{input}.zero"), &name("zero")],
            &[&name("sums")],
        )
        .floats_of(&name("sums"), &name("floats"))
        .node("Mul", &[&name("floats"), &name("both")], &[&name("scaled")])
        .node("Add", &[&name("bias"), &name("scaled")], &[at])
}

fn quantized(graph: Graph, value: &str) -> Graph {
    let name = |part: &str| format!("{value}.{part}");
    graph.node("DynamicQuantizeLinear", &[value], &[&name("rows"), &name("scale"), &name("zero")])
}

fn heads(graph: Graph, value: &str, order: &[i64]) -> Graph {
    let (split, turned) = (format!("{value}.split"), format!("{value}.heads"));
    graph.node("Reshape", &[value, "split"], &[&split]).node_with(
        "Transpose",
        &[&split],
        &[&turned],
        vec![ints("perm", order)],
    )
}

fn layer() -> Graph {
    let of_rows = || vec![ints("axes", &[-1]), int("keepdims", 1)];
    let graph = Graph::default()
        .input("ids", DataType::Int64, &["batch", "sequence"])
        .input("mask", DataType::Int64, &["batch", "sequence"])
        .tensor("words", DataType::Int8, &[30, 16], Noise(20).bytes(WORDS * HIDDEN, 127.0))
        .tensor("words.zero", DataType::Int8, &[], vec![0])
        .floats("words.scale", &[], &[0.02])
        .integers("split", &[0, 0, 2, 8])
        .integers("join", &[0, 0, 16])
        .integers("middle", &[1, 2])
        .floats("one", &[], &[1.0])
        .floats("two", &[], &[2.0])
        .floats("epsilon", &[], &[1e-5])
        .floats("large", &[], &[-10_000.0])
        .floats("root", &[], &[8f32.sqrt()])
        .floats("gamma", &[16], &Noise(21).floats(HIDDEN, 0.2).iter().map(|v| 1.0 + v).collect::<Vec<_>>())
        .floats("beta", &[16], &Noise(22).floats(HIDDEN, 0.2))
        .node("Gather", &["words", "ids"], &["rows"])
        .node("DequantizeLinear", &["rows", "words.scale", "words.zero"], &["x"])
        .floats_of("mask", "mask.floats")
        .node("Unsqueeze", &["mask.floats", "middle"], &["mask.column"])
        .node("Sub", &["one", "mask.column"], &["mask.off"])
        .node("Mul", &["mask.off", "large"], &["mask.bias"]);
    let graph = quantized(graph, "x");
    let graph = linear(linear(linear(graph, "q", "x", 1), "k", "x", 3), "v", "x", 5);
    let graph = heads(heads(heads(graph, "q", &[0, 2, 1, 3]), "k", &[0, 2, 3, 1]), "v", &[0, 2, 1, 3]);
    let graph = graph
        .node("MatMul", &["q.heads", "k.heads"], &["products"])
        .node("Div", &["products", "root"], &["scores"])
        .node("Add", &["scores", "mask.bias"], &["masked"])
        .node_with("Softmax", &["masked"], &["shares"], vec![int("axis", -1)])
        .node("MatMul", &["shares", "v.heads"], &["context.heads"])
        .node_with("Transpose", &["context.heads"], &["context.turned"], vec![ints("perm", &[0, 2, 1, 3])])
        .node("Reshape", &["context.turned", "join"], &["context"]);
    linear(quantized(graph, "context"), "projected", "context", 7)
        .node("Add", &["projected", "x"], &["sum"])
        .node_with("ReduceMean", &["sum"], &["mean"], of_rows())
        .node("Sub", &["sum", "mean"], &["centred"])
        .node("Pow", &["centred", "two"], &["squares"])
        .node_with("ReduceMean", &["squares"], &["variance"], of_rows())
        .node("Add", &["variance", "epsilon"], &["shifted"])
        .node("Sqrt", &["shifted"], &["deviation"])
        .node("Div", &["centred", "deviation"], &["normal"])
        .node("Mul", &["normal", "gamma"], &["stretched"])
        .node("Add", &["stretched", "beta"], &["y"])
        .output("y", &["batch", "sequence", "16"])
}

fn ids(tokens: usize) -> Vec<i64> {
    (0..tokens as i64).map(|i| (i * 7 + tokens as i64) % WORDS as i64).collect()
}

fn run(model: &OnnxModel, shape: &[usize], ids: Vec<i64>, mask: Vec<i64>) -> Vec<f32> {
    let inputs = vec![("ids", Input::i64(shape, ids).unwrap()), ("mask", Input::i64(shape, mask).unwrap())];
    model.run(inputs, &["y"]).unwrap()[0].iter().copied().collect()
}

#[test]
fn a_layer_is_fused_and_near_the_stock_one_at_every_length() {
    let onnx = layer().encode();
    let (stock, model) = (Stock::load(&onnx), OnnxModel::load_for_batches("test", &onnx).unwrap());
    assert!(model.unfused().is_empty(), "{:?}", model.unfused());
    for tokens in 1..=40 {
        let shape = [1, tokens];
        let (ids, mask) = (ids(tokens), vec![1; tokens]);
        let tensor = |v: &[i64]| Tensor::from_shape(&shape, v).unwrap().into();
        let expected = stock.run(tvec!(tensor(&ids), tensor(&mask)));
        let cosine = cosine(&expected, &run(&model, &shape, ids, mask));
        assert!(cosine > 0.999, "{tokens} tokens: {cosine}");
    }
}

#[test]
fn padding_changes_no_bit() {
    let model = OnnxModel::load_for_batches("test", &layer().encode()).unwrap();
    let lengths = [9, 1, 17, 4];
    let longest = 17;
    let (mut all, mut mask) = (Vec::new(), Vec::new());
    for tokens in lengths {
        all.extend(ids(tokens).into_iter().chain(vec![3; longest - tokens]));
        mask.extend((0..longest).map(|i| i64::from(i < tokens)));
    }
    let batch = run(&model, &[lengths.len(), longest], all, mask);
    for (tokens, rows) in lengths.into_iter().zip(batch.chunks_exact(longest * HIDDEN)) {
        let alone = run(&model, &[1, tokens], ids(tokens), vec![1; tokens]);
        assert_eq!(rows[..tokens * HIDDEN], alone, "{tokens} tokens");
    }
}

#[test]
fn a_word_that_is_not_in_the_table_is_an_error() {
    let model = OnnxModel::load_for_batches("test", &layer().encode()).unwrap();
    for id in [-1, WORDS as i64, i64::MAX] {
        let inputs = vec![
            ("ids", Input::i64(&[1, 1], vec![id]).unwrap()),
            ("mask", Input::i64(&[1, 1], vec![1]).unwrap()),
        ];
        assert!(model.run(inputs, &["y"]).is_err(), "{id}");
    }
}
