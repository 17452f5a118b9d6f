//! One run: conversations or triplets in, an adapter (or whole weights) and figures out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use burn::tensor::Device;
use serde::Serialize;
use serde_json::{Value, json};

use super::FinetuneArgs;
use super::adapter::{AdapterFile, Adapters};
use super::data::Data;
use super::full::to_safetensors;
use super::general::{GeneralTexts, IntentCheck, read_texts};
use super::measure::{Measured, measure};
use super::mining::mine;
use super::network::{Body, Frozen, LowerStates, Trainable, embed_all};
use super::report::{DataFigures, Figures};
use super::session::{Both, Session, Tuned};
use super::shrink::Shrinking;
use super::tokens::Tokens;
use super::triplets;
use super::windows::Pool;
use crate::base::{Base, TUNED, TunedBase};
use crate::files::StagedFolder;
use crate::train::checkpoint::Checkpoint;
use crate::{Output, cache_dir, sha256_hex, write_file};

fn hashed(path: &Path) -> Result<Value> {
    let bytes = crate::files::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(json!({ "file": name, "bytes": bytes.len(), "sha256": sha256_hex(&bytes) }))
}

fn refs(tokens: &[Vec<u32>]) -> Vec<&[u32]> {
    tokens.iter().map(|t| &t[..]).collect()
}

fn read_adapter(path: &Path, base: &Base) -> Result<AdapterFile> {
    let read = || -> Result<AdapterFile> {
        let file = AdapterFile::from_bytes(&crate::files::read(path)?, &base.weights)?;
        file.check_base(&base.sha256)?;
        Ok(file)
    };
    read().with_context(|| format!("cannot use --adapter {}", path.display()))
}

/// What is printed at the end.
#[derive(Debug, Serialize)]
struct Summary {
    out: PathBuf,
    file: &'static str,
    bytes: usize,
    sha256: String,
    steps_per_second: f64,
    #[serde(flatten)]
    figures: Figures,
}

pub(super) fn run(args: &FinetuneArgs, output: Output) -> Result<()> {
    let schedule = args.schedule()?;
    ensure!(!args.out.exists(), "{} is there already; give another --out", args.out.display());
    if let Some(threads) = args.threads {
        ensure!(threads > 0, "--threads 0: at least 1 is needed");
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().context("--threads")?;
    }
    let processor = args.device.device()?;
    let base = Base::open(args.base.clone())?;
    let spec = args.spec();
    spec.check(&base.weights)?;
    ensure!(
        args.max_tokens <= base.weights.positions,
        "--max-tokens {}: the encoder reads {}",
        args.max_tokens,
        base.weights.positions
    );
    let tokens = Tokens::new(&base.tokenizer, args.max_tokens)?;
    let data = Data::read(args, &tokens, output)?;
    let general = if args.general.is_empty() {
        GeneralTexts::default()
    } else {
        read_texts(&args.general, args.general_texts, &tokens)?
    };
    let given = args.adapter.as_ref().map(|path| read_adapter(path, &base)).transpose()?;
    let check = args.check_intents.as_ref().map(|path| IntentCheck::read(path, &tokens)).transpose()?;

    // A checkpoint belongs to one choice of data and settings.
    let triplet_files = args.triplets.iter().flat_map(|d| [d.join(triplets::TRAIN), d.join(triplets::VAL)]);
    let inputs: Vec<PathBuf> =
        args.data.iter().chain(&args.val).chain(&args.general).cloned().chain(triplet_files).collect();
    let settings = json!({
        "rapport": env!("CARGO_PKG_VERSION"),
        "base_sha256": base.sha256,
        "data": inputs.iter().map(|p| hashed(p)).collect::<Result<Vec<_>>>()?,
        "device": format!("{:?}", args.device).to_lowercase(),
        "full": args.full,
        "first_layer": args.first_layer,
        "adapter": if args.full { Value::Null } else { serde_json::to_value(&spec)? },
        "window": args.window,
        "max_tokens": args.max_tokens,
        "val_share": if args.val.is_empty() { json!(args.val_share) } else { Value::Null },
        "general_texts": general.tokens.len(),
        "schedule": schedule,
    });
    let folder = cache_dir().join("checkpoints").join(sha256_hex(settings.to_string().as_bytes()));
    if !args.resume && folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    ensure!(
        !args.resume || folder.exists(),
        "--resume: no run with these inputs and settings was interrupted; leave --resume out"
    );
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let frozen = |device: Device| Frozen {
        weights: &base.weights,
        body: Body::new(&base.weights, None, &device),
        device,
        first_layer: args.first_layer,
        lower: None,
    };
    let mut plain = frozen(processor.clone());
    let lower = {
        let pools = data.train.items.iter().chain(&data.val.items).map(|i| &i.tokens);
        let texts: Vec<&[u32]> = pools.chain(&general.tokens).map(|t| &t[..]).collect();
        let bar = output.steps(texts.len() as u64, "run the lower layers");
        let lower = LowerStates::new(&plain, &texts, |n| bar.inc(n as u64));
        bar.finish_and_clear();
        lower
    };
    plain.lower = Some(&lower);
    let embed = |tokens: &[&[u32]], what: &str| {
        let bar = output.steps(tokens.len() as u64, what);
        let vectors = embed_all(&plain.body, &plain, tokens, |n| bar.inc(n as u64));
        bar.finish_and_clear();
        vectors
    };
    if let Some(folder) = &args.write_triplets {
        for (pool, name) in [(&data.train, triplets::TRAIN), (&data.val, triplets::VAL)] {
            let tokens: Vec<&[u32]> = pool.items.iter().map(|i| &i.tokens[..]).collect();
            let vectors = embed(&tokens, "encode for the triplets");
            let (pairs, _) = mine(pool, &vectors, schedule.apart, &schedule.mining, (schedule.seed, 0));
            let count = triplets::write(&folder.join(name), pool, &pairs)?;
            output.note(format!("{count} triplets in {}", folder.join(name).display()));
        }
    }
    let general_vectors = embed(&refs(&general.tokens), "encode general texts");
    let device = processor.autodiff();
    let tracked = Frozen { lower: Some(&lower), ..frozen(device.clone()) };
    let session = Session {
        frozen: &tracked,
        plain: &plain,
        train: &data.train,
        val: &data.val,
        given: data.given.as_ref().map(|(train, val)| (train, val)),
        general: (!general.tokens.is_empty()).then_some((&general, &general_vectors[..])),
        schedule: &schedule,
        folder: Some(&folder),
        output,
    };
    let checkpoint = Checkpoint::new(Some(&folder), "finetune");
    let mut extra: Vec<(&str, Vec<u8>)> = Vec::new();
    let written = if args.full {
        let tuned = session.run(Body::new(&base.weights, Some(args.first_layer), &device), &checkpoint)?;
        let bytes = to_safetensors(&tuned.module, &base.weights, &base.model)?;
        let about = TunedBase {
            base_sha256: base.sha256.clone(),
            model_sha256: sha256_hex(&bytes),
            settings: settings.clone(),
        };
        extra.push((TUNED, serde_json::to_vec_pretty(&about)?));
        extra.push(("tokenizer.json", base.tokenizer.clone()));
        let figures = figures(&data, &plain, &tuned, check.as_ref(), schedule.seed, args, output);
        ("model.safetensors", bytes, figures, tuned.speed)
    } else {
        let mut tuned = match &given {
            Some(file) => Tuned::given(Adapters::of(&file.factors, &base.weights, &file.spec, &device)),
            None => session.run(Adapters::new(&base.weights, &spec, schedule.seed, &device), &checkpoint)?,
        };
        let mut file = given.unwrap_or_else(|| AdapterFile {
            base_sha256: base.sha256.clone(),
            spec: spec.clone(),
            share: 1.0,
            settings: settings.clone(),
            factors: tuned.module.read(),
        });
        let shrinking = Shrinking { weights: &base.weights, plain: &plain, tracked: &device, output };
        let (choosing, telling) = check.as_ref().map(IntentCheck::halves).unzip();
        shrinking.apply(args.share, choosing.as_ref(), &mut file, &mut tuned, schedule.seed);
        let mut figures = figures(&data, &plain, &tuned, telling.as_ref(), schedule.seed, args, output);
        figures.share = Some(file.share);
        ("adapter.safetensors", file.to_bytes()?, figures, tuned.speed)
    };
    let (file, bytes, figures, (steps, seconds)) = written;
    extra.push(("settings.json", serde_json::to_vec_pretty(&settings)?));
    extra.push(("figures.json", serde_json::to_vec_pretty(&figures)?));
    let staged = StagedFolder::new(&args.out)?;
    write_file(&staged.path().join(file), &bytes)?;
    for (name, bytes) in extra {
        write_file(&staged.path().join(name), &bytes)?;
    }
    staged.finish()?;
    let _ = std::fs::remove_dir_all(&folder);
    let summary = Summary {
        out: args.out.clone(),
        file,
        bytes: bytes.len(),
        sha256: sha256_hex(&bytes),
        steps_per_second: steps as f64 / seconds.max(1e-9),
        figures,
    };
    output.result(&summary, || {
        format!(
            "{}\n{} {} bytes, SHA-256 {}; {:.2} steps a second",
            summary.figures.text(),
            args.out.join(file).display(),
            summary.bytes,
            summary.sha256,
            summary.steps_per_second
        )
    })
}

fn measured<'a>(pool: &'a Pool, vectors: &'a Both) -> Measured<'a> {
    Measured { pool, generic: &vectors.0, tuned: &vectors.1 }
}

/// Measures the base and what was trained on the test windows and on general texts.
fn figures<M: Trainable>(
    data: &Data,
    plain: &Frozen<'_>,
    tuned: &Tuned<M>,
    check: Option<&IntentCheck>,
    seed: u64,
    args: &FinetuneArgs,
    output: Output,
) -> Figures {
    let module = tuned.module.valid();
    let both = |tokens: &[&[u32]]| {
        let bar = output.steps(2 * tokens.len() as u64, "encode, to measure");
        let generic = embed_all(&plain.body, plain, tokens, |n| bar.inc(n as u64));
        let tuned = embed_all(&module, plain, tokens, |n| bar.inc(n as u64));
        bar.finish_and_clear();
        (generic, tuned)
    };
    let of_pool = |pool: &Pool| both(&pool.items.iter().map(|i| &i.tokens[..]).collect::<Vec<_>>());
    // What this run has computed on its way is not computed again.
    let known = tuned.base_vectors.clone().zip(tuned.vectors.clone());
    let (train, val) = known.map_or_else(
        || (of_pool(&data.train), of_pool(&data.val)),
        |(base, tuned)| ((base.0, tuned.0), (base.1, tuned.1)),
    );
    let tests: Vec<(&str, &Pool, Both)> = if data.tests.is_empty() {
        vec![("kept back, chose the epoch", &data.val, val.clone())]
    } else {
        data.tests.iter().map(|(name, pool)| (name.as_str(), pool, of_pool(pool))).collect()
    };
    let asked: Vec<Measured<'_>> = tests.iter().map(|(_, pool, vectors)| measured(pool, vectors)).collect();
    output.note("measure");
    let sets = measure(&measured(&data.train, &train), &measured(&data.val, &val), &asked, args.labels, seed);
    let general = check.map(|check| {
        let (generic, tuned) = both(&refs(&check.tokens));
        check.compare(&generic, &tuned, seed)
    });
    let names = tests.iter().map(|(name, ..)| (*name).to_owned());
    Figures {
        data: DataFigures {
            train_conversations: data.train.conversations.len(),
            train: data.train.counts(),
            val_conversations: data.val.conversations.len(),
            val: data.val.counts(),
        },
        best_epoch: tuned.best_epoch,
        history: tuned.history.clone(),
        share: None,
        trained_parameters: tuned.module.num_params(),
        sets: names.zip(sets).collect::<BTreeMap<_, _>>(),
        general,
    }
}
