//! The elements of the drawing, from top to bottom.

use std::fmt::Write;

use super::{INK, MARGIN, MUTED, WIDTH};

/// Sizes of the font, and the width of a cell as a share of its size: 0.6 in the usual monospaced fonts. Every text says
/// its length, so that another font is stretched to it.
pub(super) const TEXT_SIZE: f64 = 14.0;
pub(super) const SMALL_SIZE: f64 = 11.0;
const ADVANCE: f64 = 0.6;

/// The width of so many cells.
pub(super) fn measure(cells: usize, size: f64) -> f64 {
    cells as f64 * size * ADVANCE
}

/// A drawing in the making. Elements cannot fail to be written: they go to a string.
pub(super) struct Canvas {
    body: String,
    /// The first free line of pixels.
    pub(super) y: f64,
}

/// A piece of text on one line.
pub(super) struct Label<'a> {
    pub(super) text: &'a str,
    pub(super) cells: usize,
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) size: f64,
    pub(super) fill: &'a str,
    pub(super) bold: bool,
}

impl Canvas {
    pub(super) fn new(margin: usize) -> Self {
        Self { body: String::new(), y: margin as f64 }
    }

    pub(super) fn label(&mut self, label: &Label<'_>) {
        if label.cells == 0 {
            return;
        }
        let weight = if label.bold { " font-weight=\"bold\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<text x=\"{:.1}\" y=\"{:.1}\" font-size=\"{}\" fill=\"{}\"{weight} textLength=\"{:.1}\" \
             lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{}</text>",
            label.x,
            label.y,
            label.size,
            label.fill,
            measure(label.cells, label.size),
            escaped(label.text),
        );
    }

    /// A small text of plain letters.
    pub(super) fn small(&mut self, text: &str, x: f64, y: f64, fill: &str) {
        let cells = text.chars().count();
        self.label(&Label { text, cells, x, y, size: SMALL_SIZE, fill, bold: false });
    }

    /// `opacity` is of the fill.
    pub(super) fn rect(&mut self, at: [f64; 4], radius: f64, fill: &str, opacity: f64, stroke: Option<&str>) {
        let [x, y, width, height] = at;
        let stroke = stroke.map(|colour| format!(" stroke=\"{colour}\"")).unwrap_or_default();
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{radius}\" fill=\"{fill}\" \
             fill-opacity=\"{opacity}\"{stroke}/>"
        );
    }

    /// A line, dashed or not.
    pub(super) fn line(&mut self, path: &str, dashed: bool) {
        let dashes = if dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let _ = writeln!(
            self.body,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{INK}\" stroke-width=\"1.6\" stroke-opacity=\"0.8\"{dashes}/>"
        );
    }

    /// An arrow's head that points to the right, with its tip at a place: filled or hollow.
    pub(super) fn head(&mut self, x: f64, y: f64, filled: bool) {
        let fill = if filled { INK } else { "#ffffff" };
        let _ = writeln!(
            self.body,
            "<path d=\"M{:.1} {:.1}L{x:.1} {y:.1}L{:.1} {:.1}Z\" fill=\"{fill}\" stroke=\"{INK}\" stroke-width=\"1.4\"/>",
            x - 8.0,
            y - 4.5,
            x - 8.0,
            y + 4.5,
        );
    }

    /// A remark on a line of its own.
    pub(super) fn note(&mut self, text: &str) {
        let cells = text.chars().count();
        let (x, y) = (MARGIN as f64, self.y + 18.0);
        self.label(&Label { text, cells, x, y, size: TEXT_SIZE, fill: MUTED, bold: false });
        self.y += 30.0;
    }

    /// The whole document.
    pub(super) fn finish(self, title: &str, description: &str, language: &str) -> String {
        let height = (self.y + MARGIN as f64).ceil();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" xml:lang=\"{}\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" font-family=\"'DejaVu Sans Mono', Menlo, Consolas, monospace\">\n\
             <title>{}</title>\n<desc>{}</desc>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            escaped(language),
            escaped(title),
            escaped(description),
            self.body
        )
    }
}

/// A text as the content of an element or an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
