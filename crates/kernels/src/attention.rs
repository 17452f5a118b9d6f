//! Multi-head attention in `f32`.

use crate::backend::{Backend, Job, Lanes};
use crate::kernel::Kernel;
use crate::mask::Mask;
use crate::math::exp;

/// The shape of one attention layer on one sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Number of heads.
    pub heads: usize,
    /// Values of one head, a positive multiple of 8.
    pub head_dim: usize,
    /// Tokens of the sequence, padding included.
    pub tokens: usize,
}

/// Reusable memory of [`Kernel::attention`].
#[derive(Clone, Debug, Default)]
pub struct AttentionScratch {
    /// Keys of one head, `[keys/8][head_dim][8]`.
    keys: Vec<[f32; 8]>,
    /// Values of one head, `[head_dim/8][keys][8]`.
    values: Vec<[f32; 8]>,
    /// Scores of the query rows that are computed together, `[rows][keys/8][8]`.
    scores: Vec<[f32; 8]>,
    /// Those query rows, `[head_dim][rows]`.
    queries: Vec<f32>,
}

impl AttentionScratch {
    /// Empty; it grows with the first use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Kernel {
    /// `softmax(scale * Q Kᵀ) V` for each head.
    ///
    /// - `qkv` is `[3 * heads][tokens][head_dim]`: the heads' queries, then keys, then values
    ///   (see [`crate::Output::blocked`]).
    /// - `scale` is usually `1 / sqrt(head_dim)`, or 1 where the weights contain it.
    /// - `mask` says which keys count. Others are left out, not merely made small: a padded
    ///   sequence gives the same bits as the sequence alone. With no key left the result is 0.
    /// - `out` is `[tokens][heads * head_dim]`, written for masked tokens too.
    ///
    /// # Panics
    /// If a length or the mask does not fit the shape, or `head_dim` is not a positive
    /// multiple of 8.
    pub fn attention(
        self,
        qkv: &[f32],
        shape: AttentionShape,
        scale: f32,
        mask: Mask<'_>,
        out: &mut [f32],
        scratch: &mut AttentionScratch,
    ) {
        let AttentionShape { heads, head_dim, tokens } = shape;
        assert!(
            head_dim > 0 && head_dim.is_multiple_of(8),
            "heads of {head_dim} values are not a multiple of 8"
        );
        let size = heads * tokens * head_dim;
        assert!(qkv.len() == 3 * size, "qkv needs {} values, has {}", 3 * size, qkv.len());
        assert!(out.len() == size, "out needs {size} values, has {}", out.len());
        mask.check(tokens);
        self.run(Attention { qkv, shape, scale, mask, out, scratch });
    }
}

struct Attention<'a> {
    qkv: &'a [f32],
    shape: AttentionShape,
    scale: f32,
    mask: Mask<'a>,
    out: &'a mut [f32],
    scratch: &'a mut AttentionScratch,
}

impl Job for Attention<'_> {
    #[inline(always)]
    fn run<B: Backend>(self, b: B) {
        let l = b.lanes();
        let AttentionShape { heads, head_dim, tokens } = self.shape;
        let width = heads * head_dim;
        let keys = self.mask.positions(tokens).count();
        if keys == 0 {
            self.out.fill(0.0);
            return;
        }
        for head in 0..heads {
            let part = |index: usize| &self.qkv[index * tokens * head_dim..][..tokens * head_dim];
            self.scratch.gather(
                part(heads + head),
                part(2 * heads + head),
                head_dim,
                keys,
                self.mask.positions(tokens),
            );
            let mut rows = Rows {
                queries: part(head),
                out: &mut self.out[head * head_dim..],
                scratch: self.scratch,
                scale: self.scale,
                keys,
                head_dim,
                width,
            };
            let mut row = 0;
            if <B::Lanes as Lanes>::ATTENTION_ROWS == 8 {
                while row + 8 <= tokens {
                    rows.attend::<B::Lanes, 8>(l, row);
                    row += 8;
                }
            }
            while row + 4 <= tokens {
                rows.attend::<B::Lanes, 4>(l, row);
                row += 4;
            }
            while row < tokens {
                rows.attend::<B::Lanes, 1>(l, row);
                row += 1;
            }
        }
    }
}

impl AttentionScratch {
    /// Packs the keys and values of one head that count.
    fn gather(
        &mut self,
        keys: &[f32],
        values: &[f32],
        head_dim: usize,
        count: usize,
        positions: impl Iterator<Item = usize>,
    ) {
        self.keys.clear();
        self.keys.resize(count.div_ceil(8) * head_dim, [0.0; 8]);
        self.values.resize(head_dim / 8 * count, [0.0; 8]);
        for (index, position) in positions.enumerate() {
            let token = position * head_dim..(position + 1) * head_dim;
            let block = &mut self.keys[index / 8 * head_dim..][..head_dim];
            for (lanes, &key) in block.iter_mut().zip(&keys[token.clone()]) {
                lanes[index % 8] = key;
            }
            let columns = self.values.chunks_exact_mut(count);
            for (column, value) in columns.zip(values[token].as_chunks::<8>().0) {
                column[index] = *value;
            }
        }
    }
}

/// The query rows of one head.
struct Rows<'a> {
    queries: &'a [f32],
    out: &'a mut [f32],
    scratch: &'a mut AttentionScratch,
    scale: f32,
    keys: usize,
    head_dim: usize,
    width: usize,
}

impl Rows<'_> {
    /// `R` query rows from `row` on.
    #[inline(always)]
    fn attend<L: Lanes, const R: usize>(&mut self, l: L, row: usize) {
        let AttentionScratch { keys, values, scores, queries } = &mut *self.scratch;
        let blocks = self.keys.div_ceil(8);
        scores.resize(scores.len().max(R * blocks), [0.0; 8]);
        let scores = &mut scores[..R * blocks];
        queries.resize(queries.len().max(R * self.head_dim), 0.0);
        let queries = &mut queries[..R * self.head_dim];
        let rows = self.queries[row * self.head_dim..].chunks_exact(self.head_dim).take(R);
        for (r, query) in rows.enumerate() {
            for (target, value) in queries.chunks_exact_mut(R).zip(query) {
                target[r] = value * self.scale;
            }
        }

        for (block, keys) in keys.chunks_exact(self.head_dim).enumerate() {
            let sums = products::<L, R>(l, queries, keys);
            for (sums, scores) in sums.into_iter().zip(scores.chunks_exact_mut(blocks)) {
                l.store(sums, &mut scores[block]);
            }
        }
        let mut inverse = [0.0; R];
        for (inverse, scores) in inverse.iter_mut().zip(scores.chunks_exact_mut(blocks)) {
            *inverse = 1.0 / softmax(l, scores, self.keys);
        }
        for (column, values) in values.chunks_exact(self.keys).enumerate() {
            let sums = weighted::<L, R>(l, scores, values);
            for (r, sums) in sums.into_iter().enumerate() {
                let start = (row + r) * self.width + column * 8;
                let target = &mut self.out[start..start + 8];
                if let Some(target) = target.as_mut_array::<8>() {
                    l.store(l.mul(sums, l.splat(inverse[r])), target);
                }
            }
        }
    }
}

/// Scores of `R` queries `[head_dim][R]` and eight keys `[head_dim][8]`.
#[inline(always)]
fn products<L: Lanes, const R: usize>(l: L, queries: &[f32], keys: &[[f32; 8]]) -> [L::Floats; R] {
    let mut sums = [l.splat(0.0); R];
    for (queries, keys) in queries.chunks_exact(R).zip(keys) {
        let keys = l.load(keys);
        for (sum, &query) in sums.iter_mut().zip(queries) {
            *sum = l.mul_then_add(l.splat(query), keys, *sum);
        }
    }
    sums
}

/// Replaces the scores of one query by `exp(score - largest)` and returns their sum.
/// Lanes behind the last key count nothing.
#[inline(always)]
fn softmax<L: Lanes>(l: L, scores: &mut [[f32; 8]], keys: usize) -> f32 {
    scores.as_flattened_mut()[keys..].fill(f32::MIN);
    let mut largest = l.splat(f32::MIN);
    for scores in &*scores {
        largest = l.max(largest, l.load(scores));
    }
    let largest = l.splat(l.largest(largest));
    for scores in &mut *scores {
        l.store(exp(l, l.sub(l.load(scores), largest)), scores);
    }
    scores.as_flattened_mut()[keys..].fill(0.0);
    let mut sum = l.splat(0.0);
    for scores in &*scores {
        sum = l.add(sum, l.load(scores));
    }
    l.sum(sum)
}

/// Sums of eight value columns `[keys][8]`, weighted with each of `R` rows of scores.
#[inline(always)]
fn weighted<L: Lanes, const R: usize>(l: L, scores: &[[f32; 8]], values: &[[f32; 8]]) -> [L::Floats; R] {
    let mut rows: [&[f32]; R] = [&[]; R];
    for (row, scores) in rows.iter_mut().zip(scores.chunks_exact(scores.len() / R)) {
        *row = &scores.as_flattened()[..values.len()];
    }
    let mut sums = [l.splat(0.0); R];
    for (key, values) in values.iter().enumerate() {
        let values = l.load(values);
        for (sum, row) in sums.iter_mut().zip(&rows) {
            // SAFETY: each row was cut to as many scores as there are values.
            let score = unsafe { *row.get_unchecked(key) };
            *sum = l.mul_then_add(l.splat(score), values, *sum);
        }
    }
    sums
}
