//! Box plots: how a number is spread in each of several groups.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{ChartError, INK, TEXT, draw};

/// Height of one group, in pixels.
const ROW: i32 = 44;
/// Where the boxes begin and how wide the axis is, in pixels.
const AXIS: (i32, i32) = (170, 500);

/// One horizontal box for each group: the quartiles, the median as a light line, whiskers from the 5th to the 95th
/// percentile. A group without values has no box.
pub fn boxes(title: &str, unit: &str, groups: &[(String, Vec<usize>)]) -> Result<String, ChartError> {
    let sorted: Vec<(&str, Vec<usize>)> = groups
        .iter()
        .map(|(name, values)| {
            let mut values = values.clone();
            values.sort_unstable();
            (name.as_str(), values)
        })
        .collect();
    let at = |values: &[usize], share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
    let top =
        sorted.iter().filter(|(_, v)| !v.is_empty()).map(|(_, v)| at(v, 0.95)).max().unwrap_or(1).max(1);
    let step = step(top);
    let end = top.div_ceil(step) * step;
    let x = |value: usize| AXIS.0 + (value.min(end) as f64 / end as f64 * f64::from(AXIS.1)) as i32;
    let height = 60 + ROW * groups.len() as i32 + 50;
    draw((720, height as u32), |area| {
        let text = ("sans-serif", 13).into_font().color(&TEXT);
        let right = text.pos(Pos::new(HPos::Right, VPos::Center));
        let centred = text.pos(Pos::new(HPos::Center, VPos::Top));
        area.draw_text(title, &("sans-serif", 20).into_font().color(&TEXT), (16, 14))?;
        let bottom = 60 + ROW * groups.len() as i32;
        for tick in (0..=end).step_by(step) {
            let line = PathElement::new(vec![(x(tick), 54), (x(tick), bottom)], TEXT.mix(0.12));
            area.draw(&line)?;
            area.draw_text(&tick.to_string(), &centred, (x(tick), bottom + 6))?;
        }
        area.draw_text(unit, &centred, (AXIS.0 + AXIS.1 / 2, bottom + 26))?;
        for (row, (name, values)) in sorted.iter().enumerate() {
            let middle = 60 + ROW * row as i32 + ROW / 2;
            area.draw_text(&format!("{name} ({})", values.len()), &right, (AXIS.0 - 12, middle))?;
            if values.is_empty() {
                continue;
            }
            let [low, quarter, median, three, high] =
                [0.05, 0.25, 0.5, 0.75, 0.95].map(|share| x(at(values, share)));
            area.draw(&PathElement::new(vec![(low, middle), (high, middle)], INK.stroke_width(1)))?;
            area.draw(&Rectangle::new([(quarter, middle - 11), (three, middle + 11)], INK.filled()))?;
            area.draw(&PathElement::new(
                vec![(median, middle - 11), (median, middle + 11)],
                WHITE.stroke_width(3),
            ))?;
        }
        Ok(())
    })
}

/// A round distance between ticks, so that there are four to ten.
fn step(top: usize) -> usize {
    let mut step = 1;
    while top / step > 10 {
        step *= if step.to_string().starts_with('2') { 5 } else { 2 };
        // 1, 2, 10, 20, 100, …
    }
    step
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_group_has_its_count() {
        let groups = [("won".to_owned(), vec![5, 9, 12, 30]), ("lost".to_owned(), vec![])];
        let svg = boxes("Turns by outcome", "turns", &groups).unwrap();
        for text in ["Turns by outcome", "won (4)", "lost (0)", "turns"] {
            assert!(svg.contains(text), "{text} is not in the picture");
        }
        assert!(boxes("Nothing", "turns", &[]).is_ok());
    }

    #[test]
    fn ticks_are_round_and_few() {
        for top in 1..5000 {
            let ticks = top / step(top);
            assert!(ticks <= 10, "{top}: {ticks}");
        }
    }
}
