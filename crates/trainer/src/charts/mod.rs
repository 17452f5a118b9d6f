//! Pictures for reports, as SVG text.

mod bars;
mod boxes;
mod flow;
mod matrix;
mod reliability;

pub use bars::{histogram, shares};
pub use boxes::boxes;
pub use flow::flow_chart;
pub use matrix::{confusion_chart, counts_chart};
pub use reliability::reliability_chart;

use plotters::prelude::*;
use plotters::style::RGBColor;

/// The colour of whatever is counted.
const INK: RGBColor = RGBColor(38, 84, 124);
/// Text and frames.
const TEXT: RGBColor = RGBColor(40, 44, 52);

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
