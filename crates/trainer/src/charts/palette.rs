//! The colours of pictures on a light page, and what they become on a dark one.

use plotters::style::RGBColor;

/// The colour of whatever is counted.
pub(super) const INK: RGBColor = RGBColor(38, 84, 124);
/// Text and frames.
pub(super) const TEXT: RGBColor = RGBColor(40, 44, 52);
/// Colours of several lines or groups in one picture, told apart by people who see red and green alike.
pub(super) const SERIES: [RGBColor; 6] = [
    INK,
    RGBColor(216, 112, 32),
    RGBColor(0, 138, 120),
    RGBColor(140, 88, 150),
    RGBColor(190, 52, 85),
    RGBColor(128, 128, 128),
];

/// Each colour as it stands in the SVG, and the one for a dark page.
pub(crate) const DARK: [(&str, &str); 8] = [
    ("#FFFFFF", "#15181d"),
    ("#282C34", "#e4e7ec"),
    ("#26547C", "#7cb2e8"),
    ("#D87020", "#f0a05c"),
    ("#008A78", "#4cc7b3"),
    ("#8C5896", "#cf9fd8"),
    ("#BE3455", "#f0859d"),
    ("#808080", "#9aa0a8"),
];

#[cfg(test)]
mod tests {
    use plotters::style::WHITE;

    use super::*;

    #[test]
    fn every_colour_has_its_dark_one() {
        let hex = |c: RGBColor| format!("#{:02X}{:02X}{:02X}", c.0, c.1, c.2);
        for color in [WHITE, TEXT].into_iter().chain(SERIES) {
            assert!(DARK.iter().any(|(light, _)| *light == hex(color)), "{}", hex(color));
        }
    }
}
