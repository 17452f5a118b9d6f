//! Forecasts as pictures: what is found at what price, how far to trust a probability, and how early.

use anyhow::Result;

use super::{ConversionFigures, Forecast};
use crate::charts::{self, Axis, Line, lines};
use crate::html::Picture;
use crate::metrics::Ranking;

/// Size of the square pictures.
const SQUARE: (u32, u32) = (480, 480);
/// Size of pictures over turns.
const WIDE: (u32, u32) = (640, 400);
/// The last bar of the horizons holds these turns and more.
const LONGEST: usize = 60;

/// A kind of forecast of the whole, with its name in the pictures.
type Kind = (&'static str, fn(&Forecast) -> Option<f64>);

/// The pictures of forecasts and their figures; those that there is nothing to draw of are left out.
pub fn pictures(forecasts: &[Forecast], figures: &ConversionFigures) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    if figures.whole.is_some() || figures.whole_without_outcome.is_some() {
        pictures.extend(curves(forecasts, figures)?);
    }
    for (name, title, of) in [
        ("reliability", "Reliability, the whole read", &figures.whole),
        ("reliability-without-outcome", "Reliability, outcome not stated", &figures.whole_without_outcome),
    ] {
        let Some(of) = of else { continue };
        pictures.push(Picture {
            name: name.into(),
            svg: charts::calibration_chart(title, "won", &of.reliability)?,
            caption: format!(
                "Probability against the share of won conversations, in {} bins; lines are 95 % intervals of the \
                 share, larger points hold more conversations. On the diagonal a probability means what it says.",
                of.reliability.len()
            ),
        });
    }
    if figures.by_turns.len() > 1 {
        pictures.push(by_turns(figures)?);
    }
    if let Some(alarms) = figures.alarms.as_ref().filter(|a| !a.horizons.is_empty()) {
        let values: Vec<usize> =
            alarms.horizons.iter().flat_map(|(turns, n)| std::iter::repeat_n(*turns, *n)).collect();
        let title = "Turns between the first alarm and the end";
        pictures.push(Picture {
            name: "horizon".into(),
            svg: charts::histogram(title, "turns before the end", &values, LONGEST)?,
            caption: format!(
                "How early the {} lost conversations with an alarm were recognised, at the model's threshold.",
                values.len()
            ),
        });
    }
    Ok(pictures)
}

/// ROC and precision-recall of the model, with and without the turns that state the outcome.
fn curves(forecasts: &[Forecast], figures: &ConversionFigures) -> Result<[Picture; 2]> {
    let kinds: [(Kind, bool); 2] = [
        (("whole", |f| f.whole), figures.whole.is_some()),
        (
            ("without the stated outcome", |f| f.whole_without_outcome),
            figures.whole_without_outcome.is_some(),
        ),
    ];
    let (mut roc, mut precision_recall) = (Vec::new(), Vec::new());
    for ((name, probability), _) in kinds.into_iter().filter(|(_, present)| *present) {
        let (won, scores): (Vec<bool>, Vec<f64>) =
            forecasts.iter().filter_map(|f| probability(f).map(|p| (f.won, p))).unzip();
        let curve = Ranking::new(&won, &scores).curve();
        let line = |points| Line { name: name.into(), points, ..Line::default() };
        roc.push(line(curve.iter().map(|p| (p.fall_out, p.recall)).collect()));
        precision_recall.push(line(curve.iter().skip(1).map(|p| (p.recall, p.precision)).collect()));
    }
    let axis = |name| Axis { name, range: 0.0..1.0 };
    let base_rate = figures.base_rate;
    Ok([
        Picture {
            name: "roc".into(),
            svg: lines(
                "ROC",
                SQUARE,
                (&axis("lost conversations called won"), &axis("won conversations called won")),
                &roc,
                ("chance", &[(0.0, 0.0), (1.0, 1.0)]),
            )?,
            caption: "Share of the won conversations that are found against the share of the lost ones that are \
                      mistaken for won, for every threshold. The area under the line is the AUC; the diagonal is chance."
                .into(),
        },
        Picture {
            name: "precision-recall".into(),
            svg: lines(
                "Precision and recall",
                SQUARE,
                (&axis("recall of won"), &axis("precision of won")),
                &precision_recall,
                ("share of won", &[(0.0, base_rate), (1.0, base_rate)]),
            )?,
            caption: format!(
                "How many of those called won are won, against how many of the won are found. Calling everything won \
                 has a precision of {base_rate:.2}."
            ),
        },
    ])
}

fn by_turns(figures: &ConversionFigures) -> Result<Picture> {
    let points = || figures.by_turns.iter().map(|(turns, of)| (*turns as f64, of.auc));
    let line = Line {
        name: "model, 95 % interval".into(),
        points: points().map(|(turns, auc)| (turns, auc.value)).collect(),
        band: points().map(|(turns, auc)| (turns, auc.low, auc.high)).collect(),
        marked: true,
    };
    let (first, last) = (line.points[0].0, line.points[line.points.len() - 1].0);
    let lowest = points().map(|(_, auc)| auc.low).fold(0.5, f64::min);
    let bottom = ((lowest - 0.05) * 10.0).floor().max(0.0) / 10.0;
    let svg = lines(
        "AUC by turns seen",
        WIDE,
        (
            &Axis { name: "turns seen", range: first - 1.0..last + 1.0 },
            &Axis { name: "AUC, still running", range: bottom..1.0 },
        ),
        &[line],
        ("chance", &[(first - 1.0, 0.5), (last + 1.0, 0.5)]),
    )?;
    Ok(Picture {
        name: "auc-by-turns".into(),
        svg,
        caption: "How well won and lost are told apart after exactly so many turns, among conversations that were still \
                  running; fewer conversations are left with every turn, so the points are not of the same ones."
            .into(),
    })
}
