//! Points on a plane, coloured by what they are.

use std::ops::Range;

use plotters::prelude::*;

use super::{ChartError, SERIES, TEXT, draw};

/// Draws points, each group in its own colour, at most six. The axes have no unit, so that no numbers stand at them;
/// one scale holds for both, since distances are what is looked at.
pub fn scatter(title: &str, groups: &[(String, Vec<(f64, f64)>)]) -> Result<String, ChartError> {
    let all = || groups.iter().flat_map(|(_, points)| points);
    let (x, y) = (range(all().map(|p| p.0)), range(all().map(|p| p.1)));
    let half = f64::max(x.end - x.start, y.end - y.start) * 0.53;
    let around = |range: &Range<f64>| {
        let middle = f64::midpoint(range.start, range.end);
        middle - half..middle + half
    };
    let count = all().count();
    let (size, strength) = if count > 400 { (2, 0.55) } else { (3, 0.7) };
    draw((480, 500), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 17).into_font().color(&TEXT))
            .margin(14)
            .build_cartesian_2d(around(&x), around(&y))?;
        chart.plotting_area().draw(&Rectangle::new(
            [(around(&x).start, around(&y).start), (around(&x).end, around(&y).end)],
            TEXT.mix(0.25),
        ))?;
        // Groups take turns, so that none lies on top of the others.
        let mut mixed: Vec<(f64, usize, (f64, f64))> = Vec::with_capacity(count);
        for (group, (_, points)) in groups.iter().enumerate() {
            let place = |(i, p): (usize, &(f64, f64))| (i as f64 / points.len() as f64, group, *p);
            mixed.extend(points.iter().enumerate().map(place));
        }
        mixed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        chart.draw_series(mixed.iter().map(|(_, group, point)| {
            Circle::new(*point, size, SERIES[group % SERIES.len()].mix(strength).filled())
        }))?;
        for (group, (name, points)) in groups.iter().enumerate() {
            let color = SERIES[group % SERIES.len()];
            // Only the legend: the points are drawn above.
            chart
                .draw_series(std::iter::empty::<Circle<(f64, f64), i32>>())?
                .label(format!("{name} ({})", points.len()))
                .legend(move |(x, y)| Circle::new((x + 8, y), 5, color.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .margin(8)
            .background_style(WHITE.mix(0.85))
            .label_font(("sans-serif", 13).into_font().color(&TEXT))
            .draw()?;
        Ok(())
    })
}

/// From the lowest to the highest value; 0 to 1 without any, and never empty.
fn range(values: impl Iterator<Item = f64>) -> Range<f64> {
    let (low, high) =
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    if !(low.is_finite() && high.is_finite()) {
        return 0.0..1.0;
    }
    if high > low { low..high } else { low - 0.5..low + 0.5 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_drawn_and_every_group_named() {
        let groups =
            [("won".to_owned(), vec![(0.0, 0.0), (1.0, 3.0)]), ("lost".to_owned(), vec![(2.0, 1.0)])];
        let svg = scatter("Map", &groups).unwrap();
        // Three points and two of the legend.
        assert_eq!(svg.matches("<circle").count(), 5, "{svg}");
        assert!(svg.contains("won (2)") && svg.contains("lost (1)"));
        assert!(scatter("one", &[("won".to_owned(), vec![(1.0, 1.0)])]).is_ok());
        assert!(scatter("none", &[]).is_ok());
    }
}
