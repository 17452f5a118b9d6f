//! The exported encoder itself, where `rapport export encoder` has put it.

use std::path::PathBuf;

use rapport_inference::{Input, OnnxModel};
use tract_onnx::prelude::*;

use crate::graphs::{Stock, cosine};

fn exported() -> Option<Vec<u8>> {
    let cache = std::env::var_os("RAPPORT_CACHE").map(PathBuf::from)?;
    std::fs::read(cache.join("export/encoder.onnx")).ok()
}

fn ids(tokens: usize) -> Vec<i64> {
    let inner = (2..tokens as i64).map(|i| 1996 + i * 7919 % 20_000);
    [101].into_iter().chain(inner).chain([102]).take(tokens).collect()
}

fn encode(model: &OnnxModel, shape: &[usize], ids: Vec<i64>, mask: Vec<i64>) -> Vec<f32> {
    let inputs = vec![
        ("input_ids", Input::i64(shape, ids).unwrap()),
        ("attention_mask", Input::i64(shape, mask).unwrap()),
    ];
    model.run(inputs, &["sentence_embedding"]).unwrap()[0].iter().copied().collect()
}

#[test]
fn everything_is_fused_and_near_the_stock_graph_at_every_length() {
    let Some(onnx) = exported() else { return eprintln!("no exported encoder: nothing to compare") };
    let model = OnnxModel::load("encoder.onnx", &onnx).unwrap();
    assert!(model.unfused().is_empty(), "{:#?}", model.unfused());
    let stock = Stock::load(&onnx);
    let mut least = 1.0f32;
    for tokens in (1..=40).chain([64, 127, 128]) {
        let tensor = |v: &[i64]| Tensor::from_shape(&[1, tokens], v).unwrap().into();
        let expected = stock.run(tvec!(tensor(&ids(tokens)), tensor(&vec![1; tokens])));
        let actual = encode(&model, &[1, tokens], ids(tokens), vec![1; tokens]);
        least = least.min(cosine(&expected, &actual));
    }
    println!("least cosine of the fused encoder to the stock one: {least}");
    assert!(least > 0.98, "{least}");
}

#[test]
fn a_padded_batch_gives_the_bits_of_its_texts() {
    let Some(onnx) = exported() else { return eprintln!("no exported encoder: nothing to compare") };
    let model = OnnxModel::load_for_batches("encoder.onnx", &onnx).unwrap();
    assert!(model.unfused().is_empty(), "{:#?}", model.unfused());
    let lengths = [12, 3, 31, 8, 1];
    let (mut all, mut mask) = (Vec::new(), Vec::new());
    for tokens in lengths {
        all.extend(ids(tokens).into_iter().chain(vec![0; 31 - tokens]));
        mask.extend((0..31).map(|i| i64::from(i < tokens)));
    }
    let batch = encode(&model, &[lengths.len(), 31], all, mask);
    for (tokens, vector) in lengths.into_iter().zip(batch.chunks_exact(384)) {
        assert_eq!(vector, encode(&model, &[1, tokens], ids(tokens), vec![1; tokens]), "{tokens} tokens");
    }
}
