//! Fitting a [`Scorer`]: four simple models, weighed by what they said of conversations that they had not seen.

use rapport_engine::LEXICAL_BUCKETS;
use rapport_engine::conversion::{
    ConversionInputs, Group, Int8Linear, PARTS, POOLED_SCALE, Parts, Scorer, Stack, WORD_INPUTS,
};

use super::binary::{Binary, BinaryRow};
use super::boost::{BoostOptions, BoostRow, boost};
use super::rows::Case;
use crate::data::fold_of;

/// How to fit.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FitOptions {
    /// Parts that are kept back in turn inside every training set.
    pub inner_folds: usize,
    /// Quadratic penalty of the regression over sentence vectors, as a conversation counts one.
    pub meaning_l2: f64,
    /// The same over hashed words.
    pub wording_l2: f64,
    /// The same over features.
    pub linear_l2: f64,
    /// The same over the weights of the stack.
    pub stack_l2: f64,
    /// The trees.
    pub boost: BoostOptions,
    /// Conversations in a group that stands as evidence.
    pub group: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            inner_folds: 4,
            meaning_l2: 10.0,
            wording_l2: 0.5,
            linear_l2: 30.0,
            stack_l2: 1.0,
            boost: BoostOptions::default(),
            group: 60,
        }
    }
}

/// Parts of the stack that are tried, simplest first; a richer choice is taken only when it is better.
const CHOICES: [[bool; PARTS]; 5] = [
    [false, false, true, false],
    [false, true, true, false],
    [true, true, true, false],
    [false, true, true, true],
    [true, true, true, true],
];
/// Lengths at which groups of alike conversations begin.
const LENGTHS: [usize; 6] = [1, 4, 7, 12, 18, 28];

/// A state of a conversation with what is known of it.
#[derive(Debug, Clone, Copy)]
struct State<'a> {
    case: usize,
    inputs: &'a ConversionInputs,
    won: bool,
    weight: f32,
    fold: usize,
}

/// The four models, fitted.
struct Base {
    center: Vec<f32>,
    scale: Vec<f32>,
    meaning: Binary,
    wording: Binary,
    linear: Binary,
    forest: rapport_engine::conversion::Trees,
}

fn standardizer(states: &[State<'_>]) -> (Vec<f32>, Vec<f32>) {
    let width = states.first().map_or(0, |s| s.inputs.features.len());
    let total: f64 = states.iter().map(|s| f64::from(s.weight)).sum();
    let (mut mean, mut square) = (vec![0.0f64; width], vec![0.0f64; width]);
    for s in states {
        for (i, x) in s.inputs.features.iter().enumerate() {
            mean[i] += f64::from(s.weight) * f64::from(*x) / total;
            square[i] += f64::from(s.weight) * f64::from(*x) * f64::from(*x) / total;
        }
    }
    let scale = mean
        .iter()
        .zip(&square)
        .map(|(m, s)| {
            let deviation = (s - m * m).max(0.0).sqrt();
            // A feature that never changes says nothing.
            if deviation > 1e-6 { (1.0 / deviation) as f32 } else { 0.0 }
        })
        .collect();
    (mean.into_iter().map(|m| m as f32).collect(), scale)
}

impl Base {
    fn fit(states: &[State<'_>], options: &FitOptions) -> Self {
        let (center, scale) = standardizer(states);
        let standard: Vec<Vec<f32>> = states
            .iter()
            .map(|s| {
                let scaled = s.inputs.features.iter().zip(&center).zip(&scale);
                scaled.map(|((x, m), k)| ((x - m) * k).clamp(-5.0, 5.0)).collect()
            })
            .collect();
        let pooled: Vec<Vec<f32>> =
            states.iter().map(|s| s.inputs.pooled.iter().map(|x| x * POOLED_SCALE).collect()).collect();
        let dense = |rows: &[Vec<f32>], l2: f64| {
            let rows: Vec<BinaryRow<'_>> = rows
                .iter()
                .zip(states)
                .map(|(row, s)| BinaryRow { dense: row, sparse: &[], won: s.won, weight: s.weight })
                .collect();
            Binary::fit(&rows, 0, l2)
        };
        let words: Vec<BinaryRow<'_>> = states
            .iter()
            .map(|s| BinaryRow { dense: &[], sparse: &s.inputs.words, won: s.won, weight: s.weight })
            .collect();
        let boosted: Vec<BoostRow<'_>> = states
            .iter()
            .map(|s| BoostRow { features: &s.inputs.features, won: s.won, weight: s.weight })
            .collect();
        Self {
            meaning: dense(&pooled, options.meaning_l2),
            wording: Binary::fit(&words, WORD_INPUTS, options.wording_l2),
            linear: dense(&standard, options.linear_l2),
            forest: boost(&boosted, &options.boost),
            center,
            scale,
        }
    }

    /// As the engine will run it, before the stack is known.
    fn scorer(self) -> Scorer {
        let mut linear = self.linear.weights;
        linear.push(self.linear.bias);
        Scorer {
            center: self.center,
            scale: self.scale,
            meaning: Int8Linear::new(&self.meaning.weights, self.meaning.bias),
            wording: Int8Linear::new(&self.wording.weights, self.wording.bias),
            linear,
            forest: self.forest,
            stack: Stack::default(),
            usual: [0.0; PARTS],
            threshold: 0.5,
            groups: Vec::new(),
        }
    }
}

/// Inputs of the regression that weighs the parts.
fn stack_row(parts: &Parts, place: f32, choice: [bool; PARTS]) -> Vec<f32> {
    let kept = |p: &Parts| -> Vec<f32> {
        p.iter().zip(choice).map(|(p, keep)| if keep { *p } else { 0.0 }).collect()
    };
    let mut row = kept(parts);
    row.extend(kept(&parts.map(|p| p * place)));
    row.push(place);
    row
}

fn fit_stack(
    states: &[State<'_>],
    parts: &[Parts],
    keep: impl Fn(&State<'_>) -> bool,
    choice: [bool; PARTS],
    center: f32,
    l2: f64,
) -> Stack {
    let mut stack = Stack { center, ..Default::default() };
    let kept: Vec<(&State<'_>, Vec<f32>)> = states
        .iter()
        .zip(parts)
        .filter(|(s, _)| keep(s))
        .map(|(s, p)| (s, stack_row(p, stack.place(s.inputs.lines), choice)))
        .collect();
    let rows: Vec<BinaryRow<'_>> = kept
        .iter()
        .map(|(s, row)| BinaryRow { dense: row, sparse: &[], won: s.won, weight: s.weight })
        .collect();
    let fitted = Binary::fit(&rows, 0, l2);
    for part in 0..PARTS {
        stack.weights[part] = fitted.weights[part];
        stack.by_length[part] = fitted.weights[PARTS + part];
    }
    stack.length = fitted.weights[2 * PARTS];
    stack.bias = fitted.bias;
    stack
}

fn log_loss(log_odds: f32, won: bool) -> f64 {
    let s = f64::from(if won { log_odds } else { -log_odds });
    s.min(0.0).abs() + (-s.abs()).exp().ln_1p()
}

/// States of the chosen cases. Every state counts the same, so that at each length every conversation does; all
/// together count as many as there are cases, so that penalties mean the same for both kinds of scorer.
fn states<'a>(cases: &[&'a Case], finished: bool, folds: usize, salt: &str) -> Vec<State<'a>> {
    let mut all = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        let fold = fold_of(&case.id, salt, folds);
        let own = case.states(finished);
        all.extend(own.map(|inputs| State { case: index, inputs, won: case.won, weight: 1.0, fold }));
    }
    let weight = cases.len() as f32 / all.len().max(1) as f32;
    all.iter_mut().for_each(|s| s.weight = weight);
    all
}

/// Fits a scorer on cases, for conversations that are over or that go on. The same arguments give the same scorer.
pub(super) fn fit_scorer(cases: &[&Case], finished: bool, options: &FitOptions, salt: &str) -> Scorer {
    let folds = options.inner_folds.max(2);
    let states = states(cases, finished, folds, salt);
    let mut unseen = vec![[0.0; PARTS]; states.len()];
    for fold in 0..folds {
        let train: Vec<State<'_>> = states.iter().copied().filter(|s| s.fold != fold).collect();
        let scorer = Base::fit(&train, options).scorer();
        for (state, parts) in states.iter().zip(&mut unseen).filter(|(s, _)| s.fold == fold) {
            *parts = scorer.parts(state.inputs);
        }
    }
    let total: f32 = states.iter().map(|s| s.weight).sum();
    let center = states.iter().map(|s| s.weight * (s.inputs.lines.max(1) as f32).ln()).sum::<f32>() / total;
    let (choice, unseen_log_odds) = choose(&states, &unseen, folds, cases.len(), center, options.stack_l2);
    let mut scorer = Base::fit(&states, options).scorer();
    scorer.stack = fit_stack(&states, &unseen, |_| true, choice, center, options.stack_l2);
    for (state, parts) in states.iter().zip(&unseen) {
        scorer.usual.iter_mut().zip(parts).for_each(|(u, p)| *u += state.weight * p / total);
    }
    let probabilities: Vec<f32> = unseen_log_odds.iter().map(|s| 1.0 / (1.0 + (-s).exp())).collect();
    scorer.threshold = threshold(&states, &probabilities);
    scorer.groups = groups(&states, &probabilities, options.group);
    scorer
}

/// Which parts to keep, and what the stack of the others' folds says of every state with them.
fn choose(
    states: &[State<'_>],
    parts: &[Parts],
    folds: usize,
    cases: usize,
    center: f32,
    l2: f64,
) -> ([bool; PARTS], Vec<f32>) {
    let judged = CHOICES.map(|choice| {
        let mut log_odds = vec![0.0; states.len()];
        for fold in 0..folds {
            let stack = fit_stack(states, parts, |s| s.fold != fold, choice, center, l2);
            for ((state, parts), out) in states.iter().zip(parts).zip(&mut log_odds) {
                if state.fold == fold {
                    *out = stack.combine(parts, state.inputs.lines);
                }
            }
        }
        let mut losses = vec![0.0; cases];
        for (state, log_odds) in states.iter().zip(&log_odds) {
            losses[state.case] += f64::from(state.weight) * log_loss(*log_odds, state.won);
        }
        (choice, log_odds, losses)
    });
    let mut judged = judged.into_iter();
    let Some(mut best) = judged.next() else { return ([true; PARTS], Vec::new()) };
    for richer in judged {
        let n = cases as f64;
        let gains: Vec<f64> = best.2.iter().zip(&richer.2).map(|(a, b)| a - b).collect();
        let mean = gains.iter().sum::<f64>() / n;
        let variance = gains.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
        // Half a standard error: what is richer has to show more than luck, but need not prove itself.
        if mean > 0.5 * (variance / n).sqrt() {
            best = richer;
        }
    }
    (best.0, best.1)
}

/// The probability from which calling a conversation won gives the best mean of both classes' F1.
fn threshold(states: &[State<'_>], probabilities: &[f32]) -> f32 {
    let macro_f1 = |cut: f32| {
        let mut counts = [[0.0f32; 2]; 2];
        for (s, p) in states.iter().zip(probabilities) {
            counts[usize::from(s.won)][usize::from(*p >= cut)] += s.weight;
        }
        let f1 = |hit: f32, miss: f32, wrong: f32| {
            if hit > 0.0 { 2.0 * hit / (2.0 * hit + miss + wrong) } else { 0.0 }
        };
        f1(counts[1][1], counts[1][0], counts[0][1]) + f1(counts[0][0], counts[0][1], counts[1][0])
    };
    let mut best = (macro_f1(0.5), 0.5);
    for percent in 10..=90u8 {
        let cut = f32::from(percent) / 100.0;
        let score = macro_f1(cut);
        if score > best.0 + 1e-6 {
            best = (score, cut);
        }
    }
    best.1
}

/// Conversations grouped by length and by the probability that they got unseen; a conversation is in a group of a
/// length once, with its latest state there.
fn groups(states: &[State<'_>], probabilities: &[f32], size: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (i, &from) in LENGTHS.iter().enumerate() {
        let to = LENGTHS.get(i + 1).copied().unwrap_or(usize::MAX);
        let mut latest: std::collections::BTreeMap<usize, (f32, bool)> = std::collections::BTreeMap::new();
        for (s, p) in states.iter().zip(probabilities) {
            if (from..to).contains(&s.inputs.lines) {
                latest.insert(s.case, (*p, s.won));
            }
        }
        let mut scored: Vec<(f32, bool)> = latest.into_values().collect();
        scored.sort_by(|a, b| a.0.total_cmp(&b.0));
        // Too few of a length stand with those before.
        let parts = (scored.len() / size.max(1)).min(10);
        if parts == 0 && !(groups.is_empty() && to == usize::MAX) {
            continue;
        }
        let parts = parts.max(1);
        for part in 0..parts {
            let members = &scored[part * scored.len() / parts..(part + 1) * scored.len() / parts];
            if let Some((top, _)) = members.last() {
                groups.push(Group {
                    from_lines: from,
                    to_probability: *top,
                    conversations: members.len() as u32,
                    won: members.iter().filter(|(_, won)| *won).count() as u32,
                });
            }
        }
    }
    groups
}

/// A simple model: its name, and the log-odds that it gives a case.
pub(super) type Baseline = (&'static str, Box<dyn Fn(&Case) -> f64 + Send + Sync>);

/// Log-odds of won by the number of lines and words alone, and by the words alone (TF-IDF stands for the field's
/// usual first try; here hashed words of both sides, without the parts that look at the end): the lines to beat.
pub(super) fn fit_baselines(cases: &[&Case]) -> [Baseline; 2] {
    let length = |c: &Case| [(c.whole.lines.max(1) as f32).ln(), c.whole.features[3]];
    let lengths: Vec<[f32; 2]> = cases.iter().map(|c| length(c)).collect();
    let rows: Vec<BinaryRow<'_>> = lengths
        .iter()
        .zip(cases)
        .map(|(row, c)| BinaryRow { dense: row, sparse: &[], won: c.won, weight: 1.0 })
        .collect();
    let by_length = Binary::fit(&rows, 0, 0.1);
    let plain = |c: &Case| -> Vec<(u32, f32)> {
        let mut words: std::collections::BTreeMap<u32, f32> = std::collections::BTreeMap::new();
        for &(i, w) in c.whole.words.iter().filter(|(i, _)| (*i as usize) < 2 * LEXICAL_BUCKETS) {
            *words.entry(i % LEXICAL_BUCKETS as u32).or_default() += w;
        }
        let norm = words.values().map(|w| w * w).sum::<f32>().sqrt().max(1e-6);
        words.into_iter().map(|(i, w)| (i, w / norm)).collect()
    };
    let words: Vec<Vec<(u32, f32)>> = cases.iter().map(|c| plain(c)).collect();
    let rows: Vec<BinaryRow<'_>> = words
        .iter()
        .zip(cases)
        .map(|(row, c)| BinaryRow { dense: &[], sparse: row, won: c.won, weight: 1.0 })
        .collect();
    let by_words = Binary::fit(&rows, LEXICAL_BUCKETS, 0.3);
    [
        (
            "length",
            Box::new(move |c: &Case| {
                let row = length(c);
                f64::from(
                    by_length.bias + row.iter().zip(&by_length.weights).map(|(x, w)| x * w).sum::<f32>(),
                )
            }),
        ),
        (
            "words",
            Box::new(move |c: &Case| {
                f64::from(
                    plain(c).iter().map(|&(i, x)| x * by_words.weights[i as usize]).sum::<f32>()
                        + by_words.bias,
                )
            }),
        ),
    ]
}
