//! Whether probabilities of one event mean what they say, as a picture.

use plotters::prelude::*;

use super::{ChartError, INK, TEXT, draw};
use crate::metrics::CalibrationBin;

/// Draws, for each bin of probabilities, the share in which the event happened against the mean probability, with
/// the 95 % interval of the share; the area of a point is its share of the cases. On the diagonal they agree.
pub fn calibration_chart(title: &str, event: &str, bins: &[CalibrationBin]) -> Result<String, ChartError> {
    let total: usize = bins.iter().map(|b| b.count).sum();
    draw((480, 480), |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(title, ("sans-serif", 17).into_font().color(&TEXT))
            .margin(14)
            .x_label_area_size(42)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
        chart
            .configure_mesh()
            .x_desc(format!("probability of {event}"))
            .y_desc(format!("share of {event}"))
            .label_style(("sans-serif", 13).into_font().color(&TEXT))
            .axis_style(TEXT.mix(0.5))
            .bold_line_style(TEXT.mix(0.1))
            .light_line_style(TRANSPARENT)
            .draw()?;
        let diagonal = [(0.0, 0.0), (1.0, 1.0)];
        chart.draw_series(DashedLineSeries::new(diagonal, 5, 4, TEXT.mix(0.5).stroke_width(1)))?;
        chart.draw_series(bins.iter().map(|b| {
            let (low, high) = b.observed_interval;
            PathElement::new(vec![(b.probability, low), (b.probability, high)], INK.stroke_width(2))
        }))?;
        chart.draw_series(bins.iter().map(|b| {
            let share = b.count as f64 / total.max(1) as f64;
            let radius = (3.0 + 20.0 * share.sqrt()).round() as i32;
            Circle::new((b.probability, b.observed), radius, INK.mix(0.6).filled())
        }))?;
        Ok(())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::metrics::calibration_bins;

    #[test]
    fn every_bin_is_a_point() {
        let bins = calibration_bins([(true, 0.9), (true, 0.95), (false, 0.2)], 10);
        let svg = calibration_chart("Reliability", "won", &bins).unwrap();
        assert_eq!(svg.matches("<circle").count(), bins.len());
        assert!(svg.contains("share of won") && svg.contains("Reliability"));
        assert!(calibration_chart("nothing", "won", &[]).is_ok());
    }
}
