//! Spaces on a plane: principal axes, and t-SNE.

use anyhow::{Context, Result, ensure};
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict, Transformer};
use linfa_reduction::Pca;
use linfa_tsne::TSneParams;
use ndarray_linfa::Array2;
use rand_xoshiro::Xoshiro256Plus;
use rand_xoshiro::rand_core::SeedableRng;

use super::items::{Items, Kind};
use crate::charts;
use crate::html::Picture;

/// Points at most, the first by the hash of their conversations.
const MOST: usize = 1600;
/// Points at least; fewer are no picture of a space.
const LEAST: usize = 20;
/// Principal axes that t-SNE starts from.
const AXES: usize = 30;
/// Neighbours that t-SNE keeps together, van der Maaten's usual number.
const PERPLEXITY: f64 = 30.0;

/// Four pictures: principal axes and t-SNE, before and after fine-tuning.
pub(super) fn maps(kind: Kind, spaces: [&Items; 2], seed: u64) -> Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for (name, items) in ["generic", "fine-tuned"].into_iter().zip(spaces) {
        let axes = principal_axes(items)?;
        let plane: Vec<(f64, f64)> = axes.rows().into_iter().map(|row| (row[0], row[1])).collect();
        pictures.push(picture(
            kind,
            items,
            &plane,
            (&format!("pca-{name}"), &format!("{name}: first two principal axes")),
            "The two directions in which the vectors differ most. Distances are true but for what the other axes add.",
        )?);
        pictures.push(picture(
            kind,
            items,
            &tsne(axes, seed)?,
            (&format!("tsne-{name}"), &format!("{name}: t-SNE")),
            "Near points are near in the space. Distances between groups, sizes of groups and empty room mean nothing.",
        )?);
    }
    // Before and after side by side.
    pictures.swap(1, 2);
    Ok(pictures)
}

fn picture(
    kind: Kind,
    items: &Items,
    plane: &[(f64, f64)],
    (name, title): (&str, &str),
    caption: &str,
) -> Result<Picture> {
    let groups: Vec<(String, Vec<(f64, f64)>)> = kind
        .classes()
        .into_iter()
        .enumerate()
        .map(|(class, title)| {
            let own = plane.iter().zip(&items.labels).filter(|(_, label)| **label == class);
            (title.replace('_', " "), own.map(|(point, _)| *point).collect())
        })
        .filter(|(_, points): &(String, Vec<_>)| !points.is_empty())
        .collect();
    Ok(Picture {
        name: format!("{name}-{}", kind.name().replace('_', "-")),
        svg: charts::scatter(title, &groups)?,
        caption: caption.into(),
    })
}

/// Coordinates on the first principal axes, the same number for every space, each axis with its largest part positive.
fn principal_axes(items: &Items) -> Result<Array2<f64>> {
    let n = items.vectors.len().min(MOST);
    ensure!(n >= LEAST, "{n} points are too few, {LEAST} are needed");
    let width = items.vectors[0].len();
    let flat: Vec<f64> = items.vectors[..n].iter().flatten().copied().collect();
    let records = Array2::from_shape_vec((n, width), flat).context("vectors of different length")?;
    let pca = Pca::params(AXES.min(width).min(n - 1))
        .fit(&DatasetBase::from(records.clone()))
        .context("the principal axes were not found")?;
    let mut axes: Array2<f64> = pca.predict(&records);
    ensure!(axes.ncols() >= 2 && axes.iter().all(|x| x.is_finite()), "the vectors lie on a line");
    for (mut column, axis) in axes.columns_mut().into_iter().zip(pca.components().rows()) {
        let peak = axis.iter().copied().fold(0.0f64, |m, x| if x.abs() > m.abs() { x } else { m });
        column *= peak.signum();
    }
    Ok(axes)
}

/// On one thread, so that sums have one order and a seed gives one picture.
fn tsne(axes: Array2<f64>, seed: u64) -> Result<Vec<(f64, f64)>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().context("a thread for t-SNE")?;
    let perplexity = PERPLEXITY.min((axes.nrows() - 1) as f64 / 3.5);
    let plane = pool.install(|| {
        TSneParams::embedding_size_with_rng(2, Xoshiro256Plus::seed_from_u64(seed))
            .perplexity(perplexity)
            .approx_threshold(0.5)
            .max_iter(1000)
            .transform(axes)
    })?;
    ensure!(plane.iter().all(|x| x.is_finite()), "t-SNE did not converge");
    Ok(plane.rows().into_iter().map(|row| (row[0], row[1])).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Two clouds in five dimensions.
    fn items() -> Items {
        let at = |i: usize, d: usize| {
            (i * (d + 3) * 7919 % 101) as f64 / 101.0 + if i.is_multiple_of(2) { 0.0 } else { 4.0 }
        };
        Items {
            vectors: (0..60).map(|i| (0..5).map(|d| at(i, d)).collect()).collect(),
            labels: (0..60).map(|i| i % 2).collect(),
            groups: (0..60).collect(),
            folds: vec![0; 60],
        }
    }

    #[test]
    fn a_seed_gives_one_picture() {
        let items = items();
        let pictures = maps(Kind::Outcome, [&items, &items], 1).unwrap();
        let names: Vec<&str> = pictures.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "pca-generic-outcome",
                "pca-fine-tuned-outcome",
                "tsne-generic-outcome",
                "tsne-fine-tuned-outcome"
            ]
        );
        let again = maps(Kind::Outcome, [&items, &items], 1).unwrap();
        assert!(pictures.iter().zip(&again).all(|(a, b)| a.svg == b.svg));
    }

    #[test]
    fn the_first_axis_parts_two_clouds() {
        let axes = principal_axes(&items()).unwrap();
        let side = |row: usize| axes[[row, 0]] > 0.0;
        assert!((0..60).all(|row| side(row) == side(row % 2)) && side(0) != side(1));
    }

    #[test]
    fn few_points_are_no_map() {
        let mut few = items();
        few.vectors.truncate(5);
        assert!(maps(Kind::Outcome, [&few, &few], 1).unwrap_err().to_string().contains("too few"));
    }
}
