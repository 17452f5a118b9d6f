//! Times an exported encoder beside the same graph in stock tract: `encode ENCODER.onnx [ROUNDS]`.
//! `encode --times ENCODER.onnx TOKENS ROUNDS` prints the milliseconds of each round alone, for scripts/bench.
//!
//! Prints for each length the least and the middle time of a run of both, taken in turns, their cosine, and a
//! checksum over the bits of the fused vectors, which is the same on every machine.

use std::time::Instant;

use rapport_inference::{InferenceError, Input, OnnxModel, dot};
use tract_onnx::prelude::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut path = arguments.next().ok_or("encode ENCODER.onnx [ROUNDS]")?;
    if path == "--times" {
        path = arguments.next().ok_or("--times ENCODER.onnx TOKENS ROUNDS")?;
        let tokens = arguments.next().ok_or("--times: no TOKENS")?.parse()?;
        return times(&path, tokens, arguments.next().ok_or("--times: no ROUNDS")?.parse()?);
    }
    let rounds: usize = arguments.next().map_or(Ok(30), |r| r.parse())?;
    let bytes = std::fs::read(&path)?;
    let begun = Instant::now();
    let model = OnnxModel::load(&path, &bytes)?;
    println!("loaded in {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
    for part in model.unfused() {
        println!("not fused: {part}");
    }
    let stock = stock(&bytes)?;
    let mut sum = 0xcbf2_9ce4_8422_2325u64;
    for tokens in [16, 32, 64, 128] {
        let (mut fused_times, mut stock_times) = (Vec::new(), Vec::new());
        let (mut fused, mut plain) = (Vec::new(), Vec::new());
        for _ in 0..rounds.max(1) {
            let begun = Instant::now();
            fused = encode(&model, tokens)?;
            fused_times.push(begun.elapsed().as_secs_f64() * 1e3);
            let begun = Instant::now();
            plain = encode_stock(&stock, tokens)?;
            stock_times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        for byte in fused.iter().flat_map(|v| v.to_le_bytes()) {
            sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let (fused_least, fused_middle) = least_and_middle(fused_times);
        let (stock_least, stock_middle) = least_and_middle(stock_times);
        println!(
            "{tokens:4} tokens: fused {fused_least:.2} ms ({fused_middle:.2}), stock {stock_least:.2} ms \
             ({stock_middle:.2}), cosine {:.6}",
            dot(&fused, &plain)
        );
    }
    println!("checksum {sum:016x}");
    Ok(())
}

fn times(path: &str, tokens: usize, rounds: usize) -> Result<(), Box<dyn std::error::Error>> {
    const WARM_UP: usize = 5;
    let model = OnnxModel::load(path, &std::fs::read(path)?)?;
    for round in 0..WARM_UP + rounds {
        let begun = Instant::now();
        encode(&model, tokens)?;
        if round >= WARM_UP {
            println!("{}", begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    Ok(())
}

fn least_and_middle(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    (times[0], times[times.len() / 2])
}

fn words(tokens: usize) -> Vec<i64> {
    let inner = (2..tokens as i64).map(|i| 1996 + i * 7919 % 20_000);
    [101].into_iter().chain(inner).chain([102]).collect()
}

fn encode(model: &OnnxModel, tokens: usize) -> Result<Vec<f32>, InferenceError> {
    let input = |values: Vec<i64>| {
        Input::i64(&[1, values.len()], values)
            .ok_or_else(|| InferenceError::Run { model: "encoder".into(), reason: "a shape is wrong".into() })
    };
    let inputs = vec![("input_ids", input(words(tokens))?), ("attention_mask", input(vec![1; tokens])?)];
    Ok(model.run(inputs, &["sentence_embedding"])?[0].iter().copied().collect())
}

/// The graph as it is, with a batch of 1.
fn stock(onnx: &[u8]) -> TractResult<Arc<TypedRunnableModel>> {
    let mut model = tract_onnx::onnx().model_for_read(&mut &*onnx)?;
    let sequence = model.symbols.sym("sequence");
    for input in 0..2 {
        let fact = InferenceFact::dt_shape(i64::datum_type(), tvec![1.to_dim(), sequence.to_dim()]);
        model.set_input_fact(input, fact)?;
    }
    model.set_output_fact(0, InferenceFact::default())?;
    model.into_optimized()?.into_runnable()
}

fn encode_stock(model: &Arc<TypedRunnableModel>, tokens: usize) -> TractResult<Vec<f32>> {
    let input = |values: &[i64]| Ok::<TValue, TractError>(Tensor::from_shape(&[1, tokens], values)?.into());
    let out = model.run(tvec!(input(&words(tokens))?, input(&vec![1; tokens])?))?;
    Ok(out[0].to_plain_array_view::<f32>()?.iter().copied().collect())
}
