//! The text as it was written, with its segments marked and numbered.

use super::canvas::{Canvas, Label, SMALL_SIZE, TEXT_SIZE, measure};
use super::{Drawn, INK, MARGIN, MAX_LINES, WIDTH, cells, colours};

const LINE: f64 = 34.0;

/// Draws it; whether all lines are there.
pub(super) fn draw(canvas: &mut Canvas, chars: &[char], segments: &[Drawn<'_>]) -> bool {
    let columns = ((WIDTH - 2 * MARGIN) as f64 / measure(1, TEXT_SIZE)) as usize;
    let (lines, whole) = cells::wrap(chars, columns, MAX_LINES);
    // Segments are in the order of the text.
    let mut next = 0;
    for (start, end) in lines {
        let base = canvas.y + 24.0;
        let (mut at, mut x) = (start, MARGIN as f64);
        while at < end {
            while segments.get(next).is_some_and(|drawn| drawn.segment.end <= at) {
                next += 1;
            }
            let inside = segments.get(next).filter(|drawn| drawn.segment.start <= at);
            let limit = match inside {
                Some(drawn) => drawn.segment.end,
                None => segments.get(next).map_or(end, |drawn| drawn.segment.start),
            };
            let stop = limit.min(end).max(at + 1);
            let run = cells::slice(chars, at, stop);
            let count = cells::cells(run);
            let width = measure(count, TEXT_SIZE);
            if let Some(drawn) = inside {
                mark(canvas, drawn, next + 1, drawn.segment.start == at, [x, base, width]);
            }
            let text: String = run.iter().collect();
            canvas.label(&Label {
                text: &text,
                cells: count,
                x,
                y: base,
                size: TEXT_SIZE,
                fill: INK,
                bold: false,
            });
            (at, x) = (stop, x + width);
        }
        canvas.y += LINE;
    }
    canvas.y += 8.0;
    whole
}

/// A tinted band below a segment's letters with a line of the type's colour, and the number where the segment begins.
fn mark(canvas: &mut Canvas, drawn: &Drawn<'_>, ordinal: usize, first: bool, [x, base, width]: [f64; 3]) {
    let (colour, _) = colours(drawn.task_type);
    canvas.rect([x, base - 13.0, width, 17.0], 0.0, colour, 0.22, None);
    canvas.rect([x, base + 4.0, width, 3.0], 0.0, colour, 1.0, None);
    if first {
        let number = ordinal.to_string();
        let label = Label {
            text: &number,
            cells: number.len(),
            x,
            y: base - 15.0,
            size: SMALL_SIZE - 1.0,
            fill: INK,
            bold: true,
        };
        canvas.label(&label);
    }
}
