//! How labels lie in a space of vectors: silhouette and nearest neighbours.

use rayon::prelude::*;

/// The silhouette of each point (Rousseeuw 1987): `(b - a) / max(a, b)` with `a` the mean Euclidean distance to the
/// other points of its own label and `b` the smallest of the mean distances to each other label's. -1 to 1; 0 for a
/// point that is alone with its label, or when there is one label only, as scikit-learn has it.
pub fn silhouettes(points: &[&[f64]], labels: &[usize]) -> Vec<f64> {
    let classes = labels.iter().max().map_or(0, |c| c + 1);
    (0..points.len())
        .into_par_iter()
        .map(|i| {
            let (mut sums, mut counts) = (vec![0.0; classes], vec![0usize; classes]);
            for j in (0..points.len()).filter(|&j| j != i) {
                sums[labels[j]] += squared_distance(points[i], points[j]).sqrt();
                counts[labels[j]] += 1;
            }
            let mean = |class: usize| sums[class] / counts[class] as f64;
            let others = (0..classes).filter(|&c| c != labels[i] && counts[c] > 0).map(mean);
            let other = others.fold(f64::INFINITY, f64::min);
            if counts[labels[i]] == 0 || !other.is_finite() {
                return 0.0;
            }
            let own = mean(labels[i]);
            (other - own) / own.max(other).max(1e-12)
        })
        .collect()
}

/// Points with what is known of them, all of the same length.
#[derive(Debug, Clone, Copy)]
pub struct Labelled<'a> {
    /// The vectors.
    pub points: &'a [&'a [f64]],
    /// The class of each.
    pub labels: &'a [usize],
    /// What each belongs to (its conversation).
    pub groups: &'a [usize],
}

/// For each query, the label that most of its `k` nearest references have, of those in other groups: what is known
/// of a point's own conversation must not answer for it, so that queries may be their own references. The nearer label
/// wins a tie; `None` without a reference in another group.
pub fn nearest_labels(queries: Labelled<'_>, references: Labelled<'_>, k: usize) -> Vec<Option<usize>> {
    let classes = references.labels.iter().max().map_or(0, |c| c + 1);
    (0..queries.points.len())
        .into_par_iter()
        .map(|i| {
            let mut near: Vec<(f64, usize)> = (0..references.points.len())
                .filter(|&j| references.groups[j] != queries.groups[i])
                .map(|j| (squared_distance(queries.points[i], references.points[j]), j))
                .collect();
            let k = k.min(near.len());
            let order = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
            if k == 0 {
                return None;
            }
            near.select_nth_unstable_by(k - 1, order);
            near.truncate(k);
            near.sort_by(order);
            let mut votes = vec![0usize; classes];
            near.iter().for_each(|(_, j)| votes[references.labels[*j]] += 1);
            let most = votes.iter().copied().max().unwrap_or(0);
            near.iter().map(|(_, j)| references.labels[*j]).find(|&label| votes[label] == most)
        })
        .collect()
}

/// Four sums side by side, so that the processor adds them at once.
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let (whole_a, rest_a) = a.as_chunks::<4>();
    let (whole_b, rest_b) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (x, y) in whole_a.iter().zip(whole_b) {
        for (sum, (x, y)) in sums.iter_mut().zip(x.iter().zip(y)) {
            *sum += (x - y) * (x - y);
        }
    }
    let rest: f64 = rest_a.iter().zip(rest_b).map(|(x, y)| (x - y) * (x - y)).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::super::score::tests::near;
    use super::*;

    #[test]
    fn silhouettes_agree_with_the_definition() {
        let points: [&[f64]; 4] = [&[0.0], &[1.0], &[4.0], &[6.0]];
        // Of 0: a = 1, b = 5. Of 1: a = 1, b = 4. Of 4: a = 2, b = 3.5. Of 6: a = 2, b = 5.5.
        let of = silhouettes(&points, &[0, 0, 1, 1]);
        near(of[0], 0.8);
        near(of[1], 0.75);
        near(of[2], 1.5 / 3.5);
        near(of[3], 3.5 / 5.5);
        assert_eq!(silhouettes(&points, &[0, 0, 0, 0]), [0.0; 4], "one label says nothing");
        assert_eq!(silhouettes(&points, &[0, 0, 0, 1])[3], 0.0, "alone with its label");
    }

    #[test]
    fn distance_takes_every_coordinate() {
        near(squared_distance(&[1.0, 2.0, 3.0, 4.0, 5.0], &[0.0; 5]), 55.0);
    }

    #[test]
    fn neighbours_of_the_own_group_have_no_vote() {
        let points: [&[f64]; 5] = [&[0.0], &[0.1], &[0.2], &[5.0], &[5.1]];
        let labels = [0, 1, 0, 1, 1];
        let among = |groups: &[usize; 5], k| {
            let of = Labelled { points: &points, labels: &labels, groups };
            nearest_labels(of, of, k)
        };
        let alone = [0, 1, 2, 3, 4];
        assert_eq!(among(&alone, 1)[0], Some(1));
        // Points 0 and 1 belong together: the next of 0 is point 2.
        assert_eq!(among(&[0, 0, 2, 3, 4], 1)[0], Some(0));
        // Two neighbours, one vote each: the nearer wins.
        assert_eq!(among(&alone, 2)[2], Some(1));
        assert_eq!(among(&alone, 3)[3], Some(1));
        assert_eq!(among(&[0; 5], 1), [None; 5]);
    }

    #[test]
    fn references_may_be_others() {
        let queries = Labelled { points: &[&[0.0]], labels: &[0], groups: &[9] };
        let references = Labelled { points: &[&[1.0], &[0.5]], labels: &[0, 1], groups: &[0, 1] };
        assert_eq!(nearest_labels(queries, references, 1), [Some(1)]);
    }
}
