//! Lines over two numeric axes: curves of detectors, figures over time with their intervals.

use std::ops::Range;

use plotters::prelude::*;

use super::{ChartError, SERIES, TEXT, draw};

/// One line with its name.
#[derive(Debug, Clone, Default)]
pub struct Line {
    /// What the legend says.
    pub name: String,
    /// The points, from left to right.
    pub points: Vec<(f64, f64)>,
    /// The interval around each point, `(x, low, high)`; empty when there is none.
    pub band: Vec<(f64, f64, f64)>,
    /// True when each point is a measurement of its own, and marked.
    pub marked: bool,
}

/// An axis: what it counts and from where to where.
#[derive(Debug, Clone)]
pub struct Axis<'a> {
    /// What the numbers are.
    pub name: &'a str,
    /// The ends.
    pub range: Range<f64>,
}

/// Draws lines, at most six, and a thin reference line (chance, perfection) with its name.
pub fn lines(
    title: &str,
    size: (u32, u32),
    (x, y): (&Axis<'_>, &Axis<'_>),
    lines: &[Line],
    reference: (&str, &[(f64, f64)]),
) -> Result<String, ChartError> {
    draw(size, |area| {
        let text = ("sans-serif", 13).into_font().color(&TEXT);
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 17).into_font().color(&TEXT))
            .margin(14)
            .x_label_area_size(42)
            .y_label_area_size(52)
            .build_cartesian_2d(x.range.clone(), y.range.clone())?;
        let digits = |range: &Range<f64>| usize::from(range.end - range.start <= 2.0);
        let (x_digits, y_digits) = (digits(&x.range), digits(&y.range));
        chart
            .configure_mesh()
            .x_desc(x.name)
            .y_desc(y.name)
            .x_labels(9)
            .y_labels(7)
            .x_label_formatter(&|v| format!("{v:.x_digits$}"))
            .y_label_formatter(&|v| format!("{v:.y_digits$}"))
            .label_style(text.clone())
            .axis_style(TEXT.mix(0.5))
            .bold_line_style(TEXT.mix(0.1))
            .light_line_style(TRANSPARENT)
            .draw()?;
        let faint = TEXT.mix(0.5);
        chart
            .draw_series(DashedLineSeries::new(reference.1.iter().copied(), 5, 4, faint.stroke_width(1)))?
            .label(reference.0)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], faint.stroke_width(1)));
        for (line, color) in lines.iter().zip(SERIES) {
            if !line.band.is_empty() {
                let low = line.band.iter().map(|(x, low, _)| (*x, *low));
                let high = line.band.iter().rev().map(|(x, _, high)| (*x, *high));
                chart.draw_series([Polygon::new(low.chain(high).collect::<Vec<_>>(), color.mix(0.18))])?;
            }
            let series = LineSeries::new(line.points.iter().copied(), color.stroke_width(2));
            chart
                .draw_series(series.point_size(if line.marked { 4 } else { 0 }))?
                .label(line.name.as_str())
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 16, y)], color.stroke_width(3)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .margin(8)
            .background_style(WHITE.mix(0.85))
            .label_font(text)
            .draw()?;
        Ok(())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_named_and_a_band_is_drawn() {
        let axis = |name| Axis { name, range: 0.0..1.0 };
        let line = |name: &str, band| Line {
            name: name.into(),
            points: vec![(0.0, 0.0), (1.0, 1.0)],
            band,
            marked: true,
        };
        let of = [line("model", vec![(0.0, 0.0, 0.1), (1.0, 0.9, 1.0)]), line("length", vec![])];
        let axes = (axis("false alarms"), axis("found"));
        let svg =
            lines("ROC", (480, 480), (&axes.0, &axes.1), &of, ("chance", &[(0.0, 0.0), (1.0, 1.0)])).unwrap();
        for text in ["ROC", "model", "length", "chance", "false alarms", "found"] {
            assert!(svg.contains(text), "{text} is not in the picture");
        }
        assert_eq!(svg.matches("<polygon").count(), 1);
    }
}
