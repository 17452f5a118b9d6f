//! A confusion matrix as a picture.

use plotters::prelude::*;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{ChartError, TEXT, draw};
use crate::metrics::ConfusionMatrix;

/// Side of a cell, in pixels.
const CELL: i32 = 76;
/// Where the cells begin, in pixels.
const ORIGIN: (i32, i32) = (150, 90);

/// Draws counts by true class (rows) and predicted class (columns); the shade is the share of the
/// row, so that rare classes can be read too.
pub fn confusion_chart(
    title: &str,
    classes: &[&str],
    matrix: &ConfusionMatrix,
) -> Result<String, ChartError> {
    counts_chart(title, ("true", classes), ("predicted", classes), matrix.counts())
}

/// Draws a table of counts, `[rows][columns]`, each side given as its title and its names; the shade is the share
/// of the row.
pub fn counts_chart(
    title: &str,
    rows: (&str, &[&str]),
    columns: (&str, &[&str]),
    counts: &[Vec<usize>],
) -> Result<String, ChartError> {
    let (height, width) = (CELL * rows.1.len() as i32, CELL * columns.1.len() as i32);
    let size = ((ORIGIN.0 + width + 20) as u32, (ORIGIN.1 + height + 20) as u32);
    draw(size, |area| {
        let font = ("sans-serif", 13).into_font().color(&TEXT);
        let centred = font.pos(Pos::new(HPos::Center, VPos::Center));
        let right = font.pos(Pos::new(HPos::Right, VPos::Center));
        area.draw_text(title, &("sans-serif", 18).into_font().color(&TEXT), (12, 12))?;
        area.draw_text(columns.0, &centred, (ORIGIN.0 + width / 2, 52))?;
        area.draw_text(rows.0, &right, (ORIGIN.0 - 10, 74))?;
        for (index, name) in columns.1.iter().enumerate() {
            area.draw_text(name, &centred, (ORIGIN.0 + CELL * index as i32 + CELL / 2, 74))?;
        }
        for (index, name) in rows.1.iter().enumerate() {
            area.draw_text(name, &right, (ORIGIN.0 - 10, ORIGIN.1 + CELL * index as i32 + CELL / 2))?;
        }
        for (row, counts) in counts.iter().enumerate() {
            let total = counts.iter().sum::<usize>().max(1);
            for (column, count) in counts.iter().enumerate() {
                let share = *count as f64 / total as f64;
                let corner = (ORIGIN.0 + CELL * column as i32, ORIGIN.1 + CELL * row as i32);
                let cell = [corner, (corner.0 + CELL - 2, corner.1 + CELL - 2)];
                area.draw(&Rectangle::new(cell, shade(share).filled()))?;
                let ink = if share > 0.55 { WHITE } else { TEXT };
                let style = ("sans-serif", 14).into_font().color(&ink);
                let style = style.pos(Pos::new(HPos::Center, VPos::Center));
                let middle = (corner.0 + CELL / 2, corner.1 + CELL / 2);
                area.draw_text(&count.to_string(), &style, (middle.0, middle.1 - 8))?;
                let percent = format!("{:.0} %", share * 100.0);
                area.draw_text(&percent, &style, (middle.0, middle.1 + 10))?;
            }
        }
        Ok(())
    })
}

/// White to the ink of all charts.
fn shade(share: f64) -> RGBColor {
    let mix = |to: u8| (255.0 + (f64::from(to) - 255.0) * share).round() as u8;
    RGBColor(mix(38), mix(84), mix(124))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_shows_its_count_and_share() {
        let matrix = ConfusionMatrix::from_pairs(2, [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1)]);
        let svg = confusion_chart("Response type", &["question", "agreement"], &matrix).unwrap();
        for text in ["Response type", "question", "agreement", "75 %", "25 %", "100 %", "0 %"] {
            assert!(svg.contains(text), "{text} is not in the picture");
        }
    }
}
