//! Pictures for reports, as SVG text.

mod bars;
mod boxes;
mod calibration;
mod flow;
mod lines;
mod matrix;
pub(crate) mod palette;
mod reliability;
mod scatter;

pub use bars::{histogram, shares};
pub use boxes::boxes;
pub use calibration::calibration_chart;
pub use flow::flow_chart;
pub use lines::{Axis, Line, lines};
pub use matrix::{confusion_chart, counts_chart};
pub use reliability::reliability_chart;
pub use scatter::scatter;

use plotters::prelude::*;

use palette::{INK, SERIES, TEXT};

/// What goes wrong when a picture is drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart cannot be drawn: {0}")]
pub struct ChartError(String);

impl<E: std::error::Error + Send + Sync> From<DrawingAreaErrorKind<E>> for ChartError {
    fn from(error: DrawingAreaErrorKind<E>) -> Self {
        Self(error.to_string())
    }
}

/// Draws an SVG of a size in pixels.
fn draw(
    size: (u32, u32),
    paint: impl FnOnce(&DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Result<(), ChartError>,
) -> Result<String, ChartError> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        paint(&area)?;
        area.present()?;
    }
    Ok(svg)
}
