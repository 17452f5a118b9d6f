//! Limited-memory BFGS for smooth convex functions of many variables.

/// When to stop, and how much to remember.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LbfgsOptions {
    /// Iterations at most.
    pub iterations: usize,
    /// Stops when the largest part of the gradient is below this.
    pub tolerance: f64,
    /// Curvature pairs kept.
    pub memory: usize,
}

impl Default for LbfgsOptions {
    fn default() -> Self {
        Self { iterations: 200, tolerance: 1e-4, memory: 10 }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Minimises `f` from `x`; `f` writes its gradient into the second argument and returns its value.
///
/// Steps are found by backtracking until the decrease is at least 0.0001 of what the slope promises
/// (Armijo); a pair of negative curvature is not kept, so the direction always descends.
pub(crate) fn minimize(
    mut x: Vec<f64>,
    options: LbfgsOptions,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = f(&x, &mut gradient);
    let mut pairs: std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)> = std::collections::VecDeque::new();
    for _ in 0..options.iterations {
        if gradient.iter().fold(0.0f64, |m, g| m.max(g.abs())) < options.tolerance {
            break;
        }
        // Two-loop recursion: the inverse Hessian times the gradient.
        let mut direction = gradient.clone();
        let mut alphas = Vec::with_capacity(pairs.len());
        for (s, y, rho) in pairs.iter().rev() {
            let alpha = rho * dot(s, &direction);
            direction.iter_mut().zip(y).for_each(|(d, y)| *d -= alpha * y);
            alphas.push(alpha);
        }
        let scale = match pairs.back() {
            Some((s, y, _)) => dot(s, y) / dot(y, y),
            None => 1.0 / dot(&gradient, &gradient).sqrt().max(1.0),
        };
        direction.iter_mut().for_each(|d| *d *= scale);
        for ((s, y, rho), alpha) in pairs.iter().zip(alphas.into_iter().rev()) {
            let beta = rho * dot(y, &direction);
            direction.iter_mut().zip(s).for_each(|(d, s)| *d += (alpha - beta) * s);
        }
        let slope = -dot(&gradient, &direction);
        if slope >= 0.0 {
            break;
        }
        let mut step = 1.0;
        let mut next_gradient = vec![0.0; n];
        let mut next = vec![0.0; n];
        let mut moved = false;
        for _ in 0..30 {
            for i in 0..n {
                next[i] = x[i] - step * direction[i];
            }
            let next_value = f(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * step * slope {
                value = next_value;
                moved = true;
                break;
            }
            step *= 0.5;
        }
        if !moved {
            break;
        }
        let s: Vec<f64> = next.iter().zip(&x).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = next_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let curvature = dot(&s, &y);
        if curvature > 1e-12 {
            if pairs.len() == options.memory {
                pairs.pop_front();
            }
            pairs.push_back((s, y, 1.0 / curvature));
        }
        x = next;
        gradient = next_gradient;
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_minimum_of_a_stretched_bowl() {
        let options = LbfgsOptions { tolerance: 1e-9, ..Default::default() };
        let x = minimize(vec![5.0, -3.0], options, |x, g| {
            g[0] = 2.0 * (x[0] - 1.0);
            g[1] = 200.0 * (x[1] - 2.0);
            (x[0] - 1.0).powi(2) + 100.0 * (x[1] - 2.0).powi(2)
        });
        assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 2.0).abs() < 1e-6, "{x:?}");
    }
}
