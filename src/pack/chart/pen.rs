//! Drawing on charts-rs' canvas: the pack's few colours, its typeface and its symbols.
//!
//! Units are points at the size in which the chart is printed. Knows nothing of figures.

use charts_rs::{Canvas, Circle, Fill, Line, Point, Polygon, Rect, StraightLine, Text, svg_with_accessibility};

use super::super::{PackError, fonts};
use crate::analysis::Tone;

/// A colour, as red, green and blue.
pub(super) type Colour = (u8, u8, u8);

/// Text and what must be read.
pub(super) const INK: Colour = (0x1b, 0x27, 0x33);
/// Labels, limits, the mean.
pub(super) const MUTED: Colour = (0x5d, 0x6b, 0x78);
/// Our own figures.
pub(super) const OURS: Colour = (0x1d, 0x5b, 0x8f);
/// Lines of others.
pub(super) const OTHERS: Colour = (0x7a, 0x88, 0x94);
/// Bars of others.
pub(super) const BARS: Colour = (0xc9, 0xd2, 0xda);
/// What worries.
pub(super) const CONCERN: Colour = (0xb8, 0x50, 0x1b);
/// The band of chance.
pub(super) const BAND: Colour = (0xf3, 0xf6, 0xf9);
/// Gridlines.
pub(super) const HAIR: Colour = (0xe4, 0xe8, 0xec);
/// The page.
pub(super) const PAPER: Colour = (0xff, 0xff, 0xff);

/// The ordinary size of a chart's text.
pub(super) const SIZE: f32 = 7.0;

/// How a line is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stroke {
    pub colour: Colour,
    pub width: f32,
    pub dashes: Option<&'static str>,
}

impl Stroke {
    pub const fn solid(colour: Colour, width: f32) -> Self {
        Self { colour, width, dashes: None }
    }

    pub const fn dashed(colour: Colour, width: f32, dashes: &'static str) -> Self {
        Self { colour, width, dashes: Some(dashes) }
    }

    fn dash_array(self) -> Option<String> {
        self.dashes.map(str::to_owned)
    }
}

/// Which end of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand {
    pub colour: Colour,
    pub size: f32,
    pub strong: bool,
    pub anchor: Anchor,
}

impl Hand {
    /// A quiet label that starts at its place.
    pub const LABEL: Self = Self { colour: MUTED, size: SIZE, strong: false, anchor: Anchor::Start };
}

/// A sheet to draw on.
pub(super) struct Pen {
    name: String,
    canvas: Canvas,
}

impl Pen {
    /// A sheet of so many points for the chart called `name`.
    pub fn new(name: &str, width: f32, height: f32) -> Self {
        Self { name: name.to_owned(), canvas: Canvas::new(width, height) }
    }

    pub fn rect(&mut self, colour: Colour, (left, top): (f32, f32), (width, height): (f32, f32), round: f32) {
        let round = (round > 0.0).then_some(round);
        let fill = Some(Fill::Solid(colour.into()));
        self.canvas.rect(Rect { fill, left, top, width, height, rx: round, ry: round, ..Rect::default() });
    }

    pub fn line(&mut self, stroke: Stroke, (left, top): (f32, f32), (right, bottom): (f32, f32)) {
        let stroke_dash_array = stroke.dash_array();
        let color = Some(stroke.colour.into());
        self.canvas.line(Line { color, stroke_width: stroke.width, left, top, right, bottom, stroke_dash_array });
    }

    /// A line through points; a single point gives nothing.
    pub fn path(&mut self, stroke: Stroke, points: &[(f32, f32)]) {
        if points.len() > 1 {
            self.canvas.straight_line(StraightLine {
                color: Some(stroke.colour.into()),
                points: points.iter().map(|&(x, y)| Point { x, y }).collect(),
                stroke_width: stroke.width,
                symbol: None,
                stroke_dash_array: stroke.dash_array(),
                ..StraightLine::default()
            });
        }
    }

    /// A text on its baseline.
    pub fn write(&mut self, text: &str, hand: Hand, (x, y): (f32, f32)) {
        let anchor = match hand.anchor {
            Anchor::Start => None,
            Anchor::Middle => Some("middle".to_owned()),
            Anchor::End => Some("end".to_owned()),
        };
        self.canvas.text(Text {
            text: fonts::printable(text),
            font_family: Some(fonts::FAMILY.to_owned()),
            font_size: Some(hand.size),
            font_color: Some(hand.colour.into()),
            font_weight: hand.strong.then(|| "600".to_owned()),
            x: Some(x),
            y: Some(y),
            text_anchor: anchor,
            ..Text::default()
        });
    }

    /// The symbol of a point: its shape tells the tone without colour. A ring is within chance, a triangle worries, a
    /// diamond is good news, a square is a change that is neither.
    pub fn mark(&mut self, tone: Tone, (x, y): (f32, f32), radius: f32) {
        let corners: &[(f32, f32)] = match tone {
            Tone::Chance => {
                self.canvas.circle(Circle {
                    stroke_color: Some(OURS.into()),
                    fill: Some(PAPER.into()),
                    stroke_width: radius * 0.55,
                    cx: x,
                    cy: y,
                    r: radius,
                    ..Circle::default()
                });
                return;
            }
            Tone::Concern => &[(0.0, -1.45), (1.4, 1.0), (-1.4, 1.0)],
            Tone::Improvement => &[(0.0, -1.5), (1.5, 0.0), (0.0, 1.5), (-1.5, 0.0)],
            Tone::Higher | Tone::Lower => &[(-1.1, -1.1), (1.1, -1.1), (1.1, 1.1), (-1.1, 1.1)],
        };
        self.canvas.polygon(Polygon {
            color: Some(PAPER.into()),
            fill: Some(colour_of(tone).into()),
            points: corners.iter().map(|(dx, dy)| Point { x: x + dx * radius, y: y + dy * radius }).collect(),
            ..Polygon::default()
        });
    }

    /// The drawing as SVG, with its name and its description for those who hear it.
    pub fn finish(self, title: &str, description: &str) -> Result<String, PackError> {
        let svg = self
            .canvas
            .svg()
            .map_err(|error| PackError::Chart { chart: self.name.clone(), message: error.to_string() })?;
        Ok(svg_with_accessibility(&svg, &fonts::printable(title), &fonts::printable(description)))
    }
}

/// The colour of a tone; change that is neither good nor bad has the colour of text.
pub(super) fn colour_of(tone: Tone) -> Colour {
    match tone {
        Tone::Chance | Tone::Improvement => OURS,
        Tone::Concern => CONCERN,
        Tone::Higher | Tone::Lower => INK,
    }
}
