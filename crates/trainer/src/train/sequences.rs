//! From act probabilities to training sequences, and from trained networks to an outlook.

use rapport_conversation::Speaker;
use rapport_engine::{Acts, Outlook, Temperatures, never_back, never_behind};

use super::crossfit::ActRows;
use super::example::Example;
use super::scaling::Scaling;
use super::sequence_net::{CLASSES, Sequence, SequenceNet};
use super::temperature;

/// Weight of a prediction made when the salesperson has still to speak: the rep sees it, but it is
/// two turns ahead.
const TWO_AHEAD: f32 = 0.5;

/// Act probabilities as the engine holds them.
pub(crate) fn acts(example: &Example, rows: &ActRows, temperatures: &Temperatures) -> Vec<Acts> {
    let of = |(t, row): (usize, &Vec<f32>)| {
        let logits: Vec<f32> = row.iter().map(|p| p.max(1e-9).ln()).collect();
        Acts::from_logits(example.speaker(t), &logits, &logits, temperatures)
    };
    rows.iter().enumerate().map(of).collect()
}

/// The inputs of a conversation's sequence, without targets.
pub(crate) fn inputs(example: &Example, acts: &[Acts]) -> Sequence {
    let rows = example.readings.iter().zip(acts).map(|(r, a)| a.sequence_row(&r.surface));
    Sequence { inputs: rows.collect(), targets: vec![] }
}

/// The next customer turn after `t`, with the weight of predicting it.
fn next_customer(example: &Example, t: usize) -> Option<(usize, f32)> {
    let next = (t + 1..example.readings.len()).find(|&n| example.speaker(n) == Speaker::Customer)?;
    Some((next, if next == t + 1 { 1.0 } else { TWO_AHEAD }))
}

fn one_hot(class: Option<usize>, weight: f32) -> [f32; CLASSES] {
    let mut row = [0.0; CLASSES];
    if let Some(class) = class {
        row[class] = weight;
    }
    row
}

/// Targets of the next response type from human labels.
pub(crate) fn with_response_targets(mut sequence: Sequence, example: &Example) -> Sequence {
    let row = |t| next_customer(example, t).map_or([0.0; CLASSES], |(n, w)| one_hot(example.act[n], w));
    sequence.targets = vec![(0..example.readings.len()).map(row).collect()];
    sequence
}

/// Soft targets of the next response type from the act head: self-training on unlabelled talk.
pub(crate) fn with_soft_response_targets(
    mut sequence: Sequence,
    example: &Example,
    acts: &[Acts],
) -> Sequence {
    let row =
        |t| next_customer(example, t).map_or([0.0; CLASSES], |(n, w)| acts[n].response_type.map(|p| p * w));
    sequence.targets = vec![(0..example.readings.len()).map(row).collect()];
    sequence
}

/// Targets of the stage now and next from human labels.
pub(crate) fn with_stage_targets(mut sequence: Sequence, example: &Example) -> Sequence {
    let turns = example.readings.len();
    let now = (0..turns).map(|t| one_hot(example.stage[t], 1.0)).collect();
    let next = (0..turns).map(|t| one_hot(example.stage.get(t + 1).copied().flatten(), 1.0)).collect();
    sequence.targets = vec![now, next];
    sequence
}

/// The trained sequence models of a run or of one fold.
#[derive(Debug)]
pub(crate) struct SequenceModels {
    /// Of the inputs.
    pub standard: Scaling,
    /// Networks of the next response type.
    pub response_type: Vec<SequenceNet>,
    /// Networks of the stage.
    pub stage: Vec<SequenceNet>,
}

/// Mean probabilities of several networks: `[heads][turns][6]`.
fn average(nets: &[SequenceNet], sequence: &Sequence, standard: &Scaling) -> Vec<Vec<Vec<f32>>> {
    let mut sum: Vec<Vec<Vec<f32>>> = Vec::new();
    for net in nets {
        let p = net.predict(sequence, standard);
        if sum.is_empty() {
            sum = p;
        } else {
            let pairs = sum.iter_mut().flatten().flatten().zip(p.into_iter().flatten().flatten());
            pairs.for_each(|(s, p)| *s += p);
        }
    }
    sum.iter_mut().flatten().flatten().for_each(|s| *s /= nets.len() as f32);
    sum
}

/// Probabilities after each turn before any temperature: next response type, stage now, stage next.
#[derive(Debug, Clone)]
pub(crate) struct RawOutlook {
    /// `[turns][6]` each.
    pub heads: [Vec<Vec<f32>>; 3],
}

impl SequenceModels {
    /// Runs every network over a conversation.
    pub(crate) fn raw_outlook(&self, sequence: &Sequence) -> RawOutlook {
        let mut response = average(&self.response_type, sequence, &self.standard);
        let mut stage = average(&self.stage, sequence, &self.standard);
        let next = stage.pop().unwrap_or_default();
        RawOutlook { heads: [response.pop().unwrap_or_default(), stage.pop().unwrap_or_default(), next] }
    }
}

impl RawOutlook {
    /// The outlook as the engine gives it.
    pub(crate) fn outlook(&self, t: &Temperatures) -> Outlook {
        let cooled = |head: usize, t: f32| -> Vec<Vec<f32>> {
            self.heads[head].iter().map(|p| temperature::apply(p, t)).collect()
        };
        let mut stage_now = cooled(1, t.stage_now);
        let mut stage_next = cooled(2, t.stage_next);
        never_back(&mut stage_now);
        never_behind(&mut stage_next, &stage_now);
        Outlook { response_type_next: cooled(0, t.response_type_next), stage_now, stage_next }
    }
}

/// Divisors of the sequence heads' logits from outlooks for conversations kept back.
pub(crate) fn sequence_temperatures(
    examples: &[&Example],
    raw: &[RawOutlook],
    temperatures: &mut Temperatures,
) {
    let of = |head: usize, truth: &dyn Fn(&Example, usize) -> Option<usize>| {
        let (mut p, mut classes) = (Vec::new(), Vec::new());
        for (example, raw) in examples.iter().zip(raw) {
            for (t, row) in raw.heads[head].iter().enumerate() {
                if let Some(class) = truth(example, t) {
                    p.push(row.clone());
                    classes.push(class);
                }
            }
        }
        temperature::fit(&p, &classes)
    };
    temperatures.response_type_next =
        of(0, &|e, t| next_customer(e, t).filter(|(n, _)| *n == t + 1).and_then(|(n, _)| e.act[n]));
    temperatures.stage_now = of(1, &|e, t| e.stage[t]);
    temperatures.stage_next = of(2, &|e, t| e.stage.get(t + 1).copied().flatten());
}
