//! A folder for people: pictures, a page, and the forecasts that both are made of.

use std::path::Path;

use anyhow::Result;

use super::{ConversionFigures, Forecast, html, pictures};
use crate::write_file;

/// Writes the pictures, the page, and the forecasts that both are made of; `source` says in a sentence which model
/// and which conversations.
///
/// # Errors
/// When a picture cannot be drawn or a file not be written.
pub(crate) fn write(
    folder: &Path,
    source: &str,
    forecasts: &[Forecast],
    figures: &ConversionFigures,
) -> Result<()> {
    let pictures = pictures(forecasts, figures)?;
    for picture in &pictures {
        write_file(&folder.join(format!("conversion-{}.svg", picture.name)), picture.svg.as_bytes())?;
    }
    let page = html(source, figures, &pictures);
    write_file(&folder.join("conversion.html"), page.as_bytes())?;
    write_file(&folder.join("forecasts.json"), &serde_json::to_vec(forecasts)?)
}
