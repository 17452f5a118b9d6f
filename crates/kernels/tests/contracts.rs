//! What is refused, and the parts around the encoder.
#![allow(clippy::float_cmp)] // These results are exact.

use rapport_kernels::{
    Activations, Embedding, Epilogue, Error, Kernel, Mask, Order, Output, Scales, Weights, mean_pool,
    normalize,
};

#[test]
fn weights_outside_seven_bits_are_refused() {
    let refused = Weights::pack(&[0, 1, -65, 3], (2, 2), Order::InputMajor, &[1.0], None);
    assert_eq!(refused.err(), Some(Error::WeightRange { input: 1, column: 0, value: -65 }));
    let refused = Weights::pack_bytes(&[0, 1, 64, 3], (2, 2), Order::OutputMajor, &[1.0], None);
    assert_eq!(refused.err(), Some(Error::WeightRange { input: 0, column: 1, value: 64 }));
    assert!(Weights::pack(&[-64, 63], (2, 1), Order::InputMajor, &[1.0], None).is_ok());
}

#[test]
fn wrong_lengths_scales_and_shapes_are_refused() {
    let pack = |values: &[i8], shape, scales: &[f32], bias: Option<&[f32]>| {
        Weights::pack(values, shape, Order::InputMajor, scales, bias).err()
    };
    let length = |what, expected, found| Some(Error::Length { what, expected, found });
    assert_eq!(pack(&[0; 3], (2, 2), &[1.0], None), length("weights", 4, 3));
    assert_eq!(pack(&[0; 6], (2, 3), &[1.0, 1.0], None), length("scales", 3, 2));
    assert_eq!(pack(&[0; 4], (2, 2), &[1.0], Some(&[0.0])), length("bias", 2, 1));
    assert_eq!(pack(&[0; 4], (2, 2), &[1.0, 0.0], None), Some(Error::Scale { index: 1 }));
    assert_eq!(pack(&[0; 4], (2, 2), &[f32::NAN], None), Some(Error::Scale { index: 0 }));
    assert_eq!(pack(&[], (0, 2), &[1.0], None), Some(Error::Shape { inputs: 0, columns: 2 }));
    let error = pack(&[], (70_000, usize::MAX), &[1.0], None).expect("refused");
    assert!(error.to_string().contains("70000"));
}

/// A column within ±63 stays as it is; another is rescaled to ±63.
#[test]
fn requantized_columns_keep_their_values() {
    let values = [127, 10, -128, 63, 64, -63];
    let weights = Weights::requantized_from(&values, (3, 2), Order::InputMajor, &[1.0, 2.0], None);
    let weights = weights.expect("valid");
    let bytes: Vec<u8> = values.iter().map(|&value| value as u8).collect();
    let same = Weights::requantized_from_bytes(&bytes, (3, 2), Order::InputMajor, &[1.0, 2.0], None);
    let kernel = Kernel::portable();
    for weights in [&weights, &same.expect("valid")] {
        for input in 0..3 {
            let mut x = [0.0; 3];
            x[input] = 1.0;
            let mut activations = Activations::new();
            kernel.quantize(&x, 3, &mut activations);
            let mut out = [0.0; 2];
            kernel.linear(&activations, weights, &mut Output::rows(&mut out, 2), Epilogue::None);
            assert!((out[0] - f32::from(values[input * 2])).abs() <= 1.02, "{out:?}");
            assert!((out[1] - 2.0 * f32::from(values[input * 2 + 1])).abs() < 1e-4, "{out:?}");
        }
    }
}

#[test]
#[should_panic(expected = "output needs")]
fn a_short_output_panics_before_anything_is_written() {
    let weights = Weights::pack(&[1; 8], (1, 8), Order::InputMajor, &[1.0], None).expect("valid");
    let mut activations = Activations::new();
    Kernel::best().quantize(&[1.0, 2.0], 1, &mut activations);
    let mut out = [0.0; 15];
    Kernel::best().linear(&activations, &weights, &mut Output::rows(&mut out, 8), Epilogue::None);
}

#[test]
fn embeddings_are_looked_up_and_added() {
    let scales = Scales::Rows(vec![0.5, 2.0]);
    let table = Embedding::new(vec![1, -2, 3, 4, 5, -128], (2, 3), scales).expect("valid");
    let mut out = [0.0; 6];
    table.lookup(&[1, 0], &mut out).expect("in the table");
    assert_eq!(out, [8.0, 10.0, -256.0, 0.5, -1.0, 1.5]);
    let scales = Scales::Columns(vec![1.0, 2.0, 3.0]);
    let table = Embedding::from_bytes(&[1, 254, 3], (1, 3), scales).expect("valid");
    table.add(&[0, 0], &mut out).expect("in the table");
    assert_eq!(out, [9.0, 6.0, -247.0, 1.5, -5.0, 10.5]);
    assert_eq!(table.lookup(&[1, 0], &mut out), Err(Error::Token { id: 1, rows: 1 }));
    assert!(table.lookup(&[0], &mut out).is_err());
    assert!(Embedding::new(vec![1, 2], (1, 2), Scales::Rows(vec![-1.0])).is_err());
}

#[test]
fn pooling_leaves_padding_out() {
    let x = [1.0, 2.0, 30.0, 40.0, 3.0, 6.0];
    let mut out = [9.0; 2];
    mean_pool(&x, Mask::Tokens(&[true, false, true]), &mut out);
    assert_eq!(out, [2.0, 4.0]);
    mean_pool(&x, Mask::First(1), &mut out);
    assert_eq!(out, [1.0, 2.0]);
    mean_pool(&x, Mask::First(0), &mut out);
    assert_eq!(out, [0.0, 0.0]);
    normalize(&mut out);
    assert_eq!(out, [0.0, 0.0]);
    let mut x = [3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -4.0];
    normalize(&mut x);
    assert_eq!((x[0], x[8]), (0.6, -0.8));
}

#[test]
fn the_kernels_have_different_names() {
    let all = Kernel::all();
    assert_eq!(all[0], Kernel::portable());
    assert!(all.contains(&Kernel::best()));
    let mut names: Vec<_> = all.iter().map(|kernel| kernel.name()).collect();
    println!("kernels here: {names:?}");
    names.dedup();
    assert_eq!(names.len(), all.len());
}

/// A matrix that fills whole steps is packed in another way than others: both give the same layer.
#[test]
fn whole_steps_are_packed_as_others_are() {
    let (inputs, columns) = (24, 16);
    let bytes: Vec<u8> = (0..inputs * columns).map(|i| ((i * 37 % 127) as i8 - 63).cast_unsigned()).collect();
    let values: Vec<i8> = bytes.iter().map(|b| b.cast_signed()).collect();
    let scales: Vec<f32> = (1..=columns).map(|c| c as f32 / 100.0).collect();
    let bias: Vec<f32> = (0..columns).map(|c| c as f32).collect();
    let shape = (inputs, columns);
    let fast = Weights::requantized_from_bytes(&bytes, shape, Order::InputMajor, &scales, Some(&bias));
    let slow = Weights::requantized_from(&values, shape, Order::InputMajor, &scales, Some(&bias));
    let x: Vec<f32> = (0..3 * inputs).map(|i| (i as f32 * 0.7).sin()).collect();
    let run = |weights: &Weights| {
        let (kernel, mut activations, mut out) = (Kernel::best(), Activations::new(), vec![0.0; 3 * columns]);
        kernel.quantize(&x, inputs, &mut activations);
        kernel.linear(&activations, weights, &mut Output::rows(&mut out, columns), Epilogue::None);
        out
    };
    assert_eq!(run(&fast.expect("it fits")), run(&slow.expect("it fits")));
}
