//! A transition diagram: states in a row, arcs from each to those that follow it.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{ChartError, INK, TEXT, draw};

/// Distance of neighbouring states, in pixels.
const GAP: i32 = 150;
/// Radius of a state, in pixels.
const RADIUS: i32 = 30;
/// Shares of a state's successors below this are not drawn.
const SMALLEST: f64 = 0.03;
/// Pixels of an arc's height for each state that it passes.
const RISE: f64 = 62.0;

/// Draws counts of transitions, `[from][to]`. Arcs forward lie above the states, arcs back below; the width and
/// the number are the share of all transitions out of a state; the share that stays stands in the circle. Shares under 3 % are left out.
pub fn flow_chart(title: &str, states: &[&str], counts: &[Vec<usize>]) -> Result<String, ChartError> {
    let n = states.len() as i32;
    let share = |from: usize, to: usize| {
        let total: usize = counts[from].iter().sum();
        counts[from][to] as f64 / total.max(1) as f64
    };
    let drawn = |from: usize, to: usize| from != to && share(from, to) >= SMALLEST;
    let reach = |forward: bool| {
        let pairs = (0..states.len()).flat_map(|a| (0..states.len()).map(move |b| (a, b)));
        let kept = pairs.filter(|&(a, b)| drawn(a, b) && (b > a) == forward);
        kept.map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0) as f64
    };
    let (above, below) = (height(reach(true)), height(reach(false)));
    let line = 76 + above as i32 + RADIUS;
    let size = ((GAP * n + 40) as u32, (line + RADIUS + below as i32 + 60) as u32);
    let x = |state: usize| 20 + GAP / 2 + GAP * state as i32;
    draw(size, |area| {
        let text = ("sans-serif", 13).into_font().color(&TEXT);
        let centred = text.pos(Pos::new(HPos::Center, VPos::Center));
        area.draw_text(title, &("sans-serif", 20).into_font().color(&TEXT), (16, 14))?;
        area.draw_text("in a circle: stays; on an arc: goes on to", &text, (16, 40))?;
        // Numbers come last, on white, so that no arc runs through them.
        let mut numbers = Vec::new();
        for from in 0..states.len() {
            for to in (0..states.len()).filter(|&to| drawn(from, to)) {
                let up = to > from;
                let side = if up { -1.0 } else { 1.0 };
                // Leaving and arriving lie a little apart, so that arcs of one state can be told.
                let apart = if up { 9.0 } else { -9.0 };
                let (start, end) = (f64::from(x(from)) + apart, f64::from(x(to)) - apart);
                let rise = height(from.abs_diff(to) as f64);
                let base = f64::from(line) + side * f64::from(RADIUS);
                let point = |t: f64| {
                    let angle = std::f64::consts::PI * t;
                    let across = start + (end - start) * (1.0 - angle.cos()) / 2.0;
                    (across.round() as i32, (base + side * rise * angle.sin()).round() as i32)
                };
                let width = (share(from, to) * 14.0).max(1.0).round() as u32;
                let ink = INK.mix(0.35 + 0.65 * share(from, to).min(1.0));
                let path: Vec<_> = (0..=40).map(|i| point(f64::from(i) / 40.0)).collect();
                area.draw(&PathElement::new(path, ink.stroke_width(width)))?;
                let (tip, half) = (point(1.0), 4 + width as i32 / 2);
                let back = tip.1 + (side * 9.0) as i32;
                let head = vec![(tip.0, tip.1), (tip.0 - half, back), (tip.0 + half, back)];
                area.draw(&Polygon::new(head, INK.filled()))?;
                let top = point(0.5);
                let label = format!("{:.0} %", share(from, to) * 100.0);
                numbers.push((label, (top.0, top.1 + (side * (8.0 + f64::from(width) / 2.0)) as i32)));
            }
        }
        for (label, (x, y)) in numbers {
            area.draw(&Rectangle::new([(x - 16, y - 7), (x + 16, y + 7)], WHITE.mix(0.85).filled()))?;
            area.draw_text(&label, &centred, (x, y))?;
        }
        for (state, name) in states.iter().enumerate() {
            area.draw(&Circle::new((x(state), line), RADIUS, WHITE.filled()))?;
            area.draw(&Circle::new((x(state), line), RADIUS, INK.stroke_width(2)))?;
            let stays = format!("{:.0} %", share(state, state) * 100.0);
            area.draw_text(&stays, &centred, (x(state), line))?;
            area.draw_text(name, &centred, (x(state), line + RADIUS + below as i32 + 24))?;
        }
        Ok(())
    })
}

fn height(passed: f64) -> f64 {
    if passed == 0.0 { 0.0 } else { 24.0 + RISE * (passed - 1.0).sqrt() * 0.9 + 14.0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn shares_out_of_a_state_are_drawn() {
        let svg = flow_chart("Stages", &["pitch", "ask"], &[vec![3, 1], vec![0, 0]]).unwrap();
        for text in ["Stages", "pitch", "ask", "75 %", "25 %"] {
            assert!(svg.contains(text), "{text} is not in the picture");
        }
        assert_eq!(svg.matches("<polygon").count(), 1, "one arrow");
    }
}
