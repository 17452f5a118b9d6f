//! Figures of two spaces over the same items.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use rapport_inference::argmax;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::head::probabilities;
use super::items::{Items, Kind};
use crate::metrics::{Bootstrap, ConfusionMatrix, Interval, Labelled, Ranking, nearest_labels, silhouettes};

/// Number of figures.
const FIGURES: usize = 6;
/// A silhouette up to here is about zero: Kaufman and Rousseeuw (1990) see no structure below 0.25.
const NO_STRUCTURE: f64 = 0.1;

/// How two spaces are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct CompareOptions {
    /// Neighbours that vote.
    pub neighbours: usize,
    /// Resamples of the intervals.
    pub resamples: usize,
    /// Their seed.
    pub seed: u64,
}

/// How well vectors alone tell classes apart; each figure with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpaceFigures {
    /// Area under the ROC curve of the head, of outcomes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_auc: Option<Interval>,
    /// Accuracy of the head.
    pub head_accuracy: Interval,
    /// Mean F1 of the head over the classes.
    pub head_macro_f1: Interval,
    /// Share of items whose nearest neighbours in other conversations have their class by majority.
    pub knn_accuracy: Interval,
    /// Mean F1 of the neighbours' votes over the classes.
    pub knn_macro_f1: Interval,
    /// Mean silhouette of the classes, Euclidean; near 0 when they lie in one cloud.
    pub silhouette: Interval,
}

/// How much larger a figure is after fine-tuning, as a share of what it was before; 0.15 is 15 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct RelativeGain {
    /// Of the head's area under the ROC curve, of outcomes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_auc: Option<Interval>,
    /// Of the head's accuracy.
    pub head_accuracy: Interval,
    /// Of the neighbours' accuracy.
    pub knn_accuracy: Interval,
    /// Of the silhouette; absent unless the silhouette before is clearly above 0.1, since a share of about nothing
    /// means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silhouette: Option<Interval>,
}

/// Two spaces over the same items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Comparison {
    /// Items that are judged.
    pub n: usize,
    /// Conversations that they come from, the unit of the intervals.
    pub conversations: usize,
    /// How many items each class has.
    pub classes: BTreeMap<String, usize>,
    /// Share of the most frequent class: the accuracy of always saying it.
    pub majority: f64,
    /// Before fine-tuning.
    pub generic: SpaceFigures,
    /// After it.
    pub fine_tuned: SpaceFigures,
    /// After less before, paired.
    pub difference: SpaceFigures,
    /// The difference as a share of before, paired.
    pub relative_gain: RelativeGain,
}

impl Comparison {
    /// What limits the figures.
    pub(super) fn notes(&self) -> Option<String> {
        let s = &self.generic.silhouette;
        self.relative_gain.silhouette.is_none().then(|| {
            format!(
                "silhouette: {:.3} [{:.3}, {:.3}] before fine-tuning is about zero, so a relative gain in it means \
                 nothing; look at the difference",
                s.value, s.low, s.high
            )
        })
    }
}

/// What is known of each item in one space, so that a resample only has to count.
struct Judged {
    labels: Vec<usize>,
    classes: usize,
    /// By the probability of the second class; of outcomes only.
    ranking: Option<Ranking>,
    predicted: Vec<usize>,
    nearest: Vec<usize>,
    silhouettes: Vec<f64>,
}

impl Judged {
    fn of(kind: Kind, items: &Items, train: Option<&Items>, neighbours: usize) -> Self {
        let classes = kind.classes().len();
        let p = probabilities(items, train, classes);
        let ranking = (kind == Kind::Outcome).then(|| {
            let won: Vec<bool> = items.labels.iter().map(|&label| label == 1).collect();
            Ranking::new(&won, &p.iter().map(|p| f64::from(p[1])).collect::<Vec<_>>())
        });
        let points = items.points();
        let queries = Labelled { points: &points, labels: &items.labels, groups: &items.groups };
        let nearest = match train {
            None => nearest_labels(queries, queries, neighbours),
            Some(train) => {
                let (points, labels, groups) = (train.points(), &train.labels, &train.groups);
                nearest_labels(queries, Labelled { points: &points, labels, groups }, neighbours)
            }
        };
        Self {
            labels: items.labels.clone(),
            classes,
            ranking,
            predicted: p.iter().map(|p| argmax(p)).collect(),
            // Without a neighbour elsewhere nothing is known: counted as the first class.
            nearest: nearest.into_iter().map(Option::unwrap_or_default).collect(),
            silhouettes: silhouettes(&points, &items.labels),
        }
    }

    fn measure(&self, draw: &[u32]) -> [f64; FIGURES] {
        let matrix = |predicted: &[usize]| {
            let pairs = draw.iter().map(|&i| (self.labels[i as usize], predicted[i as usize]));
            ConfusionMatrix::from_pairs(self.classes, pairs)
        };
        let (head, nearest) = (matrix(&self.predicted), matrix(&self.nearest));
        let silhouette = draw.iter().map(|&i| self.silhouettes[i as usize]).sum::<f64>() / draw.len() as f64;
        [
            self.ranking.as_ref().map_or(f64::NAN, |r| r.figures(draw).0),
            head.accuracy(),
            head.macro_f1(),
            nearest.accuracy(),
            nearest.macro_f1(),
            silhouette,
        ]
    }
}

/// Something of one figure, given all of them before and after fine-tuning and its place.
type Of<'a> = &'a dyn Fn(&[f64; FIGURES], &[f64; FIGURES], usize) -> f64;

/// Compares two spaces; each side is given as the judged items, and those that heads and neighbours come from unless
/// that is cross-validated.
pub(super) fn compare(
    kind: Kind,
    generic: (&Items, Option<&Items>),
    fine_tuned: (&Items, Option<&Items>),
    options: &CompareOptions,
) -> Result<Comparison> {
    let items = generic.0;
    ensure!(
        items.labels == fine_tuned.0.labels && items.groups == fine_tuned.0.groups,
        "the two encoders were given different items"
    );
    let bootstrap = Bootstrap::new(&items.groups, options.resamples, options.seed);
    let all: Vec<u32> = (0..items.labels.len() as u32).collect();
    let sides = [generic, fine_tuned].map(|(items, train)| {
        let judged = Judged::of(kind, items, train, options.neighbours);
        let resamples: Vec<_> = bootstrap.draws().par_iter().map(|draw| judged.measure(draw)).collect();
        (judged.measure(&all), resamples)
    });
    let [before, after] = &sides;
    let figures = |of: Of<'_>, i: usize| {
        let pairs = before.1.iter().zip(&after.1);
        Interval::from_resamples(of(&before.0, &after.0, i), pairs.map(|(a, b)| of(a, b, i)).collect())
    };
    let space = |of: Of<'_>| SpaceFigures {
        head_auc: (kind == Kind::Outcome).then(|| figures(of, 0)),
        head_accuracy: figures(of, 1),
        head_macro_f1: figures(of, 2),
        knn_accuracy: figures(of, 3),
        knn_macro_f1: figures(of, 4),
        silhouette: figures(of, 5),
    };
    let gain = |a: &[f64; FIGURES], b: &[f64; FIGURES], i: usize| b[i] / a[i] - 1.0;
    let generic = space(&|a, _, i| a[i]);
    let mut classes = BTreeMap::new();
    for &label in &items.labels {
        *classes.entry(kind.classes()[label].to_owned()).or_default() += 1;
    }
    let most = classes.values().copied().max().unwrap_or(0);
    Ok(Comparison {
        n: items.labels.len(),
        conversations: items.conversations(),
        majority: most as f64 / items.labels.len() as f64,
        classes,
        generic,
        fine_tuned: space(&|_, b, i| b[i]),
        difference: space(&|a, b, i| b[i] - a[i]),
        relative_gain: RelativeGain {
            head_auc: (kind == Kind::Outcome).then(|| figures(&gain, 0)),
            head_accuracy: figures(&gain, 1),
            knn_accuracy: figures(&gain, 3),
            silhouette: (generic.silhouette.low > NO_STRUCTURE).then(|| figures(&gain, 5)),
        },
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const OPTIONS: CompareOptions = CompareOptions { neighbours: 3, resamples: 200, seed: 1 };

    /// Sixty conversations of two classes on a line, `apart` from each other, with a spread of 1.
    fn items(apart: f64) -> Items {
        let spread = |i: usize| (i * 37 % 60) as f64 / 30.0 - 1.0;
        Items {
            vectors: (0..60)
                .map(|i| vec![spread(i) + if i % 2 == 0 { 0.0 } else { apart }, spread(i * 7)])
                .collect(),
            labels: (0..60).map(|i| i % 2).collect(),
            groups: (0..60).collect(),
            folds: (0..60).map(|i| i / 2 % 5).collect(),
        }
    }

    #[test]
    fn a_space_that_parts_the_classes_gains_in_every_figure() {
        let (mixed, parted) = (items(0.5), items(5.0));
        let of = compare(Kind::Outcome, (&mixed, None), (&parted, None), &OPTIONS).unwrap();
        assert_eq!((of.n, of.conversations, of.majority), (60, 60, 0.5));
        assert_eq!(of.classes, BTreeMap::from([("lost".to_owned(), 30), ("won".to_owned(), 30)]));
        assert_eq!(of.fine_tuned.head_auc.unwrap().value, 1.0);
        assert_eq!(of.fine_tuned.knn_accuracy.value, 1.0);
        assert!(of.fine_tuned.silhouette.value > 0.5);
        assert!(of.difference.head_auc.unwrap().low > 0.0, "{:?}", of.difference);
        assert!(of.difference.knn_accuracy.low > 0.0 && of.difference.silhouette.low > 0.0);
        let gain = of.relative_gain.head_auc.unwrap();
        let expected = 1.0 / of.generic.head_auc.unwrap().value - 1.0;
        assert!((gain.value - expected).abs() < 1e-12 && gain.low > 0.0, "{gain:?}");
    }

    #[test]
    fn a_space_does_not_gain_on_itself_and_says_so() {
        let same = items(0.0);
        let of = compare(Kind::Outcome, (&same, None), (&same, None), &OPTIONS).unwrap();
        let none = Interval { value: 0.0, low: 0.0, high: 0.0 };
        assert_eq!(of.difference.head_auc, Some(none));
        assert_eq!((of.difference.silhouette, of.relative_gain.knn_accuracy), (none, none));
        // One cloud: no relative gain of the silhouette, and a note that says why.
        assert!(of.relative_gain.silhouette.is_none() && of.notes().unwrap().contains("means nothing"));
    }

    #[test]
    fn heads_and_neighbours_may_come_from_other_conversations() {
        let (judged, mut train) = (items(5.0), items(5.0));
        train.groups.iter_mut().for_each(|g| *g += 60);
        let right =
            compare(Kind::Outcome, (&judged, Some(&train)), (&judged, Some(&train)), &OPTIONS).unwrap();
        assert_eq!(right.generic.knn_accuracy.value, 1.0);
        // Taught the wrong way round, both are wrong everywhere.
        train.labels.iter_mut().for_each(|label| *label = 1 - *label);
        let wrong =
            compare(Kind::Outcome, (&judged, Some(&train)), (&judged, Some(&train)), &OPTIONS).unwrap();
        assert_eq!(wrong.generic.knn_accuracy.value, 0.0);
        assert_eq!(wrong.generic.head_auc.unwrap().value, 0.0);
    }

    #[test]
    fn different_items_are_refused() {
        let (a, mut b) = (items(1.0), items(1.0));
        b.labels[0] = 1;
        assert!(compare(Kind::Outcome, (&a, None), (&b, None), &OPTIONS).is_err());
    }
}
