//! Bars: how often, how many.

use plotters::coord::ranged1d::SegmentValue;
use plotters::prelude::*;

use super::{ChartError, INK, TEXT, draw};

/// Height of one horizontal bar with its gap, in pixels.
const ROW: u32 = 30;

/// Horizontal bars, one for each name, with the count and the share of the whole beside them.
pub fn shares(title: &str, counts: &[(String, usize)]) -> Result<String, ChartError> {
    let total: usize = counts.iter().map(|(_, count)| count).sum();
    let longest = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    draw((720, 60 + ROW * counts.len() as u32), |area| {
        area.draw_text(title, &("sans-serif", 20).into_font().color(&TEXT), (16, 14))?;
        for (row, (name, count)) in counts.iter().enumerate() {
            let top = 50 + row as i32 * ROW as i32;
            let width = (*count as f64 / longest as f64 * 360.0) as i32;
            let label = ("sans-serif", 14).into_font().color(&TEXT);
            area.draw_text(name, &label, (16, top + 4))?;
            area.draw(&Rectangle::new([(200, top), (200 + width, top + 20)], INK.filled()))?;
            let share = *count as f64 / total.max(1) as f64 * 100.0;
            area.draw_text(&format!("{count}  ({share:.1} %)"), &label, (208 + width, top + 4))?;
        }
        Ok(())
    })
}

/// A histogram of whole numbers; the last bar holds everything from `cap` on.
pub fn histogram(title: &str, unit: &str, values: &[usize], cap: usize) -> Result<String, ChartError> {
    let highest = values.iter().copied().max().unwrap_or(0).min(cap);
    let step = (highest / 40).max(1);
    let mut counts = vec![0u32; highest / step + 1];
    for value in values {
        counts[(*value).min(highest) / step] += 1;
    }
    let top = counts.iter().copied().max().unwrap_or(0).max(1);
    let last = counts.len() as u32;
    draw((720, 360), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 20).into_font().color(&TEXT))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d((0..last).into_segmented(), 0..top + top / 20 + 1)?;
        let name = |value: &SegmentValue<u32>| match value {
            SegmentValue::Exact(bin) | SegmentValue::CenterOf(bin) => {
                let from = *bin as usize * step;
                if *bin + 1 == last && highest == cap { format!("{from}+") } else { from.to_string() }
            }
            SegmentValue::Last => String::new(),
        };
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .x_desc(unit)
            .x_label_formatter(&name)
            .label_style(("sans-serif", 13).into_font().color(&TEXT))
            .draw()?;
        chart.draw_series(
            Histogram::vertical(&chart)
                .style(INK.filled())
                .margin(1)
                .data(counts.iter().enumerate().map(|(bin, count)| (bin as u32, *count))),
        )?;
        Ok(())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn bars_say_what_they_count() {
        let svg = shares("Outcomes", &[("won".to_owned(), 3), ("lost".to_owned(), 1)]).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in ["Outcomes", "won", "3  (75.0 %)", "1  (25.0 %)"] {
            assert!(svg.contains(text), "{text} is not in the picture");
        }
    }

    #[test]
    fn long_tails_end_in_one_bar() {
        let svg = histogram("Turns", "turns", &[1, 2, 2, 3, 5000], 10).unwrap();
        assert!(svg.contains("10+"), "{svg}");
        assert!(histogram("Turns", "turns", &[], 10).is_ok());
    }
}
