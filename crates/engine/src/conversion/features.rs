//! Numbers that describe a conversation up to a turn, kept up to date turn by turn.
//!
//! Adding a turn costs the same wherever it stands, so a long conversation costs what its turns cost.

use rapport_conversation::Speaker;

use super::cues::Cues;
use super::facts::TurnFacts;
use crate::heads::Acts;
use crate::lexical::LEXICAL_BUCKETS;
use crate::reading::TurnReading;

/// Version of everything in this file; a model that was trained with another is refused.
pub const CONVERSION_FEATURES_VERSION: u32 = 1;
/// Classes of each act head, and of the stage.
const CLASSES: usize = 6;
/// Numbers below this are rarely prices ("2 years", "4 pieces").
const PRICE_FLOOR: f32 = 5.0;
/// Bounds of the logarithm of a ratio of prices.
const RATIO_BOUND: f32 = 2.0;
/// Longest pause between two turns that is taken for a reply, seconds.
const LONGEST_REPLY: f64 = 3600.0;
/// Turns at the end that are looked at by themselves.
pub(super) const LAST: usize = 2;
/// Blocks of hashed words: the customer's, the salesperson's, those of the last turns.
pub(super) const WORD_BLOCKS: usize = 3;
/// Hashed words, all blocks.
pub const WORD_INPUTS: usize = WORD_BLOCKS * LEXICAL_BUCKETS;

/// What a feature is about, for explanations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// How long it is, and who talks how much.
    Length,
    /// Questions.
    Questions,
    /// Hedging and refusing words.
    Doubt,
    /// Committing words.
    Commitment,
    /// Courtesy and exclamations.
    Courtesy,
    /// Prices and other amounts.
    Amounts,
    /// Tone.
    Tone,
    /// How fast replies come.
    Pace,
    /// What the customer's turns do.
    CustomerActs,
    /// What the salesperson's turns do.
    SellerActs,
    /// Where the conversation stands, and what is likely next.
    Stage,
}

impl Signal {
    /// Every signal.
    pub const ALL: [Self; 11] = [
        Self::Length,
        Self::Questions,
        Self::Doubt,
        Self::Commitment,
        Self::Courtesy,
        Self::Amounts,
        Self::Tone,
        Self::Pace,
        Self::CustomerActs,
        Self::SellerActs,
        Self::Stage,
    ];
}

const CUES: [(&str, Signal); Cues::COUNT] = [
    ("question", Signal::Questions),
    ("exclamation", Signal::Courtesy),
    ("hedge", Signal::Doubt),
    ("courtesy", Signal::Courtesy),
    ("commitment", Signal::Commitment),
    ("refusal", Signal::Doubt),
];

/// One side of the conversation so far.
#[derive(Debug, Clone)]
struct Side {
    turns: f32,
    lines: f32,
    words: f32,
    cues: [f32; Cues::COUNT],
    last_cues: [f32; Cues::COUNT],
    numbers: f32,
    largest: f32,
    price_turns: f32,
    first_price: f32,
    last_price: f32,
    tone: Tone,
    acts: [f32; CLASSES],
    acts_max: [f32; CLASSES],
    acts_last: [f32; CLASSES],
    pooled: Vec<f32>,
}

/// Running sums for mean and slope of the tone over a side's turns.
#[derive(Debug, Clone, Default)]
struct Tone {
    n: f32,
    sum: f32,
    by_place: f32,
    last: f32,
    least: f32,
}

impl Tone {
    fn push(&mut self, tone: f32) {
        self.by_place += self.n * tone;
        self.sum += tone;
        self.least = if self.n == 0.0 { tone } else { self.least.min(tone) };
        self.last = tone;
        self.n += 1.0;
    }

    fn mean(&self) -> f32 {
        self.sum / self.n.max(1.0)
    }

    /// Least-squares slope over the side's turns; 0 with fewer than three.
    fn slope(&self) -> f32 {
        if self.n < 3.0 {
            return 0.0;
        }
        // Sum of squared distances of 0..n from their mean is n(n^2 - 1)/12.
        let places = self.n * (self.n * self.n - 1.0) / 12.0;
        (self.by_place - self.sum * (self.n - 1.0) / 2.0) / places
    }
}

impl Side {
    fn new(dimensions: usize) -> Self {
        Self {
            turns: 0.0,
            lines: 0.0,
            words: 0.0,
            cues: [0.0; Cues::COUNT],
            last_cues: [0.0; Cues::COUNT],
            numbers: 0.0,
            largest: 0.0,
            price_turns: 0.0,
            first_price: 0.0,
            last_price: 0.0,
            tone: Tone::default(),
            acts: [0.0; CLASSES],
            acts_max: [0.0; CLASSES],
            acts_last: [0.0; CLASSES],
            pooled: vec![0.0; dimensions],
        }
    }

    fn push(&mut self, facts: &TurnFacts, reading: &TurnReading, acts: &[f32; CLASSES]) {
        self.turns += 1.0;
        self.lines += facts.lines as f32;
        self.words += facts.words as f32;
        self.last_cues = facts.cues.values();
        self.cues.iter_mut().zip(self.last_cues).for_each(|(sum, cue)| *sum += cue);
        self.numbers += facts.numbers.len() as f32;
        self.largest = facts.numbers.iter().copied().fold(self.largest, f32::max);
        let mut prices = facts.numbers.iter().copied().filter(|&n| n >= PRICE_FLOOR);
        if let Some(first) = prices.next() {
            self.price_turns += 1.0;
            if self.first_price == 0.0 {
                self.first_price = first;
            }
            self.last_price = prices.next_back().unwrap_or(first);
        }
        self.tone.push(reading.sentiment[2] - reading.sentiment[0]);
        for (i, &p) in acts.iter().enumerate() {
            self.acts[i] += p;
            self.acts_max[i] = self.acts_max[i].max(p);
        }
        self.acts_last = *acts;
        self.pooled.iter_mut().zip(&*reading.embedding).for_each(|(sum, x)| *sum += x);
    }
}

/// Logarithm of `a / b` within bounds; 0 when one of them was never named.
fn log_ratio(a: f32, b: f32) -> f32 {
    if a > 0.0 && b > 0.0 { (a / b).ln().clamp(-RATIO_BOUND, RATIO_BOUND) } else { 0.0 }
}

/// What the conversion model reads of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ConversionInputs {
    /// [`feature_names`], in order.
    pub features: Vec<f32>,
    /// Mean vectors of the customer's turns, of the salesperson's, of the last two: `[3 * dimensions]`.
    pub pooled: Vec<f32>,
    /// Hashed words `(index below WORD_INPUTS, weight)`, ascending; Euclidean length 1.
    pub words: Vec<(u32, f32)>,
    /// Lines read.
    pub lines: usize,
}

/// A conversation up to a turn.
#[derive(Debug, Clone)]
pub struct Progress {
    customer: Side,
    seller: Side,
    last_words: f32,
    last_is_customer: bool,
    /// The last price of each of the latest two turns that named one.
    prices: [f32; 2],
    last_names_price: bool,
    last_said: Option<f64>,
    replies: f32,
    reply_seconds: f32,
    last_reply: f32,
    /// Summed weight of every hashed word of both sides; those of the salesperson after the customer's.
    words: Vec<f32>,
    /// A bit for each of `words` that is not zero, so that the many that are need not be looked at.
    said: Vec<u64>,
    last: Vec<LastTurn>,
}

/// What is kept of the latest turns: vector and hashed words.
#[derive(Debug, Clone)]
struct LastTurn {
    embedding: std::sync::Arc<[f32]>,
    lexical: Vec<(u32, f32)>,
}

impl Progress {
    /// Before the first turn; `dimensions` is the length of a sentence vector.
    pub fn new(dimensions: usize) -> Self {
        Self {
            customer: Side::new(dimensions),
            seller: Side::new(dimensions),
            last_words: 0.0,
            last_is_customer: false,
            prices: [0.0; 2],
            last_names_price: false,
            last_said: None,
            replies: 0.0,
            reply_seconds: 0.0,
            last_reply: 0.0,
            words: vec![0.0; 2 * LEXICAL_BUCKETS],
            said: vec![0; (2 * LEXICAL_BUCKETS).div_ceil(64)],
            last: Vec::new(),
        }
    }

    /// Adds a turn.
    pub fn push(&mut self, facts: &TurnFacts, reading: &TurnReading, acts: &Acts) {
        let customer = facts.speaker == Speaker::Customer;
        let (side, acts, block) = if customer {
            (&mut self.customer, &acts.response_type, 0)
        } else {
            (&mut self.seller, &acts.seller_act, LEXICAL_BUCKETS)
        };
        side.push(facts, reading, acts);
        self.last_words = facts.words as f32;
        self.last_is_customer = customer;
        self.last_names_price = false;
        if let Some(price) = facts.numbers.iter().copied().rfind(|&n| n >= PRICE_FLOOR) {
            self.prices = [self.prices[1], price];
            self.last_names_price = true;
        }
        if let Some((start, end)) = facts.said {
            if let Some(before) = self.last_said
                && (0.0..LONGEST_REPLY).contains(&(start - before))
            {
                self.last_reply = (start - before) as f32;
                self.replies += 1.0;
                self.reply_seconds += self.last_reply;
            }
            self.last_said = Some(end);
        }
        for &(bucket, weight) in &reading.lexical {
            let index = block + bucket as usize;
            if let Some(sum) = self.words.get_mut(index).filter(|_| weight > 0.0) {
                *sum += weight;
                self.said[index / 64] |= 1 << (index % 64);
            }
        }
        if self.last.len() == LAST {
            self.last.remove(0);
        }
        self.last.push(LastTurn {
            embedding: std::sync::Arc::clone(&reading.embedding),
            lexical: reading.lexical.clone(),
        });
    }

    /// Lines read so far.
    pub fn lines(&self) -> usize {
        (self.customer.lines + self.seller.lines) as usize
    }

    /// The customer's turns and the salesperson's.
    pub(super) fn turns(&self) -> (usize, usize) {
        (self.customer.turns as usize, self.seller.turns as usize)
    }

    /// What the model reads; `stage_now` and `response_next` are the outlook after the last turn.
    pub fn inputs(&self, stage_now: &[f32], response_next: &[f32]) -> ConversionInputs {
        ConversionInputs {
            features: self.features(stage_now, response_next),
            pooled: self.pooled(),
            words: self.hashed(),
            lines: self.lines(),
        }
    }

    fn features(&self, stage_now: &[f32], response_next: &[f32]) -> Vec<f32> {
        let flag = |b: bool| f32::from(u8::from(b));
        let (c, s) = (&self.customer, &self.seller);
        let words = c.words + s.words;
        let mut f = vec![
            c.lines + s.lines,
            (c.lines + s.lines).ln_1p(),
            c.turns + s.turns,
            words.ln_1p(),
            (c.words + 1.0) / (words + 2.0),
            self.last_words.ln_1p(),
            flag(self.last_is_customer),
        ];
        let both = log_ratio(c.last_price, s.last_price);
        f.extend([
            flag(c.last_price > 0.0 && s.last_price > 0.0),
            both,
            both.abs(),
            flag(c.last_price > 0.0 && c.last_price == s.last_price),
            flag(self.prices[0] > 0.0 && self.prices[0] == self.prices[1]),
            flag(self.last_names_price),
        ]);
        f.extend([
            (self.reply_seconds / self.replies.max(1.0)).ln_1p(),
            self.last_reply.ln_1p(),
            flag(self.replies > 0.0),
        ]);
        for side in [c, s] {
            let turns = side.turns.max(1.0);
            f.extend([side.lines, side.words / turns]);
            f.extend(side.cues.map(|n| n / turns));
            f.extend(side.last_cues);
            f.extend([
                side.numbers,
                side.largest.ln_1p(),
                side.price_turns,
                log_ratio(side.last_price, side.first_price),
            ]);
            f.extend([side.tone.mean(), side.tone.last, side.tone.least, side.tone.slope()]);
            f.extend(side.acts.map(|n| n / turns));
            f.extend(side.acts_max);
            f.extend(side.acts_last);
        }
        f.extend(stage_now.iter().chain(response_next));
        f
    }

    fn pooled(&self) -> Vec<f32> {
        let mut pooled = Vec::with_capacity(3 * self.customer.pooled.len());
        for side in [&self.customer, &self.seller] {
            pooled.extend(side.pooled.iter().map(|x| x / side.turns.max(1.0)));
        }
        let (start, n) = (pooled.len(), self.last.len().max(1) as f32);
        pooled.resize(start + self.customer.pooled.len(), 0.0);
        for turn in &self.last {
            pooled[start..].iter_mut().zip(&*turn.embedding).for_each(|(sum, x)| *sum += x / n);
        }
        pooled
    }

    /// Every hashed word with its summed weight, ascending.
    pub(super) fn word_weights(&self) -> Vec<(u32, f32)> {
        let mut last: std::collections::BTreeMap<u32, f32> = std::collections::BTreeMap::new();
        for &(bucket, weight) in self.last.iter().flat_map(|turn| &turn.lexical) {
            *last.entry(2 * LEXICAL_BUCKETS as u32 + bucket).or_default() += weight;
        }
        let mut weights = Vec::new();
        for (place, bits) in self.said.iter().enumerate() {
            let mut bits = *bits;
            while bits != 0 {
                let index = 64 * place + bits.trailing_zeros() as usize;
                weights.push((index as u32, self.words[index]));
                bits &= bits - 1;
            }
        }
        weights.extend(last);
        weights
    }

    fn hashed(&self) -> Vec<(u32, f32)> {
        let mut words = self.word_weights();
        // A word that comes often counts for more, but less each time.
        words.iter_mut().for_each(|(_, w)| *w = w.sqrt());
        let norm = words.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
        if norm > 0.0 {
            words.iter_mut().for_each(|(_, w)| *w /= norm);
        }
        words
    }
}

/// Name and subject of every feature, in the order of [`ConversionInputs::features`].
pub fn feature_names() -> Vec<(String, Signal)> {
    let named = |names: &[(&str, Signal)]| -> Vec<(String, Signal)> {
        names.iter().map(|(name, signal)| ((*name).to_owned(), *signal)).collect()
    };
    let mut all = named(&[
        ("lines", Signal::Length),
        ("log lines", Signal::Length),
        ("turns", Signal::Length),
        ("log words", Signal::Length),
        ("customer's share of words", Signal::Length),
        ("log words of the last turn", Signal::Length),
        ("customer spoke last", Signal::Length),
        ("both named a price", Signal::Amounts),
        ("log ratio of the last prices", Signal::Amounts),
        ("distance of the last prices", Signal::Amounts),
        ("last prices equal", Signal::Amounts),
        ("price repeated", Signal::Amounts),
        ("last turn names a price", Signal::Amounts),
        ("mean reply time", Signal::Pace),
        ("last reply time", Signal::Pace),
        ("times known", Signal::Pace),
    ]);
    for (side, acts) in [("customer", Signal::CustomerActs), ("salesperson", Signal::SellerActs)] {
        let mut add = |name: String, signal| all.push((format!("{side}: {name}"), signal));
        add("lines".into(), Signal::Length);
        add("words a turn".into(), Signal::Length);
        for part in ["share of turns with", "last turn has"] {
            for (cue, signal) in CUES {
                add(format!("{part} {cue}"), signal);
            }
        }
        for name in
            ["numbers", "log largest number", "turns with a price", "log ratio of last to first price"]
        {
            add(name.into(), Signal::Amounts);
        }
        for name in ["mean tone", "last tone", "lowest tone", "slope of tone"] {
            add(name.into(), Signal::Tone);
        }
        for part in ["mean", "maximum", "last"] {
            for class in 0..CLASSES {
                add(format!("{part} of act {class}"), acts);
            }
        }
    }
    for part in ["stage now", "next response"] {
        for class in 0..CLASSES {
            all.push((format!("{part} {class}"), Signal::Stage));
        }
    }
    all
}
