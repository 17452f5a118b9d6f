//! Capped oversampling of whole conversations.

/// How often each conversation is seen in an epoch: as often as its rarest class is rarer than the mean
/// class, at least once and at most `cap` times.
///
/// `classes` are those of each conversation's labelled turns, below `count`.
pub(crate) fn repeats(classes: &[Vec<usize>], count: usize, cap: usize) -> Vec<usize> {
    let mut seen = vec![0usize; count];
    classes.iter().flatten().for_each(|&c| seen[c] += 1);
    let present = seen.iter().filter(|n| **n > 0).count().max(1);
    let mean = seen.iter().sum::<usize>() as f64 / present as f64;
    let of = |own: &Vec<usize>| {
        let rarest = own.iter().map(|&c| seen[c]).min().unwrap_or(usize::MAX);
        ((mean / rarest as f64).round() as usize).clamp(1, cap.max(1))
    };
    classes.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_classes_come_again_up_to_the_cap() {
        // Class 0 eight times, class 1 once: the mean is 4.5.
        let classes = vec![vec![0; 4], vec![0; 4], vec![1], vec![]];
        assert_eq!(repeats(&classes, 2, 10), [1, 1, 5, 1]);
        assert_eq!(repeats(&classes, 2, 3), [1, 1, 3, 1]);
        assert_eq!(repeats(&classes, 2, 1), [1, 1, 1, 1]);
    }
}
