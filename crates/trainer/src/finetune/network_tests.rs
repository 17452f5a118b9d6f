//! The network against the f32 reference, its gradients, and what is written of it.

use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Device;
use safetensors::{Dtype, tensor::TensorView};

use super::adapter::{AdapterFile, Adapters, merge};
use super::example::{frozen, spec};
use super::full::to_safetensors;
use super::loss::supcon;
use super::network::{Body, Frozen, LowerStates, Trainable, embed_all};
use crate::encoder::{EncoderWeights, embed, example::small};

const TEXTS: [&[u32]; 5] =
    [&[1, 9, 2], &[1, 2], &[1, 30, 31, 32, 9, 9, 49, 0, 17, 2], &[3, 4, 5, 6], &[7; 12]];

/// Largest difference between the reference and vectors.
fn distance(weights: &EncoderWeights, vectors: &[Vec<f32>]) -> f32 {
    let pairs =
        TEXTS.iter().zip(vectors).flat_map(|(text, v)| embed(weights, text).into_iter().zip(v.clone()));
    pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

/// Steps that pull the first three texts together and push the others away.
fn train<M: Trainable>(frozen: &Frozen<'_>, mut module: M, steps: usize) -> M {
    let labels = [0, 0, 0, 1, 1];
    let pairs: Vec<(usize, usize)> = (0..5).flat_map(|i| (0..5).map(move |j| (i, j))).collect();
    let positive: Vec<bool> = pairs.iter().map(|&(i, j)| i != j && labels[i] == labels[j]).collect();
    let compared: Vec<bool> = pairs.iter().map(|&(i, j)| i != j).collect();
    let mut optimizer = AdamWConfig::new().init();
    for _ in 0..steps {
        let loss = supcon(module.embed(frozen, &TEXTS), &positive, &compared, 0.1).unwrap();
        let gradients = GradientsParams::from_grads(loss.backward(), &module);
        module = optimizer.step(1e-2, module, gradients);
    }
    module
}

#[test]
fn the_forward_pass_is_that_of_the_reference() {
    let weights = small();
    for first_layer in [0, 1] {
        let mut base = frozen(&weights, Device::flex(), first_layer);
        let vectors = embed_all(&base.body, &base, &TEXTS, |_| {});
        assert!(distance(&weights, &vectors) < 1e-4, "{}", distance(&weights, &vectors));
        let lower = LowerStates::new(&base, &TEXTS[..4], |_| {});
        base.lower = Some(&lower);
        let kept = embed_all(&base.body, &base, &TEXTS, |_| {});
        assert!(distance(&weights, &kept) < 1e-4, "{}", distance(&weights, &kept));
    }
}

#[test]
fn new_adapters_change_nothing() {
    let weights = small();
    let base = frozen(&weights, Device::flex(), 0);
    let adapters = Adapters::new(&weights, &spec(), 1, &base.device);
    assert_eq!(embed_all(&adapters, &base, &TEXTS, |_| {}), embed_all(&base.body, &base, &TEXTS, |_| {}));
}

#[test]
fn gradients_reach_both_factors_and_leave_the_base() {
    let weights = small();
    let tracked = frozen(&weights, Device::flex().autodiff(), 0);
    let begin = Adapters::new(&weights, &spec(), 1, &tracked.device);
    let before = begin.read();
    let after = train(&tracked, begin, 2).read();
    assert_eq!(before.len(), 12);
    for (place, pair) in &before {
        let trained = &after[place];
        let moved = |a: &[f32], b: &[f32]| a.iter().zip(b).filter(|(a, b)| a != b).count();
        assert!(moved(&pair.down, &trained.down) > pair.down.len() / 2, "A of {place:?} was not trained");
        assert!(moved(&pair.up, &trained.up) > pair.up.len() / 2, "B of {place:?} was not trained");
    }
    let plain = frozen(&weights, Device::flex(), 0);
    let untouched = embed_all(&tracked.body.valid(), &plain, &TEXTS, |_| {});
    assert_eq!(untouched, embed_all(&plain.body, &plain, &TEXTS, |_| {}));
}

#[test]
fn merged_weights_answer_as_the_adapters() {
    let weights = small();
    let tracked = frozen(&weights, Device::flex().autodiff(), 0);
    let adapters = train(&tracked, Adapters::new(&weights, &spec(), 1, &tracked.device), 5).valid();
    let plain = frozen(&weights, Device::flex(), 0);
    let vectors = embed_all(&adapters, &plain, &TEXTS, |_| {});
    assert!(distance(&weights, &vectors) > 1e-2, "nothing was learned");
    let mut merged = weights.clone();
    merge(&adapters.read(), &spec(), &mut merged);
    assert!(distance(&merged, &vectors) < 1e-4, "{}", distance(&merged, &vectors));
}

#[test]
fn full_weights_are_written_in_the_shape_of_the_base() {
    let weights = small();
    let bytes = |values: &[f32]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
    let zeros = vec![0.0f32; 2 * weights.hidden];
    let norm = &weights.embedding_norm;
    let tables = [
        (
            "embeddings.word_embeddings.weight",
            vec![weights.vocabulary, weights.hidden],
            bytes(&weights.words),
        ),
        (
            "embeddings.position_embeddings.weight",
            vec![weights.positions, weights.hidden],
            bytes(&weights.position_table),
        ),
        ("embeddings.token_type_embeddings.weight", vec![2, weights.hidden], bytes(&zeros)),
        ("embeddings.LayerNorm.weight", vec![weights.hidden], bytes(&norm.scale)),
        ("embeddings.LayerNorm.bias", vec![weights.hidden], bytes(&norm.bias)),
    ];
    let views =
        tables.iter().map(|(name, shape, b)| (*name, TensorView::new(Dtype::F32, shape.clone(), b).unwrap()));
    let base = safetensors::serialize(views, None).unwrap();

    let tracked = frozen(&weights, Device::flex().autodiff(), 1);
    let tuned = train(&tracked, Body::new(&weights, Some(1), &tracked.device), 3).valid();
    let written = to_safetensors(&tuned, &weights, &base).unwrap();
    assert_eq!(written, to_safetensors(&tuned, &weights, &base).unwrap());
    let read = EncoderWeights::from_safetensors(&written).unwrap();
    assert_eq!(read.words, weights.words);
    let near = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(near(&read.layers[0].qkv.weight, &weights.layers[0].qkv.weight), "the lower layer was trained");
    assert!(
        !near(&read.layers[1].qkv.weight, &weights.layers[1].qkv.weight),
        "the upper layer was not trained"
    );
    let plain = frozen(&weights, Device::flex(), 1);
    let vectors = embed_all(&tuned, &plain, &TEXTS, |_| {});
    assert!(distance(&read, &vectors) < 1e-4, "{}", distance(&read, &vectors));
}

fn file() -> (AdapterFile, EncoderWeights) {
    let weights = small();
    let tracked = frozen(&weights, Device::flex().autodiff(), 0);
    let adapters = train(&tracked, Adapters::new(&weights, &spec(), 1, &tracked.device), 1);
    let settings = serde_json::json!({ "b": 1, "a": [2] });
    let file = AdapterFile {
        base_sha256: "aa".into(),
        spec: spec(),
        share: 1.0,
        settings,
        factors: adapters.read(),
    };
    (file, weights)
}

#[test]
fn an_adapter_comes_back_from_its_file() {
    let (file, weights) = file();
    let bytes = file.to_bytes().unwrap();
    assert_eq!(bytes, file.to_bytes().unwrap());
    let read = AdapterFile::from_bytes(&bytes, &weights).unwrap();
    assert_eq!(read, file);
    let (mut one, mut two) = (weights.clone(), weights);
    file.merge(&mut one, "aa").unwrap();
    read.merge(&mut two, "aa").unwrap();
    assert_eq!(one.layers[1].qkv.weight, two.layers[1].qkv.weight);
}

#[test]
fn a_share_of_an_adapter_is_the_same_beside_the_base_and_merged_into_it() {
    let (mut file, weights) = file();
    file.spec.alpha *= 0.5;
    let plain = frozen(&weights, Device::flex(), 0);
    let beside =
        embed_all(&Adapters::of(&file.factors, &weights, &file.spec, &plain.device), &plain, &TEXTS, |_| {});
    let mut merged = weights.clone();
    file.merge(&mut merged, "aa").unwrap();
    assert!(distance(&merged, &beside) < 1e-4, "{}", distance(&merged, &beside));
    file.spec.alpha *= 2.0;
    let mut whole = weights.clone();
    file.merge(&mut whole, "aa").unwrap();
    assert!(distance(&whole, &beside) > 1e-4, "{}", distance(&whole, &beside));
}

#[test]
fn an_adapter_of_another_base_is_refused_by_both_hashes() {
    let (file, mut weights) = file();
    let before = weights.layers[0].output.weight.clone();
    let error = file.merge(&mut weights, "bb").unwrap_err().to_string();
    assert!(error.contains("SHA-256 aa") && error.contains("have bb"), "{error}");
    assert_eq!(weights.layers[0].output.weight, before);
}

#[test]
fn files_that_are_no_adapter_of_the_base_are_refused() {
    let (file, weights) = file();
    let refused = |bytes: &[u8], part: &str| {
        let error = format!("{:#}", AdapterFile::from_bytes(bytes, &weights).unwrap_err());
        assert!(error.contains(part), "{error}");
    };
    refused(b"no", "not a safetensors file");
    refused(
        &safetensors::serialize(std::iter::empty::<(&str, TensorView<'_>)>(), None).unwrap(),
        "no adapter of",
    );
    let mut missing = file.clone();
    missing.factors.pop_last();
    refused(&missing.to_bytes().unwrap(), "is missing");
    let mut wide = file.clone();
    let first = wide.factors.values_mut().next().unwrap();
    first.down.extend([0.0; 2]);
    refused(&wide.to_bytes().unwrap(), "[2, 65], expected F32 [2, 64]");
    let mut broken = file.clone();
    broken.factors.values_mut().next().unwrap().up[0] = f32::NAN;
    refused(&broken.to_bytes().unwrap(), "not finite");
    let mut high = file;
    high.spec.first_layer = 2;
    refused(&high.to_bytes().unwrap(), "--first-layer 2");
}

/// With the features `wgpu` or `cuda`, on a machine that has such a GPU; a Vulkan driver in software will do.
#[test]
#[cfg(any(feature = "wgpu", feature = "cuda"))]
fn a_gpu_learns_what_the_processor_learns() {
    use crate::train::compute::Compute;
    let gpu = if cfg!(feature = "wgpu") { Compute::Gpu } else { Compute::Cuda }.device().unwrap();
    let weights = small();
    let plain = frozen(&weights, gpu.clone(), 0);
    let vectors = embed_all(&plain.body, &plain, &TEXTS, |_| {});
    assert!(distance(&weights, &vectors) < 1e-4, "{}", distance(&weights, &vectors));
    let trained = [Device::flex(), gpu].map(|device| {
        let tracked = frozen(&weights, device.autodiff(), 0);
        train(&tracked, Adapters::new(&weights, &spec(), 1, &tracked.device), 3).read()
    });
    for (place, pair) in &trained[0] {
        // Adam's first steps go by the sign: where a gradient is next to nothing, the two may part ways.
        let differences = pair.up.iter().zip(&trained[1][place].up).map(|(a, b)| (a - b).abs());
        let mean = differences.sum::<f32>() / pair.up.len() as f32;
        assert!(mean < 1e-3, "B of {place:?} differs by {mean} in the mean");
    }
}
