//! Files that do not hold together are refused with a reason, before anything is allocated for them.

use std::path::Path;

use prost::Message;
use rapport_inference::{Input, MemoryBudget, OnnxModel};
use tract_onnx::pb::{ModelProto, StringStringEntryProto, TensorProto, tensor_proto::DataType};

use crate::any_bytes::check_any_bytes;
use crate::graphs::{Graph, ints};

fn linear() -> ModelProto {
    let graph = Graph::default()
        .input("x", DataType::Float, &["batch", "12"])
        .tensor("w", DataType::Int8, &[12, 8], vec![1; 96])
        .floats("scales", &[8], &[0.1; 8])
        .floats("bias", &[8], &[0.0; 8])
        .floats_of("w", "floats")
        .node("MatMul", &["x", "floats"], &["sums"])
        .node("Mul", &["sums", "scales"], &["scaled"])
        .node("Add", &["scaled", "bias"], &["y"])
        .output("y", &["batch", "8"]);
    ModelProto::decode(&*graph.encode()).unwrap()
}

fn changed(change: impl Fn(&mut Vec<TensorProto>)) -> Vec<u8> {
    let mut model = linear();
    change(&mut model.graph.as_mut().unwrap().initializer);
    model.encode_to_vec()
}

fn reason(onnx: &[u8]) -> String {
    OnnxModel::load("test.onnx", onnx).unwrap_err().to_string()
}

#[test]
fn what_is_whole_is_taken() {
    assert!(OnnxModel::load("test.onnx", &linear().encode_to_vec()).unwrap().unfused().is_empty());
}

#[test]
fn data_that_does_not_fill_its_shape_is_refused() {
    for tensor in 0..3 {
        let short = changed(|t| {
            t[tensor].raw_data.pop();
        });
        assert!(!reason(&short).is_empty());
        let none = changed(|t| t[tensor].raw_data.clear());
        assert!(reason(&none).contains("has 0 values"), "{}", reason(&none));
    }
}

#[test]
fn absurd_shapes_are_refused() {
    for dims in [vec![i64::MAX, i64::MAX], vec![-12, 8], vec![1 << 40, 1 << 10], vec![0, 8], vec![13, 8]] {
        let onnx = changed(|t| t[0].dims.clone_from(&dims));
        assert!(reason(&onnx).contains("shape"), "{dims:?}: {}", reason(&onnx));
    }
}

#[test]
fn what_is_larger_than_the_budget_is_refused() {
    let onnx = linear().encode_to_vec();
    let within = |file, tensor| {
        let budget = MemoryBudget { file, tensor, ..MemoryBudget::SERVING };
        OnnxModel::load_within("test.onnx", &onnx, &budget).map_err(|e| e.to_string())
    };
    // The weights are the largest tensor: 12 by 8 bytes.
    assert!(within(onnx.len(), 96).is_ok());
    let refusal = within(onnx.len() - 1, 96).unwrap_err();
    assert!(refusal.contains(&format!("the file has {} bytes", onnx.len())), "{refusal}");
    let refusal = within(onnx.len(), 95).unwrap_err();
    assert!(refusal.contains("\"w\" takes 96 bytes, 95 are the most"), "{refusal}");
}

#[test]
fn zeros_without_end_are_refused() {
    let padded = |width: i64| {
        let graph = Graph::default()
            .input("x", DataType::Float, &["batch", "4"])
            .integers("pads", &[0, width, 0, 0])
            .node("Pad", &["x", "pads"], &["y"])
            .output("y", &["batch", "width"]);
        OnnxModel::load("test.onnx", &graph.encode())
    };
    assert!(padded(3).is_ok());
    let refusal = padded(1 << 50).unwrap_err().to_string();
    assert!(refusal.contains("zeros around a tensor"), "{refusal}");
}

#[test]
fn unknown_types_and_other_files_are_refused() {
    assert!(reason(&changed(|t| t[0].data_type = 99)).contains("type 99"));
    assert!(reason(&changed(|t| t[0].data_type = DataType::String as i32)).contains("type 8"));
    let elsewhere = changed(|t| {
        t[0].raw_data.clear();
        let entry = StringStringEntryProto { key: "location".into(), value: "/etc/passwd".into() };
        t[0].external_data.push(entry);
        t[0].data_location = Some(1);
    });
    assert!(reason(&elsewhere).contains("another file"));
}

#[test]
fn scales_and_weights_of_other_shapes_run_unfused_or_are_refused() {
    let changes: [fn(&mut Vec<TensorProto>); 4] = [
        |t| t[0].dims = vec![8, 12],
        |t| t[0].dims = vec![96],
        |t| t[1].dims = vec![8, 1],
        |t| t[1].raw_data[..4].copy_from_slice(&f32::NAN.to_le_bytes()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let onnx = changed(change);
        if let Ok(model) = OnnxModel::load("test.onnx", &onnx) {
            assert_eq!(model.unfused().len(), 1, "{number}");
        }
    }
}

#[test]
fn every_truncation_is_an_error_or_a_model() {
    let onnx = linear().encode_to_vec();
    for length in 0..onnx.len() {
        let _ = OnnxModel::load("test.onnx", &onnx[..length]);
    }
}

/// Changed at random, always the same way: an error or a model, and a model that runs or says why not.
#[test]
fn any_changed_byte_is_an_error_or_a_model() {
    let onnx = linear().encode_to_vec();
    let mut state = 1u32;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..3000 {
        let mut changed = onnx.clone();
        for _ in 0..=next(3) {
            let at = next(changed.len());
            changed[at] = next(256) as u8;
        }
        if let Ok(model) = OnnxModel::load("test.onnx", &changed) {
            let x = Input::f32(&[1, 12], vec![1.0; 12]).unwrap();
            let _ = model.run(vec![("x", x)], &["y"]);
        }
    }
}

#[test]
fn axes_that_are_no_order_are_refused() {
    for order in [[0, 34], [1, 1], [-1, 0]] {
        let graph = Graph::default()
            .input("x", DataType::Float, &["batch", "4"])
            .node_with("Transpose", &["x"], &["y"], vec![ints("perm", &order)])
            .output("y", &["4", "batch"]);
        assert!(OnnxModel::load("test.onnx", &graph.encode()).is_err(), "{order:?}");
    }
}

#[test]
fn the_seeds_of_the_fuzz_target_hold() {
    // Tests run in the folder of their package, wherever the checkout was when they were compiled.
    let folder = Path::new("../../fuzz/seeds/onnx");
    let seeds: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| check_any_bytes(&std::fs::read(seed).unwrap()));
}

#[test]
fn rows_of_another_width_are_an_error() {
    let model = OnnxModel::load_for_batches("test.onnx", &linear().encode_to_vec()).unwrap();
    for shape in [vec![2, 11], vec![24], vec![2, 3, 4]] {
        let x = Input::f32(&shape, vec![1.0; shape.iter().product()]).unwrap();
        assert!(model.run(vec![("x", x)], &["y"]).is_err(), "{shape:?}");
    }
}

#[test]
fn the_fused_operator_is_none_of_a_file() {
    let mut model = linear();
    model.graph.as_mut().unwrap().node[1].op_type = "rapport.Fused".into();
    assert!(reason(&model.encode_to_vec()).contains("no operator of a file"));
}

#[test]
fn two_nodes_cannot_make_one_value() {
    let mut model = linear();
    let graph = model.graph.as_mut().unwrap();
    graph.node[1].output = graph.node[2].output.clone();
    assert!(reason(&model.encode_to_vec()).contains("made by two nodes"));
}
