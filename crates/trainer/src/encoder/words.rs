//! The word table in whole numbers whose steps grow for words that are rarer.
//!
//! A word that is read seldom may be stored less exactly: with frequency falling as one over the rank, the error over all
//! that is read is least, for the same bits, when the step grows with the square root of the rank. Values stay bytes, so
//! nothing changes for who runs the file; rows with few different values compress to few bits.

use super::quantize::{QuantizedMatrix, TABLE_LIMIT, round};

/// Step of a row over the root of the row's mean square, for rank 1.
const STEP: f32 = 0.003;
/// Rank of a single character that English does not use.
const FOREIGN: u32 = 60_000;

/// How often each entry of a vocabulary is read, as a rank: 1 is the most frequent, 0 is never read.
///
/// `entries` are in the order of their numbers. Words of a `WordPiece` vocabulary are sorted by frequency, after reserved
/// entries and single characters.
pub fn ranks<'a>(entries: impl IntoIterator<Item = &'a str>) -> Vec<u32> {
    let mut words = 0;
    let rank = |entry: &str| {
        let text = entry.strip_prefix("##").unwrap_or(entry);
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            _ if text.starts_with("[unused") => 0,
            (Some('['), Some(_)) => 1,
            (Some(one), None) if one.is_ascii() => 1,
            (_, None) => FOREIGN,
            _ => {
                words += 1;
                words
            }
        }
    };
    entries.into_iter().map(rank).collect()
}

/// Quantizes a row-major `[ranks.len(), columns]` table to bytes with one scale for each row.
pub(super) fn quantize_words(table: &[f32], columns: usize, ranks: &[u32]) -> QuantizedMatrix {
    let mut values = Vec::with_capacity(table.len());
    let mut scales = Vec::with_capacity(ranks.len());
    for (row, &rank) in table.chunks_exact(columns).zip(ranks) {
        let peak = row.iter().fold(0.0, |peak, v| f32::max(peak, v.abs()));
        if rank == 0 || peak == 0.0 {
            values.resize(values.len() + columns, 0);
            scales.push(1.0);
            continue;
        }
        let spread = (row.iter().map(|v| v * v).sum::<f32>() / columns as f32).sqrt();
        let scale = (STEP * (rank as f32).sqrt() * spread).max(peak / TABLE_LIMIT);
        values.extend(row.iter().map(|v| round(v / scale, TABLE_LIMIT)));
        scales.push(scale);
    }
    QuantizedMatrix { values, scales }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_count_words_and_know_what_is_never_read() {
        let entries =
            ["[PAD]", "[unused7]", "[CLS]", "!", "a", "é", "数", "the", "##s", "##ing", "of", "##数"];
        assert_eq!(ranks(entries), [1, 0, 1, 1, 1, FOREIGN, FOREIGN, 1, 1, 2, 3, FOREIGN]);
    }

    #[test]
    fn frequent_rows_keep_eight_bits_and_rare_ones_fewer() {
        let row = [1.0, -0.5, 0.25, 0.1];
        let table: Vec<f32> = [row, row, row, [0.0; 4]].concat();
        let q = quantize_words(&table, 4, &[1, 20_000, 0, 1]);
        assert_eq!(q.values[..4], [127, -64, 32, 13]);
        assert_eq!(q.values[4..8], [4, -2, 1, 0]);
        assert_eq!(q.values[8..], [0; 8]);
        assert_eq!((q.scales[0], q.scales[2], q.scales[3]), (1.0 / 127.0, 1.0, 1.0));
        assert!((q.scales[1] * 4.0 - 1.0).abs() < 0.2);
    }
}
