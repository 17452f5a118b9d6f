//! How far probabilities can be trusted, as a picture.

use plotters::prelude::*;

use super::{ChartError, INK, TEXT, draw};
use crate::metrics::ReliabilityBin;

/// Draws, for each bin of top probabilities, the share that is right against the mean probability; the
/// area of a point is its share of the predictions, and points on the diagonal mean what they say.
pub fn reliability_chart(title: &str, bins: &[ReliabilityBin]) -> Result<String, ChartError> {
    let total: usize = bins.iter().map(|b| b.count).sum();
    draw((480, 480), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 18).into_font().color(&TEXT))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(50)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        chart
            .configure_mesh()
            .x_desc("probability of the prediction")
            .y_desc("share that is right")
            .label_style(("sans-serif", 13).into_font().color(&TEXT))
            .light_line_style(TRANSPARENT)
            .draw()?;
        chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], TEXT.mix(0.4)))?;
        chart.draw_series(LineSeries::new(bins.iter().map(|b| (b.confidence, b.accuracy)), &INK))?;
        chart.draw_series(bins.iter().map(|b| {
            let share = b.count as f64 / total.max(1) as f64;
            let radius = (3.0 + 24.0 * share.sqrt()).round() as i32;
            Circle::new((b.confidence, b.accuracy), radius, INK.mix(0.6).filled())
        }))?;
        Ok(())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_is_a_point() {
        let bin = |low: f64, count, confidence, accuracy| ReliabilityBin {
            low,
            high: low + 0.1,
            count,
            confidence,
            accuracy,
        };
        let svg = reliability_chart("Stage", &[bin(0.5, 3, 0.55, 0.6), bin(0.9, 1, 0.95, 1.0)]).unwrap();
        assert_eq!(svg.matches("<circle").count(), 2, "{svg}");
        assert!(svg.contains("Stage") && svg.contains("share that is right"));
        assert!(reliability_chart("nothing", &[]).is_ok());
    }
}
