//! Every exported head answers in tract as its network answers in burn. A new head copies one of these tests.

#![allow(clippy::unwrap_used)]

use rapport_conversation::Speaker;
use rapport_engine::{LEXICAL_BUCKETS, SEQUENCE_FEATURES, SURFACE_FEATURES, TurnReading};
use rapport_inference::{Input, OnnxModel, RecurrentModel, softmax};

use super::acts_net::{self, ActsNet, ActsOptions};
use super::checkpoint::Checkpoint;
use super::crossfit::average;
use super::example::Example;
use super::heads_onnx::{SignalPart, Storage, acts, sentiment, sequence, signals};
use super::random::{generator, normal};
use super::scaling::Scaling;
use super::sequence_net::{self, Sequence, SequenceNet, SequenceOptions};

const DIMENSIONS: usize = 8;

/// A conversation whose act can be told from the sign of the first number of each embedding.
fn example(seed: u64, turns: usize) -> Example {
    let random = &mut generator(seed, "example");
    let readings: Vec<TurnReading> = (0..turns)
        .map(|t| {
            let mut surface = [0.0; SURFACE_FEATURES];
            surface.copy_from_slice(&normal(random, SURFACE_FEATURES, 1.0));
            TurnReading {
                speaker: if t % 2 == 0 { Speaker::Customer } else { Speaker::Salesperson },
                text: "".into(),
                line: t,
                embedding: normal(random, DIMENSIONS, 1.0).into(),
                lexical: vec![((seed as u32 * 31 + t as u32 * 7) % LEXICAL_BUCKETS as u32, 1.0)],
                surface,
                sentiment: [0.2, 0.5, 0.3],
            }
        })
        .collect();
    let act = readings.iter().map(|r| Some(usize::from(r.embedding[0] > 0.0))).collect();
    let fine = vec![vec!["customer some label".to_owned()]; turns];
    Example { id: format!("c{seed}"), stage: vec![Some(0); turns], act, fine, readings }
}

fn options() -> ActsOptions {
    ActsOptions { hidden: 8, epochs: 12, fine_minimum: 1, ..ActsOptions::default() }
}

fn act_nets(examples: &[Example], scaling: &Scaling) -> Vec<ActsNet> {
    let refs: Vec<&Example> = examples.iter().collect();
    let fit = |seed| acts_net::fit(&refs, scaling, &options(), seed, &Checkpoint::default(), &|| ());
    vec![fit(0).unwrap(), fit(1).unwrap()]
}

fn examples() -> Vec<Example> {
    (0..24).map(|seed| example(seed, 9)).collect()
}

/// Largest difference between the act head in tract and in burn, over every turn's own head.
fn act_difference(storage: Storage) -> f32 {
    let examples = examples();
    let scaling = Scaling::of_turns(&examples.iter().collect::<Vec<_>>());
    let nets = act_nets(&examples, &scaling);
    let model = OnnxModel::load("acts.onnx", &acts(&nets, &scaling, storage)).unwrap();
    let width = scaling.mean.len();
    let mut worst = 0.0f32;
    // Lengths other than those trained on: the turn dimension must be open.
    for example in [example(100, 1), example(101, 2), example(102, 14)] {
        let turns = example.readings.len();
        let mut rows = vec![0.0; turns * width];
        for (reading, row) in example.readings.iter().zip(rows.chunks_exact_mut(width)) {
            reading.write_row(row);
        }
        let input = Input::f32(&[1, turns, width], rows).unwrap();
        let out = model.run(vec![("turns", input)], &["response_type", "seller_act"]).unwrap();
        let expected = average(&nets, &example, &scaling);
        for t in 0..turns {
            let head = usize::from(example.speaker(t) == Speaker::Salesperson);
            let logits: Vec<f32> = (0..6).map(|c| out[head][[0, t, c]]).collect();
            for (a, b) in softmax(&logits, 1.0).iter().zip(&expected[t]) {
                worst = worst.max((a - b).abs());
            }
        }
    }
    worst
}

#[test]
fn the_act_head_answers_as_its_networks() {
    let worst = act_difference(Storage::F32);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn eight_bits_change_an_act_by_little() {
    let worst = act_difference(Storage::Int8);
    assert!(worst > 0.0 && worst < 0.03, "{worst}");
}

#[test]
fn the_act_head_learns_what_can_be_told() {
    let examples = examples();
    let scaling = Scaling::of_turns(&examples.iter().collect::<Vec<_>>());
    let nets = act_nets(&examples, &scaling);
    let (mut right, mut all) = (0, 0);
    for example in &examples {
        for (p, act) in average(&nets, example, &scaling).iter().zip(&example.act) {
            right += usize::from(Some(rapport_inference::argmax(p)) == *act);
            all += 1;
        }
    }
    assert!(right * 10 > all * 7, "{right} of {all}");
}

fn a_sequence(seed: u64, turns: usize) -> Sequence {
    let random = &mut generator(seed, "sequence");
    let inputs = (0..turns)
        .map(|_| {
            let mut row = [0.0; SEQUENCE_FEATURES];
            row.copy_from_slice(&normal(random, SEQUENCE_FEATURES, 1.0));
            row
        })
        .collect();
    let mut row = [0.0; 6];
    row[seed as usize % 6] = 1.0;
    Sequence { inputs, targets: vec![vec![row; turns]; 2] }
}

fn sequence_options() -> SequenceOptions {
    SequenceOptions { hidden: 6, epochs: 3, batch: 4, turn_dropout: 0.1, crop: 0.3, ..Default::default() }
}

fn sequence_nets() -> (Vec<SequenceNet>, Scaling) {
    let sequences: Vec<Sequence> = (0..12).map(|s| a_sequence(s, 7)).collect();
    let refs: Vec<&Sequence> = sequences.iter().collect();
    let standard = Scaling::of_sequences(&refs);
    let fit = |seed| {
        let checkpoint = Checkpoint::default();
        sequence_net::fit(&refs, &refs[..4], &standard, 2, &sequence_options(), seed, &checkpoint, &|| ())
    };
    (vec![fit(0).unwrap(), fit(1).unwrap()], standard)
}

#[test]
fn the_sequence_models_answer_as_their_networks() {
    let (nets, standard) = sequence_nets();
    let model =
        OnnxModel::load("stage.onnx", &sequence("stage", &nets, &standard, &["now", "next"])).unwrap();
    for turns in [1, 3, 20] {
        let own = a_sequence(50, turns);
        let flat: Vec<f32> = own.inputs.iter().flatten().copied().collect();
        let input = Input::f32(&[1, turns, SEQUENCE_FEATURES], flat).unwrap();
        let out = model.run(vec![("sequence", input)], &["now", "next"]).unwrap();
        for (head, out) in out.iter().enumerate() {
            for t in 0..turns {
                for c in 0..6 {
                    let expected: f32 =
                        nets.iter().map(|n| n.predict(&own, &standard)[head][t][c]).sum::<f32>() / 2.0;
                    assert!((out[[0, t, c]].exp() - expected).abs() < 1e-4, "{turns} {head} {t} {c}");
                }
            }
        }
    }
}

#[test]
fn training_is_the_same_every_time_and_goes_on_after_an_interruption() {
    let sequences: Vec<Sequence> = (0..12).map(|s| a_sequence(s, 7)).collect();
    let refs: Vec<&Sequence> = sequences.iter().collect();
    let standard = Scaling::of_sequences(&refs);
    let fit = |checkpoint: &Checkpoint, epoch_done: &(dyn Fn() + Sync)| {
        sequence_net::fit(&refs, &[], &standard, 2, &sequence_options(), 7, checkpoint, epoch_done).unwrap()
    };
    let probe = a_sequence(60, 5);
    let whole = fit(&Checkpoint::default(), &|| ()).predict(&probe, &standard);
    assert_eq!(whole, fit(&Checkpoint::default(), &|| ()).predict(&probe, &standard));

    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Checkpoint::every_epoch(folder.path(), "unit");
    // A panic after the second epoch stands for the power going off.
    let epochs = std::sync::atomic::AtomicUsize::new(0);
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        fit(&checkpoint, &|| {
            assert!(epochs.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 1, "stop here");
        })
    }));
    assert!(stopped.is_err());
    assert!(folder.path().join("unit.checkpoint").exists());
    assert_eq!(whole, fit(&checkpoint, &|| ()).predict(&probe, &standard));
    // A unit that is done is only read.
    let again = std::sync::atomic::AtomicUsize::new(0);
    let done = || {
        again.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    };
    assert_eq!(whole, fit(&checkpoint, &done).predict(&probe, &standard));
    assert_eq!(again.into_inner(), 3);
}

#[test]
fn the_sentiment_head_is_linear() {
    let model =
        OnnxModel::load("sentiment.onnx", &sentiment(&[1.0, 0.0, -1.0, 0.0, 2.0, 0.0], &[0.5, 0.0, 0.0]))
            .unwrap();
    let input = Input::f32(&[1, 2], vec![3.0, 4.0]).unwrap();
    let out = model.run(vec![("embedding", input)], &["sentiment"]).unwrap();
    assert_eq!(out[0].iter().copied().collect::<Vec<_>>(), [3.5, 8.0, -3.0]);
}

#[test]
fn the_signal_graph_answers_as_its_parts() {
    let row = 9;
    let part = |seed: u64, first: usize, outputs: usize| SignalPart {
        first,
        weights: (
            normal(&mut generator(seed, "weights"), (row - first) * outputs, 1.0),
            normal(&mut generator(seed, "bias"), outputs, 1.0),
        ),
    };
    let parts = [part(1, 0, 3), part(2, 4, 2)];
    let model = OnnxModel::load("signals.onnx", &signals(&parts, row)).unwrap();
    let random = &mut generator(3, "rows");
    for turns in [1, 2, 7] {
        let rows = normal(random, turns * row, 1.0);
        let input = Input::f32(&[1, turns, row], rows.clone()).unwrap();
        let logits = model.run(vec![("turns", input)], &["logits"]).unwrap().remove(0);
        assert_eq!(logits.shape(), [1, turns, 5]);
        for t in 0..turns {
            let own = &rows[t * row..][..row];
            let expected = parts.iter().flat_map(|p| {
                let (weights, bias) = &p.weights;
                (0..bias.len()).map(move |c| {
                    bias[c]
                        + (p.first..row)
                            .map(|i| own[i] * weights[(i - p.first) * bias.len() + c])
                            .sum::<f32>()
                })
            });
            for (c, expected) in expected.enumerate() {
                // Eight bits: each weight is off by at most a 254th of its column's largest.
                assert!((logits[[0, t, c]] - expected).abs() < 0.1, "{} {expected}", logits[[0, t, c]]);
            }
        }
    }
}

#[test]
fn the_sequence_models_answer_alike_step_by_step() {
    let (nets, standard) = sequence_nets();
    let file = sequence("stage", &nets, &standard, &["now", "next"]);
    let whole = OnnxModel::load("stage.onnx", &file).unwrap();
    let steps = RecurrentModel::load("stage.onnx", &file).unwrap();
    let own = a_sequence(51, 30);
    let flat: Vec<f32> = own.inputs.iter().flatten().copied().collect();
    let input = Input::f32(&[1, 30, SEQUENCE_FEATURES], flat).unwrap();
    let expected = whole.run(vec![("sequence", input)], &["now", "next"]).unwrap();
    let mut state = steps.start();
    for (t, row) in own.inputs.iter().enumerate() {
        let (out, after) = steps.step(row, &["now", "next"], &state).unwrap();
        state = after;
        for (expected, found) in expected.iter().zip(&out) {
            for (c, found) in found.iter().enumerate() {
                assert!((expected[[0, t, c]] - found).abs() < 1e-5, "{t} {c}");
            }
        }
    }
}

#[test]
fn the_act_head_answers_alike_step_by_step() {
    let examples = examples();
    let scaling = Scaling::of_turns(&examples.iter().collect::<Vec<_>>());
    for storage in [Storage::F32, Storage::Int8] {
        let file = acts(&act_nets(&examples, &scaling), &scaling, storage);
        let whole = OnnxModel::load("acts.onnx", &file).unwrap();
        let steps = RecurrentModel::load("acts.onnx", &file).unwrap();
        let width = scaling.mean.len();
        let rows = normal(&mut generator(5, "turns"), 9 * width, 1.0);
        let names = ["response_type", "seller_act"];
        let input = Input::f32(&[1, 9, width], rows.clone()).unwrap();
        let expected = whole.run(vec![("turns", input)], &names).unwrap();
        let mut state = steps.start();
        for (t, row) in rows.chunks_exact(width).enumerate() {
            let (out, after) = steps.step(row, &names, &state).unwrap();
            state = after;
            for (expected, found) in expected.iter().zip(&out) {
                let expected: Vec<f32> =
                    expected.iter().skip(t * found.len()).take(found.len()).copied().collect();
                assert_eq!(&expected, found, "turn {t}");
            }
        }
    }
}
