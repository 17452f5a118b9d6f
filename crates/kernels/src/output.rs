//! Where a linear layer writes.

/// The target of a linear layer with M rows and N columns.
///
/// Row m of column n lies at
/// `(n / block_columns) * block_stride + n % block_columns + m * row_stride`.
/// With one block this is a plain row-major matrix. With a block for each head, the merged
/// projection of queries, keys and values comes out as `[3 * heads][M][head_dim]`, as
/// [`crate::Kernel::attention`] reads it.
#[derive(Debug)]
pub struct Output<'a> {
    data: &'a mut [f32],
    row_stride: usize,
    block_columns: usize,
    block_stride: usize,
}

impl<'a> Output<'a> {
    /// Row-major `[M][columns]` without gaps.
    #[must_use]
    pub fn rows(data: &'a mut [f32], columns: usize) -> Self {
        Self::strided(data, columns, columns)
    }

    /// Row-major `[M][columns]` with `row_stride` values from one row to the next.
    ///
    /// # Panics
    /// If `columns` is 0 or larger than `row_stride`.
    #[must_use]
    pub fn strided(data: &'a mut [f32], columns: usize, row_stride: usize) -> Self {
        assert!(columns > 0, "an output needs at least one column");
        assert!(row_stride >= columns, "rows of {columns} overlap at a stride of {row_stride}");
        Self { data, row_stride, block_columns: columns, block_stride: 0 }
    }

    /// Blocks of columns one after the other: `[N / block_columns][rows][block_columns]`.
    ///
    /// # Panics
    /// If `block_columns` is not a positive multiple of 8.
    #[must_use]
    pub fn blocked(data: &'a mut [f32], rows: usize, block_columns: usize) -> Self {
        assert!(
            block_columns > 0 && block_columns.is_multiple_of(8),
            "blocks of {block_columns} columns are not a multiple of 8"
        );
        let block_stride = rows * block_columns;
        Self { data, row_stride: block_columns, block_columns, block_stride }
    }

    /// Panics unless M rows of N columns fit.
    pub(crate) fn check(&self, rows: usize, columns: usize) {
        if rows == 0 {
            return;
        }
        let last_block = (columns - 1) / self.block_columns;
        assert!(
            last_block == 0 || self.block_stride >= rows * self.block_columns,
            "{columns} columns do not fit an output of {} columns, {rows} rows a block",
            self.block_columns
        );
        let end =
            last_block * self.block_stride + (rows - 1) * self.row_stride + columns.min(self.block_columns);
        assert!(end <= self.data.len(), "output needs {end} values, has {}", self.data.len());
    }

    /// Where a column that is a multiple of 8 begins.
    #[inline(always)]
    pub(crate) fn start(&self, column: usize) -> usize {
        column / self.block_columns * self.block_stride + column % self.block_columns
    }

    /// `width` values of a row, from the start of a column on.
    #[inline(always)]
    pub(crate) fn part(&mut self, start: usize, row: usize, width: usize) -> &mut [f32] {
        &mut self.data[start + row * self.row_stride..][..width]
    }
}
