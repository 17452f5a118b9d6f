//! The training loop on a tiny encoder.

use burn::module::Module;
use burn::tensor::Device;

use super::adapter::{Adapters, Factors};
use super::example::{frozen, pool, schedule, spec, tokens};
use super::general::GeneralTexts;
use super::network::embed_all;
use super::schedule::{LossKind, Schedule, Stop};
use super::session::{Session, Tuned};
use crate::Output;
use crate::encoder::example::small;
use crate::train::checkpoint::Checkpoint;

/// Trains up to an epoch; what was learned and what was measured.
fn trained(
    schedule: &Schedule,
    folder: Option<&std::path::Path>,
    until: usize,
) -> anyhow::Result<(Factors, Tuned<Adapters>)> {
    let weights = small();
    let (plain, tracked) =
        (frozen(&weights, Device::flex(), 0), frozen(&weights, Device::flex().autodiff(), 0));
    let (train, val) = (pool("train"), pool("val"));
    let tokens = tokens();
    let texts = ["fine .", "what is it ?", "two"].map(|t| tokens.of(t).unwrap());
    let general = GeneralTexts { tokens: texts.to_vec() };
    let refs: Vec<&[u32]> = general.tokens.iter().map(|t| &t[..]).collect();
    let vectors = embed_all(&plain.body, &plain, &refs, |_| {});
    let session = Session {
        frozen: &tracked,
        plain: &plain,
        train: &train,
        val: &val,
        given: None,
        general: Some((&general, &vectors)),
        schedule,
        folder,
        output: Output::new(true),
    };
    let checkpoint = folder.map_or_else(Checkpoint::default, |f| Checkpoint::every_epoch(f, "finetune"));
    let adapters = Adapters::new(&weights, &spec(), schedule.seed, &tracked.device);
    let tuned = session.run_until(adapters, &checkpoint, until)?;
    Ok((tuned.module.valid().read(), tuned))
}

#[test]
fn every_loss_is_learned() {
    for loss in [LossKind::Supcon, LossKind::Triplet, LossKind::Mnr] {
        let schedule = Schedule { loss, epochs: 8, ..schedule() };
        let (_, tuned) = trained(&schedule, None, 8).unwrap();
        let (first, best) = (&tuned.history[0], &tuned.history[tuned.best_epoch]);
        assert!(best.val_loss < 0.8 * first.val_loss, "{loss:?}: {} to {}", first.val_loss, best.val_loss);
    }
}

#[test]
fn a_run_that_was_interrupted_gives_the_same() {
    let schedule = schedule();
    let (whole, uninterrupted) = trained(&schedule, None, 3).unwrap();
    assert_eq!(whole, trained(&schedule, None, 3).unwrap().0, "the same seed gives something else");
    let folder = tempfile::tempdir().unwrap();
    let (part, _) = trained(&schedule, Some(folder.path()), 1).unwrap();
    assert_ne!(part, whole);
    let (resumed, tuned) = trained(&schedule, Some(folder.path()), 3).unwrap();
    assert_eq!(resumed, whole);
    assert_eq!(tuned.history, uninterrupted.history);
    assert_eq!(tuned.best_epoch, uninterrupted.best_epoch);
}

#[test]
fn training_stops_without_a_gain_and_keeps_the_best() {
    let schedule = Schedule { learning_rate: 1e-9, epochs: 9, patience: 2, stop: Stop::Knn, ..schedule() };
    let (_, tuned) = trained(&schedule, None, 9).unwrap();
    assert_eq!((tuned.best_epoch, tuned.history.len()), (0, 3));
}

#[test]
fn a_rate_that_breaks_the_network_is_said() {
    let schedule = Schedule { learning_rate: 1e30, epochs: 2, ..schedule() };
    let error = trained(&schedule, None, 2).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(error.contains("--learning-rate"), "{error}");
}
