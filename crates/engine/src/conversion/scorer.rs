//! The stack of simple models that scores one state of a conversation.

use serde::{Deserialize, Serialize};

use super::features::{ConversionInputs, Signal, WORD_INPUTS, feature_names};
use super::trees::Trees;

/// Standardised features are held within this, so that an odd conversation cannot run away.
const FEATURE_BOUND: f32 = 5.0;
/// Sentence vectors have coordinates near 0.05; this brings them to the size of the other inputs.
pub const POOLED_SCALE: f32 = 4.0;
/// Models in the stack.
pub const PARTS: usize = 4;
/// Places of the parts in the stack.
pub(super) const MEANING: usize = 0;
pub(super) const WORDING: usize = 1;
pub(super) const LINEAR: usize = 2;
pub(super) const FOREST: usize = 3;

/// A linear model with 8-bit weights: `bias + scale * sum(weights * x)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Int8Linear {
    /// Factor of the weights.
    pub scale: f32,
    /// Log-odds of an input of zeros.
    pub bias: f32,
    /// One weight for each input, -127 to 127.
    pub weights: Vec<i8>,
}

impl Int8Linear {
    /// Rounds weights to 8 bits.
    pub fn new(weights: &[f32], bias: f32) -> Self {
        let largest = weights.iter().fold(0.0f32, |m, w| m.max(w.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        Self { scale, bias, weights: weights.iter().map(|w| (w / scale).round() as i8).collect() }
    }

    fn weight(&self, input: usize) -> f32 {
        self.scale * f32::from(self.weights.get(input).copied().unwrap_or(0))
    }

    pub(super) fn dense(&self, row: &[f32]) -> f32 {
        let sum: f32 = row.iter().zip(&self.weights).map(|(x, w)| x * f32::from(*w)).sum();
        self.bias + self.scale * sum
    }

    /// The part of a sparse row's log-odds that is not the bias.
    pub(super) fn sparse_part(&self, row: &[(u32, f32)]) -> f32 {
        row.iter().map(|&(i, x)| x * self.weight(i as usize)).sum()
    }
}

/// Log-odds of each part of the stack, before they are weighed.
pub type Parts = [f32; PARTS];

/// How the parts are weighed: each weight changes with the logarithm of the number of lines.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Stack {
    /// Weight of each part at the middle length.
    pub weights: Parts,
    /// Change of each weight by unit of log length.
    pub by_length: Parts,
    /// Log-odds by unit of log length.
    pub length: f32,
    /// Log-odds at the middle length.
    pub bias: f32,
    /// The middle of the log length.
    pub center: f32,
}

impl Stack {
    /// Distance of a length from the middle, in units of log length.
    pub fn place(&self, lines: usize) -> f32 {
        (lines.max(1) as f32).ln() - self.center
    }

    /// Weight of a part for a conversation of so many lines.
    pub fn weight(&self, part: usize, lines: usize) -> f32 {
        self.weights[part] + self.by_length[part] * self.place(lines)
    }

    /// Log-odds from the parts'.
    pub fn combine(&self, parts: &Parts, lines: usize) -> f32 {
        let sum: f32 = parts.iter().enumerate().map(|(i, p)| p * self.weight(i, lines)).sum();
        self.bias + self.length * self.place(lines) + sum
    }
}

/// Conversations that were scored alike by a model that had not seen them, and how many of them were won.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Conversations of at least so many lines; the next group's begin says where these end.
    pub from_lines: usize,
    /// Highest probability of the group.
    pub to_probability: f32,
    /// Conversations in it.
    pub conversations: u32,
    /// Those that were won.
    pub won: u32,
}

/// Scores conversations, either while they run or when they are over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scorer {
    /// Mean of every feature over the training rows.
    pub center: Vec<f32>,
    /// One over its standard deviation.
    pub scale: Vec<f32>,
    /// Logistic regression over the pooled sentence vectors.
    pub meaning: Int8Linear,
    /// Logistic regression over the hashed words.
    pub wording: Int8Linear,
    /// Logistic regression over the standardised features: weights, then the bias.
    pub linear: Vec<f32>,
    /// Trees over the features as they are.
    pub forest: Trees,
    /// How the four are weighed.
    pub stack: Stack,
    /// Mean log-odds of every part, for what it says beyond the usual.
    pub usual: Parts,
    /// Probability from which a conversation is called won.
    pub threshold: f32,
    /// Groups by length, then by probability, both ascending.
    pub groups: Vec<Group>,
}

/// Probability from log-odds.
pub(super) fn sigmoid(log_odds: f32) -> f32 {
    1.0 / (1.0 + (-log_odds).exp())
}

impl Scorer {
    /// What is wrong with the scorer, if anything; `dimensions` is the length of a sentence vector.
    pub(super) fn fault(&self, dimensions: usize) -> Option<String> {
        let width = feature_names().len();
        let lengths = [
            ("center", self.center.len(), width),
            ("scale", self.scale.len(), width),
            ("linear", self.linear.len(), width + 1),
            ("meaning", self.meaning.weights.len(), 3 * dimensions),
            ("wording", self.wording.weights.len(), WORD_INPUTS),
        ];
        if let Some((name, found, expected)) = lengths.iter().find(|(_, found, expected)| found != expected) {
            return Some(format!("`{name}` has {found} numbers, not {expected}"));
        }
        let numbers = self.center.iter().chain(&self.scale).chain(&self.linear).chain(&self.usual);
        let stack = self.stack.weights.iter().chain(&self.stack.by_length).chain([
            &self.stack.length,
            &self.stack.bias,
            &self.stack.center,
            &self.meaning.scale,
            &self.meaning.bias,
            &self.wording.scale,
            &self.wording.bias,
            &self.threshold,
        ]);
        if numbers.chain(stack).any(|x| !x.is_finite()) {
            return Some("it has numbers that are not finite".into());
        }
        if self.groups.iter().any(|g| g.won > g.conversations || g.conversations == 0) {
            return Some("a group of alike conversations that cannot be".into());
        }
        self.forest.fault(width)
    }

    /// Standardised features within bounds.
    pub fn standardize(&self, features: &[f32]) -> Vec<f32> {
        let scaled = features.iter().zip(&self.center).zip(&self.scale);
        scaled.map(|((x, m), s)| ((x - m) * s).clamp(-FEATURE_BOUND, FEATURE_BOUND)).collect()
    }

    fn of_features(&self, features: &[f32]) -> (f32, f32) {
        let row = self.standardize(features);
        let (bias, weights) = self.linear.split_last().map_or((0.0, &[][..]), |(b, w)| (*b, w));
        let linear = bias + row.iter().zip(weights).map(|(x, w)| x * w).sum::<f32>();
        (linear, self.forest.score(features))
    }

    /// Log-odds of each part.
    pub fn parts(&self, inputs: &ConversionInputs) -> Parts {
        let (linear, forest) = self.of_features(&inputs.features);
        let mut parts = [0.0; PARTS];
        parts[MEANING] =
            self.meaning.bias + POOLED_SCALE * (self.meaning.dense(&inputs.pooled) - self.meaning.bias);
        parts[WORDING] = self.wording.bias + self.wording.sparse_part(&inputs.words);
        parts[LINEAR] = linear;
        parts[FOREST] = forest;
        parts
    }

    /// Log-odds of a state.
    pub fn log_odds(&self, inputs: &ConversionInputs) -> f32 {
        self.stack.combine(&self.parts(inputs), inputs.lines)
    }

    /// By how much the log-odds would fall if a signal were as usual: its features at their means.
    pub(super) fn effect(
        &self,
        inputs: &ConversionInputs,
        parts: &Parts,
        signal: Signal,
        subjects: &[Signal],
    ) -> f32 {
        let mut features = inputs.features.clone();
        for ((feature, usual), subject) in features.iter_mut().zip(&self.center).zip(subjects) {
            if *subject == signal {
                *feature = *usual;
            }
        }
        let mut without = *parts;
        (without[LINEAR], without[FOREST]) = self.of_features(&features);
        self.stack.combine(parts, inputs.lines) - self.stack.combine(&without, inputs.lines)
    }

    /// By how much the log-odds would fall if a whole part said the usual.
    pub(super) fn effect_of_part(&self, inputs: &ConversionInputs, parts: &Parts, part: usize) -> f32 {
        (parts[part] - self.usual[part]) * self.stack.weight(part, inputs.lines)
    }

    /// The group that a probability at a length belongs to.
    pub fn group(&self, probability: f32, lines: usize) -> Option<&Group> {
        let from = self.groups.iter().map(|g| g.from_lines).filter(|&from| from <= lines).max();
        let from = from.or_else(|| self.groups.first().map(|g| g.from_lines))?;
        let mut of_length = self.groups.iter().filter(|g| g.from_lines == from);
        let last = self.groups.iter().rfind(|g| g.from_lines == from);
        of_length.find(|g| probability <= g.to_probability).or(last)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn eight_bits_keep_a_linear_model() {
        let weights: Vec<f32> = (0..50u8).map(|i| f32::from(i % 7) * 0.3 - 1.0).collect();
        let row: Vec<f32> = (0..50u8).map(|i| f32::from(i % 5) * 0.1).collect();
        let linear = Int8Linear::new(&weights, 0.25);
        let exact: f32 = 0.25 + row.iter().zip(&weights).map(|(x, w)| x * w).sum::<f32>();
        assert!((linear.dense(&row) - exact).abs() < 0.05, "{} {exact}", linear.dense(&row));
        let sparse: Vec<(u32, f32)> = (0u32..).zip(row).collect();
        assert!((linear.sparse_part(&sparse) + 0.25 - exact).abs() < 0.05);
        assert_eq!(Int8Linear::new(&[0.0; 3], 1.0).dense(&[5.0; 3]), 1.0);
    }

    #[test]
    fn weights_of_the_stack_change_with_length() {
        let stack = Stack {
            weights: [1.0, 0.0, 0.0, 0.0],
            by_length: [0.5, 0.0, 0.0, 0.0],
            length: 2.0,
            bias: 0.1,
            center: 0.0,
        };
        assert!((stack.combine(&[3.0, 9.0, 9.0, 9.0], 1) - 3.1).abs() < 1e-6);
        let at_three = stack.combine(&[3.0, 9.0, 9.0, 9.0], 3);
        let expected = 0.1 + 2.0 * 3f32.ln() + 3.0 * (1.0 + 0.5 * 3f32.ln());
        assert!((at_three - expected).abs() < 1e-5);
    }
}
